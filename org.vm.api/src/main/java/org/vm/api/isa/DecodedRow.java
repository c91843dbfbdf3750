package org.vm.api.isa;

/**
 * One row as it stands at an address. Holds no pc: the same bits mean the same everywhere.
 *
 * @param row          what to do
 * @param mnemonic     of the encoding that matched ({@code "c.addi"} where the row is {@code "addi"})
 * @param bits         the encoding, zero-extended
 * @param length       bytes of the instruction; 0 for a row that retires no instruction (it comes before the row that
 *                     does, or ends the block by itself)
 * @param values       for each operand of the row: the register slot, the immediate, or 0 where the engine supplies it
 * @param destination  register slot that the result or the link address goes to, or -1
 * @param displacement of a branch from its own address; otherwise the encoding's {@code imm}, or 0
 */
public record DecodedRow(Row row, String mnemonic, int bits, int length, long[] values, int destination,
        long displacement) {}
