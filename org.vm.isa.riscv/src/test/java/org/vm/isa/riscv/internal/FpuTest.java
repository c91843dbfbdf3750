package org.vm.isa.riscv.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** The host's arithmetic with flags against {@link SoftFloat}, and what only {@link Fpu} does. */
class FpuTest {
    private static final int CASES = 400_000;
    private static final RoundingMode[] MODES = {RoundingMode.HALF_EVEN, RoundingMode.DOWN, RoundingMode.FLOOR,
        RoundingMode.CEILING, RoundingMode.HALF_UP};

    private final Fpu fpu = new Fpu();
    private final Fpu softFlags = new Fpu();
    private final SoftFloat doubles = new SoftFloat(softFlags, 53, 11);
    private final SoftFloat singles = new SoftFloat(softFlags, 24, 8);

    private interface DoubleOperation {
        double apply(double a, double b, double c, int rounding);
    }

    private interface SingleOperation {
        float apply(float a, float b, float c, int rounding);
    }

    private interface SoftOperation {
        long apply(long a, long b, long c, int rounding);
    }

    /** Half of the cases round to nearest even, and half of those have NX set already: each has its own path. */
    private static int rounding(int i) {
        return (i & 1) == 0 ? Fpu.RNE : i % 5;
    }

    private void clearFlags(int i) {
        fpu.fflags((i & 2) == 0 ? 0 : Fpu.NX);
        softFlags.fflags(fpu.fflags());
    }

    private void compare(DoubleOperation operation, SoftOperation soft) {
        FloatOperands operands = FloatOperands.doubles(3);
        for (int i = 0; i < CASES; i++) {
            long a = operands.next();
            long b = operands.next();
            long c = operands.next();
            int rounding = rounding(i);
            clearFlags(i);
            long expected = soft.apply(a, b, c, rounding);
            double actual = operation.apply(Double.longBitsToDouble(a), Double.longBitsToDouble(b),
                    Double.longBitsToDouble(c), rounding);
            check(expected, softFlags.fflags(), Double.doubleToRawLongBits(actual),
                    () -> hex(a) + ", " + hex(b) + ", " + hex(c) + " mode " + rounding);
        }
    }

    private void compare(SingleOperation operation, SoftOperation soft) {
        FloatOperands operands = FloatOperands.singles(4);
        for (int i = 0; i < CASES; i++) {
            long a = operands.next();
            long b = operands.next();
            long c = operands.next();
            int rounding = rounding(i);
            clearFlags(i);
            long expected = soft.apply(a, b, c, rounding);
            float actual = operation.apply(Float.intBitsToFloat((int) a), Float.intBitsToFloat((int) b),
                    Float.intBitsToFloat((int) c), rounding);
            check(expected, softFlags.fflags(), Integer.toUnsignedLong(Float.floatToRawIntBits(actual)),
                    () -> hex(a) + ", " + hex(b) + ", " + hex(c) + " mode " + rounding);
        }
    }

    private void check(long expected, int expectedFlags, long actual, Supplier<String> operands) {
        if (expected != actual || expectedFlags != fpu.fflags()) {
            assertEquals(hex(expected) + " flags " + expectedFlags, hex(actual) + " flags " + fpu.fflags(), operands);
        }
    }

    private static String hex(long bits) {
        return Long.toHexString(bits);
    }

    @Test
    void addsDoubles() {
        compare((double a, double b, double c, int rm) -> fpu.add(a, b, rm), (a, b, c, rm) -> doubles.add(a, b, rm));
    }

    @Test
    void subtractsDoubles() {
        compare((double a, double b, double c, int rm) -> fpu.subtract(a, b, rm),
                (a, b, c, rm) -> doubles.subtract(a, b, rm));
    }

    @Test
    void multipliesDoubles() {
        compare((double a, double b, double c, int rm) -> fpu.multiply(a, b, rm),
                (a, b, c, rm) -> doubles.multiply(a, b, rm));
    }

    @Test
    void dividesDoubles() {
        compare((double a, double b, double c, int rm) -> fpu.divide(a, b, rm),
                (a, b, c, rm) -> doubles.divide(a, b, rm));
    }

    @Test
    void takesRootsOfDoubles() {
        compare((double a, double b, double c, int rm) -> fpu.squareRoot(a, rm),
                (a, b, c, rm) -> doubles.squareRoot(a, rm));
    }

    @Test
    void fusesDoubles() {
        compare((double a, double b, double c, int rm) -> fpu.fusedMultiplyAdd(a, b, c, rm),
                doubles::fusedMultiplyAdd);
    }

    @Test
    void addsSingles() {
        compare((float a, float b, float c, int rm) -> fpu.add(a, b, rm), (a, b, c, rm) -> singles.add(a, b, rm));
    }

    @Test
    void subtractsSingles() {
        compare((float a, float b, float c, int rm) -> fpu.subtract(a, b, rm),
                (a, b, c, rm) -> singles.subtract(a, b, rm));
    }

    @Test
    void multipliesSingles() {
        compare((float a, float b, float c, int rm) -> fpu.multiply(a, b, rm),
                (a, b, c, rm) -> singles.multiply(a, b, rm));
    }

    @Test
    void dividesSingles() {
        compare((float a, float b, float c, int rm) -> fpu.divide(a, b, rm),
                (a, b, c, rm) -> singles.divide(a, b, rm));
    }

    @Test
    void takesRootsOfSingles() {
        compare((float a, float b, float c, int rm) -> fpu.squareRoot(a, rm),
                (a, b, c, rm) -> singles.squareRoot(a, rm));
    }

    @Test
    void fusesSingles() {
        compare((float a, float b, float c, int rm) -> fpu.fusedMultiplyAdd(a, b, c, rm),
                singles::fusedMultiplyAdd);
    }

    @Test
    void convertsBetweenTheFormats() {
        compare((double a, double b, double c, int rm) -> fpu.toDouble(fpu.toSingle(a, rm)),
                (a, b, c, rm) -> doubles.from(singles, singles.from(doubles, a, rm), rm));
        compare((float a, float b, float c, int rm) -> fpu.toSingle(fpu.toDouble(a), rm),
                (a, b, c, rm) -> singles.from(doubles, doubles.from(singles, a, rm), rm));
    }

    @Test
    void convertsIntegersToNumbers() {
        FloatOperands operands = FloatOperands.doubles(5);
        for (int i = 0; i < CASES / 8; i++) {
            long integer = operands.nextInteger();
            int rounding = rounding(i);
            BigInteger unsigned = new BigInteger(Long.toUnsignedString(integer));
            clearFlags(0);
            checkConversion(ExactRounding.DOUBLE, BigInteger.valueOf(integer), rounding,
                    Double.doubleToRawLongBits(fpu.toDouble(integer, rounding)));
            clearFlags(0);
            checkConversion(ExactRounding.DOUBLE, unsigned, rounding,
                    Double.doubleToRawLongBits(fpu.toDoubleUnsigned(integer, rounding)));
            clearFlags(0);
            checkConversion(ExactRounding.SINGLE, BigInteger.valueOf(integer), rounding,
                    Integer.toUnsignedLong(Float.floatToRawIntBits(fpu.toSingle(integer, rounding))));
            clearFlags(0);
            checkConversion(ExactRounding.SINGLE, unsigned, rounding,
                    Integer.toUnsignedLong(Float.floatToRawIntBits(fpu.toSingleUnsigned(integer, rounding))));
        }
    }

    private void checkConversion(ExactRounding format, BigInteger integer, int rounding, long actual) {
        ExactRounding.Rounded expected = integer.signum() == 0 ? new ExactRounding.Rounded(0, 0)
                : format.round(ExactRounding.Rational.of(integer, 0), rounding);
        check(expected.bits(), expected.flags(), actual, () -> integer + " mode " + rounding);
    }

    @Test
    void convertsNumbersToIntegersAndSaturates() {
        FloatOperands operands = FloatOperands.doubles(6);
        for (int i = 0; i < CASES / 4; i++) {
            double a = Double.longBitsToDouble((i & 1) == 0 ? operands.next() : operands.nextNearInteger());
            int rounding = i % 5;
            clearFlags(0);
            checkInteger(a, rounding, Integer.MIN_VALUE, Integer.MAX_VALUE, fpu.toInt(a, rounding));
            clearFlags(0);
            checkInteger(a, rounding, 0, 0xFFFF_FFFFL, Integer.toUnsignedLong(fpu.toUnsignedInt(a, rounding)));
            clearFlags(0);
            checkInteger(a, rounding, Long.MIN_VALUE, Long.MAX_VALUE, fpu.toLong(a, rounding));
            clearFlags(0);
            checkInteger(a, rounding, 0, -1, fpu.toUnsignedLong(a, rounding));
        }
    }

    /** @param last the largest integer, unsigned if {@code first} is 0 */
    private void checkInteger(double a, int rounding, long first, long last, long actual) {
        BigInteger low = BigInteger.valueOf(first);
        BigInteger high = first == 0 ? new BigInteger(Long.toUnsignedString(last)) : BigInteger.valueOf(last);
        BigInteger expected;
        int flags;
        if (a != a) {
            expected = high;
            flags = Fpu.NV;
        } else if (Double.isInfinite(a)) {
            expected = a < 0 ? low : high;
            flags = Fpu.NV;
        } else {
            BigDecimal exact = new BigDecimal(a);
            BigInteger rounded = exact.setScale(0, MODES[rounding]).toBigInteger();
            expected = rounded.max(low).min(high);
            flags = !expected.equals(rounded) ? Fpu.NV : exact.compareTo(new BigDecimal(rounded)) != 0 ? Fpu.NX : 0;
        }
        check(expected.longValue(), flags, actual, () -> a + " mode " + rounding + " to " + low + ".." + high);
    }

    @Test
    void aNanLosesAgainstANumberAndMinusZeroIsBelowZero() {
        double signaling = Double.longBitsToDouble(0x7FF0_0000_0000_0001L);
        assertEquals(1.0, fpu.minimum(Double.NaN, 1.0));
        assertEquals(1.0, fpu.maximum(1.0, Double.NaN));
        assertEquals(0x7FF8_0000_0000_0000L, Double.doubleToRawLongBits(fpu.maximum(Double.NaN, -Double.NaN)));
        assertEquals(0, fpu.fflags());
        assertEquals(1.0, fpu.minimum(signaling, 1.0));
        assertEquals(Fpu.NV, fpu.fflags());
        assertEquals(-0.0, fpu.minimum(0.0, -0.0));
        assertEquals(0.0, fpu.maximum(-0.0, 0.0));
        assertEquals(-0.0f, fpu.minimum(0.0f, -0.0f));
        assertEquals(2.0f, fpu.maximum(2.0f, Float.intBitsToFloat(0x7F80_0001)));
    }

    @Test
    void onlyOrderedComparisonsObjectToQuietNans() {
        assertEquals(false, fpu.equal(Double.NaN, 1.0));
        assertEquals(0, fpu.fflags());
        assertEquals(false, fpu.less(Double.NaN, 1.0));
        assertEquals(Fpu.NV, fpu.fflags());
        fpu.fflags(0);
        assertEquals(false, fpu.lessOrEqual(1.0, Double.NaN));
        assertEquals(Fpu.NV, fpu.fflags());
        fpu.fflags(0);
        assertEquals(false, fpu.equal(Float.intBitsToFloat(0x7F80_0001), 1f));
        assertEquals(Fpu.NV, fpu.fflags());
    }

    @Test
    void reservedRoundingModesAreIllegal() {
        assertEquals(Fpu.RUP, fpu.rounding(3));
        assertThrows(RiscvTrap.class, () -> fpu.rounding(5));
        assertThrows(RiscvTrap.class, () -> fpu.rounding(6));
        fpu.frm(Fpu.RMM);
        assertEquals(Fpu.RMM, fpu.rounding(7));
        fpu.frm(5);
        assertThrows(RiscvTrap.class, () -> fpu.rounding(7));
        assertEquals(Fpu.RNE, fpu.rounding(0));
    }
}
