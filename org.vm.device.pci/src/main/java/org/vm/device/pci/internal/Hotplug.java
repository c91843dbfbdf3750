package org.vm.device.pci.internal;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.device.DeviceContext;
import org.vm.api.hotplug.GuestAgent;
import org.vm.api.hotplug.GuestAgentException;
import org.vm.api.hotplug.HotplugEvent;
import org.vm.api.hotplug.HotplugEvent.Kind;

/** What the slots of a host bridge share: their guest, its agent, time, and the book of what happened. */
final class Hotplug {
    private static final Logger LOG = LoggerFactory.getLogger(Hotplug.class);
    /** How long an agent in the guest may take to look for devices, or for users of one. */
    static final Duration AGENT_LIMIT = Duration.ofSeconds(20);
    private static final int REMEMBERED = 512;
    /** A guest can make events as fast as it likes; the log takes so many a minute. */
    private static final int LOGGED = 120;
    private static final long MINUTE = Duration.ofMinutes(1).toNanos();

    private final Timing timing;
    private final ArrayDeque<HotplugEvent> events = new ArrayDeque<>();
    private long count;
    private long delivered;
    private boolean delivering;
    private long minute;
    private int logged;
    private volatile Consumer<HotplugEvent> listener = event -> { };
    private volatile GuestAgent agent;
    private volatile DeviceContext context;

    Hotplug(Timing timing) {
        this.timing = timing;
        minute = timing.nanos();
    }

    /** There is a machine now ({@code null}: no longer). */
    void machine(DeviceContext next) {
        context = next;
    }

    boolean running() {
        DeviceContext now = context;
        return now != null && now.running();
    }

    /** Another agent ({@code null}: none any more). */
    void agent(GuestAgent next) {
        agent = next;
    }

    Optional<GuestAgent> agent() {
        return Optional.ofNullable(agent);
    }

    /** Who is told of events, one after the other, on a worker; those that it is too slow for it misses. */
    void listener(Consumer<HotplugEvent> next) {
        listener = next;
    }

    long nanos() {
        return timing.nanos();
    }

    void after(Duration delay, Runnable action) {
        timing.after(delay, action);
    }

    /** Runs what may block, or calls others. */
    void later(Runnable action) {
        DeviceContext now = context;
        if (now == null) {
            Thread.startVirtualThread(action);
        } else {
            now.workers().execute(action);
        }
    }

    void event(Kind kind, String slot, String device, String detail) {
        DeviceContext now = context;
        synchronized (events) {
            events.add(new HotplugEvent(++count, Instant.now(), kind, now == null ? "" : now.machine(), slot, device, detail));
            if (events.size() > REMEMBERED) {
                events.remove();
            }
            if (delivering) {
                return;
            }
            delivering = true;
        }
        later(this::deliver);
    }

    private void deliver() {
        while (true) {
            List<HotplugEvent> fresh;
            synchronized (events) {
                fresh = events(delivered);
                if (fresh.isEmpty()) {
                    delivering = false;
                    return;
                }
                delivered = fresh.getLast().number();
            }
            for (HotplugEvent event : fresh) {
                log(event);
                try {
                    listener.accept(event);
                } catch (RuntimeException e) {
                    LOG.warn("machine '{}': a listener to hot-plug events has failed", event.vm(), e);
                }
            }
        }
    }

    private void log(HotplugEvent event) {
        if (timing.nanos() - minute >= MINUTE) {
            minute = timing.nanos();
            logged = 0;
        }
        if (logged++ < LOGGED) {
            LOG.info("machine '{}', {}: {} '{}'{}", event.vm(), event.slot(), event.kind(), event.device(),
                    event.detail().isEmpty() ? "" : ": " + event.detail());
        }
    }

    List<HotplugEvent> events(long after) {
        synchronized (events) {
            return events.stream().filter(event -> event.number() > after).toList();
        }
    }

    private static Throwable cause(Throwable failure) {
        return failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
    }

    /** What a failure says to people. */
    static String sentence(Throwable failure) {
        Throwable cause = cause(failure);
        return cause.getMessage() == null ? cause.toString() : cause.getMessage();
    }

    static boolean timedOut(Throwable failure) {
        return cause(failure) instanceof GuestAgentException e && e.reason() == GuestAgentException.Reason.TIMED_OUT;
    }
}
