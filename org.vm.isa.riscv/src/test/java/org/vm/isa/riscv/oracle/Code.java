package org.vm.isa.riscv.oracle;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Code and data that run unchanged in {@link QemuUser} and in {@link InterpretedHart}: an image at {@link #ORIGIN} that
 * is entered at {@link #ENTRY} and ends by jumping to {@link #ORIGIN}. What lies between the two belongs to those that
 * run it.
 */
final class Code {
    static final long ORIGIN = 0x8000_0000L;
    static final int ENTRY = 64;

    static final int LOAD = 0x03;
    static final int LOAD_FP = 0x07;
    static final int STORE = 0x23;
    static final int STORE_FP = 0x27;

    private final ByteBuffer bytes;

    Code(int size) {
        bytes = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN).position(ENTRY);
    }

    int position() {
        return bytes.position();
    }

    Code position(int position) {
        bytes.position(position);
        return this;
    }

    ByteBuffer buffer() {
        return bytes;
    }

    byte[] image() {
        return bytes.array();
    }

    Code word(int instruction) {
        bytes.putInt(instruction);
        return this;
    }

    /** An instruction of 2 or 4 bytes. */
    Code instruction(int bits, int length) {
        if (length == 2) {
            bytes.putShort((short) bits);
        } else {
            bytes.putInt(bits);
        }
        return this;
    }

    /** Loads of 8 bytes: {@code ld}, {@code fld}. */
    Code load(int opcode, int register, int base, int offset) {
        return word(offset << 20 | base << 15 | 3 << 12 | register << 7 | opcode);
    }

    /** Stores of 8 bytes: {@code sd}, {@code fsd}. */
    Code store(int opcode, int register, int base, int offset) {
        return word(offset >> 5 << 25 | register << 20 | base << 15 | 3 << 12 | (offset & 31) << 7 | opcode);
    }

    Code addi(int rd, int rs1, int immediate) {
        return word(immediate << 20 | rs1 << 15 | rd << 7 | 0x13);
    }

    /** A 32-bit address, zero-extended. */
    Code address(int rd, long address) {
        int low = (int) address << 20 >> 20;
        word((int) (address - low) & 0xFFFF_F000 | rd << 7 | 0x37); // lui
        word(low << 20 | rd << 15 | rd << 7 | 0x1B); // addiw
        word(32 << 20 | rd << 15 | 1 << 12 | rd << 7 | 0x13); // slli
        return word(32 << 20 | rd << 15 | 5 << 12 | rd << 7 | 0x13); // srli
    }

    /** {@code csrw}. */
    Code writeCsr(int csr, int rs1) {
        return word(csr << 20 | rs1 << 15 | 1 << 12 | 0x73);
    }

    /** {@code csrr}. */
    Code readCsr(int rd, int csr) {
        return word(csr << 20 | 2 << 12 | rd << 7 | 0x73);
    }

    /** {@code csrs}. */
    Code setCsr(int csr, int rs1) {
        return word(csr << 20 | rs1 << 15 | 2 << 12 | 0x73);
    }

    /** {@code bne} to an earlier position. */
    Code branchNotEqual(int rs1, int rs2, int target) {
        int offset = target - position();
        return word((offset >> 12 & 1) << 31 | (offset >> 5 & 63) << 25 | rs2 << 20 | rs1 << 15 | 1 << 12
                | (offset >> 1 & 15) << 8 | (offset >> 11 & 1) << 7 | 0x63);
    }

    /** {@code jal} to a position of this image. */
    Code jump(int rd, int target) {
        int offset = target - position();
        return word((offset >> 20 & 1) << 31 | (offset >> 1 & 0x3FF) << 21 | (offset >> 11 & 1) << 20
                | (offset >> 12 & 0xFF) << 12 | rd << 7 | 0x6F);
    }

    /** Jumps to {@link #ORIGIN}, from anywhere; uses {@code register}. */
    Code exit(int register) {
        return address(register, ORIGIN).word(register << 15 | 0x67);
    }
}
