package org.vm.isa.riscv.internal;

import org.vm.api.PagingMode;

/** {@code satp} and the fences of address translation (Volume II, 12.1.11 and 12.2.1). */
public final class Translation {
    private final Hart hart;
    private long satp;

    Translation(Hart hart) {
        this.hart = hart;
    }

    void reset() {
        write(0);
        hart.mmu.flush();
    }

    /** Whether {@code satp} and the fences may be used now. */
    boolean accessible() {
        int privilege = hart.status.privilege();
        return privilege == Privilege.MACHINE
                || privilege == Privilege.SUPERVISOR && !hart.status.has(Status.TVM);
    }

    long read() {
        return satp;
    }

    /** A mode that does not exist leaves the register as it was. */
    void write(long value) {
        PagingMode mode = switch ((int) (value >>> 60)) {
            case 0 -> PagingMode.BARE;
            case 8 -> PagingMode.SV39;
            case 9 -> PagingMode.SV48;
            case 10 -> PagingMode.SV57;
            default -> null;
        };
        if (mode != null) {
            satp = value;
            hart.mmu.root(mode, (value & (1L << 44) - 1) << 12, (int) (value >>> 44) & 0xFFFF);
        }
    }

    /**
     * {@code sfence.vma} and {@code sinval.vma}.
     *
     * @param everyPage  rs1 is x0
     * @param everySpace rs2 is x0
     */
    public void fence(boolean everyPage, long address, boolean everySpace, long asid) {
        if (!accessible()) {
            throw RiscvTrap.ILLEGAL_INSTRUCTION;
        }
        drop(everyPage, address, everySpace, (int) asid & 0xFFFF);
    }

    /** {@code sfence.w.inval} and {@code sfence.inval.ir}. */
    public void order() {
        if (hart.status.privilege() == Privilege.USER) {
            throw RiscvTrap.ILLEGAL_INSTRUCTION;
        }
    }

    /** Drops cached translations. */
    public void drop(boolean everyPage, long address, boolean everySpace, int asid) {
        if (everyPage && everySpace) {
            hart.mmu.flush();
        } else if (everyPage) {
            hart.mmu.flushAsid(asid);
        } else if (everySpace) {
            hart.mmu.flushPage(address);
        } else {
            hart.mmu.flushPageAsid(address, asid);
        }
    }
}
