package org.vm.device.riscv.internal;

import java.time.Duration;
import java.time.Instant;
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
 * Goldfish real-time clock (Android emulator, "Goldfish virtual hardware"): nanoseconds since 1970 in two halves. Reading
 * {@code TIME_LOW} latches the high half; writing {@code ALARM_LOW} arms the alarm.
 */
@Component(service = MmioDevice.class, name = GoldfishRtc.PID, configurationPid = GoldfishRtc.PID,
        configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = GoldfishRtc.Config.class, factory = true)
public final class GoldfishRtc implements MmioDevice, DeviceTreeContributor, Resettable, Stateful {
    static final String PID = "org.vm.device.riscv.rtc";

    @ObjectClassDefinition(name = "Goldfish RTC", description = "Real-time clock with an alarm")
    @interface Config {
        @AttributeDefinition(name = "Name", description = "Unique in the machine")
        String name() default "rtc";

        @AttributeDefinition(name = "Machine", description = "Name of the machine")
        String vm();

        @AttributeDefinition(name = "Base", description = "Physical address; empty: the machine chooses")
        String base() default "";

        @AttributeDefinition(name = "Interrupt", description = "Interrupt source; -1: the machine chooses")
        int irq() default -1;
    }

    private static final int TIME_LOW = 0x00; // R/W
    private static final int TIME_HIGH = 0x04; // R/W
    private static final int ALARM_LOW = 0x08; // R/W
    private static final int ALARM_HIGH = 0x0c; // R/W
    private static final int IRQ_ENABLED = 0x10; // R/W
    private static final int CLEAR_ALARM = 0x14; // W
    private static final int ALARM_STATUS = 0x18; // R
    private static final int CLEAR_INTERRUPT = 0x1c; // W

    private final String name;
    private MachineClock clock;
    private MachineClock.Timer timer;
    private InterruptLine line;
    /** What the guest's writes have added to the machine's clock. */
    private long shift;
    private int latchedHigh;
    private long alarm;
    /** The alarm that was armed; the register may have been written since. */
    private long due;
    private boolean armed;
    private boolean enabled;
    private boolean pending;
    private boolean suspended;
    private volatile DeviceStatus status = DeviceStatus.CREATED;

    @Activate
    public GoldfishRtc(Config config) {
        this(config.name());
    }

    public GoldfishRtc(String name) {
        this.name = name;
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
        return 0x1000;
    }

    @Override
    public synchronized void attach(DeviceContext context) {
        clock = context.clock();
        line = context.interrupt();
        timer = clock.timer(this::expired);
        status = DeviceStatus.ATTACHED;
    }

    @Override
    public synchronized void detach() {
        if (!suspended) {
            reset();
        }
        status = DeviceStatus.DETACHED;
    }

    @Override
    public synchronized void reset() {
        timer.cancel();
        alarm = 0;
        due = 0;
        armed = false;
        enabled = false;
        pending = false;
        line.lower();
        status = DeviceStatus.ATTACHED;
    }

    @Override
    public synchronized void suspend(Duration limit) {
        suspended = true;
        timer.cancel();
    }

    @Override
    public synchronized DeviceState capture() {
        return DeviceState.of(PID, 1).number("shift", shift).number("TIME_HIGH", latchedHigh).number("ALARM", alarm).number("due", due)
                .flag("IRQ_ENABLED", enabled).flag("ALARM_STATUS", armed).flag("pending", pending).build();
    }

    @Override
    public synchronized void restore(DeviceState state) {
        SavedRegisters.require(state, PID, name);
        shift = state.number("shift", 0);
        latchedHigh = (int) state.number("TIME_HIGH", 0);
        alarm = state.number("ALARM", 0);
        due = state.number("due", alarm);
        enabled = state.flag("IRQ_ENABLED", false);
        armed = state.flag("ALARM_STATUS", false);
        pending = state.flag("pending", false);
        status = enabled ? DeviceStatus.ACTIVE : DeviceStatus.ATTACHED;
    }

    @Override
    public synchronized void resume() {
        suspended = false;
        line.set(enabled && pending);
        if (armed) {
            schedule();
        }
    }

    @Override
    public synchronized long read(long offset, int width) {
        if (width != 4) {
            return 0;
        }
        return switch ((int) offset) {
            case TIME_LOW -> {
                long now = now();
                latchedHigh = (int) (now >>> 32);
                yield now & 0xFFFF_FFFFL;
            }
            case TIME_HIGH -> Integer.toUnsignedLong(latchedHigh);
            case ALARM_LOW -> alarm & 0xFFFF_FFFFL;
            case ALARM_HIGH -> alarm >>> 32;
            case IRQ_ENABLED -> enabled ? 1 : 0;
            case ALARM_STATUS -> armed ? 1 : 0;
            default -> 0;
        };
    }

    @Override
    public synchronized void write(long offset, int width, long value) {
        if (width != 4) {
            return;
        }
        switch ((int) offset) {
            case TIME_LOW -> setTime(now() & ~0xFFFF_FFFFL | value & 0xFFFF_FFFFL);
            case TIME_HIGH -> setTime(now() & 0xFFFF_FFFFL | value << 32);
            case ALARM_LOW -> {
                alarm = alarm & ~0xFFFF_FFFFL | value & 0xFFFF_FFFFL;
                due = alarm;
                armed = true;
                schedule();
            }
            case ALARM_HIGH -> alarm = alarm & 0xFFFF_FFFFL | value << 32;
            case IRQ_ENABLED -> {
                enabled = (value & 1) != 0;
                status = enabled ? DeviceStatus.ACTIVE : DeviceStatus.ATTACHED;
                line.set(enabled && pending);
            }
            case CLEAR_ALARM -> {
                armed = false;
                timer.cancel();
            }
            case CLEAR_INTERRUPT -> {
                pending = false;
                line.lower();
            }
            default -> { }
        }
    }

    private long now() {
        return clock.wallNanos() + shift;
    }

    private void setTime(long time) {
        shift += time - now();
        if (armed) {
            schedule();
        }
    }

    private synchronized void expired() {
        if (armed && !suspended) {
            schedule();
        }
    }

    /** Rings if it is time, else waits for it; times are unsigned, like everything that a guest writes. */
    private void schedule() {
        long ahead = due - now();
        if (Long.compareUnsigned(now(), due) >= 0) {
            armed = false;
            pending = true;
            timer.cancel();
            line.set(enabled);
        } else if (ahead < 0 || ahead > Long.MAX_VALUE - clock.nanos()) {
            timer.cancel();
        } else {
            timer.arm(clock.nanos() + ahead);
        }
    }

    @Override
    public synchronized Map<String, String> info() {
        Map<String, String> info = new LinkedHashMap<>();
        if (clock != null) {
            info.put("time", text(now()));
        }
        info.put("alarm", armed ? text(due) : "none");
        info.put("interrupt", (enabled ? "enabled" : "disabled") + (pending ? ", pending" : ""));
        return info;
    }

    private static String text(long nanos) {
        return Instant.ofEpochSecond(Long.divideUnsigned(nanos, 1_000_000_000),
                Long.remainderUnsigned(nanos, 1_000_000_000)).toString();
    }

    @Override
    public String nodeName() {
        return "rtc";
    }

    @Override
    public void describe(DeviceTreeNode node) {
        node.text("compatible", "google,goldfish-rtc");
    }
}
