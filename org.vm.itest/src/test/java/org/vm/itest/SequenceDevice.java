package org.vm.itest;

import java.util.Map;
import org.osgi.framework.BundleContext;
import org.vm.api.device.DeviceContext;
import org.vm.api.device.DeviceStatus;
import org.vm.api.device.DeviceType;
import org.vm.api.device.MmioDevice;
import org.vm.api.state.DeviceState;
import org.vm.api.state.Stateful;

/**
 * A device into whose one register the guest writes 1, 2, 3 and so on, and which counts what is not next. Where its bundle's
 * header {@code Fails} says so, it throws.
 */
public final class SequenceDevice implements MmioDevice, Stateful {
    private final String name;
    private final String version;
    private final String fails;
    private volatile long last;
    private volatile long wrong;
    private volatile long accesses;

    public SequenceDevice(Map<String, Object> properties, BundleContext context) {
        name = (String) properties.get("name");
        version = context.getBundle().getVersion().toString();
        fails = String.valueOf(context.getBundle().getHeaders().get("Fails"));
        failIn("activation");
        if (!context.getBundle().getLocation().startsWith("stand-in")) {
            failIn("settling");
        }
    }

    private void failIn(String step) {
        if (fails.equals(step)) {
            throw new IllegalStateException("made to fail in " + step);
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
        return Map.of("version", version, "last", Long.toString(last), "wrong", Long.toString(wrong));
    }

    @Override
    public long size() {
        return 0x100;
    }

    @Override
    public void attach(DeviceContext context) {
        failIn("attach");
    }

    @Override
    public void detach() {
        // nothing to let go
    }

    @Override
    public long read(long offset, int width) {
        return last;
    }

    @Override
    public void write(long offset, int width, long value) {
        failIn("access");
        if (fails.equals("trial") && accesses++ > 1000) {
            throw new IllegalStateException("made to fail on trial");
        }
        if (value != (last + 1 & 0xFFFF_FFFFL)) {
            wrong++;
        }
        last = value;
    }

    @Override
    public DeviceState capture() {
        failIn("capture");
        return DeviceState.of("org.example.sequence", 1).number("last", last).number("wrong", wrong).build();
    }

    @Override
    public void restore(DeviceState state) {
        failIn("restore");
        last = state.number("last", 0);
        wrong = state.number("wrong", 0);
    }
}
