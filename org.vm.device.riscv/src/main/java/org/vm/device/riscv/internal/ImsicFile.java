package org.vm.device.riscv.internal;

import java.util.Arrays;
import java.util.BitSet;
import org.vm.api.irq.InterruptFile;
import org.vm.api.irq.InterruptLine;
import org.vm.api.state.DeviceState;

/**
 * One hart's interrupts at one level (AIA 1.0, 3.1 and 3.8 to 3.10): which messages came and which are wanted. Its registers
 * are numbered as for {@code xiselect}; they have 64 bits, so each array has each second number.
 */
final class ImsicFile implements InterruptFile {
    static final String KIND = "org.vm.device.riscv.imsic.file";
    /** 0: interrupts are not delivered to the hart; 1: they are. */
    private static final int EIDELIVERY = 0x70;
    private static final int EITHRESHOLD = 0x72;
    private static final int EIP = 0x80;
    private static final int EIE = 0xC0;
    private static final int ARRAYS_END = 0x100;

    private final InterruptLine line;
    private final int identities;
    private final long[] pending;
    private final long[] enabled;
    private long delivery;
    private long threshold;
    private long messages;
    private boolean suspended;

    /**
     * @param identities number of them, one less than a multiple of 64
     * @param line       the hart's external interrupt
     */
    ImsicFile(int identities, InterruptLine line) {
        this.identities = identities;
        this.line = line;
        pending = new long[(identities + 1) / Long.SIZE];
        enabled = new long[pending.length];
    }

    synchronized void reset() {
        Arrays.fill(pending, 0);
        Arrays.fill(enabled, 0);
        delivery = 0;
        threshold = 0;
        messages = 0;
        update();
    }

    synchronized void suspend() {
        suspended = true;
    }

    synchronized DeviceState capture() {
        return DeviceState.of(KIND, 1).number("eidelivery", delivery).number("eithreshold", threshold)
                .bytes("eip", SavedRegisters.of(pending)).bytes("eie", SavedRegisters.of(enabled))
                .number("messages", messages).build();
    }

    synchronized void restore(DeviceState state) {
        delivery = state.number("eidelivery", 0) & 1;
        threshold = legalThreshold(state.number("eithreshold", 0));
        SavedRegisters.restore(state, "eip", pending);
        SavedRegisters.restore(state, "eie", enabled);
        pending[0] &= ~1;
        enabled[0] &= ~1;
        messages = state.number("messages", 0);
    }

    synchronized void resume() {
        suspended = false;
        update();
    }

    /** A message: makes an interrupt pending, if there is one of that identity. Any thread. */
    synchronized void message(int identity) {
        if (identity > 0 && identity <= identities) {
            pending[identity / Long.SIZE] |= 1L << identity;
            messages++;
            update();
        }
    }

    @Override
    public synchronized long read(int register) {
        if (register == EIDELIVERY) {
            return delivery;
        }
        if (register == EITHRESHOLD) {
            return threshold;
        }
        long[] array = array(register);
        return array == null ? 0 : array[word(register)];
    }

    @Override
    public synchronized long modify(int register, long set, long clear) {
        long before = read(register);
        long after = before & ~clear | set;
        if (register == EIDELIVERY) {
            // WARL: what is neither 0 nor 1 changes nothing.
            delivery = after == 0 || after == 1 ? after : delivery;
        } else if (register == EITHRESHOLD) {
            threshold = legalThreshold(after);
        } else if (array(register) != null) {
            int word = word(register);
            array(register)[word] = word == 0 ? after & ~1 : after;
        }
        update();
        return before;
    }

    private long legalThreshold(long value) {
        return value & Integer.highestOneBit(identities) * 2L - 1;
    }

    /** The array with that register; {@code null} if it is beyond the identities, or none. */
    private long[] array(int register) {
        long[] array = register >= EIP && register < EIE ? pending : register >= EIE && register < ARRAYS_END ? enabled : null;
        return array != null && (register & 1) == 0 && word(register) < array.length ? array : null;
    }

    private static int word(int register) {
        return (register & EIE - EIP - 1) / 2;
    }

    @Override
    public synchronized int top() {
        for (int word = 0; word < pending.length; word++) {
            long ready = pending[word] & enabled[word];
            if (ready != 0) {
                int identity = word * Long.SIZE + Long.numberOfTrailingZeros(ready);
                return threshold == 0 || identity < threshold ? identity : 0;
            }
        }
        return 0;
    }

    @Override
    public synchronized int claim() {
        int identity = top();
        if (identity != 0) {
            pending[identity / Long.SIZE] &= ~(1L << identity);
            update();
        }
        return identity;
    }

    private void update() {
        if (!suspended) {
            line.set(delivery == 1 && top() != 0);
        }
    }

    synchronized boolean inUse() {
        return delivery == 1;
    }

    /** For people who look. */
    synchronized String describe() {
        return "%s%s, enabled: %s, pending: %s, messages: %d".formatted(delivery == 1 ? "on" : "off",
                threshold == 0 ? "" : ", below " + threshold, list(enabled), list(pending), messages);
    }

    private static String list(long[] bits) {
        BitSet set = BitSet.valueOf(bits);
        return set.isEmpty() ? "none" : set.toString().replaceAll("[{},]", "");
    }
}
