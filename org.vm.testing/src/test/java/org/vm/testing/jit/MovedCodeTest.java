package org.vm.testing.jit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vm.api.ExecMode;
import org.vm.api.cpu.TranslationStats;
import org.vm.engine.interp.internal.Interpreter;
import org.vm.engine.jit.internal.JitEngine;
import org.vm.testing.BareHart;

/** Code that is at many virtual addresses, as libraries and position-independent programs are: one translation is for all. */
class MovedCodeTest {
    private static final int A0 = 10;
    private static final int PLACES = 40;
    private static final long ROOT = 0x8001_0000L;
    private static final long GIGABYTE = 1L << 30;
    /** Valid, readable, writable, executable, accessed, dirty. */
    private static final int ALL = 0xCF;
    private static final int POINTER = 1;

    /** Goes on in S-mode, with an address space whose tables are at {@link #ROOT}. */
    private static final String START = """
                    la      t0, end
                    csrw    mtvec, t0
                    li      t0, %d
                    csrw    satp, t0
                    sfence.vma
            """.formatted(8L << 60 | ROOT >> 12) + GuestFrame.OPEN_MEMORY + GuestFrame.TO_MAIN + """
                    .balign 4
            end:    wfi
                    j       end
            """;

    private static String entry(long table, long index, long physical, int bits) {
        return ".org " + (table + 8 * index) + "\n.dword " + (physical >> 2 | bits) + "\n";
    }

    /** RAM in each gigabyte that anything runs in: the third one is where it is. */
    private static String everywhere() {
        return IntStream.concat(IntStream.range(0, PLACES), IntStream.range(0, PLACES).map(MovedCodeTest::far)).distinct().sorted()
                .mapToObj(gigabyte -> entry(ROOT, gigabyte, 0x8000_0000L, ALL)).collect(Collectors.joining());
    }

    /** The gigabyte of a function that is called from another one. */
    private static int far(int place) {
        return 64 + (place * place & 31);
    }

    /**
     * {@code work} in one gigabyte after the other, with a function in another one, never at the same distance twice in turn, and
     * one that is where it is.
     */
    private static final String CALLS = START + """
            main:   li      s2, 0
                    li      a0, 0
                    li      s4, 0x3fffffff
            again:  slli    t0, s2, 30
                    la      t1, work
                    and     t1, t1, s4
                    add     t0, t0, t1
                    mul     t2, s2, s2
                    andi    t2, t2, 31
                    addi    t2, t2, 64
                    slli    t2, t2, 30
                    la      t1, far
                    and     t1, t1, s4
                    add     s5, t2, t1
                    jalr    t0
                    addi    s2, s2, 1
                    li      t1, %d
                    bne     s2, t1, again
                    ecall
                    .org    0x80001000
            work:   mv      s7, ra
                    li      s3, 100
            turn:   auipc   s6, 0
                    li      t0, 3
                    or      s6, s6, t0
                    jal     near
                    jalr    s5
                    li      t0, 0x80003000
                    jalr    t0
                    andi    t0, s3, 3
                    slli    t0, t0, 3
                    la      t1, table
                    add     t1, t1, t0
                    jr      t1
                    .balign 8
            table:  addi    a0, a0, 1
                    j       on
                    .balign 8
                    addi    a0, a0, 2
                    j       on
                    .balign 8
                    addi    a0, a0, 3
                    j       on
                    .balign 8
                    addi    a0, a0, 4
                    j       on
            on:     csrr    t0, sscratch
                    add     a0, a0, t0
                    addi    s3, s3, -1
                    bnez    s3, turn
                    srli    s6, s6, 30
                    add     a0, a0, s6
                    jr      s7
            near:   la      t3, five
                    lw      t3, 0(t3)
                    add     a0, a0, t3
                    ret
                    .balign 4
            five:   .word   5
                    .org    0x80003000
            far:    auipc   t3, 0
                    srli    t3, t3, 30
                    add     a0, a0, t3
                    ret
            """.formatted(PLACES) + everywhere();

    private static long expectedOfCalls() {
        long sum = 0;
        for (int place = 0; place < PLACES; place++) {
            sum += place + 100 * (5 + far(place) + 2) + 250;
        }
        return sum;
    }

    /**
     * A page of code 40 times, each followed by one of two others with the same function, 64 KiB apart; twice in turn, so that what
     * was translated for one neighbour is asked to run with the other.
     */
    private static String neighbours() {
        StringBuilder source = new StringBuilder(START).append("""
                main:   li      s3, 0
                        li      a0, 0
                round:  li      s2, 0x40000000
                        li      s4, %d
                again:  jalr    s2
                        li      t0, 0x10000
                        add     s2, s2, t0
                        bne     s2, s4, again
                        addi    s3, s3, 1
                        li      t0, 4
                        bne     s3, t0, round
                        ecall
                        .org    0x80001000
                work:   mv      s7, ra
                        li      s5, 60
                turn:   jal     one
                        addi    s5, s5, -1
                        bnez    s5, turn
                        jr      s7
                        .org    0x80002000
                one:    addi    a0, a0, 1
                        ret
                        .org    0x80003000
                        addi    a0, a0, 3
                        ret
                """.formatted(GIGABYTE + PLACES * 0x10000L));
        source.append(entry(ROOT, 1, ROOT + 0x1000, POINTER)).append(entry(ROOT, 2, 0x8000_0000L, ALL));
        for (int i = 0; i < 2; i++) {
            source.append(entry(ROOT + 0x1000, i, ROOT + 0x2000 + i * 0x1000L, POINTER));
        }
        for (int place = 0; place < PLACES; place++) {
            source.append(entry(ROOT + 0x2000, place * 16L, 0x8000_1000L, ALL));
            source.append(entry(ROOT + 0x2000, place * 16L + 1, neighbour(place), ALL));
        }
        return source.toString();
    }

    private static long neighbour(int place) {
        return place % 3 == 0 ? 0x8000_3000L : 0x8000_2000L;
    }

    private static JitEngine engine(ExecMode mode, int threshold) {
        return new JitEngine(new Interpreter(), mode, threshold, false, JitEngine.CODE_LIMIT);
    }

    @Test
    void theInterpreterRunsItAnywhere() {
        try (BareHart hart = new BareHart(new Interpreter())) {
            hart.load(CALLS);
            hart.runToEnd(10_000_000);
            assertEquals(expectedOfCalls(), hart.x(A0));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 12, 40})
    void whatWasTranslatedIsEnteredAtOtherAddresses(int threshold) {
        try (JitEngine engine = engine(ExecMode.JIT, threshold); BareHart hart = new BareHart(engine)) {
            hart.load(CALLS);
            hart.runToEnd(10_000_000);
            assertEquals(expectedOfCalls(), hart.x(A0));
            TranslationStats stats = hart.runner().translated().orElseThrow().stats();
            // Some 15 blocks, each for the first address and then for all others.
            assertTrue(stats.translated() > 0 && stats.translated() < 60, stats.toString());
            assertEquals(0, stats.invalidated());
            // Of some 90,000 instructions.
            assertTrue(stats.runs().executed() > 60_000, stats.toString());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 12, 40})
    void whatHasOtherNeighboursIsTranslatedForItself(int threshold) {
        long expected = 0;
        for (int place = 0; place < PLACES; place++) {
            expected += 4 * 60 * (neighbour(place) == 0x8000_3000L ? 3 : 1);
        }
        try (JitEngine engine = engine(ExecMode.JIT, threshold); BareHart hart = new BareHart(engine)) {
            hart.load(neighbours());
            hart.runToEnd(10_000_000);
            assertEquals(expected, hart.x(A0));
            TranslationStats stats = hart.runner().translated().orElseThrow().stats();
            assertTrue(stats.runs().executed() > 20_000, stats.toString());
            assertEquals(0, stats.invalidated());
        }
    }

    @Test
    void codeThatChangesIsTranslatedAnewForAllAddresses() {
        String source = CALLS.replace("        ecall\n", """
                        bnez    s8, out
                        li      s8, 1
                        la      t0, other
                        lw      t0, 0(t0)
                        la      t1, near
                        sw      t0, 8(t1)
                        la      t1, five
                        li      t0, 7
                        sw      t0, 0(t1)
                        fence.i
                        j       main
                out:    ecall
                other:  lhu     t3, 0(t3)
                """);
        try (JitEngine engine = engine(ExecMode.JIT, 3); BareHart hart = new BareHart(engine)) {
            hart.load(source);
            hart.runToEnd(10_000_000);
            assertEquals(expectedOfCalls() + 2 * 100 * PLACES, hart.x(A0));
            TranslationStats stats = hart.runner().translated().orElseThrow().stats();
            assertTrue(stats.invalidated() > 0 && stats.invalidated() < 60, stats.toString());
        }
    }
}
