package org.vm.device.riscv.internal;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.vm.api.ConfigurationException;
import org.vm.api.backend.AttachableConsole;
import org.vm.api.backend.ConsoleBackend;
import org.vm.api.device.DeviceContext;
import org.vm.api.device.DeviceStatus;
import org.vm.api.device.DeviceTreeContributor;
import org.vm.api.device.DeviceTreeNode;
import org.vm.api.device.DeviceType;
import org.vm.api.device.FirmwareConsole;
import org.vm.api.device.MmioDevice;
import org.vm.api.device.Resettable;
import org.vm.api.irq.InterruptLine;
import org.vm.api.state.DeviceState;
import org.vm.api.state.Stateful;
import org.vm.api.time.MachineClock;

/**
 * 16550A serial port (National Semiconductor PC16550D data sheet). What the guest sends goes to the console at once, so the
 * transmitter is always empty. What is typed waits in the console until the receiver has room, so nothing is overrun.
 */
@Component(service = MmioDevice.class, name = Uart16550.PID, configurationPid = Uart16550.PID,
        configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = Uart16550.Config.class, factory = true)
public final class Uart16550 implements MmioDevice, DeviceTreeContributor, Resettable, FirmwareConsole,
        ConsoleBackend.Listener, Stateful {
    static final String PID = "org.vm.device.riscv.uart";

    @ObjectClassDefinition(name = "UART 16550A", description = "Serial port")
    @interface Config {
        @AttributeDefinition(name = "Name", description = "Unique in the machine")
        String name() default "uart";

        @AttributeDefinition(name = "Machine", description = "Name of the machine")
        String vm();

        @AttributeDefinition(name = "Base", description = "Physical address; empty: the machine chooses")
        String base() default "";

        @AttributeDefinition(name = "Interrupt", description = "Interrupt source; -1: the machine chooses")
        int irq() default -1;

        @AttributeDefinition(name = "Console", description = "Filter that selects the console it is connected to")
        String console_target() default "(!(port=*))";
    }

    private static final int RBR_THR_DLL = 0; // R / W / R/W with DLAB
    private static final int IER_DLM = 1; // R/W / R/W with DLAB
    private static final int IIR_FCR = 2; // R / W
    private static final int LCR = 3; // R/W
    private static final int MCR = 4; // R/W
    private static final int LSR = 5; // R
    private static final int MSR = 6; // R
    private static final int SCR = 7; // R/W

    private static final int IER_RECEIVED = 0x01;
    private static final int IER_TRANSMITTED = 0x02;
    private static final int IER_LINE = 0x04;
    private static final int IER_MODEM = 0x08;
    private static final int IER_MASK = 0x0F;

    /** In order of priority (data sheet, table "Interrupt Control Functions"). */
    private static final int IIR_LINE = 0x06;
    private static final int IIR_RECEIVED = 0x04;
    private static final int IIR_TIMEOUT = 0x0C;
    private static final int IIR_TRANSMITTED = 0x02;
    private static final int IIR_MODEM = 0x00;
    private static final int IIR_NONE = 0x01;
    private static final int IIR_FIFO = 0xC0;

    private static final int FCR_ENABLE = 0x01;
    private static final int FCR_CLEAR_RECEIVER = 0x02;
    private static final int[] TRIGGERS = {1, 4, 8, 14};

    private static final int LCR_DLAB = 0x80;

    private static final int MCR_MASK = 0x1F;
    private static final int MCR_LOOP = 0x10;

    private static final int LSR_DATA = 0x01;
    private static final int LSR_OVERRUN = 0x02;
    /** Transmitter holding register and transmitter empty. */
    private static final int LSR_EMPTY = 0x60;

    /** Clear to send, data set ready, carrier detected: a terminal that is always there. */
    private static final int MSR_CONNECTED = 0xB0;

    private static final int FIFO_SIZE = 16;
    private static final int TRIGGER_MASK = 0x0F;
    private static final int CLOCK = 3_686_400;

    private final String name;
    private ConsoleBackend console;
    /** Of the configuration, what cannot change. */
    private List<Object> settings = List.of();
    private final ByteBuffer sent = ByteBuffer.allocate(1);
    /** Received bytes, from position 0 to the buffer's position. */
    private final ByteBuffer received = ByteBuffer.allocate(FIFO_SIZE);
    private InterruptLine line = level -> { };
    private MachineClock clock;
    private MachineClock.Timer timer;
    private int interruptEnable;
    private int lineControl;
    private int modemControl;
    private int scratch;
    private int divisor;
    private int trigger;
    private boolean fifo;
    private boolean overrun;
    private boolean transmitted;
    private boolean timeout;
    /** When the timeout will be, if nothing comes or goes before; -1: not at all. */
    private long timeoutAt;
    private int modemStatus;
    private boolean suspended;
    /** Nobody has used it yet: what was typed stays in the console, for it may follow what a predecessor's state holds. */
    private boolean fresh = true;
    private volatile DeviceStatus status = DeviceStatus.CREATED;

    @Activate
    public Uart16550(Config config) {
        this(config.name(), (ConsoleBackend) null);
        settings = List.of(config.name(), config.vm(), config.base(), config.irq());
    }

    public Uart16550(String name, ConsoleBackend console) {
        this.name = name;
        this.console = console;
        clear();
    }

    /** What can change while the guest uses the port is its console. */
    @Modified
    void change(Config config) {
        if (!settings.equals(List.of(config.name(), config.vm(), config.base(), config.irq()))) {
            throw new ConfigurationException("serial port '" + name + "' stays where it is; delete its configuration and write a new one");
        }
    }

    /** Connects another console. What was typed at the one before and not read follows, as much as there is room for. */
    @Reference(name = "console", policy = ReferencePolicy.DYNAMIC)
    public void bindConsole(ConsoleBackend next) {
        boolean connected;
        ConsoleBackend before;
        synchronized (this) {
            before = console;
            connected = before != null && !suspended && (status == DeviceStatus.ATTACHED || status == DeviceStatus.ACTIVE);
            if (before == null) {
                console = next;
                return;
            }
        }
        if (connected) {
            next.connect(this);
        }
        synchronized (this) {
            if (next instanceof AttachableConsole keyboard) {
                ByteBuffer typed = ByteBuffer.allocate(256);
                while (before.read(typed.clear()) > 0 && keyboard.type(typed.flip()) > 0) {
                    // The next ones.
                }
            }
            console = next;
        }
        before.disconnect(this);
        inputAvailable();
    }

    void unbindConsole(ConsoleBackend former) {
        // Another one has been connected, or the port goes.
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public DeviceType type() {
        return DeviceType.SERIAL;
    }

    @Override
    public DeviceStatus status() {
        return status;
    }

    @Override
    public long size() {
        return 0x100;
    }

    @Override
    public void attach(DeviceContext context) {
        synchronized (this) {
            line = context.interrupt();
            clock = context.clock();
            timer = clock.timer(this::characterTimeout);
            status = DeviceStatus.ATTACHED;
        }
        // Outside the lock: the console may call back at once.
        console.connect(this);
    }

    @Override
    public void detach() {
        console.disconnect(this);
        synchronized (this) {
            timer.cancel();
            clear();
            if (!suspended) {
                line.lower();
            }
            status = DeviceStatus.DETACHED;
        }
    }

    @Override
    public synchronized void reset() {
        timer.cancel();
        clear();
        status = DeviceStatus.ATTACHED;
        fresh = false;
        receive();
        update();
    }

    private void clear() {
        interruptEnable = 0;
        lineControl = 0;
        modemControl = 0;
        scratch = 0;
        divisor = 0;
        trigger = 1;
        fifo = false;
        overrun = false;
        transmitted = false;
        timeout = false;
        timeoutAt = -1;
        modemStatus = MSR_CONNECTED;
        received.clear();
    }

    /** Leaves the console to the successor. */
    @Override
    public void suspend(Duration limit) {
        synchronized (this) {
            suspended = true;
            timer.cancel();
        }
        console.disconnect(this);
    }

    @Override
    public synchronized DeviceState capture() {
        return DeviceState.of(PID, 1).number("IER", interruptEnable).number("LCR", lineControl).number("MCR", modemControl)
                .number("MSR", modemStatus).number("SCR", scratch).number("divisor", divisor).flag("fifo", fifo)
                .number("trigger", trigger).bytes("received", Arrays.copyOf(received.array(), received.position()))
                .flag("overrun", overrun).flag("transmitted", transmitted).flag("timeout", timeout)
                .number("timeout-at", timeoutAt).flag("used", !fresh).build();
    }

    @Override
    public synchronized void restore(DeviceState state) {
        SavedRegisters.require(state, PID, name);
        interruptEnable = (int) state.number("IER", 0) & IER_MASK;
        lineControl = (int) state.number("LCR", 0) & 0xFF;
        modemControl = (int) state.number("MCR", 0) & MCR_MASK;
        modemStatus = (int) state.number("MSR", MSR_CONNECTED) & 0xFF;
        scratch = (int) state.number("SCR", 0) & 0xFF;
        divisor = (int) state.number("divisor", 0) & 0xFFFF;
        fifo = state.flag("fifo", false);
        trigger = Math.max(1, (int) state.number("trigger", 1) & TRIGGER_MASK);
        overrun = state.flag("overrun", false);
        transmitted = state.flag("transmitted", false);
        timeout = state.flag("timeout", false);
        timeoutAt = state.number("timeout-at", -1);
        fresh = !state.flag("used", false);
        byte[] waiting = state.bytes("received", new byte[0]);
        received.clear().put(waiting, 0, Math.min(waiting.length, FIFO_SIZE));
        status = interruptEnable != 0 ? DeviceStatus.ACTIVE : DeviceStatus.ATTACHED;
    }

    @Override
    public void resume() {
        boolean alone;
        synchronized (this) {
            alone = suspended;
            suspended = false;
        }
        if (alone) {
            console.connect(this);
        }
        synchronized (this) {
            if (timeoutAt >= 0) {
                timer.arm(timeoutAt);
            }
            inputAvailable();
            update();
        }
    }

    @Override
    public void inputAvailable() {
        synchronized (this) {
            if (!suspended && !fresh) {
                receive();
                update();
            }
        }
    }

    private void use() {
        if (fresh) {
            fresh = false;
            receive();
        }
    }

    @Override
    public void resized(int columns, int rows) {
        // A serial line does not carry the terminal's size.
    }

    @Override
    public synchronized long read(long offset, int width) {
        if (width != 1) {
            return 0;
        }
        use();
        boolean latch = (lineControl & LCR_DLAB) != 0;
        return switch ((int) offset) {
            case RBR_THR_DLL -> latch ? divisor & 0xFF : takeReceived();
            case IER_DLM -> latch ? divisor >>> 8 : interruptEnable;
            case IIR_FCR -> {
                int cause = cause();
                if (cause == IIR_TRANSMITTED) {
                    transmitted = false;
                    update();
                }
                yield cause | (fifo ? IIR_FIFO : 0);
            }
            case LCR -> lineControl;
            case MCR -> modemControl;
            case LSR -> {
                int value = LSR_EMPTY | (received.position() > 0 ? LSR_DATA : 0) | (overrun ? LSR_OVERRUN : 0);
                overrun = false;
                update();
                yield value;
            }
            case MSR -> {
                int value = modemStatus;
                modemStatus &= 0xF0;
                update();
                yield value;
            }
            case SCR -> scratch;
            default -> 0;
        };
    }

    @Override
    public synchronized void write(long offset, int width, long wide) {
        if (width != 1) {
            return;
        }
        use();
        int value = (int) wide & 0xFF;
        boolean latch = (lineControl & LCR_DLAB) != 0;
        switch ((int) offset) {
            case RBR_THR_DLL -> {
                if (latch) {
                    divisor = divisor & 0xFF00 | value;
                } else {
                    send((byte) value);
                }
            }
            case IER_DLM -> {
                if (latch) {
                    divisor = divisor & 0xFF | value << 8;
                } else {
                    enable(value & IER_MASK);
                }
            }
            case IIR_FCR -> controlFifo(value);
            case LCR -> lineControl = value;
            case MCR -> {
                modemControl = value & MCR_MASK;
                updateModem();
                receive();
            }
            case SCR -> scratch = value;
            default -> { }
        }
        update();
    }

    @Override
    public synchronized void debugWrite(byte value) {
        console.write(sent.clear().put(0, value));
    }

    @Override
    public synchronized int debugRead() {
        use();
        receive();
        return received.position() > 0 ? takeReceived() : -1;
    }

    private void send(byte value) {
        if ((modemControl & MCR_LOOP) != 0) {
            if (received.position() < capacity()) {
                received.put(value);
                restartTimeout();
            } else {
                overrun = true;
            }
        } else {
            console.write(sent.clear().put(0, value));
        }
        // Sent at once: the holding register is empty again.
        transmitted = true;
    }

    private void enable(int value) {
        // Enabling the interrupt of an empty transmitter raises it (data sheet, "Interrupt Enable Register").
        if ((value & IER_TRANSMITTED) != 0 && (interruptEnable & IER_TRANSMITTED) == 0) {
            transmitted = true;
        }
        interruptEnable = value;
        status = value != 0 ? DeviceStatus.ACTIVE : DeviceStatus.ATTACHED;
    }

    private void controlFifo(int value) {
        boolean enabled = (value & FCR_ENABLE) != 0;
        // Changing modes clears the FIFOs; the other bits count in FIFO mode only (data sheet, "FIFO Control Register").
        if (enabled != fifo || enabled && (value & FCR_CLEAR_RECEIVER) != 0) {
            received.clear();
            timeout = false;
        }
        fifo = enabled;
        trigger = enabled ? TRIGGERS[value >>> 6] : 1;
        receive();
    }

    private int takeReceived() {
        if (received.position() == 0) {
            return 0;
        }
        int value = Byte.toUnsignedInt(received.flip().get());
        received.compact();
        timeout = false;
        receive();
        restartTimeout();
        update();
        return value;
    }

    private int capacity() {
        return fifo ? FIFO_SIZE : 1;
    }

    /** Fetches what was typed, as much as there is room for. */
    private void receive() {
        if ((modemControl & MCR_LOOP) == 0 && received.position() < capacity()) {
            if (console.read(received.limit(capacity())) > 0) {
                restartTimeout();
            }
            received.limit(FIFO_SIZE);
        }
    }

    private void restartTimeout() {
        if (fifo && received.position() > 0 && received.position() < trigger && clock != null) {
            timeoutAt = clock.nanos() + 4 * characterNanos();
            timer.arm(timeoutAt);
        }
    }

    /** The FIFO holds something and nothing came or went for four characters (data sheet, "FIFO Interrupt Mode"). */
    private synchronized void characterTimeout() {
        if (suspended) {
            return;
        }
        timeoutAt = -1;
        timeout = fifo && received.position() > 0;
        update();
    }

    /** Ten bits of sixteen clocks each; kept below 1 ms, as nobody likes to wait for a slow line that is not there. */
    private long characterNanos() {
        return Math.min(1_000_000, 160L * Math.max(1, divisor) * 1_000_000_000 / CLOCK);
    }

    /** In loopback mode, outputs are connected to inputs (data sheet, "Modem Control Register", bit 4). */
    private void updateModem() {
        int levels = MSR_CONNECTED;
        if ((modemControl & MCR_LOOP) != 0) {
            levels = (modemControl & 0x02) << 3 | (modemControl & 0x01) << 5 | (modemControl & 0x0C) << 4;
        }
        int changed = (modemStatus ^ levels) & 0xF0;
        // RI counts when it goes down only.
        int edges = changed >>> 4 & 0x0B | changed >>> 4 & 0x04 & modemStatus >>> 4;
        modemStatus = levels | modemStatus & 0x0F | edges;
    }

    private int cause() {
        if ((interruptEnable & IER_LINE) != 0 && overrun) {
            return IIR_LINE;
        }
        if ((interruptEnable & IER_RECEIVED) != 0 && received.position() >= trigger) {
            return IIR_RECEIVED;
        }
        if ((interruptEnable & IER_RECEIVED) != 0 && timeout) {
            return IIR_TIMEOUT;
        }
        if ((interruptEnable & IER_TRANSMITTED) != 0 && transmitted) {
            return IIR_TRANSMITTED;
        }
        if ((interruptEnable & IER_MODEM) != 0 && (modemStatus & 0x0F) != 0) {
            return IIR_MODEM;
        }
        return IIR_NONE;
    }

    private void update() {
        line.set(cause() != IIR_NONE);
    }

    @Override
    public synchronized Map<String, String> info() {
        Map<String, String> info = new LinkedHashMap<>();
        info.put("console", console.description());
        info.put("received", received.position() + " of " + capacity());
        info.put("IER", hex(interruptEnable));
        info.put("IIR", hex(cause() | (fifo ? IIR_FIFO : 0)));
        info.put("LCR", hex(lineControl));
        info.put("MCR", hex(modemControl));
        info.put("MSR", hex(modemStatus));
        info.put("SCR", hex(scratch));
        info.put("divisor", Integer.toString(divisor));
        return info;
    }

    private static String hex(int value) {
        return "0x%02x".formatted(value);
    }

    @Override
    public String nodeName() {
        return "serial";
    }

    @Override
    public void describe(DeviceTreeNode node) {
        node.text("compatible", "ns16550a").cells("clock-frequency", CLOCK);
    }
}
