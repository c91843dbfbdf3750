package org.vm.testing.jit;

import static org.vm.testing.jit.GuestFrame.A;
import static org.vm.testing.jit.GuestFrame.CHANGING;
import static org.vm.testing.jit.GuestFrame.D;
import static org.vm.testing.jit.GuestFrame.DATA_PAGES;
import static org.vm.testing.jit.GuestFrame.LEAVES;
import static org.vm.testing.jit.GuestFrame.R;
import static org.vm.testing.jit.GuestFrame.STRADDLED;
import static org.vm.testing.jit.GuestFrame.SUPERVISOR_CODE;
import static org.vm.testing.jit.GuestFrame.U;
import static org.vm.testing.jit.GuestFrame.USER_CODE;
import static org.vm.testing.jit.GuestFrame.V;
import static org.vm.testing.jit.GuestFrame.W;
import static org.vm.testing.jit.GuestFrame.X;

import java.util.SplittableRandom;

/**
 * Random programs that do all that can confuse a translator: loops in loops, functions that are called directly, through
 * registers, at two addresses and by themselves, jump tables, faults of every kind in the middle of it all, code and page
 * tables that the program changes, three privilege levels, and control registers that change what code means.
 * Reproducible by seed; what a program leaves behind does not depend on when an engine looks at anything.
 */
final class RandomGuest {
    private enum Level { USER, SUPERVISOR, MACHINE }

    /** What random instructions may write. t5 and t6 are addresses just calculated; the others have their purpose. */
    private static final String[] INTEGERS = {"zero", "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "t0", "t1", "t2",
        "t3", "t4", "s6", "s7", "s10", "s11"};
    private static final String[] SHORT_INTEGERS = {"a0", "a1", "a2", "a3", "a4", "a5"};
    private static final String[] TRAP_REGISTERS = {"sscratch", "sepc", "scause", "stval"};
    private static final String[] FLOATS = {"ft0", "ft1", "fa0", "fa1", "fa2", "fs0", "fs1", "ft8"};
    private static final String[] THREE = {"add", "sub", "xor", "or", "and", "sll", "srl", "sra", "slt", "sltu", "addw", "subw",
        "sllw", "sraw", "mul", "mulh", "mulhu", "div", "divu", "rem", "remw", "sh1add", "sh3add", "andn", "max", "minu", "rol",
        "bext", "czero.eqz"};
    private static final String[] LOADS = {"lb", "lbu", "lh", "lhu", "lw", "lwu", "ld"};
    private static final String[] STORES = {"sb", "sh", "sw", "sd"};
    private static final String[] ATOMICS = {"amoadd", "amoswap", "amoxor", "amoand", "amoor", "amomin", "amomaxu"};
    private static final String[] BRANCHES = {"beq", "bne", "blt", "bge", "bltu", "bgeu"};
    private static final String[] ROUNDINGS = {"rne", "rtz", "rdn", "rup", "rmm", "dyn", "dyn", "dyn"};
    private static final String[] ACCESSES = {"csrrw", "csrrs", "csrrc"};
    private static final String[] ADDED = {"macc", "macc", "macc", "limit", "limit", "clips", "sacc", "machineacc"};
    private static final String[] LOOP_COUNTERS = {"s2", "s3"};

    private final SplittableRandom random;
    private final StringBuilder text = new StringBuilder();
    private int labels;
    private Level level = Level.SUPERVISOR;
    private boolean inFunction;
    private int depth;

    /** Whether there are the instructions of {@link org.vm.testing.Accumulating}. */
    private final boolean accumulating;

    private RandomGuest(long seed, boolean accumulating) {
        random = new SplittableRandom(seed);
        this.accumulating = accumulating;
    }

    /** A program for {@link GuestFrame}'s memory. */
    static String program(long seed) {
        return new RandomGuest(seed, false).generate();
    }

    /** One that also uses the instructions of {@link org.vm.testing.Accumulating} and their control registers. */
    static String accumulatingProgram(long seed) {
        return new RandomGuest(seed, true).generate();
    }

    private String generate() {
        functions();
        String functions = text.toString();
        text.setLength(0);
        for (int i = 0; i < 8; i++) {
            line("li " + SHORT_INTEGERS[i % 6] + ", " + random.nextLong());
        }
        if (random.nextBoolean()) {
            line("li t0, 0x2000", "csrs sstatus, t0");
        }
        // Everything is in a loop, so that it is entered again after it was translated.
        loop(3 + random.nextInt(10), () -> units(6 + random.nextInt(30)));
        units(5);
        return GuestFrame.around(functions, text.toString());
    }

    // Functions

    private void functions() {
        inFunction = true;
        for (int i = 0; i < 3; i++) {
            line(".balign 2", "leaf" + i + ":");
            units(1 + random.nextInt(6));
            if (random.nextBoolean()) {
                String again = label();
                line("li s4, " + (1 + random.nextInt(12)), again + ":");
                units(1 + random.nextInt(4));
                line("addi s4, s4, -1", "bnez s4, " + again);
            }
            line("ret");
        }
        for (int i = 0; i < 2; i++) {
            line("caller" + i + ":", "addi sp, sp, -16", "sd ra, 0(sp)");
            units(random.nextInt(4));
            line("call leaf" + random.nextInt(3));
            units(random.nextInt(4));
            line("jal leaf" + random.nextInt(3), "ld ra, 0(sp)", "addi sp, sp, 16", "ret");
        }
        line("recursive:", "addi sp, sp, -16", "sd ra, 0(sp)");
        units(1 + random.nextInt(3));
        line("addi s8, s8, -1", "blez s8, 1f", "jal recursive");
        if (random.nextBoolean()) {
            line("addi s8, s8, -1", "blez s8, 1f", "jal recursive");
        }
        units(1 + random.nextInt(3));
        line("1:", "ld ra, 0(sp)", "addi sp, sp, 16", "ret");
        inFunction = false;
    }

    private void call() {
        String function = level == Level.USER || random.nextBoolean() ? "leaf" + random.nextInt(3)
                : random.nextBoolean() ? "caller" + random.nextInt(2) : "recursive";
        line("li s8, " + (1 + random.nextInt(6)));
        switch (random.nextInt(4)) {
            case 0 -> line("la t5, " + function, "jalr t5");
            case 1 -> {
                line("la t5, " + function);
                if (level == Level.SUPERVISOR) {
                    long high = random.nextBoolean() ? GuestFrame.HIGH : 0;
                    line("li t6, " + (high + GuestFrame.alias(SUPERVISOR_CODE)), "add t5, t5, t6");
                }
                line("jalr t5");
            }
            case 2 -> line("call " + function);
            default -> line("jal " + function);
        }
    }

    // Units

    private void units(int count) {
        for (int i = 0; i < count; i++) {
            unit();
        }
    }

    private void unit() {
        if (accumulating && random.nextInt(3) == 0) {
            accumulate();
            return;
        }
        int kind = random.nextInt(100);
        if (kind < 26) {
            line(calculation());
        } else if (kind < 44) {
            access();
        } else if (kind < 48) {
            atomic();
        } else if (kind < 58) {
            floating();
        } else if (kind < 66) {
            branch();
        } else if (kind < 70) {
            jumpTable();
        } else if (kind < 74) {
            if (random.nextInt(3) == 0) {
                supervisorControl();
            } else {
                readControl();
            }
        } else if (kind < 76) {
            line(random.nextBoolean() ? "ebreak" : ".word 0xffffffff");
        } else if (inFunction) {
            line(calculation());
        } else if (kind < 82) {
            call();
        } else if (kind < 84) {
            innerLoop();
        } else if (kind < 85) {
            dispatchLoop();
        } else if (level == Level.USER) {
            access();
        } else if (kind < 88) {
            modifyCode();
        } else if (level == Level.MACHINE) {
            machine();
        } else {
            supervisor();
        }
    }

    private void supervisor() {
        switch (random.nextInt(9)) {
            case 0, 1 -> changeRights();
            case 2, 3 -> remapCode();
            case 4 -> status();
            case 5 -> line("li t5, " + GuestFrame.satp(random.nextInt(2)), "csrw satp, t5");
            case 6 -> userMode();
            case 7 -> machineMode();
            default -> line("csrsi sip, 2", random.nextBoolean() ? "csrsi sstatus, 2" : "csrci sstatus, 2");
        }
    }

    private void innerLoop() {
        if (depth < LOOP_COUNTERS.length) {
            loop(1 + random.nextInt(12), () -> units(1 + random.nextInt(6)));
        } else {
            line(calculation());
        }
    }

    private void loop(int times, Runnable body) {
        String counter = LOOP_COUNTERS[depth++];
        String again = label();
        line("li " + counter + ", " + times, again + ":");
        body.run();
        // A body may be longer than a branch reaches.
        String out = label();
        line("addi " + counter + ", " + counter + ", -1", "beqz " + counter + ", " + out, "j " + again, out + ":");
        depth--;
    }

    private String calculation() {
        String a = integer();
        String b = integer();
        return switch (random.nextInt(8)) {
            case 0 -> "addi " + a + ", " + b + ", " + (random.nextInt(4096) - 2048);
            case 1 -> "addiw " + a + ", " + b + ", " + (random.nextInt(4096) - 2048);
            case 2 -> "c.add " + shortInteger() + ", " + shortInteger();
            case 3 -> "c.addi " + shortInteger() + ", " + (1 + random.nextInt(31));
            case 4 -> "lui " + a + ", " + random.nextInt(0x100000);
            case 5 -> "srai " + a + ", " + b + ", " + random.nextInt(64);
            default -> pick(THREE) + " " + a + ", " + b + ", " + integer();
        };
    }

    /** Puts an address in the window into t6, anywhere in its pages or about where two of them meet. */
    private String address() {
        String base = level == Level.USER || random.nextInt(5) == 0 ? "s1" : "s0";
        int offset = random.nextInt(4) == 0 ? random.nextInt(16) - 8 : random.nextInt(4096) - 2048;
        if (random.nextInt(3) > 0) {
            return (random.nextInt(4) == 0 ? offset : offset & -8) + "(" + base + ")";
        }
        // Register and its low bits decide; the last access of the same base may have been to another page.
        line("slli t6, " + integer() + ", " + (random.nextInt(4) == 0 ? 0 : 3), "slli t6, t6, 47", "srli t6, t6, 47",
                "add t6, t6, " + base);
        return random.nextBoolean() ? "0(t6)" : "-2048(t6)";
    }

    private void access() {
        String address = address();
        switch (random.nextInt(5)) {
            case 0, 1 -> line(pick(LOADS) + " " + integer() + ", " + address);
            case 2, 3 -> line(pick(STORES) + " " + integer() + ", " + address);
            default -> line((random.nextBoolean() ? "fld " : random.nextBoolean() ? "fsd " : "flw ") + pick(FLOATS) + ", " + address);
        }
    }

    private void atomic() {
        String base = level == Level.USER ? "s1" : "s0";
        int mask = random.nextInt(8) == 0 ? 0 : 3;
        line("slli t6, " + integer() + ", " + mask, "slli t6, t6, 48", "srli t6, t6, 48", "add t6, t6, " + base);
        String width = random.nextBoolean() ? ".w" : ".d";
        if (random.nextInt(3) > 0) {
            line(pick(ATOMICS) + width + " " + integer() + ", " + integer() + ", (t6)");
        } else {
            // As compilers write it; but it gives up after some turns.
            String again = label();
            line("li t5, 3", again + ":", "addi t5, t5, -1", "lr" + width + " t4, (t6)", "add t4, t4, " + integer(),
                    "sc" + width + " t3, t4, (t6)", "beqz t5, 1f", "bnez t3, " + again, "1:");
        }
    }

    private void floating() {
        String format = random.nextBoolean() ? ".d" : ".s";
        String rounding = ", " + pick(ROUNDINGS);
        String d = pick(FLOATS);
        String a = pick(FLOATS);
        String b = pick(FLOATS);
        line(switch (random.nextInt(13)) {
            case 0, 1 -> "fadd" + format + " " + d + ", " + a + ", " + b + rounding;
            case 2 -> "fmul" + format + " " + d + ", " + a + ", " + b + rounding;
            case 3 -> "fdiv" + format + " " + d + ", " + a + ", " + b + rounding;
            case 4 -> "fsqrt" + format + " " + d + ", " + a + rounding;
            case 5 -> "fmadd" + format + " " + d + ", " + a + ", " + b + ", " + pick(FLOATS) + rounding;
            case 6 -> "fcvt" + format + ".l " + d + ", " + integer() + rounding;
            case 7 -> "fcvt.w" + format + " " + integer() + ", " + a + rounding;
            case 8 -> "feq" + format + " " + integer() + ", " + a + ", " + b;
            case 9 -> "fmv.d.x " + d + ", " + integer();
            case 10 -> "fmv.x.d " + integer() + ", " + a;
            case 11 -> "fsgnjn" + format + " " + d + ", " + a + ", " + b;
            default -> "fcvt.s.d " + d + ", " + a + rounding;
        });
    }

    private void branch() {
        String over = label();
        line(pick(BRANCHES) + " " + integer() + ", " + integer() + ", " + over);
        line(calculation());
        if (random.nextBoolean()) {
            String end = label();
            line(calculation(), "j " + end, over + ":", calculation(), end + ":");
        } else {
            line(over + ":");
        }
    }

    /** A switch: more targets than a region compares one by one, or fewer. */
    private void jumpTable() {
        int targets = random.nextBoolean() ? 8 : 4;
        String table = label();
        String end = label();
        String first = label();
        // Each target is of 8 bytes.
        line("andi t5, " + integer() + ", " + (targets - 1), "slli t5, t5, 3", "la t6, " + first, "add t6, t6, t5",
                random.nextInt(3) > 0 ? "jr t6" : "jalr t4, 0(t6)", first + ":");
        for (int i = 0; i < targets; i++) {
            line("addi a" + i % 6 + ", a" + (i + 1) % 6 + ", " + i, "j " + end);
        }
        line(end + ":", table + ":");
    }

    /** As a bytecode interpreter: long enough for all targets to get warm. */
    private void dispatchLoop() {
        if (depth == LOOP_COUNTERS.length) {
            return;
        }
        loop(40 + random.nextInt(60), () -> {
            line("jal leaf" + random.nextInt(3), "andi t5, " + LOOP_COUNTERS[depth - 1] + ", 7", "slli t5, t5, 3");
            String first = label();
            String end = label();
            line("la t6, " + first, "add t6, t6, t5", "jr t6", first + ":");
            for (int i = 0; i < 8; i++) {
                line("addi a" + i % 6 + ", a" + (i + 1) % 6 + ", " + i, "j " + end);
            }
            line(end + ":");
        });
    }

    private void readControl() {
        String rd = integer();
        line(switch (random.nextInt(11)) {
            case 0 -> "csrr " + rd + ", instret";
            case 1 -> "csrr " + rd + ", cycle";
            case 2 -> "csrr " + rd + ", fflags";
            case 3 -> "csrr " + rd + ", fcsr";
            // Five is no rounding mode.
            case 4 -> "csrwi frm, " + random.nextInt(6);
            case 5 -> "csrrwi " + rd + ", fflags, 0";
            case 6 -> level == Level.MACHINE ? "csrr " + rd + ", minstret" : "csrr " + rd + ", mstatus";
            case 7 -> "fence";
            case 8 -> "csrrw " + rd + ", fflags, " + integer();
            case 9 -> "csrrwi " + rd + ", fflags, " + random.nextInt(32);
            default -> "csrr " + rd + ", time";
        });
    }

    /** What a kernel does when it is entered and left; refused in U-mode. */
    private void supervisorControl() {
        String rd = integer();
        String csr = pick(TRAP_REGISTERS);
        line(switch (random.nextInt(8)) {
            case 0, 1 -> "csrr " + rd + ", " + csr;
            case 2 -> "csrw " + csr + ", " + integer();
            case 3 -> "csrrw " + rd + ", " + csr + ", " + rd;
            case 4 -> "csrrwi " + rd + ", " + csr + ", " + random.nextInt(32);
            case 5 -> "csrrs " + rd + ", " + csr + ", " + integer();
            case 6 -> "csrr " + rd + ", sstatus";
            default -> "csrrci " + rd + ", sstatus, " + (random.nextBoolean() ? 2 : random.nextInt(32) & ~2);
        });
    }

    private void accumulate() {
        String a = integer();
        String b = integer();
        switch (random.nextInt(14)) {
            case 0, 1, 2 -> line("mac " + a + ", " + b);
            case 3 -> line("weigh " + a + ", " + b);
            case 4 -> line("clip " + a + ", " + b);
            case 5 -> line("clipped " + a);
            case 6 -> line("gather " + address());
            case 7 -> line("fmacc " + pick(FLOATS) + ", " + pick(FLOATS) + ", " + pick(FLOATS));
            case 8 -> {
                String over = label();
                line("bover " + a + ", " + over, calculation(), over + ":");
            }
            case 9 -> line("setw " + a);
            case 10 -> line("fold " + a + ", " + b);
            // Of all levels, and one that nobody may write.
            default -> line(pick(ACCESSES) + " " + a + ", " + pick(ADDED) + ", " + b);
        }
    }

    private void modifyCode() {
        String place = label();
        String words = label();
        String over = label();
        line("la t5, " + words, "andi t6, " + integer() + ", 4", "add t5, t5, t6", "lw t6, 0(t5)", "la t5, " + place,
                "sw t6, 0(t5)");
        if (random.nextBoolean()) {
            line(calculation());
        }
        line("fence.i", "j " + place, ".balign 4", words + ":", fourBytes(), fourBytes(), ".balign 4", place + ":", fourBytes(),
                over + ":");
    }

    private String fourBytes() {
        return random.nextInt(4) == 0 ? "csrr " + integer() + ", instret"
                : pick(THREE) + " " + integer() + ", " + integer() + ", " + integer();
    }

    // Page tables and modes

    private void fence(int page) {
        switch (random.nextInt(4)) {
            case 0 -> line("sfence.vma");
            case 1 -> line("li t6, " + GuestFrame.pageOf(page), "sfence.vma t6", "li t6, " + (GuestFrame.HIGH + GuestFrame.pageOf(page)),
                    "sfence.vma t6");
            case 2 -> line("csrr t5, satp", "srli t5, t5, 44", "andi t5, t5, 1", "sfence.vma zero, t5");
            default -> line("csrr t5, satp", "srli t5, t5, 44", "andi t5, t5, 1", "li t6, " + GuestFrame.pageOf(page),
                    "sfence.vma t6, t5", "li t6, " + (GuestFrame.HIGH + GuestFrame.pageOf(page)), "sfence.vma t6, t5");
        }
    }

    /** t5: address of a leaf of the present address space. */
    private void leaf(int page) {
        line("csrr t5, satp", "srli t5, t5, 44", "andi t5, t5, 1", "slli t5, t5, 12", "li t6, " + (LEAVES + 8L * page),
                "add t5, t5, t6");
    }

    private void changeRights() {
        int page = random.nextInt(DATA_PAGES);
        leaf(page);
        int[] bits = {V, R, W, W | D, A, X, U, V | R | W | A | D};
        line("ld t6, 0(t5)", (random.nextBoolean() ? "xori" : "andi") + " t6, t6, " + ~bits[random.nextInt(bits.length)] % 1024,
                "sd t6, 0(t5)");
        fence(page);
    }

    private void remapCode() {
        switch (random.nextInt(4)) {
            case 0, 1 -> {
                flip(CHANGING, 1);
                line("li t5, " + GuestFrame.pageOf(CHANGING), "jalr t5");
            }
            case 2 -> {
                flip(STRADDLED + random.nextInt(2), 1);
                line("li t5, " + (GuestFrame.pageOf(STRADDLED) + 0xFF6), "jalr t5");
            }
            default -> {
                int page = (random.nextBoolean() ? SUPERVISOR_CODE : USER_CODE) + random.nextInt(3);
                leaf(page);
                line("ld t6, 0(t5)", "andi t6, t6, " + ~(random.nextBoolean() ? V : X), "sd t6, 0(t5)");
                fence(page);
            }
        }
    }

    /** Maps a page to the other one of two neighbours, or leaves it out. */
    private void flip(int page, int neighbour) {
        leaf(page);
        line("ld t6, 0(t5)");
        if (random.nextInt(4) > 0) {
            line("xori t6, t6, " + (neighbour << 10), "sd t6, 0(t5)");
        } else {
            line("andi t6, t6, -2", "sd t6, 0(t5)");
        }
        fence(page);
    }

    private void status() {
        int[] bits = {0x4_0000, 0x8_0000, 0x6000, 0x2000, 0x4000, 0xC_0000};
        line("li t5, " + bits[random.nextInt(bits.length)], (random.nextBoolean() ? "csrs" : "csrc") + " sstatus, t5");
    }

    private void userMode() {
        String in = label();
        String out = label();
        line("la t5, " + in, "li t6, " + GuestFrame.alias(USER_CODE), "add t5, t5, t6", "csrw sepc, t5", "li t6, 0x100",
                "csrc sstatus, t6", "la s9, " + out, "sret", in + ":");
        level = Level.USER;
        if (depth < LOOP_COUNTERS.length && random.nextBoolean()) {
            loop(1 + random.nextInt(8), () -> units(1 + random.nextInt(5)));
        } else {
            units(2 + random.nextInt(5));
        }
        level = Level.SUPERVISOR;
        line("ecall", out + ":");
    }

    private void machineMode() {
        String in = label();
        String out = label();
        line("la s9, " + in, "ecall", in + ":");
        level = Level.MACHINE;
        units(2 + random.nextInt(5));
        level = Level.SUPERVISOR;
        line("la t5, " + out, "csrw mepc, t5", "li t6, 0x1800", "csrc mstatus, t6", "li t6, 0x800", "csrs mstatus, t6",
                "mret", out + ":");
    }

    private void machine() {
        switch (random.nextInt(7)) {
            case 0, 1 -> {
                // One access with the rights of another level; the handler takes them away if it faults.
                line("li t6, 0x1800", "csrc mstatus, t6", "li t6, " + (random.nextBoolean() ? 0x2_0800 : 0x2_0000),
                        "csrs mstatus, t6");
                line(pick(random.nextBoolean() ? LOADS : STORES) + " " + integer() + ", " + (random.nextInt(4096) - 2048)
                        + (random.nextBoolean() ? "(s0)" : "(s1)"));
                line("lui t6, 0x20", "csrc mstatus, t6");
            }
            case 2 -> line("csrsi mip, 2");
            case 3 -> line("csrwi mideleg, " + (random.nextBoolean() ? 2 : 0));
            case 4 -> line("csrwi mcountinhibit, " + (random.nextBoolean() ? 4 : random.nextInt(2) * 5));
            case 5 -> line("csrw minstret, " + integer());
            default -> status();
        }
    }

    // Text

    private String integer() {
        return pick(INTEGERS);
    }

    private String shortInteger() {
        return pick(SHORT_INTEGERS);
    }

    private String pick(String[] names) {
        return names[random.nextInt(names.length)];
    }

    private String label() {
        return "l" + labels++;
    }

    private void line(String... lines) {
        for (String line : lines) {
            text.append(line).append('\n');
        }
    }
}
