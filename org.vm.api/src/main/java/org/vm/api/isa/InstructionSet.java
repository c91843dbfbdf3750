package org.vm.api.isa;

import java.util.List;
import org.vm.api.GuestArch;

/** The instructions and registers of one kind of CPU. Immutable; safe for use by several threads. */
public interface InstructionSet {
    GuestArch architecture();

    /** ISA string as the device tree gives it ({@code rv64imafdc_zicsr_…}). */
    String name();

    List<RegisterFile> registerFiles();

    /** Length of {@link org.vm.api.cpu.Cpu#registers}, sinks and temporaries included. */
    int registerSlots();

    /** Every row, for listings and for engines that prepare themselves. */
    List<Row> rows();

    /** The decoder for a decoding context (see {@link org.vm.api.cpu.Cpu#context()}). */
    Decoder decoder(int context);

    /** The instruction as text, as the manual's assembler writes it; {@code pc} resolves branch targets. */
    String disassemble(DecodedRow instruction, long pc);
}
