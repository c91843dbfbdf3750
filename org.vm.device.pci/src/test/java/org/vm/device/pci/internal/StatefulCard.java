package org.vm.device.pci.internal;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.vm.api.DeviceException;
import org.vm.api.device.DeviceStatus;
import org.vm.api.device.DeviceType;
import org.vm.api.pci.BusMaster;
import org.vm.api.pci.PciBar;
import org.vm.api.pci.PciContext;
import org.vm.api.pci.PciDescription;
import org.vm.api.pci.PciFunction;
import org.vm.api.pci.PciRegisters;
import org.vm.api.state.DeviceState;
import org.vm.api.state.Stateful;

/**
 * A function with a register at 0 that it hands over, and one at 8 whose lowest bit is its interrupt line. It notes what is
 * done to it, and fails at a step if it is told to.
 */
final class StatefulCard implements PciFunction, Stateful, PciRegisters, BusMaster {
    static final String KIND = "test.card";

    private final String name;
    private final PciDescription description;
    final List<String> calls = new ArrayList<>();
    final List<PciFunction> others = new ArrayList<>();
    PciContext context;
    Trial trial;
    long value;
    long level;
    /** The step at which it fails. */
    String failing = "";
    /** Done while it is being suspended. */
    Runnable suspending = () -> { };

    StatefulCard(String name) {
        this(name, FakeCard.plain());
    }

    StatefulCard(String name, PciDescription base) {
        this.name = name;
        description = base.bar(0, PciBar.Kind.MEMORY, this);
    }

    private void step(String step) {
        calls.add(step);
        if (step.equals(failing)) {
            throw new DeviceException("it fails to " + step);
        }
    }

    @Override
    public PciDescription description() {
        return description;
    }

    @Override
    public List<PciFunction> others() {
        return others;
    }

    @Override
    public void attach(PciContext given) {
        step("attach");
        context = given;
    }

    @Override
    public void suspend(Duration limit) {
        step("suspend");
        suspending.run();
    }

    @Override
    public DeviceState capture() {
        step("capture");
        return failing.equals("nothing") ? null : DeviceState.of(KIND, 1).number("value", value).number("level", level).build();
    }

    @Override
    public void restore(DeviceState state) {
        step("restore");
        value = state.number("value", 0);
        level = state.number("level", 0);
    }

    @Override
    public void resume() {
        step("resume");
        context.interrupt().set((level & 1) != 0);
    }

    @Override
    public void onTrial(Trial given) {
        trial = given;
    }

    @Override
    public void detach() {
        calls.add("detach");
        context.interrupt().lower();
        context.send(0);
        step("detached");
    }

    @Override
    public void reset() {
        step("reset");
        value = 0;
        level = 0;
        context.interrupt().lower();
    }

    @Override
    public void stopBusMaster() {
        step("stop");
    }

    @Override
    public long size() {
        return 16;
    }

    @Override
    public long read(long offset, int width) {
        if (failing.equals("read")) {
            throw new IllegalStateException("it fails to read");
        }
        return offset == 0 ? value : offset == 8 ? level : 0;
    }

    @Override
    public void write(long offset, int width, long written) {
        if (failing.equals("write")) {
            throw new IllegalStateException("it fails to write");
        }
        if (offset == 0) {
            value = written;
        } else {
            level = written;
            context.interrupt().set((level & 1) != 0);
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public DeviceType type() {
        return DeviceType.CUSTOM;
    }

    @Override
    public DeviceStatus status() {
        return DeviceStatus.ACTIVE;
    }

    @Override
    public Map<String, String> info() {
        return Map.of();
    }
}
