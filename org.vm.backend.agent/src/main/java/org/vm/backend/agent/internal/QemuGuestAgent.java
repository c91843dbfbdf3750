package org.vm.backend.agent.internal;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.hotplug.GuestAgent;
import org.vm.api.hotplug.GuestAgentException;
import org.vm.api.hotplug.GuestAgentException.Reason;

/**
 * Talks to a program in the guest that speaks the protocol of qemu-guest-agent. One virtual thread has the conversation;
 * requests wait in line for it. It needs nothing of the agent but reading and writing files.
 */
public final class QemuGuestAgent implements GuestAgent, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(QemuGuestAgent.class);
    private static final Pattern ADDRESS = Pattern.compile("[0-9a-f]{4}:[0-9a-f]{2}:[0-1][0-9a-f]\\.[0-7]");
    private static final Set<String> NEEDED = Set.of("guest-file-open", "guest-file-read", "guest-file-write",
            "guest-file-flush", "guest-file-close");
    /** Most requests that wait. */
    private static final int QUEUE = 64;
    private static final Duration GREETING = Duration.ofSeconds(5);
    private static final Duration REST = Duration.ofSeconds(1);
    /** Stages complete on threads of their own, so that nobody who waits for one holds the conversation up. */
    private static final Executor COMPLETION = Thread::startVirtualThread;

    private interface Work<T> {
        T with(GuestDevices devices) throws InterruptedException;
    }

    private record Request<T>(Work<T> work, long deadline, CompletableFuture<T> result) {
        void serve(AgentProtocol agent) throws InterruptedException {
            if (System.nanoTime() - deadline < 0) {
                result.complete(work.with(new GuestDevices(new GuestFiles(agent, deadline))));
            }
        }
    }

    private final String machine;
    private final AgentPort port;
    /** How long an agent may take to answer when it is greeted, before it is greeted again. */
    private final long greeting;
    /** How long one that was lost is left alone: a guest must not keep us busy. */
    private final long rest;
    private final Thread thread;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ArrayDeque<Request<?>> requests = new ArrayDeque<>();
    private CompletableFuture<Void> connection = new CompletableFuture<>();
    /** What the agent calls itself while it is connected, else {@code null}. */
    private String identity;
    /** Why a program that has the port open is not good enough. */
    private String complaint = "";

    public QemuGuestAgent(String machine, AgentPort port) {
        this(machine, port, GREETING, REST);
    }

    QemuGuestAgent(String machine, AgentPort port, Duration greeting, Duration rest) {
        this.machine = machine;
        this.port = port;
        this.greeting = greeting.toNanos();
        this.rest = rest.toNanos();
        port.whenChanged(this::portChanged);
        thread = Thread.ofVirtual().name("guest agent of " + machine).start(this::converse);
    }

    @Override
    public State state() {
        lock.lock();
        try {
            if (identity != null) {
                return new State(true, identity);
            }
            return new State(false, switch (port.state()) {
                case NO_DRIVER -> "the guest has no driver for the serial port " + port.name()
                        + " yet, or machine '" + machine + "' has no device with that port";
                case NOT_OPEN -> "no program in the guest has opened the serial port " + port.name()
                        + "; install and start qemu-guest-agent there";
                case OPEN -> complaint;
            });
        } finally {
            lock.unlock();
        }
    }

    @Override
    public CompletionStage<Void> whenConnected() {
        lock.lock();
        try {
            return connection.thenApplyAsync(nothing -> nothing, COMPLETION);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public CompletionStage<Void> rescan(Duration limit) {
        return ask("look for new PCI functions", limit, devices -> {
            devices.rescan();
            return null;
        });
    }

    @Override
    public CompletionStage<List<String>> users(String address, Duration limit) {
        check(address);
        return ask("say what uses " + address, limit, devices -> devices.users(address));
    }

    @Override
    public CompletionStage<Void> remove(String address, Duration limit) {
        check(address);
        return ask("let go of " + address, limit, devices -> {
            devices.remove(address);
            return null;
        });
    }

    private static void check(String address) {
        if (!ADDRESS.matcher(address).matches()) {
            throw new IllegalArgumentException("'" + address + "' is not the address of a PCI function; write it as 0000:03:00.0");
        }
    }

    private <T> CompletionStage<T> ask(String what, Duration limit, Work<T> work) {
        CompletableFuture<T> result = new CompletableFuture<>();
        lock.lock();
        try {
            if (identity == null || requests.size() == QUEUE) {
                return CompletableFuture.failedStage(new GuestAgentException(Reason.DISCONNECTED,
                        "the guest of machine '%s' cannot be asked to %s: %s".formatted(machine, what,
                                identity == null ? state().detail() : "too many requests wait already")));
            }
            requests.add(new Request<>(work, System.nanoTime() + limit.toNanos(), result));
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        return result.orTimeout(limit.toNanos(), TimeUnit.NANOSECONDS).exceptionallyComposeAsync(failure ->
                CompletableFuture.failedFuture(failure instanceof TimeoutException
                        ? new GuestAgentException(Reason.TIMED_OUT, "the guest of machine '%s' did not %s within %d ms"
                                .formatted(machine, what, limit.toMillis()))
                        : failure), COMPLETION).thenApplyAsync(done -> done, COMPLETION);
    }

    // The conversation

    private void converse() {
        int openings = 0;
        try {
            while (true) {
                AgentProtocol agent = new AgentProtocol(port, port.awaitOpen(), openings++ << 16);
                complain("a program in the guest has opened the serial port " + port.name() + ", but does not answer");
                while (agent.alive()) {
                    if (agent.synchronize(System.nanoTime() + greeting)) {
                        attend(agent);
                    }
                }
            }
        } catch (InterruptedException closing) {
            lost("the host's end of it is closed");
        }
    }

    /** From when the agent answers until it does not. */
    private void attend(AgentProtocol agent) throws InterruptedException {
        try {
            connected(identify(agent));
            for (Request<?> request = next(agent); request != null; request = next(agent)) {
                serve(request, agent);
            }
            lost("the program that had the serial port open has closed it");
        } catch (GuestAgentException e) {
            LOG.debug("machine '{}': {}", machine, e.getMessage(), e);
            lost(e.getMessage());
            rest(agent);
        }
    }

    private String identify(AgentProtocol agent) throws InterruptedException {
        JsonElement info = agent.call("guest-info", new JsonObject(), System.nanoTime() + greeting);
        Set<String> lacking = new TreeSet<>(NEEDED);
        String version = AgentProtocol.read(info, i -> {
            for (JsonElement command : i.getAsJsonObject().getAsJsonArray("supported_commands")) {
                if (command.getAsJsonObject().get("enabled").getAsBoolean()) {
                    lacking.remove(command.getAsJsonObject().get("name").getAsString());
                }
            }
            return AgentProtocol.printable(i.getAsJsonObject().get("version").getAsString());
        });
        return "qemu-guest-agent " + version + (lacking.isEmpty() ? "" : ", which may not do " + String.join(", ", lacking));
    }

    private static void serve(Request<?> request, AgentProtocol agent) throws InterruptedException {
        try {
            request.serve(agent);
        } catch (GuestAgentException e) {
            request.result.completeExceptionally(e);
            if (e.reason() != Reason.REFUSED) {
                throw e;
            }
        } catch (RuntimeException e) {
            request.result.completeExceptionally(e);
        }
    }

    /** Waits for a request. @return {@code null} if the port is not open any more */
    private Request<?> next(AgentProtocol agent) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (requests.isEmpty() && agent.alive()) {
                changed.await();
            }
            return agent.alive() ? requests.remove() : null;
        } finally {
            lock.unlock();
        }
    }

    private void rest(AgentProtocol agent) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            for (long left = rest; agent.alive() && left > 0;) {
                left = changed.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
    }

    private void connected(String as) {
        LOG.debug("machine '{}': {} is connected", machine, as);
        lock.lock();
        try {
            identity = as;
            connection.complete(null);
        } finally {
            lock.unlock();
        }
    }

    private void lost(String why) {
        List<Request<?>> unheard;
        lock.lock();
        try {
            complaint = why;
            identity = null;
            connection = connection.isDone() ? new CompletableFuture<>() : connection;
            unheard = List.copyOf(requests);
            requests.clear();
        } finally {
            lock.unlock();
        }
        unheard.forEach(request -> request.result.completeExceptionally(new GuestAgentException(Reason.DISCONNECTED,
                "the agent in the guest of machine '" + machine + "' was lost: " + why)));
    }

    private void complain(String why) {
        lock.lock();
        try {
            complaint = why;
        } finally {
            lock.unlock();
        }
    }

    private void portChanged() {
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Ends the conversation; requests that wait fail. */
    @Override
    public void close() {
        thread.interrupt();
    }
}
