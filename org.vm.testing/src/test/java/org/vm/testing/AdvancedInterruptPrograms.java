package org.vm.testing;

import java.util.List;
import java.util.SplittableRandom;

/**
 * Random programs for one hart with an IMSIC and an APLIC. Each of their steps changes something of the interrupts, enters a
 * level and does something there; the handler of the trap that follows logs all registers. They stay within what the oracle
 * implements: it knows neither filtered interrupts nor reserved registers of a file, and has priorities of its own.
 */
final class AdvancedInterruptPrograms {
    private static final long MACHINE_FILE = 0x2400_0000;
    private static final long SUPERVISOR_FILE = 0x2800_0000;
    private static final long[] DOMAINS = {0x0c00_0000, 0x0d00_0000};
    private static final long UART = 0x1000_0000;
    private static final long SYSCON = 0x0010_0000;
    private static final long TIMER_COMPARATOR = 0x0200_4000;
    /** Sources of the APLIC without a device; the first half stays with M-mode. */
    private static final int FIRST_SOURCE = 12;
    private static final int SOURCES = 8;
    private static final List<String> LOGGED = List.of("mcause", "mepc", "scause", "sepc", "mip", "mie", "sip", "sie", "mideleg",
            "mtopei", "stopei", "miselect", "siselect");
    private static final List<Integer> LOGGED_INDIRECT = List.of(0x70, 0x72, 0x80, 0x82, 0xC0, 0xC2);
    private static final List<Integer> SELECTED = List.of(0x70, 0x70, 0x72, 0x80, 0x82, 0x84, 0x86, 0xC0, 0xC0, 0xC2, 0xC2, 0xC4,
            0xC6, 0x81, 0xC3, 0x31, 0, 0x6F, 0x100, 0x1FF);
    private static final List<Integer> DOMAIN_REGISTERS = List.of(0, 0x1C00, 0x1E00);
    static final int LOGGED_VALUES = 3 + LOGGED.size() + 2 * LOGGED_INDIRECT.size() + 2 * DOMAIN_REGISTERS.size();

    private final SplittableRandom random;
    private final StringBuilder text = new StringBuilder();

    AdvancedInterruptPrograms(long seed) {
        random = new SplittableRandom(seed);
    }

    /** Assembler text for a program of {@code steps} steps, which sends {@link #LOGGED_VALUES} lines for each. */
    String generate(int steps) {
        lines("la t0, machine_trap", "csrw mtvec, t0", "la t0, supervisor_trap", "csrw stvec, t0", "li t0, -1", "srli t0, t0, 10",
                "csrw pmpaddr0, t0", "li t0, 0x1f", "csrw pmpcfg0, t0", "csrw mideleg, zero", "csrw medeleg, zero");
        write("mie", 0xAAA);
        // Much is on at first, so that it comes to interrupts.
        for (String level : List.of("m", "s")) {
            for (int register : new int[] {0x70, 0xC0, 0xC2}) {
                write(level + "iselect", register);
                write(level + "ireg", register == 0x70 ? 1 : -1);
            }
        }
        store64(TIMER_COMPARATOR, -1);
        domains();
        lines("j step0");
        handlers();
        for (int i = 0; i < steps; i++) {
            step(i);
        }
        lines("step" + steps + ":");
        store(SYSCON, 0x5555);
        lines("end: j end");
        return text.toString();
    }

    private void domains() {
        // Where messages go to: the oracle has to be told.
        store(DOMAINS[0] + 0x1BC0, MACHINE_FILE >> 12);
        store(DOMAINS[0] + 0x1BC4, 0);
        store(DOMAINS[0] + 0x1BC8, SUPERVISOR_FILE >> 12);
        store(DOMAINS[0] + 0x1BCC, 0);
        for (int source = FIRST_SOURCE; source < FIRST_SOURCE + SOURCES; source++) {
            store(DOMAINS[0] + 4L * source, domain(source) == 0 ? 0 : 1 << 10);
        }
    }

    private static int domain(int source) {
        return source < FIRST_SOURCE + SOURCES / 2 ? 0 : 1;
    }

    private void handlers() {
        lines(".balign 4", "supervisor_trap:", "ecall", "j supervisor_trap", ".balign 4", "machine_trap:",
                "csrr s2, miselect", "csrr s3, siselect", "mv s5, a0", "mv a0, s5", "jal s4, send");
        LOGGED.forEach(csr -> lines("csrr a0, " + csr, "jal s4, send"));
        // Without the priority.
        lines("csrr a0, mtopi", "srli a0, a0, 16", "jal s4, send", "csrr a0, stopi", "srli a0, a0, 16", "jal s4, send");
        for (int register : LOGGED_INDIRECT) {
            lines("li t0, " + register, "csrw miselect, t0", "csrr a0, mireg", "jal s4, send");
            lines("li t0, " + register, "csrw siselect, t0", "csrr a0, sireg", "jal s4, send");
        }
        for (long base : DOMAINS) {
            for (int register : DOMAIN_REGISTERS) {
                // The oracle begins with a pending bit where nothing is connected.
                int shift = register == 0 ? 0 : FIRST_SOURCE;
                lines("li t0, " + (base + register), "lwu a0, 0(t0)", "srli a0, a0, " + shift, "jal s4, send");
            }
        }
        lines("csrw miselect, s2", "csrw siselect, s3", "mv a0, s5", "jr s1");
        // Sixteen digits and a new line.
        lines("send:", "li t0, " + UART, "li t1, 60", "digit:", "srl t2, a0, t1", "andi t2, t2, 15", "addi t2, t2, 48",
                "li t3, 58", "blt t2, t3, put", "addi t2, t2, 39", "put:", "sb t2, 0(t0)", "addi t1, t1, -4",
                "bge t1, zero, digit", "li t2, 10", "sb t2, 0(t0)", "jr s4");
    }

    private void step(int i) {
        lines("step" + i + ":", "la s1, step" + (i + 1));
        for (int n = random.nextInt(1, 4); n > 0; n--) {
            change();
        }
        int level = new int[] {0, 1, 1, 3}[random.nextInt(4)];
        lines("la t0, body" + i, "csrw mepc, t0", "li t0, " + (random.nextLong() & 0xAA | (long) level << 11),
                "csrw mstatus, t0", "mret", "body" + i + ":");
        lines(switch (random.nextInt(8)) {
            case 0 -> "csrrw a0, stopei, zero";
            case 1 -> "csrr a0, mtopei";
            case 2 -> "csrr a0, sireg";
            case 3 -> "csrrw a0, mireg, zero";
            case 4 -> "csrw stopi, a0";
            default -> "nop";
        });
        lines("ecall", "ecall");
    }

    private void change() {
        boolean supervisor = random.nextBoolean();
        String level = supervisor ? "s" : "m";
        switch (random.nextInt(10)) {
            case 0 -> write("mideleg", random.nextLong() & 0x222);
            case 1 -> write(supervisor ? "sie" : "mie", random.nextLong() & 0xAAA);
            // The oracle's SEIP is the interrupt file's alone.
            case 2 -> write("mip", random.nextLong() & 0x22);
            case 3, 4 -> select(level);
            case 5 -> lines((random.nextInt(3) == 0 ? "csrr a0, %stopei" : "csrrw a0, %stopei, zero").formatted(level));
            case 6, 7 -> store((supervisor ? SUPERVISOR_FILE : MACHINE_FILE) + (random.nextInt(8) == 0 ? 4 : 0),
                    random.nextInt(4) == 0 ? random.nextInt(300) : random.nextInt(70));
            default -> source();
        }
    }

    private void select(String level) {
        int register = SELECTED.get(random.nextInt(SELECTED.size()));
        long value = register == 0x70 ? random.nextInt(4) == 0 ? 0 : 1
                : register == 0x72 ? random.nextInt(3) == 0 ? random.nextInt(256) : 0 : random.nextLong();
        String operation = List.of("csrrw", "csrrs", "csrrs", "csrrc").get(random.nextInt(4));
        // The oracle takes a mask of zero for no write, which is the same here but for a top interrupt.
        write(level + "iselect", register);
        lines("li t1, " + value, operation + " a0, " + level + "ireg, t1");
    }

    private void source() {
        int source = FIRST_SOURCE + random.nextInt(SOURCES);
        long base = DOMAINS[domain(source)];
        switch (random.nextInt(5)) {
            case 0 -> {
                store(base + 4L * source, List.of(0, 1, 1, 4).get(random.nextInt(4)));
                store(base + 0x3000 + 4L * source, random.nextInt(1, 70));
            }
            case 1 -> store(base + (random.nextInt(3) == 0 ? 0x1FDC : 0x1EDC), source);
            case 2 -> store(base, random.nextInt(4) == 0 ? 0 : 1 << 8);
            case 3 -> store(base + 0x3000, random.nextInt(70));
            default -> store(base + (random.nextInt(4) == 0 ? 0x1DDC : 0x1CDC), source);
        }
    }

    private void write(String csr, long value) {
        lines("li t0, " + value, "csrw " + csr + ", t0");
    }

    private void store(long address, long value) {
        lines("li t0, " + address, "li t1, " + value, "sw t1, 0(t0)");
    }

    private void store64(long address, long value) {
        lines("li t0, " + address, "li t1, " + value, "sd t1, 0(t0)");
    }

    private void lines(String... lines) {
        for (String line : lines) {
            text.append(line).append('\n');
        }
    }
}
