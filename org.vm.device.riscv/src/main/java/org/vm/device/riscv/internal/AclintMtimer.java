package org.vm.device.riscv.internal;

import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.vm.api.device.DeviceContext;
import org.vm.api.device.DeviceStatus;
import org.vm.api.device.DeviceTreeContributor;
import org.vm.api.device.DeviceTreeNode;
import org.vm.api.device.DeviceType;
import org.vm.api.device.MmioDevice;
import org.vm.api.device.Resettable;
import org.vm.api.irq.InterruptLine;
import org.vm.api.state.DeviceState;
import org.vm.api.state.Stateful;
import org.vm.api.time.MachineClock;

/**
 * Machine timers (RISC-V ACLINT specification 1.0, chapter "MTIMER device"): one {@code mtimecmp} for each hart, one
 * {@code mtime} for all. The wire of a hart is up while {@code mtime >= mtimecmp}, compared as unsigned numbers.
 *
 * <pre>
 * 0x0000  mtimecmp[hart]  8 bytes each
 * 0x7ff8  mtime           8 bytes
 * </pre>
 */
@Component(service = MmioDevice.class, name = AclintMtimer.PID, configurationPid = AclintMtimer.PID,
        configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = AclintMtimer.Config.class, factory = true)
public final class AclintMtimer implements MmioDevice, DeviceTreeContributor, Resettable, Stateful {
    static final String PID = "org.vm.device.riscv.mtimer";

    @ObjectClassDefinition(name = "RISC-V ACLINT MTIMER", description = "Machine timers")
    @interface Config {
        @AttributeDefinition(name = "Name", description = "Unique in the machine")
        String name() default "mtimer";

        @AttributeDefinition(name = "Machine", description = "Name of the machine")
        String vm();

        @AttributeDefinition(name = "Base", description = "Physical address")
        String base() default "0x2004000";

        @AttributeDefinition(name = "Interrupt", description = "It has none of its own")
        int irq() default 0;
    }

    /** Bit of mip (privileged specification, "mip"). */
    static final int INTERRUPT = 7;

    private static final long SIZE = 0x8000;
    private static final long MTIME = 0x7ff8;
    private static final long NEVER = -1;
    private static final long NANOS = 1_000_000_000;

    private final String name;
    private final long base;
    private MachineClock clock;
    private long timebase = NANOS;
    private InterruptLine[] lines = {};
    private MachineClock.Timer[] timers = {};
    private long[] compare = {};
    /** What the guest's writes to mtime have added to the machine's clock, in ticks. */
    private long shift;
    private boolean suspended;
    private volatile DeviceStatus status = DeviceStatus.CREATED;

    @Activate
    public AclintMtimer(Config config) {
        this(config.name(), Long.decode(config.base()));
    }

    /** @param base where it is mapped; its device-tree node lists the two groups of registers by address */
    public AclintMtimer(String name, long base) {
        this.name = name;
        this.base = base;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public DeviceType type() {
        return DeviceType.TIMER;
    }

    @Override
    public DeviceStatus status() {
        return status;
    }

    @Override
    public long size() {
        return SIZE;
    }

    @Override
    public synchronized void attach(DeviceContext context) {
        clock = context.clock();
        timebase = context.timebase();
        int cpus = context.cpus();
        lines = new InterruptLine[cpus];
        timers = new MachineClock.Timer[cpus];
        compare = new long[cpus];
        Arrays.fill(compare, NEVER);
        for (int i = 0; i < cpus; i++) {
            int cpu = i;
            lines[cpu] = context.cpuLine(cpu, INTERRUPT);
            timers[cpu] = clock.timer(() -> update(cpu));
        }
        status = DeviceStatus.ATTACHED;
    }

    @Override
    public synchronized void detach() {
        if (!suspended) {
            reset();
        }
        lines = new InterruptLine[0];
        status = DeviceStatus.DETACHED;
    }

    @Override
    public synchronized void reset() {
        shift = 0;
        for (int cpu = 0; cpu < lines.length; cpu++) {
            compare[cpu] = NEVER;
            timers[cpu].cancel();
            lines[cpu].lower();
        }
        status = DeviceStatus.ATTACHED;
    }

    @Override
    public synchronized void suspend(Duration limit) {
        suspended = true;
        for (MachineClock.Timer each : timers) {
            each.cancel();
        }
    }

    /** Time itself is the machine's, and goes on. */
    @Override
    public synchronized DeviceState capture() {
        return DeviceState.of(PID, 1).number("mtime-shift", shift).bytes("mtimecmp", SavedRegisters.of(compare))
                .flag("used", status == DeviceStatus.ACTIVE).build();
    }

    @Override
    public synchronized void restore(DeviceState state) {
        SavedRegisters.require(state, PID, name);
        shift = state.number("mtime-shift", 0);
        SavedRegisters.restore(state, "mtimecmp", compare);
        status = state.flag("used", false) ? DeviceStatus.ACTIVE : DeviceStatus.ATTACHED;
    }

    @Override
    public synchronized void resume() {
        suspended = false;
        for (int cpu = 0; cpu < lines.length; cpu++) {
            update(cpu);
        }
    }

    @Override
    public synchronized long read(long offset, int width) {
        if (!valid(offset, width)) {
            return 0;
        }
        long register = offset & ~7;
        long value = register == MTIME ? time() : compare[(int) (register >>> 3)];
        return width == 8 ? value : value >>> (offset & 4) * 8 & 0xFFFF_FFFFL;
    }

    @Override
    public synchronized void write(long offset, int width, long value) {
        if (!valid(offset, width)) {
            return;
        }
        long register = offset & ~7;
        status = DeviceStatus.ACTIVE;
        if (register == MTIME) {
            long now = time();
            shift += merge(now, offset, width, value) - now;
            for (int cpu = 0; cpu < lines.length; cpu++) {
                update(cpu);
            }
        } else {
            int cpu = (int) (register >>> 3);
            compare[cpu] = merge(compare[cpu], offset, width, value);
            update(cpu);
        }
    }

    private boolean valid(long offset, int width) {
        long register = offset & ~7;
        return (width == 8 && (offset & 7) == 0 || width == 4 && (offset & 3) == 0)
                && (register == MTIME || offset >= 0 && register >>> 3 < lines.length) && lines.length > 0;
    }

    private static long merge(long old, long offset, int width, long value) {
        if (width == 8) {
            return value;
        }
        long shift = (offset & 4) * 8;
        return old & ~(0xFFFF_FFFFL << shift) | (value & 0xFFFF_FFFFL) << shift;
    }

    private long time() {
        return ticks(clock.nanos()) + shift;
    }

    private long ticks(long nanos) {
        return nanos / NANOS * timebase + nanos % NANOS * timebase / NANOS;
    }

    /** Sets the wire of a hart, and the timer for its next change. */
    private synchronized void update(int cpu) {
        if (cpu >= lines.length || suspended) {
            return;
        }
        long nanos = clock.nanos();
        long now = ticks(nanos) + shift;
        long ahead = compare[cpu] - now;
        boolean due = Long.compareUnsigned(now, compare[cpu]) >= 0;
        lines[cpu].set(due);
        // Nobody waits for what is beyond the end of a signed number of nanoseconds (292 years).
        if (due || ahead < 0 || ahead / timebase >= (Long.MAX_VALUE - nanos) / NANOS - 1) {
            timers[cpu].cancel();
        } else {
            timers[cpu].arm(nanos + ahead / timebase * NANOS + (ahead % timebase * NANOS + timebase - 1) / timebase);
        }
    }

    @Override
    public synchronized Map<String, String> info() {
        Map<String, String> info = new LinkedHashMap<>();
        if (lines.length > 0) {
            info.put("mtime", Long.toUnsignedString(time()));
            for (int cpu = 0; cpu < lines.length; cpu++) {
                info.put("mtimecmp" + cpu, compare[cpu] == NEVER ? "never" : Long.toUnsignedString(compare[cpu]));
            }
        }
        return info;
    }

    @Override
    public String nodeName() {
        return "mtimer";
    }

    @Override
    public void describe(DeviceTreeNode node) {
        int[] wires = new int[node.cpus() * 2];
        for (int cpu = 0; cpu < node.cpus(); cpu++) {
            wires[cpu * 2] = node.cpuInterruptController(cpu);
            wires[cpu * 2 + 1] = INTERRUPT;
        }
        node.text("compatible", "riscv,aclint-mtimer").cells("interrupts-extended", wires)
                .cells64("reg", base + MTIME, SIZE - MTIME, base, MTIME);
    }
}
