package org.vm.machine.internal;

import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.vm.api.device.DeviceContext;
import org.vm.api.device.DeviceStatus;
import org.vm.api.device.DeviceType;
import org.vm.api.device.FirmwareConsole;
import org.vm.api.device.MmioDevice;
import org.vm.api.irq.MessageSink;

/**
 * Registers whose device is being replaced. While nobody is there, accesses wait; a successor on trial serves them, and when
 * it throws, the place is kept again and the access waits for whoever comes next. Waits end when the time is up: then the
 * place is like one without a device, which reads zero.
 */
class Place implements MmioDevice {
    /** Whoever replaces the device, told of the first fault. */
    @FunctionalInterface
    interface Faults {
        /** @return whether the place is kept again, and the access shall wait */
        boolean fault(MmioDevice device, Throwable cause);
    }

    private final String name;
    private final DeviceType type;
    private final long size;
    private final Runnable wake;
    private final Faults faults;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition opened = lock.newCondition();
    private volatile MmioDevice device;
    private volatile long until;

    /** @param wake makes vCPUs that wait look again */
    Place(String name, DeviceType type, long size, Runnable wake, Faults faults) {
        this.name = name;
        this.type = type;
        this.size = size;
        this.wake = wake;
        this.faults = faults;
    }

    /** A place for a device of the same kind, as others on the bus see it. */
    static Place of(MmioDevice former, Runnable wake, Faults faults) {
        String name = former.name();
        DeviceType type = former.type();
        long size = former.size();
        if (former instanceof MessageSink) {
            return new OfMessages(name, type, size, wake, faults);
        }
        return former instanceof FirmwareConsole ? new OfConsole(name, type, size, wake, faults)
                : new Place(name, type, size, wake, faults);
    }

    /** From now on accesses wait. */
    void keep(long nanos) {
        until = System.nanoTime() + nanos;
        device = null;
    }

    /** From now on a device answers, or nobody ({@code null}). */
    void open(MmioDevice next) {
        device = next;
        if (next == null) {
            until = System.nanoTime();
        }
        lock.lock();
        try {
            opened.signalAll();
        } finally {
            lock.unlock();
        }
        wake.run();
    }

    /** The machine is reset: what waits here is of no interest any more. */
    void reset() {
        // Accesses come out by themselves.
    }

    /** The device that answers at present, or {@code null}. */
    MmioDevice device() {
        return device;
    }

    @Override
    public long read(long offset, int width) {
        while (true) {
            MmioDevice there = await(width + offset);
            if (there == null) {
                return 0;
            }
            try {
                return there.read(offset, width);
            } catch (RuntimeException | LinkageError | StackOverflowError | AssertionError e) {
                if (!faults.fault(there, e)) {
                    throw e;
                }
            }
        }
    }

    @Override
    public void write(long offset, int width, long value) {
        while (true) {
            MmioDevice there = await(width + offset);
            if (there == null) {
                return;
            }
            try {
                there.write(offset, width, value);
                return;
            } catch (RuntimeException | LinkageError | StackOverflowError | AssertionError e) {
                if (!faults.fault(there, e)) {
                    throw e;
                }
            }
        }
    }

    /** The device, as soon as there is one; {@code null}: none comes in time, or it has not got that many bytes. */
    private MmioDevice await(long end) {
        MmioDevice there = await();
        return there == null || end > size || end > there.size() ? null : there;
    }

    MmioDevice await() {
        for (MmioDevice there = device; ; there = device) {
            long left = until - System.nanoTime();
            if (there != null || left <= 0 || !sleep(left)) {
                return there;
            }
        }
    }

    private boolean sleep(long nanos) {
        VcpuThread vcpu = VcpuThread.current();
        if (vcpu != null) {
            return vcpu.waitInside(() -> device != null || until - System.nanoTime() <= 0, nanos);
        }
        lock.lock();
        try {
            long left = nanos;
            while (device == null && left > 0 && until - System.nanoTime() > 0) {
                left = opened.awaitNanos(left);
            }
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public DeviceType type() {
        return type;
    }

    @Override
    public DeviceStatus status() {
        return DeviceStatus.ACTIVE;
    }

    @Override
    public Map<String, String> info() {
        return Map.of("being replaced", "accesses wait for at most %d s more"
                .formatted(Math.max(0, TimeUnit.NANOSECONDS.toSeconds(until - System.nanoTime()))));
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public void attach(DeviceContext context) {
        throw new IllegalStateException("a place is mapped where its device was, not attached");
    }

    @Override
    public void detach() {
        // What was attached is the device.
    }

    /** The place of a device that the built-in firmware prints on. */
    private static final class OfConsole extends Place implements FirmwareConsole {
        OfConsole(String name, DeviceType type, long size, Runnable wake, Faults faults) {
            super(name, type, size, wake, faults);
        }

        @Override
        public void debugWrite(byte value) {
            if (await() instanceof FirmwareConsole console) {
                console.debugWrite(value);
            }
        }

        @Override
        public int debugRead() {
            return device() instanceof FirmwareConsole console ? console.debugRead() : -1;
        }
    }

    /** The place of a device to which messages are written: nobody waits for those, so they do. */
    private static final class OfMessages extends Place implements MessageSink {
        private record Message(long offset, int data) {}

        /** More different ones than there are interrupts on a machine; what is beyond is lost. */
        private static final int MOST = 1 << 16;

        private final Set<Message> waiting = new LinkedHashSet<>();

        OfMessages(String name, DeviceType type, long size, Runnable wake, Faults faults) {
            super(name, type, size, wake, faults);
        }

        @Override
        public void message(long offset, int data) {
            MessageSink sink;
            synchronized (waiting) {
                sink = device() instanceof MessageSink there ? there : null;
                if (sink == null && waiting.size() < MOST) {
                    waiting.add(new Message(offset, data));
                }
            }
            if (sink != null) {
                sink.message(offset, data);
            }
        }

        @Override
        void reset() {
            synchronized (waiting) {
                waiting.clear();
            }
        }

        @Override
        void open(MmioDevice next) {
            synchronized (waiting) {
                if (next instanceof MessageSink sink) {
                    waiting.forEach(message -> sink.message(message.offset, message.data));
                }
                waiting.clear();
                super.open(next);
            }
        }
    }
}
