package org.vm.isa.riscv.internal;

/** System instructions by hand, so that tests of the privileged architecture stand on nothing but the manual. */
final class Encode {
    static final int ECALL = 0x0000_0073;
    static final int EBREAK = 0x0010_0073;
    static final int SRET = 0x1020_0073;
    static final int MRET = 0x3020_0073;
    static final int WFI = 0x1050_0073;
    static final int SFENCE_VMA = 0x1200_0073;
    static final int FENCE_I = 0x0000_100F;
    static final int NOP = 0x0000_0013;
    static final int ILLEGAL = 0xFFFF_FFFF;
    /** {@code ld a0, 0(a1)} */
    static final int LOAD = 0x0005_B503;
    /** {@code sd a0, 0(a1)} */
    static final int STORE = 0x00A5_B023;
    /** {@code fadd.d ft0, ft0, ft0} */
    static final int FLOAT = 0x0200_7053;
    /** {@code cbo.zero (a1)} */
    static final int CBO_ZERO = 0x0045_A00F;

    private Encode() {}

    static int csrr(int rd, int csr) {
        return csr << 20 | 2 << 12 | rd << 7 | 0x73;
    }

    static int csrw(int csr, int rs1) {
        return csr << 20 | rs1 << 15 | 1 << 12 | 0x73;
    }

    static int csrs(int csr, int rs1) {
        return csr << 20 | rs1 << 15 | 2 << 12 | 0x73;
    }

    static int csrc(int csr, int rs1) {
        return csr << 20 | rs1 << 15 | 3 << 12 | 0x73;
    }
}
