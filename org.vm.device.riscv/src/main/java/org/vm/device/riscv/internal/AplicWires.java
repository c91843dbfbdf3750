package org.vm.device.riscv.internal;

import java.util.Arrays;
import org.vm.api.irq.InterruptLine;
import org.vm.api.state.DeviceState;

/** Delivers interrupts by a wire to each hart, with its registers that control that (AIA 1.0, 4.8). */
final class AplicWires implements AplicDelivery {
    private static final int SIZE = 32;
    private static final int IDELIVERY = 0x00;
    private static final int IFORCE = 0x04;
    private static final int ITHRESHOLD = 0x08;
    private static final int TOPI = 0x18;
    private static final int CLAIMI = 0x1C;
    private static final int SOURCE_SHIFT = 16;
    private static final int PRIORITY = 0xFF;

    private final InterruptLine[] lines;
    private final boolean[] delivery;
    private final boolean[] force;
    private final int[] threshold;

    /** @param lines external interrupts of the harts */
    AplicWires(InterruptLine[] lines) {
        this.lines = lines;
        delivery = new boolean[lines.length];
        force = new boolean[lines.length];
        threshold = new int[lines.length];
    }

    @Override
    public boolean byMessage() {
        return false;
    }

    @Override
    public void send(int hart, int identity) {
        throw new IllegalStateException("this domain sends no messages");
    }

    @Override
    public void update(AplicDomain domain) {
        for (int hart = 0; hart < lines.length; hart++) {
            lines[hart].set(domain.on() && delivery[hart] && (force[hart] || domain.top(hart, threshold[hart]) != 0));
        }
    }

    @Override
    public int register(AplicDomain domain, int offset) {
        int hart = offset / SIZE;
        return hart >= lines.length ? 0 : switch (offset % SIZE) {
            case IDELIVERY -> delivery[hart] ? 1 : 0;
            case IFORCE -> force[hart] ? 1 : 0;
            case ITHRESHOLD -> threshold[hart];
            case TOPI -> top(domain, hart);
            case CLAIMI -> claim(domain, hart);
            default -> 0;
        };
    }

    private int top(AplicDomain domain, int hart) {
        int source = domain.top(hart, threshold[hart]);
        return source == 0 ? 0 : source << SOURCE_SHIFT | domain.priority(source);
    }

    private int claim(AplicDomain domain, int hart) {
        int top = top(domain, hart);
        if (top == 0) {
            force[hart] = false;
        } else {
            domain.claim(top >>> SOURCE_SHIFT);
        }
        update(domain);
        return top;
    }

    @Override
    public void setRegister(AplicDomain domain, int offset, int value) {
        int hart = offset / SIZE;
        if (hart >= lines.length) {
            return;
        }
        switch (offset % SIZE) {
            case IDELIVERY -> delivery[hart] = value == 1;
            case IFORCE -> force[hart] = value == 1;
            case ITHRESHOLD -> threshold[hart] = value & PRIORITY;
            default -> {
                return;
            }
        }
        update(domain);
    }

    @Override
    public void capture(DeviceState.Builder into) {
        into.bytes("idelivery", SavedRegisters.of(delivery)).bytes("iforce", SavedRegisters.of(force))
                .bytes("ithreshold", SavedRegisters.of(threshold));
    }

    @Override
    public void restore(DeviceState state) {
        SavedRegisters.restore(state, "idelivery", delivery);
        SavedRegisters.restore(state, "iforce", force);
        SavedRegisters.restore(state, "ithreshold", threshold, PRIORITY);
    }

    @Override
    public void reset() {
        Arrays.fill(delivery, false);
        Arrays.fill(force, false);
        Arrays.fill(threshold, 0);
        for (InterruptLine line : lines) {
            line.lower();
        }
    }
}
