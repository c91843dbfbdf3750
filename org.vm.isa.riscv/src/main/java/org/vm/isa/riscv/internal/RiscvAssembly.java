package org.vm.isa.riscv.internal;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.vm.isa.Dialect;
import org.vm.isa.Dialect.Pseudo;

/** The assembler language beyond instructions: names of fields, and pseudo-instructions (Volume I, chapter 37). */
final class RiscvAssembly {
    private RiscvAssembly() {}

    /** @param added control and status registers besides the architecture's, numbers by name */
    static Dialect dialect(Map<String, Integer> added) {
        Map<String, Long> csrs = new HashMap<>();
        added.forEach((name, number) -> csrs.put(name, number.longValue()));
        Csrs.numbers().forEach((name, number) -> csrs.put(name, number.longValue()));
        Map<String, Long> orders = orders();
        return new Dialect(
                Map.of("csr", csrs, "pred", orders, "succ", orders,
                        "rm", Map.of("rne", 0L, "rtz", 1L, "rdn", 2L, "rup", 3L, "rmm", 4L, "dyn", 7L)),
                Map.of("rm", 7L),
                Map.of(".aq", Map.of("aq", 1L), ".rl", Map.of("rl", 1L), ".aqrl", Map.of("aq", 1L, "rl", 1L)),
                Map.of("hi", value -> value + 0x800 >> 12 & 0xFFFFF, "lo", value -> value << 52 >> 52),
                Map.of("fp", "s0"),
                pseudos());
    }

    /** What a fence orders, as sets of i(nput), o(utput), r(eads), w(rites). */
    private static Map<String, Long> orders() {
        Map<String, Long> orders = new HashMap<>();
        for (int set = 1; set < 16; set++) {
            StringBuilder name = new StringBuilder();
            for (int i = 0; i < 4; i++) {
                if ((set >> 3 - i & 1) != 0) {
                    name.append("iorw".charAt(i));
                }
            }
            orders.put(name.toString(), (long) set);
        }
        return orders;
    }

    private static List<Pseudo> pseudos() {
        List<Pseudo> pseudos = new ArrayList<>(List.of(
                Pseudo.of("nop", 0, "addi zero, zero, 0"),
                Pseudo.of("c.nop", 0, "c.nop 0"),
                new Pseudo("li", 2, (operands, constants) ->
                        loadImmediate(operands.get(0), constants.value(operands.get(1)))),
                Pseudo.of("la", 2, "auipc $1, %hi($2 - .)", "addi $1, $1, %lo($2 - . + 4)"),
                Pseudo.of("lla", 2, "auipc $1, %hi($2 - .)", "addi $1, $1, %lo($2 - . + 4)"),
                Pseudo.of("mv", 2, "addi $1, $2, 0"),
                Pseudo.of("not", 2, "xori $1, $2, -1"),
                Pseudo.of("neg", 2, "sub $1, zero, $2"),
                Pseudo.of("negw", 2, "subw $1, zero, $2"),
                Pseudo.of("sext.w", 2, "addiw $1, $2, 0"),
                Pseudo.of("zext.b", 2, "andi $1, $2, 255"),
                Pseudo.of("zext.w", 2, "add.uw $1, $2, zero"),
                Pseudo.of("seqz", 2, "sltiu $1, $2, 1"),
                Pseudo.of("snez", 2, "sltu $1, zero, $2"),
                Pseudo.of("sltz", 2, "slt $1, $2, zero"),
                Pseudo.of("sgtz", 2, "slt $1, zero, $2"),
                Pseudo.of("beqz", 2, "beq $1, zero, $2"),
                Pseudo.of("bnez", 2, "bne $1, zero, $2"),
                Pseudo.of("blez", 2, "bge zero, $1, $2"),
                Pseudo.of("bgez", 2, "bge $1, zero, $2"),
                Pseudo.of("bltz", 2, "blt $1, zero, $2"),
                Pseudo.of("bgtz", 2, "blt zero, $1, $2"),
                Pseudo.of("bgt", 3, "blt $2, $1, $3"),
                Pseudo.of("ble", 3, "bge $2, $1, $3"),
                Pseudo.of("bgtu", 3, "bltu $2, $1, $3"),
                Pseudo.of("bleu", 3, "bgeu $2, $1, $3"),
                Pseudo.of("j", 1, "jal zero, $1"),
                Pseudo.of("jal", 1, "jal ra, $1"),
                Pseudo.of("jr", 1, "jalr zero, 0($1)"),
                Pseudo.of("jalr", 1, "jalr ra, 0($1)"),
                Pseudo.of("ret", 0, "jalr zero, 0(ra)"),
                Pseudo.of("call", 1, "auipc ra, %hi($1 - .)", "jalr ra, %lo($1 - . + 4)(ra)"),
                Pseudo.of("tail", 1, "auipc t1, %hi($1 - .)", "jalr zero, %lo($1 - . + 4)(t1)"),
                Pseudo.of("fence", 0, "fence iorw, iorw"),
                Pseudo.of("pause", 0, "fence w, 0"),
                Pseudo.of("sfence.vma", 0, "sfence.vma zero, zero"),
                Pseudo.of("sfence.vma", 1, "sfence.vma $1, zero"),
                Pseudo.of("csrr", 2, "csrrs $1, $2, zero"),
                Pseudo.of("csrw", 2, "csrrw zero, $1, $2"),
                Pseudo.of("csrs", 2, "csrrs zero, $1, $2"),
                Pseudo.of("csrc", 2, "csrrc zero, $1, $2"),
                Pseudo.of("csrwi", 2, "csrrwi zero, $1, $2"),
                Pseudo.of("csrsi", 2, "csrrsi zero, $1, $2"),
                Pseudo.of("csrci", 2, "csrrci zero, $1, $2"),
                Pseudo.of("rdcycle", 1, "csrrs $1, cycle, zero"),
                Pseudo.of("rdtime", 1, "csrrs $1, time, zero"),
                Pseudo.of("rdinstret", 1, "csrrs $1, instret, zero"),
                Pseudo.of("frcsr", 1, "csrrs $1, fcsr, zero"),
                Pseudo.of("fscsr", 1, "csrrw zero, fcsr, $1"),
                Pseudo.of("frrm", 1, "csrrs $1, frm, zero"),
                Pseudo.of("fsrm", 1, "csrrw zero, frm, $1"),
                Pseudo.of("frflags", 1, "csrrs $1, fflags, zero"),
                Pseudo.of("fsflags", 1, "csrrw zero, fflags, $1")));
        for (String format : List.of("s", "d")) {
            pseudos.add(Pseudo.of("fmv." + format, 2, "fsgnj." + format + " $1, $2, $2"));
            pseudos.add(Pseudo.of("fneg." + format, 2, "fsgnjn." + format + " $1, $2, $2"));
            pseudos.add(Pseudo.of("fabs." + format, 2, "fsgnjx." + format + " $1, $2, $2"));
        }
        return pseudos;
    }

    /** The shortest of the usual sequences: parts of 12 bits from the top, shifted into place. */
    private static List<String> loadImmediate(String register, long value) {
        List<String> lines = new ArrayList<>();
        if (value == (int) value) {
            long high = value + 0x800 >> 12 & 0xFFFFF;
            long low = value << 52 >> 52;
            if (high != 0) {
                lines.add("lui " + register + ", " + high);
            }
            if (low != 0 || high == 0) {
                lines.add((high != 0 ? "addiw " : "addi ") + register + ", " + (high != 0 ? register : "zero") + ", " + low);
            }
            return lines;
        }
        long low = value << 52 >> 52;
        long rest = value - low;
        int shift = Long.numberOfTrailingZeros(rest);
        lines.addAll(loadImmediate(register, rest >> shift));
        lines.add("slli " + register + ", " + register + ", " + shift);
        if (low != 0) {
            lines.add("addi " + register + ", " + register + ", " + low);
        }
        return lines;
    }
}
