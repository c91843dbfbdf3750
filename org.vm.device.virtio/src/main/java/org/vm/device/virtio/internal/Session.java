package org.vm.device.virtio.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.vm.api.device.DeviceContext;
import org.vm.api.time.MachineClock;
import org.vm.device.virtio.Activation;
import org.vm.device.virtio.VirtioDevice;
import org.vm.device.virtio.Virtqueue;

/**
 * One activation of a device, from DRIVER_OK to reset. What comes from it after its end has no effect.
 *
 * <p>There are no lambdas where a session begins, rests and goes on: each costs a tenth of a millisecond when it is met for the first
 * time, and a guest whose device is replaced waits for all of them.
 */
final class Session implements Activation {
    private static final int IDLE = 0;
    private static final int RUNNING = 1;
    private static final int AGAIN = 2;

    private final DeviceControl control;
    private final VirtioDevice device;
    private final DeviceContext context;
    private final long features;
    private final LiveQueue[] queues;
    /** Of the queues those that there are. */
    private final List<LiveQueue> live = new ArrayList<>();
    private final Service[] services;
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
        kicks = new AtomicInteger[queues.length];
        services = new Service[queues.length];
        for (int i = 0; i < queues.length; i++) {
            kicks[i] = new AtomicInteger();
            services[i] = new Service(i);
            if (queues[i] != null) {
                live.add(queues[i]);
            }
        }
    }

    /** What a kick brings about. */
    private final class Service implements Runnable {
        private final int queue;

        Service(int queue) {
            this.queue = queue;
        }

        @Override
        public void run() {
            serve(queue);
        }
    }

    /** A task on its way. */
    private final class Entered implements Runnable {
        private final Runnable task;
        private final int group;

        Entered(Runnable task, int group) {
            this.task = task;
            this.group = group;
        }

        @Override
        public void run() {
            Session.this.run(task, group);
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
        if (begins(kicks[queue])) {
            start(services[queue], group);
        } else {
            tasks.leave(group);
        }
    }

    private static boolean begins(AtomicInteger kick) {
        int before;
        do {
            before = kick.get();
        } while (!kick.compareAndSet(before, before == IDLE ? RUNNING : AGAIN));
        return before == IDLE;
    }

    /** One round for a queue; kicks that come meanwhile make another one, a task of its own so that others get a turn. */
    private void serve(int queue) {
        kicks[queue].set(RUNNING);
        device.notify(queue);
        if (!kicks[queue].compareAndSet(RUNNING, IDLE)) {
            execute(services[queue]);
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
            context.workers().execute(new Entered(task, group));
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
        for (LiveQueue queue : live) {
            queue.drain();
        }
    }

    /** After {@link #pause}: waits for tasks. @return whether there are none; then nothing happens until {@link #wake} */
    boolean rest(long nanos) {
        if (!tasks.rest(nanos)) {
            return false;
        }
        for (LiveQueue queue : live) {
            queue.shut();
        }
        for (AtomicInteger kick : kicks) {
            kick.set(IDLE);
        }
        return true;
    }

    /** What is still under way has no effect any more. */
    void abandon() {
        for (LiveQueue queue : live) {
            queue.shut();
        }
        closed = true;
    }

    /** The end of a pause, or of a rest. */
    void wake() {
        pausing = false;
        for (LiveQueue queue : live) {
            queue.open();
        }
        for (Runnable task : tasks.wake()) {
            execute(task);
        }
        for (LiveQueue queue : live) {
            queue.publish();
        }
        for (int i = 0; i < queues.length; i++) {
            kick(i);
        }
    }

    /** Ends all ring access; tasks that have not started will not. */
    void close() {
        closed = true;
        for (LiveQueue queue : live) {
            queue.close();
        }
    }

    boolean quiet() {
        return tasks.idle();
    }

    boolean awaitQuiet(long nanos) {
        return tasks.await(nanos);
    }
}
