package org.vm.device.riscv.internal;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.vm.api.ConfigurationException;
import org.vm.api.device.DeviceContext;
import org.vm.api.device.DeviceStatus;
import org.vm.api.device.DeviceTreeContributor;
import org.vm.api.device.DeviceTreeNode;
import org.vm.api.device.DeviceType;
import org.vm.api.device.MmioDevice;
import org.vm.api.device.Resettable;
import org.vm.api.irq.InterruptController;
import org.vm.api.irq.InterruptLine;
import org.vm.api.state.DeviceState;
import org.vm.api.state.Stateful;

/**
 * RISC-V platform-level interrupt controller (PLIC specification 1.0.0). Each hart has two contexts: M-mode at
 * {@code 2 * hart}, S-mode after it. Every source has a gateway for a level: it makes one request when its wire goes up
 * and, if the wire is still up, another one when the first was completed.
 *
 * <pre>
 * 0x000000  priority[source]          4 bytes each
 * 0x001000  pending                   1 bit a source
 * 0x002000  enable[context]           1 bit a source, 0x80 bytes a context
 * 0x200000  threshold, claim/complete 0x1000 bytes a context
 * </pre>
 */
@Component(service = MmioDevice.class, name = Plic.PID, configurationPid = Plic.PID,
        configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = Plic.Config.class, factory = true)
public final class Plic implements MmioDevice, InterruptController, DeviceTreeContributor, Resettable, Stateful {
    static final String PID = "org.vm.device.riscv.plic";
    private static final String CONTEXT_KIND = PID + ".context";

    @ObjectClassDefinition(name = "RISC-V PLIC", description = "Platform-level interrupt controller")
    @interface Config {
        @AttributeDefinition(name = "Name", description = "Unique in the machine")
        String name() default "plic";

        @AttributeDefinition(name = "Machine", description = "Name of the machine")
        String vm();

        @AttributeDefinition(name = "Base", description = "Physical address; empty: the machine chooses")
        String base() default "";

        @AttributeDefinition(name = "Interrupt", description = "It has none of its own")
        int irq() default 0;

        @AttributeDefinition(name = "Sources", description = "Interrupt sources, 1 to 1023")
        int sources() default MAX_SOURCES;
    }

    static final int MAX_SOURCES = 1023;

    /** Room for 512 harts, as on the platforms whose layout this follows. */
    private static final long SIZE = 0x600000;
    private static final int PENDING = 0x1000;
    private static final int ENABLE = 0x2000;
    private static final int ENABLE_STRIDE = 0x80;
    private static final int CONTEXT = 0x200000;
    private static final int CONTEXT_STRIDE = 0x1000;
    private static final int THRESHOLD = 0;
    private static final int CLAIM = 4;
    /** Priorities and thresholds have three bits (WARL, chapter "Interrupt Priorities"). */
    private static final int MAX_PRIORITY = 7;
    /** Bits of mip: machine and supervisor external interrupt (privileged specification, "mip"). */
    private static final int MACHINE_EXTERNAL = 11;
    private static final int SUPERVISOR_EXTERNAL = 9;

    private final String name;
    private final int words;
    private final InterruptLine[] inputs;
    private final boolean[] raised;
    private final int[] priority;
    private final long[] count;
    private final int[] pending;
    private final int[] serving;
    private int[][] enable = {};
    private int[] threshold = {};
    private InterruptLine[] outputs = {};
    private boolean suspended;
    private volatile DeviceStatus status = DeviceStatus.CREATED;

    @Activate
    public Plic(Config config) {
        this(config.name(), config.sources());
    }

    /** @param sources 1 to 1023 */
    public Plic(String name, int sources) {
        if (sources < 1 || sources > MAX_SOURCES) {
            throw new ConfigurationException("PLIC '" + name + "' asks for " + sources + " sources; 1 to 1023 are possible");
        }
        this.name = name;
        words = (sources + 32) / 32;
        raised = new boolean[sources + 1];
        priority = new int[sources + 1];
        count = new long[sources + 1];
        pending = new int[words];
        serving = new int[words];
        inputs = new InterruptLine[sources + 1];
        Arrays.setAll(inputs, source -> level -> input(source, level));
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public DeviceType type() {
        return DeviceType.INTERRUPT_CONTROLLER;
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
        int contexts = context.cpus() * 2;
        enable = new int[contexts][words];
        threshold = new int[contexts];
        outputs = new InterruptLine[contexts];
        for (int cpu = 0; cpu < context.cpus(); cpu++) {
            outputs[cpu * 2] = context.cpuLine(cpu, MACHINE_EXTERNAL);
            outputs[cpu * 2 + 1] = context.cpuLine(cpu, SUPERVISOR_EXTERNAL);
        }
        status = DeviceStatus.ATTACHED;
    }

    @Override
    public synchronized void detach() {
        if (!suspended) {
            reset();
        }
        enable = new int[0][];
        outputs = new InterruptLine[0];
        status = DeviceStatus.DETACHED;
    }

    @Override
    public synchronized void reset() {
        Arrays.fill(priority, 0);
        Arrays.fill(pending, 0);
        Arrays.fill(serving, 0);
        Arrays.fill(threshold, 0);
        for (int[] row : enable) {
            Arrays.fill(row, 0);
        }
        for (int source = 1; source < raised.length; source++) {
            request(source);
        }
        update();
        status = DeviceStatus.ATTACHED;
    }

    @Override
    public synchronized void suspend(Duration limit) {
        suspended = true;
    }

    /** The levels of the wires are not a part of it: they outlive controllers, and tell the next one. */
    @Override
    public synchronized DeviceState capture() {
        List<DeviceState> contexts = new ArrayList<>();
        for (int context = 0; context < enable.length; context++) {
            contexts.add(DeviceState.of(CONTEXT_KIND, 1).bytes("enable", SavedRegisters.of(enable[context]))
                    .number("threshold", threshold[context]).build());
        }
        return DeviceState.of(PID, 1).bytes("priority", SavedRegisters.of(priority)).bytes("pending", SavedRegisters.of(pending))
                .bytes("serving", SavedRegisters.of(serving)).bytes("count", SavedRegisters.of(count))
                .states("contexts", contexts).flag("used", status == DeviceStatus.ACTIVE).build();
    }

    @Override
    public synchronized void restore(DeviceState state) {
        SavedRegisters.require(state, PID, name);
        SavedRegisters.restore(state, "priority", priority, MAX_PRIORITY);
        SavedRegisters.restore(state, "pending", pending);
        SavedRegisters.restore(state, "serving", serving);
        SavedRegisters.restore(state, "count", count);
        priority[0] = 0;
        List<DeviceState> contexts = state.states("contexts");
        for (int context = 0; context < Math.min(enable.length, contexts.size()); context++) {
            SavedRegisters.restore(contexts.get(context), "enable", enable[context]);
            threshold[context] = (int) contexts.get(context).number("threshold", 0) & MAX_PRIORITY;
        }
        for (int word = 0; word < words; word++) {
            pending[word] &= existing(word);
            serving[word] &= existing(word);
            for (int[] row : enable) {
                row[word] &= existing(word);
            }
        }
        status = state.flag("used", false) ? DeviceStatus.ACTIVE : DeviceStatus.ATTACHED;
    }

    @Override
    public synchronized void resume() {
        suspended = false;
        for (int source = 1; source < raised.length; source++) {
            request(source);
        }
        update();
    }

    @Override
    public int sources() {
        return raised.length - 1;
    }

    @Override
    public InterruptLine line(int source) {
        if (source < 1 || source > sources()) {
            throw new IllegalArgumentException("PLIC '" + name + "' has no source " + source + "; 1 to " + sources()
                    + " are possible");
        }
        return inputs[source];
    }

    private synchronized void input(int source, boolean level) {
        if (raised[source] != level) {
            raised[source] = level;
            // A request that was made stays when the wire goes down (chapter "Interrupt Gateways").
            if (level && request(source)) {
                update();
            }
        }
    }

    /** The gateway: requests an interrupt if the wire is up and the last one was completed. */
    private boolean request(int source) {
        if (raised[source] && !bit(serving, source)) {
            set(pending, source, true);
            return true;
        }
        return false;
    }

    @Override
    public synchronized long read(long offset, int width) {
        if (width != 4 || (offset & 3) != 0) {
            return 0;
        }
        return Integer.toUnsignedLong(register((int) offset));
    }

    private int register(int offset) {
        if (offset < PENDING) {
            int source = offset / 4;
            return source < priority.length ? priority[source] : 0;
        }
        if (offset < ENABLE) {
            int word = (offset - PENDING) / 4;
            return word < words ? pending[word] : 0;
        }
        if (offset < CONTEXT) {
            int context = (offset - ENABLE) / ENABLE_STRIDE;
            int word = (offset - ENABLE) % ENABLE_STRIDE / 4;
            return context < enable.length && word < words ? enable[context][word] : 0;
        }
        int context = (offset - CONTEXT) / CONTEXT_STRIDE;
        if (context >= enable.length) {
            return 0;
        }
        return switch ((offset - CONTEXT) % CONTEXT_STRIDE) {
            case THRESHOLD -> threshold[context];
            case CLAIM -> claim(context);
            default -> 0;
        };
    }

    @Override
    public synchronized void write(long offset, int width, long value) {
        if (width != 4 || (offset & 3) != 0) {
            return;
        }
        setRegister((int) offset, (int) value);
    }

    private void setRegister(int offset, int value) {
        if (offset < PENDING) {
            int source = offset / 4;
            if (source > 0 && source < priority.length) {
                priority[source] = value & MAX_PRIORITY;
                update();
            }
        } else if (offset >= ENABLE && offset < CONTEXT) {
            int context = (offset - ENABLE) / ENABLE_STRIDE;
            int word = (offset - ENABLE) % ENABLE_STRIDE / 4;
            if (context < enable.length && word < words) {
                enable[context][word] = value & existing(word);
                status = DeviceStatus.ACTIVE;
                update();
            }
        } else if (offset >= CONTEXT && (offset - CONTEXT) / CONTEXT_STRIDE < enable.length) {
            int context = (offset - CONTEXT) / CONTEXT_STRIDE;
            switch ((offset - CONTEXT) % CONTEXT_STRIDE) {
                case THRESHOLD -> {
                    threshold[context] = value & MAX_PRIORITY;
                    update();
                }
                case CLAIM -> complete(context, value);
                default -> { }
            }
        }
    }

    /** Bits of a word of sources that exist; source 0 does not. */
    private int existing(int word) {
        int last = sources() - word * 32;
        int mask = last >= 31 ? -1 : (1 << last + 1) - 1;
        return word == 0 ? mask & ~1 : mask;
    }

    private int claim(int context) {
        // The threshold does not mask what can be claimed (chapter "Interrupt Claim Process").
        int source = best(context, 0);
        if (source != 0) {
            set(pending, source, false);
            set(serving, source, true);
            count[source]++;
            update();
        }
        return source;
    }

    private void complete(int context, int source) {
        // A source that is not enabled for the context is ignored (chapter "Interrupt Completion").
        if (source > 0 && source <= sources() && bit(enable[context], source) && bit(serving, source)) {
            set(serving, source, false);
            if (request(source)) {
                update();
            }
        }
    }

    /** The pending and enabled source of the highest priority above {@code above}, the lowest number first; or 0. */
    private int best(int context, int above) {
        int best = 0;
        int highest = above;
        for (int word = 0; word < words; word++) {
            for (int bits = pending[word] & enable[context][word]; bits != 0; bits &= bits - 1) {
                int source = word * 32 + Integer.numberOfTrailingZeros(bits);
                if (priority[source] > highest) {
                    highest = priority[source];
                    best = source;
                }
            }
        }
        return best;
    }

    private void update() {
        for (int context = 0; context < outputs.length && !suspended; context++) {
            outputs[context].set(best(context, threshold[context]) != 0);
        }
    }

    private static boolean bit(int[] bits, int source) {
        return (bits[source / 32] >>> source % 32 & 1) != 0;
    }

    private static void set(int[] bits, int source, boolean value) {
        if (value) {
            bits[source / 32] |= 1 << source % 32;
        } else {
            bits[source / 32] &= ~(1 << source % 32);
        }
    }

    @Override
    public synchronized Source source(int source) {
        line(source);
        boolean enabled = false;
        for (int[] row : enable) {
            enabled |= bit(row, source);
        }
        return new Source(source, raised[source], bit(pending, source), bit(serving, source), enabled, priority[source],
                count[source]);
    }

    @Override
    public synchronized Map<String, String> info() {
        Map<String, String> info = new LinkedHashMap<>();
        info.put("sources", Integer.toString(sources()));
        for (int context = 0; context < enable.length; context++) {
            StringBuilder enabled = new StringBuilder();
            for (int source = 1; source <= sources(); source++) {
                if (bit(enable[context], source)) {
                    enabled.append(enabled.isEmpty() ? "" : " ").append(source);
                }
            }
            info.put("hart" + context / 2 + (context % 2 == 0 ? ".M" : ".S"),
                    "threshold " + threshold[context] + ", enabled: " + (enabled.isEmpty() ? "none" : enabled));
        }
        return info;
    }

    @Override
    public String nodeName() {
        return "plic";
    }

    @Override
    public void describe(DeviceTreeNode node) {
        int[] wires = new int[node.cpus() * 4];
        for (int cpu = 0; cpu < node.cpus(); cpu++) {
            wires[cpu * 4] = node.cpuInterruptController(cpu);
            wires[cpu * 4 + 1] = MACHINE_EXTERNAL;
            wires[cpu * 4 + 2] = node.cpuInterruptController(cpu);
            wires[cpu * 4 + 3] = SUPERVISOR_EXTERNAL;
        }
        node.text("compatible", "sifive,plic-1.0.0", "riscv,plic0").flag("interrupt-controller")
                .cells("#interrupt-cells", 1).cells("#address-cells", 0).cells("riscv,ndev", sources())
                .cells("interrupts-extended", wires);
    }
}
