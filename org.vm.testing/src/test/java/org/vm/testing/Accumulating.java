package org.vm.testing;

import java.util.List;
import org.vm.api.GuestArch;
import org.vm.api.isa.ControlRegister;
import org.vm.api.isa.Encoding;
import org.vm.api.isa.Extension;
import org.vm.api.isa.InstructionExtension;
import org.vm.api.isa.Into;
import org.vm.api.mmu.Mmu;

/** Instructions with control registers of their own, as a bundle brings them: of every kind that there is. */
@Extension("xacc")
@ControlRegister(number = 0x800, name = "macc", reset = 7)
@ControlRegister(number = 0x8FF, name = "limit", writable = 0xFFFF)
@ControlRegister(number = 0xCC0, name = "clips")
@ControlRegister(number = 0x5C0, name = "sacc")
@ControlRegister(number = 0xBFF, name = "machineacc")
public final class Accumulating {
    /** The service. */
    public static final InstructionExtension EXTENSION = new InstructionExtension() {
        @Override
        public GuestArch architecture() {
            return GuestArch.RISCV64;
        }

        @Override
        public String name() {
            return "xacc";
        }

        @Override
        public List<Class<?>> instructions() {
            return List.of(Accumulating.class);
        }
    };

    private Accumulating() {}

    /** macc += rs1 * rs2. */
    @Into("macc")
    @Encoding("0000000 rs2 rs1 000 00000 0001011")
    public static long mac(long macc, long rs1, long rs2) {
        return macc + rs1 * rs2;
    }

    /** rd = ones in rs1, weighed by macc. */
    @Encoding("0000001 00000 rs1 000 rd 0001011")
    public static long weigh(long rs1, long macc) {
        return Long.bitCount(rs1) ^ macc;
    }

    /** rd = rs1, but limit at most. */
    @Encoding("0000010 00000 rs1 000 rd 0001011")
    public static long clip(long rs1, long limit) {
        return Math.min(rs1, limit);
    }

    /** clips += 1 if rs1 exceeds limit. */
    @Into("clips")
    @Encoding("0000011 00000 rs1 000 00000 0001011")
    public static long clipped(long rs1, long limit, long clips) {
        return rs1 > limit ? clips + 1 : clips;
    }

    /** macc ^= memory at rs1 + imm. */
    @Into("macc")
    @Encoding("imm[11:0] rs1 011 00000 0001011")
    public static long gather(Mmu memory, long rs1, long imm, long macc) {
        return macc ^ memory.load64(rs1 + imm);
    }

    /** fd = fs1 * fs2 + macc. */
    @Encoding("0000100 fs2 fs1 000 fd 0001011")
    public static double fmacc(double fs1, double fs2, long macc) {
        return Double.longBitsToDouble(Double.doubleToRawLongBits(fs1) ^ Double.doubleToRawLongBits(fs2) ^ macc);
    }

    /** macc = the lower half of rs1, sign-extended. */
    @Into("macc")
    @Encoding("0000101 00000 rs1 000 00000 0001011")
    public static long setw(long rs1) {
        return (int) rs1;
    }

    /** rd = rs1 ^ macc. */
    @Encoding("0000110 00000 rs1 000 rd 0001011")
    public static long fold(long rs1, long macc) {
        return rs1 ^ macc;
    }

    /** Goes to pc + imm if rs1 exceeds macc. */
    @Encoding("imm[12|10:5] 00000 rs1 100 imm[4:1|11] 0001011")
    public static boolean bover(long rs1, long macc) {
        return rs1 > macc;
    }
}
