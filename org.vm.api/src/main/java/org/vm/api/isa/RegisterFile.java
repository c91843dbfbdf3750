package org.vm.api.isa;

import java.util.List;

/**
 * One register file, laid out in {@link org.vm.api.cpu.Cpu#registers} from slot {@code base}.
 *
 * @param name    as in the manual ({@code "x"}, {@code "f"})
 * @param base    slot of register 0
 * @param count   number of registers
 * @param zero    register that reads as zero and ignores writes, or -1
 * @param sink    slot that takes writes to {@code zero}, so that no engine needs a branch for them
 * @param fields  encoding fields that name a register of this file ({@code rs1}, {@code rd}…)
 * @param names   what a disassembler prints ({@code "a0"}…), {@code count} of them
 * @param control whether rows that end a block may read and change them through the CPU, too
 */
public record RegisterFile(String name, int base, int count, int zero, int sink, List<String> fields,
        List<String> names, boolean control) {
    public RegisterFile {
        fields = List.copyOf(fields);
        names = List.copyOf(names);
    }

    /** Registers that nothing but rows' operands and results uses. */
    public RegisterFile(String name, int base, int count, int zero, int sink, List<String> fields, List<String> names) {
        this(name, base, count, zero, sink, fields, names, false);
    }

    /** Slot to read register {@code number} from. */
    public int source(int number) {
        return base + number;
    }

    /** Slot to write register {@code number} to. */
    public int destination(int number) {
        return number == zero ? sink : base + number;
    }
}
