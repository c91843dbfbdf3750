package org.vm.isa.riscv.internal;

import java.util.List;
import java.util.SplittableRandom;

/**
 * Random programs of the privileged architecture. Each of their steps sets control registers at random, enters a level,
 * does one thing there that may trap, and has the handler log all control registers. They stay within what this hart and
 * the oracle both implement, where the manual leaves a choice.
 */
final class PrivilegedPrograms {
    static final long ORIGIN = HartFixture.RAM;
    /** Where a program finds 0 if it shall wait at its end, or 1 if it shall send its log to the serial port. */
    static final long FLAG = ORIGIN + 0x7_0000;
    static final long LOG = ORIGIN + 0x8_0000;

    /** What the handler logs, in this order, after a0 and the status. */
    static final List<String> LOGGED = List.of("mcause", "mepc", "mtval", "mstatus", "sstatus", "scause", "sepc", "stval",
            "mip", "mie", "sip", "sie", "medeleg", "mideleg", "satp", "menvcfg", "senvcfg", "mcounteren", "scounteren",
            "fcsr");
    /** QEMU 7.2 leaves MPRV set when it returns below M-mode, as the manual had it before version 1.12. */
    static final long STATUS_COMPARED = ~Status.MPRV;
    static final int LOGGED_BYTES = 8 * (2 + LOGGED.size());

    /** Registers that steps use, and the bits of them that both sides implement alike. */
    private record Csr(String name, long mask) {}

    private static final long STATUS = 0x7E_79AA;
    private static final long PMP_ADDRESS = (1L << 54) - 1;
    private static final List<Csr> WRITTEN = List.of(new Csr("mstatus", STATUS), new Csr("sstatus", 0x0C_6122),
            new Csr("medeleg", 0xB1FF), new Csr("mideleg", 0x222), new Csr("mie", 0xAAA), new Csr("sie", 0x222),
            new Csr("mcounteren", 7), new Csr("scounteren", 7),
            new Csr("mscratch", -1), new Csr("sscratch", -1), new Csr("mcause", -1), new Csr("scause", -1),
            new Csr("mtval", -1), new Csr("stval", -1), new Csr("menvcfg", 0xC000_0000_0000_00D1L),
            new Csr("senvcfg", 0xD1), new Csr("fflags", -1), new Csr("frm", 3), new Csr("fcsr", 0x7F),
            new Csr("pmpaddr3", PMP_ADDRESS), new Csr("mepc", -2), new Csr("sepc", -2));
    private static final List<String> ONLY_READ = List.of("misa", "mhartid", "mconfigptr", "mtvec", "stvec", "pmpcfg0",
            "pmpcfg2", "pmpaddr0");
    /** Their values depend on the host. */
    private static final List<String> ONLY_PROBED = List.of("cycle", "time", "instret", "hpmcounter3",
            "stimecmp", "mcycle", "minstret", "mhpmcounter5", "0x123", "0x5C0", "0x9C0", "0xFFF");

    private final SplittableRandom random;
    private final StringBuilder text = new StringBuilder();

    PrivilegedPrograms(long seed) {
        random = new SplittableRandom(seed);
    }

    /** Assembler text for a program of {@code steps} steps. */
    String generate(int steps) {
        lines("la s0, " + LOG, "la t0, machine_trap", "csrw mtvec, t0", "la t0, supervisor_trap", "csrw stvec, t0",
                "li t0, " + PMP_ADDRESS, "csrw pmpaddr0, t0", "li t0, 0x1f", "csrw pmpcfg0, t0",
                // The oracle's board has a timer, which is due at reset.
                "li t0, " + FLAG, "lwu t0, 0(t0)", "beqz t0, step0", "li t0, 0x2004000", "li t1, -1", "sd t1, 0(t0)",
                "j step0");
        handlers();
        for (int i = 0; i < steps; i++) {
            step(i);
        }
        lines("step" + steps + ":", "li t0, " + FLAG, "lwu t0, 0(t0)", "beqz t0, wait",
                "li t0, " + LOG, "li t1, 0x10000000", "send:", "lbu t2, 0(t0)", "sb t2, 0(t1)", "addi t0, t0, 1",
                "bne t0, s0, send", "li t0, 0x100000", "li t1, 0x5555", "sw t1, 0(t0)", "wait:", "csrw mie, zero", "wfi", "j wait",
                ".balign 4096", "pages:", ".zero 16", ".dword " + (ORIGIN >> 2 | 0xCF), ".zero 4072");
        return text.toString();
    }

    private void handlers() {
        lines(".balign 4", "supervisor_trap:", "ecall", "j supervisor_trap", ".balign 4", "machine_trap:",
                // With MPRV still set, stores would go where the interrupted level sees memory.
                "csrr t3, mstatus", "li t4, 0x20000", "csrc mstatus, t4", "sd a0, 0(s0)", "sd t3, 8(s0)", "li t4, 0x2000",
                "csrs mstatus, t4");
        for (int i = 0; i < LOGGED.size(); i++) {
            lines("csrr t4, " + LOGGED.get(i), "sd t4, " + (16 + 8 * i) + "(s0)");
        }
        lines("addi s0, s0, " + LOGGED_BYTES, "jr s1");
    }

    private void step(int i) {
        lines("step" + i + ":", "la s1, step" + (i + 1));
        // One at a time: without AIA, QEMU 7.2 takes the interrupt with the lowest number, not the one of highest priority.
        // And not the timer's, which it keeps when menvcfg.STCE makes the comparator its only source.
        write("mip", random.nextInt(3) == 0 ? 2L << 8 * random.nextInt(2) : 0);
        write("mie", random.nextInt(3) == 0 ? random.nextLong() & 0xAAA : 0);
        for (String csr : List.of("mideleg", "medeleg", "mcounteren", "scounteren", "menvcfg", "senvcfg")) {
            if (random.nextBoolean()) {
                write(csr, random.nextLong() & mask(csr));
            }
        }
        lines("la t0, pages", "srli t0, t0, 12", "li t1, " + (8L << 60), "or t0, t0, t1");
        lines(random.nextBoolean() ? "csrw satp, t0" : "csrw satp, zero", "sfence.vma");
        int level = new int[] {0, 1, 1, 3}[random.nextInt(4)];
        lines("la t0, body" + i, "csrw mepc, t0", "la t0, back" + i, "csrw sepc, t0");
        // QEMU 7.2 does not forget what it cached for M-mode's own accesses when MPRV starts to redirect them.
        long allowed = STATUS & ~(level == Privilege.MACHINE ? Status.MPP | Status.MPRV : Status.MPP);
        write("mstatus", random.nextLong() & allowed | (long) level << 11);
        lines("li a0, " + random.nextInt(100), "li t1, " + random.nextLong(), "la t2, body" + i);
        lines("mret", "body" + i + ":");
        lines(body());
        lines("back" + i + ":", "ecall", "ecall");
    }

    private static long mask(String csr) {
        return WRITTEN.stream().filter(c -> c.name.equals(csr)).findFirst().orElseThrow().mask;
    }

    private void write(String csr, long value) {
        lines("li t0, " + value, "csrw " + csr + ", t0");
    }

    private String[] body() {
        return switch (random.nextInt(12)) {
            case 0 -> new String[] {List.of("mret", "sret").get(random.nextInt(2)), "nop"};
            case 1 -> new String[] {"sfence.vma"};
            case 2 -> new String[] {"ld a0, 0(t2)"};
            case 3 -> new String[] {"sd a0, -8(s0)"};
            case 4 -> new String[] {"fadd.d ft0, ft1, ft2"};
            case 5 -> new String[] {random.nextBoolean() ? ".word 0xffffffff" : "ecall"};
            case 6 -> new String[] {"csrr a0, " + ONLY_READ.get(random.nextInt(ONLY_READ.size()))};
            case 7 -> new String[] {"csrr zero, " + ONLY_PROBED.get(random.nextInt(ONLY_PROBED.size()))};
            case 8 -> immediateAccess();
            default -> access();
        };
    }

    private String[] immediateAccess() {
        if (random.nextBoolean()) {
            return new String[] {List.of("csrrsi", "csrrci").get(random.nextInt(2)) + " a0, sstatus, "
                    + (random.nextBoolean() ? 2 : random.nextInt(32))};
        }
        return new String[] {List.of("csrrwi", "csrrsi", "csrrci").get(random.nextInt(3)) + " a0, "
                + List.of("sscratch", "scause", "stval").get(random.nextInt(3)) + ", " + (1 + random.nextInt(31))};
    }

    private String[] access() {
        Csr csr = WRITTEN.get(random.nextInt(WRITTEN.size()));
        // QEMU takes a mask of zero in a register for no write at all.
        long value = (random.nextLong() | csr.mask & -csr.mask) & csr.mask;
        if (csr.name.equals("mstatus")) {
            // All of MPP or nothing: 2 is no level.
            value = value & ~0x1800 | (random.nextBoolean() ? 0x1800 : 0);
        }
        String operation = List.of("csrrw", "csrrs", "csrrc").get(random.nextInt(3));
        return new String[] {"li t1, " + value, operation + " a0, " + csr.name + ", t1"};
    }

    private void lines(String... lines) {
        for (String line : lines) {
            text.append(line).append('\n');
        }
    }
}
