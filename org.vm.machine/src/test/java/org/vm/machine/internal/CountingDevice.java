package org.vm.machine.internal;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.vm.api.device.DeviceContext;
import org.vm.api.device.Resettable;
import org.vm.api.state.DeviceState;
import org.vm.api.state.Stateful;

/** A device whose one register adds what is written, with a state; and it can be made to fail at each step. */
class CountingDevice extends FakeDevice implements Stateful, Resettable {
    enum Step { NONE, ATTACH, SUSPEND, CAPTURE, RESTORE, RESUME, ACCESS, DETACH }

    final AtomicLong sum = new AtomicLong();
    volatile Step fails = Step.NONE;
    volatile boolean suspended;
    volatile Trial trial;

    CountingDevice(String name) {
        super(name, 0x100);
    }

    private void step(Step step) {
        if (fails == step) {
            throw new IllegalStateException("made to fail at " + step);
        }
    }

    @Override
    public void attach(DeviceContext given) {
        super.attach(given);
        step(Step.ATTACH);
    }

    @Override
    public void detach() {
        super.detach();
        context.interrupt().lower();
        step(Step.DETACH);
    }

    @Override
    public void suspend(Duration limit) {
        step(Step.SUSPEND);
        suspended = true;
    }

    @Override
    public DeviceState capture() {
        step(Step.CAPTURE);
        return DeviceState.of("test.counting", 1).number("sum", sum.get()).build();
    }

    @Override
    public void restore(DeviceState state) {
        step(Step.RESTORE);
        sum.set(state.number("sum", 0));
    }

    @Override
    public void resume() {
        step(Step.RESUME);
        suspended = false;
        context.interrupt().set(sum.get() > 0);
    }

    @Override
    public void onTrial(Trial watcher) {
        trial = watcher;
    }

    @Override
    public void reset() {
        super.reset();
        sum.set(0);
    }

    private void access() {
        step(Step.ACCESS);
        if (suspended || detached.get() > 0) {
            throw new AssertionError("an access to a device that is suspended or gone");
        }
    }

    @Override
    public long read(long offset, int width) {
        access();
        return sum.get();
    }

    @Override
    public void write(long offset, int width, long value) {
        access();
        sum.addAndGet(value);
        context.interrupt().raise();
    }
}
