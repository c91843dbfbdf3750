package org.vm.device.virtio.internal;

import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.vm.api.device.DeviceContext;
import org.vm.api.time.MachineClock;
import org.vm.device.virtio.Activation;
import org.vm.device.virtio.Virtqueue;

/** One activation of a device, from DRIVER_OK to reset. What comes from it after its end has no effect. */
final class Session implements Activation {
    private static final int IDLE = 0;
    private static final int RUNNING = 1;
    private static final int AGAIN = 2;

    private final DeviceControl control;
    private final DeviceContext context;
    private final long features;
    private final LiveQueue[] queues;
    private final AtomicInteger[] kicks;
    private final Quiescence tasks = new Quiescence();
    private volatile boolean closed;

    Session(DeviceControl control, DeviceContext context, long features, LiveQueue[] queues) {
        this.control = control;
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
        if (closed || queue < 0 || queue >= queues.length || queues[queue] == null) {
            return;
        }
        if (kicks[queue].getAndUpdate(state -> state == IDLE ? RUNNING : AGAIN) == IDLE) {
            execute(() -> serve(queue));
        }
    }

    /** One round for a queue; kicks that come meanwhile make another one, a task of its own so that others get a turn. */
    private void serve(int queue) {
        kicks[queue].set(RUNNING);
        control.device().notify(queue);
        if (!kicks[queue].compareAndSet(RUNNING, IDLE)) {
            execute(() -> serve(queue));
        }
    }

    @Override
    public void execute(Runnable task) {
        int group = tasks.enter();
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
            fail(e.getMessage());
        } catch (RuntimeException | Error e) {
            control.failed(this, "the device threw " + e, e);
        } finally {
            tasks.leave(group);
        }
    }

    @Override
    public void configChanged() {
        control.configChanged(this);
    }

    @Override
    public void fail(String reason) {
        control.failed(this, reason, null);
    }

    /** Ends all ring access; tasks that have not started will not. */
    void close() {
        closed = true;
        for (LiveQueue queue : queues) {
            if (queue != null) {
                queue.close();
            }
        }
    }

    boolean quiet() {
        return tasks.idle();
    }

    boolean awaitQuiet(long nanos) {
        return tasks.await(nanos);
    }
}
