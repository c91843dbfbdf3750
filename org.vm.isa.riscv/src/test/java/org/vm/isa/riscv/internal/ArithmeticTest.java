package org.vm.isa.riscv.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.math.BigInteger;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.vm.api.isa.DecodedRow;
import org.vm.isa.riscv.internal.instructions.Multiplication;
import org.vm.isa.riscv.internal.instructions.Zba;
import org.vm.isa.riscv.internal.instructions.Zbb;
import org.vm.isa.riscv.internal.instructions.Zbs;
import org.vm.isa.riscv.internal.instructions.Zicond;

/** Arithmetic against the manual's words, spelled another way: with large integers and bit by bit. */
class ArithmeticTest {
    private static final BigInteger TWO_TO_64 = BigInteger.ONE.shiftLeft(64);

    private static BigInteger unsigned(long value) {
        return value >= 0 ? BigInteger.valueOf(value) : BigInteger.valueOf(value).add(TWO_TO_64);
    }

    @Property
    void highProductsAreThoseOfLargeIntegers(@ForAll long a, @ForAll long b) {
        assertEquals(BigInteger.valueOf(a).multiply(BigInteger.valueOf(b)).shiftRight(64).longValue(),
                Multiplication.mulh(a, b));
        assertEquals(unsigned(a).multiply(unsigned(b)).shiftRight(64).longValue(), Multiplication.mulhu(a, b));
        assertEquals(BigInteger.valueOf(a).multiply(unsigned(b)).shiftRight(64).longValue(),
                Multiplication.mulhsu(a, b));
    }

    @Property
    void divisionRoundsTowardsZeroAndGivesTheRemainderOfTheSameSign(@ForAll long a, @ForAll long b) {
        if (b != 0) {
            assertEquals(unsigned(a).divide(unsigned(b)).longValue(), Multiplication.divu(a, b));
            assertEquals(unsigned(a).mod(unsigned(b)).longValue(), Multiplication.remu(a, b));
            assertEquals(BigInteger.valueOf(a).divide(BigInteger.valueOf(b)).longValue(), Multiplication.div(a, b));
            assertEquals(BigInteger.valueOf(a).remainder(BigInteger.valueOf(b)).longValue(), Multiplication.rem(a, b));
        }
    }

    @Test
    void divisionByZeroAndItsOverflowDoNotTrap() {
        assertEquals(-1, Multiplication.div(7, 0));
        assertEquals(-1, Multiplication.divu(7, 0));
        assertEquals(7, Multiplication.rem(7, 0));
        assertEquals(7, Multiplication.remu(7, 0));
        assertEquals(-1, Multiplication.divw(7, 1L << 32));
        assertEquals(-1, Multiplication.divuw(7, 1L << 32));
        assertEquals(-7, Multiplication.remw(0xFFFF_FFF9L, 0));
        assertEquals(-7, Multiplication.remuw(0xFFFF_FFF9L, 0));
        assertEquals(Long.MIN_VALUE, Multiplication.div(Long.MIN_VALUE, -1));
        assertEquals(0, Multiplication.rem(Long.MIN_VALUE, -1));
        assertEquals(Integer.MIN_VALUE, Multiplication.divw(Integer.MIN_VALUE, -1));
        assertEquals(0, Multiplication.remw(Integer.MIN_VALUE, -1));
    }

    @Property
    void trailingZerosAreCountedBitByBit(@ForAll long a) {
        for (long value : new long[] {a, a << 32, a & -a, 0}) {
            int zeros = 0;
            while (zeros < 32 && (value >> zeros & 1) == 0) {
                zeros++;
            }
            assertEquals(zeros, Zbb.ctzw(value));
            assertEquals(Long.numberOfTrailingZeros(value), Zbb.ctz(value));
        }
    }

    @Property
    void orCombineFillsEveryByteThatIsNotZero(@ForAll long a, @ForAll long mask) {
        long value = a & mask & (mask << 13 | mask >>> 7);
        long expected = 0;
        for (int i = 0; i < 64; i += 8) {
            if ((value >> i & 0xFF) != 0) {
                expected |= 0xFFL << i;
            }
        }
        assertEquals(expected, Zbb.orc_b(value));
    }

    @Property
    void wordsAreExtendedAsTheirInstructionSays(@ForAll long a, @ForAll long b, @ForAll @IntRange(max = 63) int shift) {
        long word = a & 0xFFFF_FFFFL;
        assertEquals(word + b, Zba.add_uw(a, b));
        assertEquals((word << 2) + b, Zba.sh2add_uw(a, b));
        assertEquals(word << shift, Zba.slli_uw(a, shift));
        int rotated = (int) (word << (b & 31) | word >>> 32 - (b & 31));
        assertEquals(rotated, Zbb.rolw(a, b));
        assertEquals(rotated, Zbb.rorw(a, -b));
    }

    @Property
    void singleBitsAreThoseOfTheLowSixBitsOfTheIndex(@ForAll long a, @ForAll long index) {
        long bit = 1L << (int) (index & 63);
        assertEquals(a & ~bit, Zbs.bclr(a, index));
        assertEquals(a | bit, Zbs.bset(a, index));
        assertEquals(a ^ bit, Zbs.binv(a, index));
        assertEquals((a & bit) != 0 ? 1 : 0, Zbs.bext(a, index));
    }

    @Property
    void conditionalZeroKeepsOrClears(@ForAll long a, @ForAll @IntRange(max = 1) int condition) {
        assertEquals(condition == 0 ? 0 : a, Zicond.czero_eqz(a, condition));
        assertEquals(condition == 0 ? a : 0, Zicond.czero_nez(a, condition));
    }

    /** The forms of Zcb, which older oracles do not know: each is another spelling of a row. */
    @Test
    void shortFormsOfZcbStandForTheirRows() {
        RiscvInstructionSet isa = new RiscvInstructionSet(List.of());
        Object[][] forms = {
            {0x9C61, "andi", 255L}, {0x9C65, "sext.b", null}, {0x9C69, "zext.h", null}, {0x9C6D, "sext.h", null},
            {0x9C71, "add.uw", 0L}, {0x9C75, "xori", -1L}, {0x9C45, "mul", null}, {0x8000, "lbu", 0L},
            {0x8020, "lbu", 2L}, {0x8040, "lbu", 1L}, {0x8420, "lhu", 2L}, {0x8460, "lh", 2L}, {0x8820, "sb", 2L},
            {0x8C20, "sh", 2L}};
        for (Object[] form : forms) {
            int bits = (int) form[0];
            DecodedRow row = isa.decoder(DecodingContext.DIRTY).decode(address -> bits, 0).getLast();
            assertEquals(form[1], row.row().name(), () -> Integer.toHexString(bits));
            assertEquals(2, row.length());
            if (form[2] != null) {
                assertEquals(form[2], row.values()[row.values().length - 1], () -> Integer.toHexString(bits));
            }
        }
    }
}
