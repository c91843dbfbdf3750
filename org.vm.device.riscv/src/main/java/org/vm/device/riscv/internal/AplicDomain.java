package org.vm.device.riscv.internal;

import java.util.Arrays;
import org.vm.api.state.DeviceState;

/**
 * An interrupt domain of an APLIC (AIA 1.0, 4.5 to 4.9): what becomes of each source at one level. A source is active in at
 * most one domain; to the others it appears not to be there.
 *
 * <pre>
 * 0x0000  domaincfg                        0x1e00  setie[32], 0x1edc setienum
 * 0x0004  sourcecfg[1 to 1023]             0x1f00  clrie[32], 0x1fdc clrienum
 * 0x1bc0  MSI addresses (root domain)      0x2000  setipnum_le
 * 0x1c00  setip[32], 0x1cdc setipnum       0x3000  genmsi
 * 0x1d00  in_clrip[32], 0x1ddc clripnum    0x3004  target[1 to 1023]
 * 0x4000  interrupt delivery control, 32 bytes a hart
 * </pre>
 */
final class AplicDomain extends ControllerPart {
    private static final String KIND = "org.vm.device.riscv.aplic.domain";
    private static final long SIZE = 0x8000;
    private static final int DOMAINCFG = 0;
    private static final int SOURCECFG_END = 0x1000;
    private static final int MMSIADDRCFGH = 0x1BC4;
    private static final int SETIP = 0x1C00;
    private static final int IN_CLRIP = 0x1D00;
    private static final int SETIE = 0x1E00;
    private static final int CLRIE = 0x1F00;
    /** Bytes of each of these four arrays. */
    private static final int WORDS = 0x80;
    /** From an array to the register that takes a number. */
    private static final int BY_NUMBER = 0xDC;
    private static final int SETIPNUM_LE = 0x2000;
    private static final int GENMSI = 0x3000;
    private static final int TARGET_END = 0x4000;

    private static final int DOMAINCFG_FIXED = 0x8000_0000;
    private static final int IE = 1 << 8;
    private static final int DM = 1 << 2;
    /** The addresses of messages are wired, and hidden (4.5.3). */
    private static final int LOCKED = 0x8000_0000;
    private static final int DELEGATED = 1 << 10;
    private static final int INACTIVE = 0;
    private static final int DETACHED = 1;
    private static final int EDGE1 = 4;
    private static final int LEVEL1 = 6;
    private static final int MODE = 7;
    private static final int HART_SHIFT = 18;
    private static final int HART = -1 << HART_SHIFT;
    private static final int PRIORITY = 0xFF;
    private static final int EIID = 0x7FF;

    private final Object lock;
    private final boolean[] wires;
    /** The domain that sources may be delegated to, or {@code null}. */
    private final AplicDomain child;
    private final AplicDelivery delivery;
    /** Sources that are here, or were delegated to here. */
    private final boolean[] given;
    private final int[] config;
    private final int[] target;
    private final int[] pending;
    private final int[] enabled;
    private final long[] count;
    private boolean on;
    private int lastMessage;

    /**
     * @param wires levels of the sources' wires, by number
     * @param lock  guards them, and all domains
     */
    AplicDomain(String name, boolean[] wires, Object lock, AplicDomain child, AplicDelivery delivery) {
        super(name, SIZE);
        this.wires = wires;
        this.lock = lock;
        this.child = child;
        this.delivery = delivery;
        given = new boolean[wires.length];
        config = new int[wires.length];
        target = new int[wires.length];
        count = new long[wires.length];
        pending = new int[(wires.length + 31) / 32];
        enabled = new int[pending.length];
    }

    /** To the state of a root domain that delegates all sources, and of a child that has not begun to use them. */
    void reset() {
        Arrays.fill(given, true);
        Arrays.fill(config, 1, config.length, child == null ? INACTIVE : DELEGATED);
        Arrays.fill(target, 0);
        Arrays.fill(pending, 0);
        Arrays.fill(enabled, 0);
        Arrays.fill(count, 0);
        on = false;
        lastMessage = 0;
        delivery.reset();
        if (child != null) {
            child.reset();
        }
    }

    DeviceState capture() {
        DeviceState.Builder state = DeviceState.of(KIND, 1).flag("domaincfg.IE", on).number("genmsi", lastMessage)
                .bytes("sourcecfg", SavedRegisters.of(config)).bytes("target", SavedRegisters.of(target))
                .bytes("setip", SavedRegisters.of(pending)).bytes("setie", SavedRegisters.of(enabled))
                .bytes("count", SavedRegisters.of(count));
        delivery.capture(state);
        return state.build();
    }

    /** Without any effect on harts. @param parent whose sources are here that it has delegated; {@code null}: all are here */
    void restore(DeviceState state, AplicDomain parent) {
        on = state.flag("domaincfg.IE", false);
        lastMessage = (int) state.number("genmsi", 0);
        SavedRegisters.restore(state, "sourcecfg", config, DELEGATED | MODE);
        SavedRegisters.restore(state, "target", target);
        SavedRegisters.restore(state, "setip", pending);
        SavedRegisters.restore(state, "setie", enabled);
        SavedRegisters.restore(state, "count", count);
        delivery.restore(state);
        config[0] = INACTIVE;
        for (int source = 0; source < pending.length * 32; source++) {
            boolean exists = source > 0 && source < config.length;
            if (exists) {
                given[source] = parent == null || (parent.config[source] & DELEGATED) != 0;
                config[source] = given[source] ? legalConfig(config[source]) : INACTIVE;
            }
            if (!exists || !active(source)) {
                set(pending, source, false);
                set(enabled, source, false);
            }
            if (exists) {
                target[source] = active(source) ? legalTarget(target[source]) : 0;
            }
        }
    }

    /** Interrupts what there is to interrupt. */
    void resume() {
        deliverAll();
    }

    private int mode(int source) {
        return (config[source] & DELEGATED) != 0 ? INACTIVE : config[source];
    }

    boolean active(int source) {
        return mode(source) != INACTIVE;
    }

    private static boolean level(int mode) {
        return mode >= LEVEL1;
    }

    /** The rectified input value (4.5.2). */
    private boolean input(int source) {
        int mode = mode(source);
        return mode >= EDGE1 && wires[source] != ((mode & 1) != 0);
    }

    /** A wire has changed. */
    void changed(int source) {
        int mode = mode(source);
        if (mode >= EDGE1) {
            // 4.7: what is pending follows a level, and remembers an edge.
            boolean up = input(source);
            if (up || level(mode)) {
                set(pending, source, up);
                deliver(source);
            }
        }
    }

    private void give(int source, boolean here) {
        if (given[source] != here) {
            given[source] = here;
            configure(source, INACTIVE);
        }
    }

    private void configure(int source, int value) {
        int mode = value & MODE;
        int next = legalConfig(value);
        boolean wasActive = active(source);
        config[source] = given[source] ? next : INACTIVE;
        if (!active(source)) {
            set(pending, source, false);
            set(enabled, source, false);
            target[source] = 0;
        } else {
            if (!wasActive) {
                target[source] = legalTarget(0);
            }
            if (level(mode)) {
                set(pending, source, input(source));
            }
        }
        if (child != null) {
            child.give(source, (config[source] & DELEGATED) != 0);
        }
        deliver(source);
    }

    private int legalConfig(int value) {
        int mode = value & MODE;
        return (value & DELEGATED) != 0 ? child == null ? INACTIVE : DELEGATED
                : mode == DETACHED || mode >= EDGE1 ? mode : INACTIVE;
    }

    private int legalTarget(int value) {
        return delivery.byMessage() ? value & (HART | EIID) : value & HART | Math.max(1, value & PRIORITY);
    }

    /** Sets or clears a pending bit as software asks, if it can be (4.7). */
    private void modifyPending(int source, boolean value) {
        int mode = mode(source);
        boolean possible = mode != INACTIVE
                && (!level(mode) || delivery.byMessage() && (!value || input(source)));
        if (possible) {
            set(pending, source, value);
            deliver(source);
        }
    }

    private void modifyEnabled(int source, boolean value) {
        if (active(source)) {
            set(enabled, source, value);
            deliver(source);
        }
    }

    /** Lets a source that may have changed interrupt. */
    private void deliver(int source) {
        if (!delivery.byMessage()) {
            delivery.update(this);
        } else if (on && bit(pending, source) && bit(enabled, source)) {
            set(pending, source, false);
            count[source]++;
            delivery.send(target[source] >>> HART_SHIFT, target[source] & EIID);
        }
    }

    private void deliverAll() {
        if (!delivery.byMessage()) {
            delivery.update(this);
            return;
        }
        for (int source = 1; source < config.length; source++) {
            deliver(source);
        }
    }

    /** Whether interrupts leave the domain. */
    boolean on() {
        synchronized (lock) {
            return on;
        }
    }

    /** Of those pending and enabled for a hart the one with the lowest priority number, below a limit if that is not 0, or 0. */
    int top(int hart, int limit) {
        int best = 0;
        int lowest = limit == 0 ? PRIORITY + 1 : limit;
        for (int word = 0; word < pending.length; word++) {
            for (int bits = pending[word] & enabled[word]; bits != 0; bits &= bits - 1) {
                int source = word * 32 + Integer.numberOfTrailingZeros(bits);
                int priority = target[source] & PRIORITY;
                if (target[source] >>> HART_SHIFT == hart && priority < lowest) {
                    lowest = priority;
                    best = source;
                }
            }
        }
        return best;
    }

    int priority(int source) {
        return delivery.byMessage() ? 1 : target[source] & PRIORITY;
    }

    /** A hart takes an interrupt; that of a level stays pending as long as the level (4.7). */
    void claim(int source) {
        count[source]++;
        if (!level(mode(source))) {
            set(pending, source, false);
        }
    }

    @Override
    public long read(long offset, int width) {
        if (width != 4 || (offset & 3) != 0 || offset < 0 || offset >= SIZE) {
            return 0;
        }
        synchronized (lock) {
            return Integer.toUnsignedLong(register((int) offset));
        }
    }

    private int register(int offset) {
        if (offset == DOMAINCFG) {
            return DOMAINCFG_FIXED | (on ? IE : 0) | (delivery.byMessage() ? DM : 0);
        }
        if (offset < SOURCECFG_END) {
            return offset / 4 < config.length ? config[offset / 4] : 0;
        }
        if (offset == MMSIADDRCFGH) {
            return child != null && delivery.byMessage() ? LOCKED : 0;
        }
        if (offset == GENMSI) {
            return lastMessage;
        }
        if (offset > GENMSI && offset < TARGET_END) {
            return number(offset - GENMSI) == 0 ? 0 : target[(offset - GENMSI) / 4];
        }
        if (offset >= TARGET_END) {
            return delivery.register(this, offset - TARGET_END);
        }
        int word = (offset & WORDS - 1) / 4;
        return (offset & WORDS) != 0 || word >= pending.length ? 0 : switch (offset & -0x100) {
            case SETIP -> pending[word];
            case IN_CLRIP -> inputs(word);
            case SETIE -> enabled[word];
            default -> 0;
        };
    }

    private int inputs(int word) {
        int bits = 0;
        for (int source = Math.max(1, word * 32); source < Math.min(config.length, word * 32 + 32); source++) {
            bits |= input(source) ? 1 << source : 0;
        }
        return bits;
    }

    @Override
    public void write(long offset, int width, long value) {
        if (width != 4 || (offset & 3) != 0 || offset < 0 || offset >= SIZE) {
            return;
        }
        synchronized (lock) {
            setRegister((int) offset, (int) value);
        }
    }

    private void setRegister(int offset, int value) {
        if (offset == DOMAINCFG) {
            on = (value & IE) != 0;
            deliverAll();
        } else if (offset < SOURCECFG_END) {
            if (number(offset) != 0) {
                configure(offset / 4, value);
            }
        } else if (offset == SETIPNUM_LE) {
            byNumber(SETIP, value);
        } else if (offset == GENMSI) {
            if (delivery.byMessage()) {
                lastMessage = value & (HART | EIID);
                delivery.send(lastMessage >>> HART_SHIFT, lastMessage & EIID);
            }
        } else if (offset > GENMSI && offset < TARGET_END) {
            int source = number(offset - GENMSI);
            if (source != 0 && active(source)) {
                target[source] = legalTarget(value);
                deliver(source);
            }
        } else if (offset >= TARGET_END) {
            delivery.setRegister(this, offset - TARGET_END, value);
        } else if (offset >= SETIP && offset < CLRIE + 0x100) {
            int array = offset & -0x100;
            if (offset - array == BY_NUMBER) {
                byNumber(array, value);
            } else if (offset - array < WORDS) {
                for (int bits = value; bits != 0; bits &= bits - 1) {
                    byNumber(array, (offset - array) * 8 + Integer.numberOfTrailingZeros(bits));
                }
            }
        }
    }

    private void byNumber(int array, int source) {
        if (source > 0 && source < config.length) {
            switch (array) {
                case SETIP -> modifyPending(source, true);
                case IN_CLRIP -> modifyPending(source, false);
                case SETIE -> modifyEnabled(source, true);
                default -> modifyEnabled(source, false);
            }
        }
    }

    /** The source of a register of one of the two arrays with a register each; 0 if it does not exist. */
    private int number(int offset) {
        return offset / 4 < config.length ? offset / 4 : 0;
    }

    boolean pending(int source) {
        return bit(pending, source);
    }

    boolean enabled(int source) {
        return bit(enabled, source);
    }

    long count(int source) {
        return count[source];
    }

    private static boolean bit(int[] bits, int source) {
        return (bits[source / 32] >>> source & 1) != 0;
    }

    private static void set(int[] bits, int source, boolean value) {
        if (value) {
            bits[source / 32] |= 1 << source;
        } else {
            bits[source / 32] &= ~(1 << source);
        }
    }
}
