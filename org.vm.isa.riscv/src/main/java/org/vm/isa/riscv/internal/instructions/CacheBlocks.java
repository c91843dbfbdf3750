package org.vm.isa.riscv.internal.instructions;

import org.vm.api.isa.Encoding;
import org.vm.api.isa.Extension;
import org.vm.api.mmu.MemoryFault;
import org.vm.api.mmu.Mmu;
import org.vm.isa.riscv.internal.Environment;
import org.vm.isa.riscv.internal.Hart;
import org.vm.isa.riscv.internal.RiscvTrap;

/**
 * Zicbom and Zicboz, cache-block management and zeroing (Volume I, chapter 7). There is no cache: management checks what
 * it may and has no other effect.
 */
@Extension("Zicbom")
public final class CacheBlocks {
    /** Bytes of a cache block, as the device tree says. */
    public static final int BLOCK = 64;

    private CacheBlocks() {}

    @Encoding(value = "000000000000 rs1 010 00000 0001111", syntax = "(rs1)")
    public static void cbo_inval(Hart hart, long rs1) {
        check(hart.environment.permitsInvalidate());
        manage(hart.mmu, rs1 & -BLOCK);
    }

    @Encoding(value = "000000000001 rs1 010 00000 0001111", syntax = "(rs1)")
    public static void cbo_clean(Hart hart, long rs1) {
        check(hart.environment.permits(Environment.CBCFE));
        manage(hart.mmu, rs1 & -BLOCK);
    }

    @Encoding(value = "000000000010 rs1 010 00000 0001111", syntax = "(rs1)")
    public static void cbo_flush(Hart hart, long rs1) {
        check(hart.environment.permits(Environment.CBCFE));
        manage(hart.mmu, rs1 & -BLOCK);
    }

    @Encoding(value = "000000000100 rs1 010 00000 0001111", syntax = "(rs1)", extension = "Zicboz")
    public static void cbo_zero(Hart hart, long rs1) {
        check(hart.environment.permits(Environment.CBZE));
        long block = rs1 & -BLOCK;
        hart.mmu.probeStore(block, BLOCK);
        for (int i = 0; i < BLOCK; i += Long.BYTES) {
            hart.mmu.store64(block + i, 0);
        }
    }

    private static void check(boolean enabled) {
        if (!enabled) {
            throw RiscvTrap.ILLEGAL_INSTRUCTION;
        }
    }

    /** Whoever may load or store may manage; a fault is that of a store. */
    private static void manage(Mmu mmu, long block) {
        try {
            mmu.probeLoad(block, BLOCK);
        } catch (MemoryFault unreadable) {
            mmu.probeStore(block, BLOCK);
        }
    }
}
