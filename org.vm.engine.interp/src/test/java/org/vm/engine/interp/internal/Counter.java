package org.vm.engine.interp.internal;

import org.vm.api.isa.Encoding;
import org.vm.api.isa.EndsBlock;
import org.vm.api.isa.Extension;
import org.vm.api.isa.Jump;
import org.vm.api.mmu.Mmu;

/** A tiny instruction set of another world: 8 registers, a word of 32 bits, no zero register. */
@Extension("base")
public final class Counter {
    private Counter() {}

    @Encoding("00000001 imm[15:0] 0 rd 0000")
    public static long set(long imm) {
        return imm;
    }

    @Encoding("00000010 0000000000000 rb ra rd 00")
    public static long plus(long ra, long rb) {
        return ra + rb;
    }

    @Encoding("00000011 imm[15:0] 0 ra 0001")
    public static boolean loop(long ra) {
        return ra != 0;
    }

    @Jump
    @Encoding("00000100 0000000000000000 0 rd 0000")
    public static long link(long pc, long length) {
        return pc + length + 4;
    }

    @Encoding("00000101 0000000000000 rb ra rd 00")
    public static double over(double ra, double rb) {
        return ra / rb;
    }

    @Encoding("00000110 0000000000000 rb ra 00000")
    public static void poke(Mmu mmu, long ra, long rb) {
        mmu.store64(ra, rb);
    }

    @EndsBlock
    @Encoding("00000111 000000000000000000000000")
    public static void halt(CounterCpu cpu) {
        cpu.requestExit();
    }

    /** Everything else. */
    @EndsBlock
    public static void illegal(CounterCpu cpu) {
        throw CounterCpu.ILLEGAL;
    }
}
