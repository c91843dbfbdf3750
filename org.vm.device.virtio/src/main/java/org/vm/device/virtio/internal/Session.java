package org.vm.device.virtio.internal;

import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.vm.api.device.DeviceContext;
import org.vm.api.time.MachineClock;
import org.vm.device.virtio.Activation;
import org.vm.device.virtio.VirtioDevice;
import org.vm.device.virtio.Virtqueue;

/** One activation of a device, from DRIVER_OK to reset. What comes from it after its end has no effect. */
final class Session implements Activation {
    private static final int IDLE = 0;
    private static final int RUNNING = 1;
    private static final int AGAIN = 2;

    private final DeviceControl control;
    private final VirtioDevice device;
    private final DeviceContext context;
    private final long features;
    private final LiveQueue[] queues;
    private final AtomicInteger[] kicks;
    private final Quiescence tasks = new Quiescence();
    private volatile boolean closed;
    /** Nothing new is begun. */
    private volatile boolean pausing;

    Session(DeviceControl control, VirtioDevice device, DeviceContext context, long features, LiveQueue[] queues) {
        this.control = control;
        this.device = device;
        this.context = context;
        this.features = features;
        this.queues = queues;
        this.kicks = new AtomicInteger[queues.length];
        for (int i = 0; i < queues.length; i++) {
            kicks[i] = new AtomicInteger();
        }
    }

    @Override
    public long features() {
        return features;
    }

    @Override
    public Virtqueue queue(int index) {
        return queues[index];
    }

    LiveQueue live(int index) {
        return queues[index];
    }

    @Override
    public MachineClock clock() {
        return context.clock();
    }

    @Override
    public void kick(int queue) {
        if (closed || pausing || queue < 0 || queue >= queues.length || queues[queue] == null) {
            return;
        }
        int group = tasks.enter();
        if (group < 0) {
            return;
        }
        if (kicks[queue].getAndUpdate(state -> state == IDLE ? RUNNING : AGAIN) == IDLE) {
            start(() -> serve(queue), group);
        } else {
            tasks.leave(group);
        }
    }

    /** One round for a queue; kicks that come meanwhile make another one, a task of its own so that others get a turn. */
    private void serve(int queue) {
        kicks[queue].set(RUNNING);
        device.notify(queue);
        if (!kicks[queue].compareAndSet(RUNNING, IDLE)) {
            execute(() -> serve(queue));
        }
    }

    @Override
    public void execute(Runnable task) {
        int group = tasks.enter(task);
        if (group >= 0) {
            start(task, group);
        }
    }

    private void start(Runnable task, int group) {
        try {
            context.workers().execute(() -> run(task, group));
        } catch (RejectedExecutionException machineStopped) {
            tasks.leave(group);
        }
    }

    private void run(Runnable task, int group) {
        try {
            if (!closed) {
                task.run();
            }
        } catch (RingException e) {
            control.failed(this, e.getMessage(), null);
        } catch (RuntimeException | Error e) {
            control.threw(this, e);
        } finally {
            tasks.leave(group);
        }
    }

    @Override
    public void configChanged() {
        unlessAtRest(() -> control.configChanged(this));
    }

    @Override
    public void fail(String reason) {
        unlessAtRest(() -> control.failed(this, reason, null));
    }

    /** At rest it is done when that has ended. */
    private void unlessAtRest(Runnable action) {
        int group = tasks.enter(action);
        if (group >= 0) {
            try {
                action.run();
            } finally {
                tasks.leave(group);
            }
        }
    }

    /** No new requests; those that were taken go on. */
    void pause() {
        pausing = true;
        each(LiveQueue::drain);
    }

    /** After {@link #pause}: waits for tasks. @return whether there are none; then nothing happens until {@link #wake} */
    boolean rest(long nanos) {
        if (!tasks.rest(nanos)) {
            return false;
        }
        each(LiveQueue::shut);
        for (AtomicInteger kick : kicks) {
            kick.set(IDLE);
        }
        return true;
    }

    /** What is still under way has no effect any more. */
    void abandon() {
        each(LiveQueue::shut);
        closed = true;
    }

    /** The end of a pause, or of a rest. */
    void wake() {
        pausing = false;
        each(LiveQueue::open);
        tasks.wake().forEach(this::execute);
        each(LiveQueue::publish);
        for (int i = 0; i < queues.length; i++) {
            kick(i);
        }
    }

    private void each(Consumer<LiveQueue> action) {
        for (LiveQueue queue : queues) {
            if (queue != null) {
                action.accept(queue);
            }
        }
    }

    /** Ends all ring access; tasks that have not started will not. */
    void close() {
        closed = true;
        each(LiveQueue::close);
    }

    boolean quiet() {
        return tasks.idle();
    }

    boolean awaitQuiet(long nanos) {
        return tasks.await(nanos);
    }
}
