package first;

import java.util.Map;
import org.vm.api.device.DeviceContext;
import org.vm.api.device.DeviceStatus;
import org.vm.api.device.DeviceTreeContributor;
import org.vm.api.device.DeviceTreeNode;
import org.vm.api.device.DeviceType;
import org.vm.api.device.MmioDevice;
import org.vm.api.device.Resettable;
import org.vm.api.state.DeviceState;
import org.vm.api.state.Stateful;

/** Uses what a device of the first release could use. Compiled with the API of then; never change it. */
public final class FirstDevice implements MmioDevice, Resettable, DeviceTreeContributor, Stateful {
    private final StringBuilder calls = new StringBuilder();
    private DeviceContext context;
    private volatile DeviceStatus status = DeviceStatus.DETACHED;
    private long value;

    private void called(String what) {
        calls.append(calls.isEmpty() ? "" : " ").append(what);
    }

    @Override
    public String name() {
        return "first";
    }

    @Override
    public DeviceType type() {
        return DeviceType.CUSTOM;
    }

    @Override
    public DeviceStatus status() {
        return status;
    }

    @Override
    public Map<String, String> info() {
        return Map.of("calls", calls.toString());
    }

    @Override
    public long size() {
        return 0x1000;
    }

    @Override
    public void attach(DeviceContext given) {
        context = given;
        status = DeviceStatus.ATTACHED;
        called("attach");
    }

    @Override
    public void detach() {
        context.interrupt().set(false);
        status = DeviceStatus.DETACHED;
        called("detach");
    }

    @Override
    public long read(long offset, int width) {
        return offset == 0 ? 0x1000 : value + 1;
    }

    @Override
    public void write(long offset, int width, long written) {
        value = written;
        context.interrupt().set(context.clock().nanos() < 0);
    }

    @Override
    public void reset() {
        value = 0;
        called("reset");
    }

    @Override
    public String nodeName() {
        return "first";
    }

    @Override
    public void describe(DeviceTreeNode node) {
        node.text("compatible", "example,first").cells("number", 1);
        called("describe");
    }

    @Override
    public DeviceState capture() {
        return DeviceState.of("first", 1).number("value", value).build();
    }

    @Override
    public void restore(DeviceState state) {
        value = state.number("value", 0);
    }
}
