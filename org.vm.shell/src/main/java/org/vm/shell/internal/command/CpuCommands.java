package org.vm.shell.internal.command;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.vm.api.TlbStats;
import org.vm.api.VmException;
import org.vm.api.cpu.Cpu;
import org.vm.api.isa.DecodedRow;
import org.vm.api.isa.Decoder;
import org.vm.api.isa.RegisterFile;
import org.vm.api.machine.Machine;
import org.vm.shell.internal.text.HexDump;
import org.vm.shell.internal.text.Quantity;
import org.vm.shell.internal.text.Table;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What a vCPU holds and sees: registers, memory, code, translations. */
final class CpuCommands {
    private static final int LARGEST_DUMP = 1 << 20;

    private CpuCommands() {}

    @Command(name = "regs", description = "Shows the registers of a vCPU.",
            footer = {"Example: regs linux --cpu 1", "         regs linux --all"})
    static final class Registers extends MachineCommands.OnMachine {
        @Option(names = {"-c", "--cpu"}, paramLabel = "N", defaultValue = "0", description = "Which vCPU; 0 by default.")
        private int number;

        @Option(names = {"-a", "--all"}, description = "All register files and control registers.")
        private boolean all;

        Registers(Shell shell) {
            super(shell);
        }

        @Override
        protected void run() {
            Machine machine = machine();
            Cpu cpu = shell.cpu(machine, number);
            CpuLook.at(machine, cpu, () -> describe(cpu)).forEach(out::println);
        }

        private List<String> describe(Cpu cpu) {
            List<String> lines = new ArrayList<>();
            lines.add("pc   " + Quantity.hex16(cpu.pc) + "  retired " + cpu.retired);
            List<RegisterFile> files = cpu.instructionSet().registerFiles();
            for (RegisterFile file : all ? files : files.subList(0, 1)) {
                Map<String, Long> registers = new LinkedHashMap<>();
                for (int i = 0; i < file.count(); i++) {
                    registers.put(file.names().get(i), cpu.registers[file.source(i)]);
                }
                grid(registers, lines);
            }
            Map<String, Long> control = new LinkedHashMap<>(cpu.controlRegisters());
            if (!all) {
                control.values().removeIf(value -> value == 0);
            }
            grid(control, lines);
            return lines;
        }

        private void grid(Map<String, Long> registers, List<String> lines) {
            int nameWidth = registers.keySet().stream().mapToInt(String::length).reduce(4, Math::max) + 1;
            int perLine = Math.max(1, (shell.screen().columns() + 2) / (nameWidth + 18));
            StringBuilder line = new StringBuilder();
            int cells = 0;
            for (Map.Entry<String, Long> register : registers.entrySet()) {
                line.append(cells % perLine == 0 ? "" : "  ").append(register.getKey())
                        .append(" ".repeat(nameWidth - register.getKey().length()))
                        .append(Quantity.hex16(register.getValue()));
                if (++cells % perLine == 0 || cells == registers.size()) {
                    lines.add(line.toString());
                    line.setLength(0);
                }
            }
        }
    }

    /** Where to look, and by which kind of address. */
    abstract static class AtAddress extends ShellCommand {
        @Parameters(paramLabel = "MACHINE", index = "0", description = "Name of the machine.")
        private String name;

        @Option(names = {"-c", "--cpu"}, paramLabel = "N", defaultValue = "0", description = "Which vCPU; 0 by default.")
        private int number;

        AtAddress(Shell shell) {
            super(shell);
        }

        Machine machine() {
            return shell.machine(name);
        }

        <T> T look(Machine machine, Cpu cpu, boolean virtual, java.util.function.Function<GuestView, T> action) {
            Supplier<T> look = () -> action.apply(new GuestView(machine, virtual ? cpu : null));
            return virtual ? CpuLook.at(machine, cpu, look) : look.get();
        }

        Cpu cpu(Machine machine) {
            return shell.cpu(machine, number);
        }
    }

    @Command(name = "mem", description = "Dumps memory in hexadecimal.",
            footer = {"Example: mem linux 0x80000000", "         mem linux 0xffffffff80000000 256 --virtual"})
    static final class Memory extends AtAddress {
        @Parameters(paramLabel = "ADDRESS", index = "1", description = "First address.")
        private String address;

        @Parameters(paramLabel = "LENGTH", index = "2", arity = "0..1", defaultValue = "64",
                description = "Bytes, as in 256 or 4K; 64 by default.")
        private String length;

        @Option(names = {"-v", "--virtual"}, description = "The address is virtual, as the vCPU sees it now.")
        private boolean virtual;

        Memory(Shell shell) {
            super(shell);
        }

        @Override
        protected void run() {
            Machine machine = machine();
            long start = Quantity.address(address);
            int count = (int) Math.clamp(Quantity.bytes(length), 0, LARGEST_DUMP);
            HexDump.print(out, start, look(machine, virtual ? cpu(machine) : null, virtual, v -> v.read(start, count)));
        }
    }

    @Command(name = "disasm", description = "Disassembles code, from the pc of a vCPU or from an address.",
            footer = {"Example: disasm linux", "         disasm linux 0x80200000 20 --physical"})
    static final class Disassemble extends AtAddress {
        @Parameters(paramLabel = "ADDRESS", index = "1", arity = "0..1", description = "First address; by default the pc.")
        private String address;

        @Parameters(paramLabel = "COUNT", index = "2", arity = "0..1", defaultValue = "10",
                description = "Instructions; 10 by default.")
        private int count;

        @Option(names = {"-p", "--physical"}, description = "The address is physical.")
        private boolean physical;

        Disassemble(Shell shell) {
            super(shell);
        }

        @Override
        protected void run() {
            Machine machine = machine();
            Cpu cpu = cpu(machine);
            long start = address == null ? 0 : Quantity.address(address);
            look(machine, cpu, !physical, view -> listing(view, cpu, address == null ? cpu.pc : start)).forEach(out::println);
        }

        private List<String> listing(GuestView view, Cpu cpu, long start) {
            List<String> lines = new ArrayList<>();
            Decoder decoder = cpu.instructionSet().decoder(cpu.context());
            long pc = start;
            for (int i = 0; i < count; i++) {
                DecodedRow row;
                try {
                    row = decoder.decode(view::parcel, pc).getLast();
                } catch (VmException end) {
                    if (i == 0) {
                        throw end;
                    }
                    lines.add(end.getMessage());
                    break;
                }
                String bits = row.length() == 2 ? String.format("%04x    ", row.bits() & 0xFFFF)
                        : String.format("%08x", row.bits());
                lines.add((pc == cpu.pc ? "> " : "  ") + Quantity.hex16(pc) + "  " + bits + "  "
                        + cpu.instructionSet().disassemble(row, pc));
                pc += Math.max(row.length(), 2);
            }
            return lines;
        }
    }

    @Command(name = "tlb", description = "Shows what the translation caches did.", footer = "Example: tlb linux")
    static final class Tlb extends MachineCommands.OnMachine {
        Tlb(Shell shell) {
            super(shell);
        }

        @Override
        protected void run() {
            Machine machine = machine();
            Table table = new Table("VCPU", "ENTRIES", "MISSES", "WALKS", "FAULTS", "FLUSHES", "MISSES/1K INSN")
                    .right(0, 1, 2, 3, 4, 5, 6);
            for (int i = 0; i < machine.cpus().size(); i++) {
                var stats = machine.stats(i);
                TlbStats tlb = stats.tlb();
                table.row(i, tlb.entries(), Quantity.count(tlb.misses()), Quantity.count(tlb.walks()),
                        Quantity.count(tlb.faults()), Quantity.count(tlb.flushes()), stats.instructions() == 0 ? "-"
                                : String.format("%.2f", tlb.misses() * 1000.0 / stats.instructions()));
            }
            print(table);
        }
    }
}
