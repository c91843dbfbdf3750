package org.vm.isa.riscv.internal;

import java.util.ArrayList;
import java.util.List;
import org.vm.api.GuestArch;
import org.vm.api.InvalidInstructionException;
import org.vm.api.isa.DecodedRow;
import org.vm.api.isa.Decoder;
import org.vm.api.isa.InstructionExtension;
import org.vm.api.isa.InstructionSet;
import org.vm.api.isa.RegisterFile;
import org.vm.api.isa.Row;
import org.vm.isa.InstructionTable;
import org.vm.isa.riscv.internal.instructions.Atomics;
import org.vm.isa.riscv.internal.instructions.CacheBlocks;
import org.vm.isa.riscv.internal.instructions.ControlTransfer;
import org.vm.isa.riscv.internal.instructions.DoubleInstructions;
import org.vm.isa.riscv.internal.instructions.FloatInstructions;
import org.vm.isa.riscv.internal.instructions.IntegerArithmetic;
import org.vm.isa.riscv.internal.instructions.LoadStore;
import org.vm.isa.riscv.internal.instructions.Multiplication;
import org.vm.isa.riscv.internal.instructions.Privileged;
import org.vm.isa.riscv.internal.instructions.Svinval;
import org.vm.isa.riscv.internal.instructions.Zawrs;
import org.vm.isa.riscv.internal.instructions.Zba;
import org.vm.isa.riscv.internal.instructions.Zbb;
import org.vm.isa.riscv.internal.instructions.Zbs;
import org.vm.isa.riscv.internal.instructions.Zicond;
import org.vm.isa.riscv.internal.instructions.Zicsr;
import org.vm.isa.riscv.internal.instructions.Zifencei;

/** RV64GC and its extensions, with what other bundles add. */
final class RiscvInstructionSet implements InstructionSet {
    /** Single letters in the order of Volume I, table 61. */
    private static final String LETTERS = "imafdc";
    /** By category of their second letter in the same order, then by alphabet; then the supervisor's. */
    private static final List<String> EXTENSIONS = List.of("zicbom", "zicboz", "zicntr", "zicond", "zicsr", "zifencei",
            "zihintntl", "zihintpause", "zawrs", "zcb", "zba", "zbb", "zbs", "sstc", "svadu", "svinval", "svnapot",
            "svpbmt");
    private static final List<String> ADVANCED_INTERRUPTS = List.of("smaia", "ssaia");

    private final InstructionTable table;
    private final List<Decoder> decoders;
    private final List<String> extensions;
    private final AddedCsrs csrs;

    RiscvInstructionSet(List<InstructionExtension> added) {
        csrs = new AddedCsrs(added.stream().flatMap(extension -> extension.instructions().stream()).distinct().toList());
        InstructionTable.Builder builder = InstructionTable.builder(RegisterFiles.ALL)
                .dialect(RiscvAssembly.dialect(csrs.numbers()))
                .add(IntegerArithmetic.class, ControlTransfer.class, LoadStore.class, Multiplication.class, Atomics.class)
                .add(FloatInstructions.class, DoubleInstructions.class)
                .add(Zicsr.class, Zifencei.class, Zba.class, Zbb.class, Zbs.class, Zicond.class, CacheBlocks.class, Zawrs.class)
                .add(Privileged.class, Svinval.class);
        List<String> names = new ArrayList<>();
        LETTERS.chars().forEach(letter -> names.add(String.valueOf((char) letter)));
        names.addAll(EXTENSIONS);
        for (InstructionExtension extension : added) {
            builder.add(extension.instructions(), csrs.file(extension.instructions()));
            if (names.contains(extension.name())) {
                throw new InvalidInstructionException("there is an extension '" + extension.name() + "' already; rename that of "
                        + extension.getClass().getName());
            }
            names.add(extension.name());
        }
        table = builder.build();
        decoders = DecodingContext.decoders(table);
        extensions = List.copyOf(names);
    }

    InstructionTable table() {
        return table;
    }

    AddedCsrs csrs() {
        return csrs;
    }

    /**
     * All extensions, as the device tree lists them.
     *
     * @param advancedInterrupts whether the hart has an IMSIC, and with it what the Advanced Interrupt Architecture adds
     */
    List<String> extensions(boolean advancedInterrupts) {
        List<String> all = new ArrayList<>(extensions);
        if (advancedInterrupts) {
            all.addAll(all.indexOf("sstc"), ADVANCED_INTERRUPTS);
        }
        return all;
    }

    /** The ISA string of a hart with those extensions. */
    static String name(List<String> extensions) {
        return "rv64" + LETTERS + "_" + String.join("_", extensions.subList(LETTERS.length(), extensions.size()));
    }

    @Override
    public GuestArch architecture() {
        return GuestArch.RISCV64;
    }

    @Override
    public String name() {
        return name(extensions);
    }

    @Override
    public List<RegisterFile> registerFiles() {
        return RegisterFiles.ALL;
    }

    @Override
    public int registerSlots() {
        return RegisterFiles.SLOTS;
    }

    @Override
    public List<Row> rows() {
        return table.rows();
    }

    @Override
    public Decoder decoder(int context) {
        return decoders.get(context);
    }

    @Override
    public String disassemble(DecodedRow instruction, long pc) {
        return table.disassemble(instruction, pc);
    }
}
