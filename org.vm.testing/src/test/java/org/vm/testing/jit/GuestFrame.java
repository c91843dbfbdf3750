package org.vm.testing.jit;

import java.util.Map;
import java.util.TreeMap;

/**
 * What is around a random program: page tables, a trap handler that logs every trap and either makes the access
 * possible or skips it, and code pages that the program maps now here and now there. All of it lies at the start of RAM,
 * which S-mode sees where it is; what S- and U-mode use besides is in a window of 512 pages from {@link #WINDOW}. Two
 * address spaces have a window each.
 */
final class GuestFrame {
    static final long RAM = 0x8000_0000L;
    static final long WINDOW = 0x100_0000;
    /** The window is here once more above its address, at the other end of the address space. */
    static final long HIGH = 0xFFFF_FFC0_0000_0000L;
    /** Page numbers in the window: data of S-mode and of U-mode, the code again for each of them. */
    static final int SUPERVISOR_DATA = 0;
    static final int USER_DATA = 32;
    static final int DATA_PAGES = 64;
    static final int SUPERVISOR_CODE = 128;
    static final int USER_CODE = 256;
    /** One of two pages with a function; and two pages which an instruction straddles, each one of two. */
    static final int CHANGING = 144;
    static final int STRADDLED = 145;

    /** Where in RAM things are. */
    static final long CODE_SIZE = 0x1_0000;
    static final long SAVE = RAM + 0x1_0000;
    static final long STACK = RAM + 0x1_3000;
    static final long LEAVES = RAM + 0x1_6000;
    static final long FRAMES = RAM + 0x2_0000;
    static final int USED = 0x8_0000;
    private static final long ROOT = RAM + 0x1_4000;
    private static final long ROOT2 = RAM + 0x1_8000;
    private static final int CODE_PAGES = 0xC;

    static final int V = 1;
    static final int R = 2;
    static final int W = 4;
    static final int X = 8;
    static final int U = 16;
    static final int A = 64;
    static final int D = 128;

    private GuestFrame() {}

    /** {@code satp} of an address space, 0 or 1. */
    static long satp(int space) {
        return 8L << 60 | (long) space << 44 | (space == 0 ? ROOT : ROOT2) >> 12;
    }

    static long pageOf(int number) {
        return WINDOW + number * 4096L;
    }

    /** What takes an address of code to the same code in the window. */
    static long alias(int pages) {
        return pageOf(pages) - RAM;
    }

    /** The whole program around functions and a main part in S-mode. */
    static String around(String functions, String main) {
        return START + functions + "main:\n" + main + """
                        la      s9, end
                        ecall
                        .balign 4
                """ + HANDLERS.formatted(LEAVES, LEAVES) + PAGES + tables();
    }

    /** Lets S- and U-mode use all memory. */
    static final String OPEN_MEMORY = """
                    li      t0, -1
                    csrw    pmpaddr0, t0
                    li      t0, 0x1f
                    csrw    pmpcfg0, t0
            """;

    /** Goes on at {@code main} in S-mode. */
    static final String TO_MAIN = """
                    li      t0, 0x1800
                    csrc    mstatus, t0
                    li      t0, 0x800
                    csrs    mstatus, t0
                    la      t0, main
                    csrw    mepc, t0
                    mret
            """;

    private static final String START = """
                    j       start
            start:  la      t0, trap
                    csrw    mtvec, t0
                    la      t0, strap
                    csrw    stvec, t0
                    li      t0, 0x80010000
                    csrw    mscratch, t0
            """ + OPEN_MEMORY + """
                    li      t0, 0x1f
                    csrw    mcounteren, t0
                    csrw    scounteren, t0
                    csrwi   mie, 2
                    li      t0, %d
                    csrw    satp, t0
                    sfence.vma
                    li      sp, %d
                    li      s0, %d
                    li      s1, %d
            """.formatted(satp(0), STACK, pageOf(SUPERVISOR_DATA + 1), pageOf(USER_DATA + 1)) + TO_MAIN;

    private static final String HANDLERS = """
            end:    csrw    mie, zero
                    wfi
                    j       end
                    .balign 4
            strap:  addi    tp, tp, 1
                    csrci   sip, 2
                    sret
                    .balign 4
            trap:   csrrw   t6, mscratch, t6
                    csrrw   t5, sscratch, t5
                    lui     t5, 0x20
                    csrrc   t5, mstatus, t5         # accesses of the handler are its own
                    sd      t4, 0(t6)
                    sd      t3, 8(t6)
                    sd      t2, 16(t6)
                    ld      t4, 24(t6)              # what was logged so far
                    xor     t4, t4, t5
                    rori    t4, t4, 13
                    csrr    t3, mcause
                    xor     t4, t4, t3
                    rori    t4, t4, 13
                    csrr    t3, mepc
                    xor     t4, t4, t3
                    rori    t4, t4, 13
                    csrr    t3, mtval
                    xor     t4, t4, t3
                    rori    t4, t4, 13
                    csrr    t3, minstret
                    xor     t4, t4, t3
                    rori    t4, t4, 13
                    sd      t4, 24(t6)
                    ld      t4, 32(t6)
                    addi    t4, t4, 1
                    sd      t4, 32(t6)
                    li      t3, 2000
                    bgeu    t4, t3, stop
                    csrr    t3, mcause
                    bltz    t3, interrupt
                    li      t2, 8
                    beq     t3, t2, from_user
                    li      t2, 9
                    beq     t3, t2, from_supervisor
                    li      t2, 12
                    beq     t3, t2, fetch
                    li      t2, 2
                    beq     t3, t2, illegal
                    li      t2, 13
                    beq     t3, t2, data
                    li      t2, 15
                    beq     t3, t2, data
            skip:   csrr    t3, mepc
                    slli    t3, t3, 48
                    srli    t3, t3, 48
                    li      t2, 0x80000000
                    add     t3, t3, t2
                    lhu     t3, 0(t3)
                    andi    t3, t3, 3
                    addi    t3, t3, 1
                    srli    t3, t3, 2
                    slli    t3, t3, 1
                    addi    t3, t3, 2
                    csrr    t2, mepc
                    add     t2, t2, t3
                    csrw    mepc, t2
            done:   ld      t4, 0(t6)
                    ld      t3, 8(t6)
                    ld      t2, 16(t6)
                    csrrw   t5, sscratch, t5
                    csrrw   t6, mscratch, t6
                    mret
            interrupt:
                    csrci   mip, 2
                    j       done
            from_user:
                    csrw    mepc, s9
                    li      t3, 0x1800
                    csrc    mstatus, t3
                    li      t3, 0x800
                    csrs    mstatus, t3
                    j       done
            stop:   csrw    mie, zero               # what is pending would be back here at once
                    la      s9, end
            from_supervisor:
                    csrw    mepc, s9
                    li      t3, 0x1800
                    csrs    mstatus, t3
                    j       done
            illegal:
                    srli    t3, t5, 13              # with the floating-point unit off: switch it on, now and then
                    andi    t3, t3, 3
                    bnez    t3, skip
                    andi    t2, t4, 1
                    beqz    t2, skip
                    li      t3, 0x2000
                    csrs    mstatus, t3
                    j       done
            data:   andi    t2, t4, 1
                    beqz    t2, skip
                    csrr    t3, mtval
                    li      t2, 0x1000000
                    sub     t2, t3, t2
                    srli    t2, t2, 18
                    bnez    t2, skip
                    csrr    t2, satp
                    srli    t2, t2, 44
                    andi    t2, t2, 1
                    slli    t2, t2, 12
                    slli    t3, t3, 43
                    srli    t3, t3, 55
                    slli    t3, t3, 3
                    add     t2, t2, t3
                    li      t3, %d
                    add     t2, t2, t3
                    ld      t3, 0(t2)
                    ori     t3, t3, 0xC7            # valid, readable, writable, accessed, dirty
                    sd      t3, 0(t2)
                    csrr    t3, mtval
                    sfence.vma t3
                    j       done
            fetch:  csrr    t3, mtval
                    csrr    t2, satp
                    srli    t2, t2, 44
                    andi    t2, t2, 1
                    slli    t2, t2, 12
                    slli    t3, t3, 43
                    srli    t3, t3, 55
                    slli    t3, t3, 3
                    add     t2, t2, t3
                    li      t3, %d
                    add     t2, t2, t3
                    ld      t3, 0(t2)
                    ori     t3, t3, 0x4B            # valid, readable, executable, accessed
                    sd      t3, 0(t2)
                    sfence.vma
                    j       done
            """;

    /** Two functions at the same place of two pages; and an instruction of two halves, each of which is one of two. */
    private static final String PAGES = """
                    .org    0x8000C000
            page0:  addi    a1, a1, 1
                    c.add   a2, a1
                    xor     a3, a3, a2
                    ret
                    .org    0x8000CFF6
                    addi    a3, a3, 1
                    xor     a3, a3, a2
                    .half   0x0613                  # addi a2, a2, ...
            page1:  slli    a1, a1, 1
                    addi    a1, a1, -5
                    sub     a3, a2, a1
                    beqz    a3, 1f
                    c.addi  a2, 3
            1:      ret
                    .org    0x8000DFF6
                    addi    a3, a3, 7
                    add     a3, a3, a2
                    .half   0x4613                  # xori a2, a2, ...
                    .org    0x8000E000
            page2:  .half   0x0056                  # ..., 5
                    ret
                    .org    0x8000F000
            page3:  .half   0xFF96                  # ..., -7
                    addi    a1, a1, 2
                    ret
            """;

    private static long entry(long physical, int bits) {
        return physical >> 2 | bits;
    }

    private static String tables() {
        StringBuilder text = new StringBuilder();
        for (int space = 0; space < 2; space++) {
            long root = space == 0 ? ROOT : ROOT2;
            table(text, root, Map.of(0, entry(root + 4096, V), 2, entry(RAM, V | R | W | X | A | D),
                    256, entry(root + 4096, V)));
            table(text, root + 4096, Map.of(8, entry(LEAVES + 4096L * space, V)));
            if (space == 0) {
                table(text, LEAVES, leaves(0));
                table(text, LEAVES + 4096, leaves(1));
            }
        }
        return text.toString();
    }

    private static TreeMap<Integer, Long> leaves(int space) {
        TreeMap<Integer, Long> leaves = new TreeMap<>();
        for (int i = 0; i < DATA_PAGES; i++) {
            // The second address space has the same frames in another order.
            long frame = FRAMES + 4096L * (space == 0 ? i : i ^ 5);
            int rights = switch (i % 32 % 8) {
                case 3 -> R | A;
                case 5 -> 0;
                case 6 -> X | A | V;
                case 7 -> V | R | W;
                default -> V | R | W | A | D;
            };
            leaves.put(SUPERVISOR_DATA + i, entry(frame, rights | (i < USER_DATA ? 0 : U)));
        }
        for (int i = 0; i < CODE_PAGES; i++) {
            leaves.put(SUPERVISOR_CODE + i, entry(RAM + 4096L * i, V | R | X | A));
            leaves.put(USER_CODE + i, entry(RAM + 4096L * i, V | R | X | A | U));
        }
        leaves.put(CHANGING, entry(RAM + 0xC000 + 4096L * space, V | X | A));
        leaves.put(STRADDLED, entry(RAM + 0xC000, V | X | A));
        leaves.put(STRADDLED + 1, entry(RAM + 0xE000 + 4096L * space, V | X | A));
        return leaves;
    }

    private static void table(StringBuilder text, long at, Map<Integer, Long> entries) {
        new TreeMap<>(entries).forEach((index, entry) -> text.append(".org ").append(at + 8 * index).append("\n.dword ")
                .append(entry).append('\n'));
    }
}
