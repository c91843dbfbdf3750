package org.vm.device.dma.internal;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.stream.Stream;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.vm.api.ConfigurationException;
import org.vm.api.DeviceException;
import org.vm.api.device.DeviceStatus;
import org.vm.api.device.DeviceType;
import org.vm.api.device.DmaPort;
import org.vm.api.memory.BufferPool;
import org.vm.api.memory.GuestMemory;
import org.vm.api.pci.BusMaster;
import org.vm.api.pci.PciBar;
import org.vm.api.pci.PciContext;
import org.vm.api.pci.PciDescription;
import org.vm.api.pci.PciFunction;
import org.vm.api.pci.PciRegisters;
import org.vm.api.state.DeviceState;
import org.vm.api.state.Stateful;

/**
 * A DMA engine as a PCI function: channels that move bytes from guest RAM to guest RAM, or into a {@link DmaPort} of
 * another device. It reaches RAM only; any other address ends a transfer with an error. Registers behind BAR 0, 32 bits
 * wide (64-bit ones in halves or whole):
 *
 * <pre>
 * 0x000 + 0x40 * channel
 *   0x00  SOURCE   RW  64  address, or that of a list of ranges: le64 address, le64 bytes
 *   0x08  TARGET   RW  64  address, or number of a port
 *   0x10  LENGTH   RW  64  bytes, or ranges in the list, 1024 at most
 *   0x18  CONTROL  RW      0 START (reads 0), 1 STOP (reads 0), 2 INTERRUPT at the end, 3 RELOAD: begin again when DONE is
 *                          cleared, 4 TO_DEVICE: the target is a port, 5 LIST: what lies in several places is moved
 *                          to one, in the order of a list
 *   0x1c  STATUS   R/W1C   0 BUSY (R), 1 DONE, 2 ERROR
 *   0x20  COUNT    R   64  bytes moved
 *   0x28  ROUNDS   R       transfers that were done
 * 0x800  INTERRUPTS  R     a bit for each channel that interrupts, by the line or its MSI-X vector
 * 0x804  CHANNELS    R
 * </pre>
 *
 * A transfer takes its registers at START, and a list when it begins; START of a busy channel is ignored.
 */
@Component(service = PciFunction.class, name = DmaEngine.PID, configurationPid = DmaEngine.PID,
        configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = DmaEngine.Config.class, factory = true)
public final class DmaEngine implements PciFunction, PciRegisters, BusMaster, Stateful {
    static final String PID = "org.vm.device.dma";

    @ObjectClassDefinition(name = "DMA engine", description = "Moves memory beside the CPUs; a PCI function")
    @interface Config {
        @AttributeDefinition(name = "Name", description = "Unique in the machine")
        String name() default "dma";

        @AttributeDefinition(name = "Machine", description = "Name of the machine")
        String vm();

        @AttributeDefinition(name = "Slot", description = "slot3, 00:1e; empty: the host bridge chooses", required = false)
        String slot() default "";

        @AttributeDefinition(name = "Channels", description = "1 to 32")
        int channels() default 4;
    }

    static final int STRIDE = 0x40;
    static final int INTERRUPTS = 0x800;
    static final int CHANNELS = 0x804;
    private static final int MOST = 32;
    private static final int SIZE = 0x1000;
    private static final int VENDOR = 0x1234;
    private static final int DEVICE = 0x0d3a;
    private static final int CLASS_SYSTEM_PERIPHERAL = 0x088000;

    private final String name;
    private final String machine;
    private final DmaChannel[] channels;
    private final Map<Long, DmaPort> ports = new ConcurrentHashMap<>();
    private volatile PciContext context;
    /** For data that a port must get in one piece; no more of them are in use than there are channels. */
    private volatile BufferPool buffers;
    private volatile DeviceStatus status = DeviceStatus.CREATED;

    @Activate
    public DmaEngine(Config config) {
        this(config.name(), config.vm(), config.channels());
    }

    /** @param channels 1 to 32 */
    public DmaEngine(String name, int channels) {
        this(name, "", channels);
    }

    private DmaEngine(String name, String machine, int channels) {
        if (channels < 1 || channels > MOST) {
            throw new ConfigurationException("DMA engine '" + name + "' asks for " + channels + " channels; 1 to 32 are possible");
        }
        this.name = name;
        this.machine = machine;
        this.channels = new DmaChannel[channels];
        for (int i = 0; i < channels; i++) {
            this.channels[i] = new DmaChannel(this, i);
        }
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC, target = "(&(vm=*)(port=*))")
    void bindPort(DmaPort port, Map<String, Object> properties) {
        if (machine.equals(properties.get("vm"))) {
            connect(Long.parseLong(properties.get("port").toString()), port);
        }
    }

    void unbindPort(DmaPort port) {
        ports.values().removeIf(connected -> connected == port);
    }

    /** Gives a port the number that the guest knows it by. */
    public void connect(long number, DmaPort port) {
        ports.put(number, port);
        if (context != null) {
            // A transfer that came from another engine may wait for it.
            Stream.of(channels).forEach(DmaChannel::proceed);
        }
    }

    // For channels

    GuestMemory memory() {
        return context.memory();
    }

    BufferPool buffers() {
        return buffers;
    }

    DmaPort port(long number) {
        return ports.get(number);
    }

    void execute(Runnable work) {
        try {
            context.workers().execute(work);
        } catch (RejectedExecutionException machineStopped) {
            // The transfer stays as it is; the guest that waits for it does not run either.
        }
    }

    /** A channel has ended a transfer and wants to say so. */
    void send(int channel) {
        if (context.messages()) {
            context.send(channel);
        }
    }

    /** What channels want may have changed. */
    void changed() {
        PciContext to = context;
        if (to != null) {
            synchronized (this) {
                to.interrupt().set(interrupts() != 0);
            }
        }
    }

    private int interrupts() {
        int bits = 0;
        for (int i = 0; i < channels.length; i++) {
            bits |= channels[i].interrupting() ? 1 << i : 0;
        }
        return bits;
    }

    // The function

    @Override
    public PciDescription description() {
        return PciDescription.of(VENDOR, DEVICE, CLASS_SYSTEM_PERIPHERAL).bar(0, PciBar.Kind.MEMORY, this)
                .msix(channels.length);
    }

    @Override
    public void attach(PciContext given) {
        context = given;
        buffers = new BufferPool(channels.length, DmaChannel.SLICE);
        status = DeviceStatus.ATTACHED;
        Stream.of(channels).forEach(DmaChannel::resume);
    }

    @Override
    public void detach() {
        reset();
        buffers.close();
        status = DeviceStatus.DETACHED;
    }

    @Override
    public void reset() {
        for (DmaChannel channel : channels) {
            channel.reset();
        }
        changed();
    }

    @Override
    public void stopBusMaster() {
        reset();
    }

    /** Transfers stop between two slices; the successor goes on with the next one. */
    @Override
    public void suspend(Duration limit) {
        Stream.of(channels).forEach(DmaChannel::suspend);
    }

    @Override
    public DeviceState capture() {
        return DeviceState.of(PID, 1).states("channels", Stream.of(channels).map(DmaChannel::capture).toList()).build();
    }

    @Override
    public void restore(DeviceState state) {
        List<DeviceState> states = state.states("channels");
        if (!state.kind().equals(PID)) {
            throw new DeviceException("DMA engine '%s' cannot take the state of '%s'".formatted(name, state.kind()));
        }
        if (states.size() > channels.length) {
            throw new DeviceException("DMA engine '%s' has %d channels, and the one whose state it is to take has %d"
                    .formatted(name, channels.length, states.size()));
        }
        for (int i = 0; i < states.size(); i++) {
            channels[i].restore(states.get(i));
        }
    }

    @Override
    public void resume() {
        Stream.of(channels).forEach(DmaChannel::resume);
        changed();
    }

    @Override
    public long size() {
        return SIZE;
    }

    @Override
    public long read(long offset, int width) {
        if (width < 4 || (offset & width - 1) != 0) {
            return 0;
        }
        long low = Integer.toUnsignedLong(register((int) offset));
        return width == 4 ? low : low | (long) register((int) offset + 4) << 32;
    }

    private int register(int offset) {
        int channel = offset / STRIDE;
        return channel < channels.length ? channels[channel].read(offset % STRIDE)
                : offset == INTERRUPTS ? interrupts() : offset == CHANNELS ? channels.length : 0;
    }

    @Override
    public void write(long offset, int width, long value) {
        int channel = (int) offset / STRIDE;
        if (width < 4 || (offset & width - 1) != 0 || channel >= channels.length) {
            return;
        }
        channels[channel].write((int) offset % STRIDE, (int) value);
        if (width == 8) {
            channels[channel].write((int) offset % STRIDE + 4, (int) (value >>> 32));
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
        return status;
    }

    @Override
    public Map<String, String> info() {
        Map<String, String> info = new LinkedHashMap<>();
        for (int i = 0; i < channels.length; i++) {
            info.put("channel " + i, channels[i].describe());
        }
        ports.forEach((number, port) -> info.put("port " + number, port.toString()));
        return info;
    }
}
