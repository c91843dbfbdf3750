package org.vm.isa.riscv.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vm.isa.riscv.internal.ExactRounding.Rational;
import org.vm.isa.riscv.internal.ExactRounding.Rounded;

/** {@link SoftFloat} against exact rational arithmetic; special values one by one. */
class SoftFloatTest {
    private static final int CASES = 20_000;
    private static final long INFINITY = 0x7FF0_0000_0000_0000L;
    private static final long NAN = 0x7FF8_0000_0000_0000L;
    private static final long SIGNALING = 0x7FF0_0000_0000_0001L;
    private static final long ONE = 0x3FF0_0000_0000_0000L;
    private static final long MINUS_ZERO = Long.MIN_VALUE;

    private final Fpu fpu = new Fpu();
    private final SoftFloat doubles = new SoftFloat(fpu, 53, 11);
    private final SoftFloat singles = new SoftFloat(fpu, 24, 8);

    private interface Operation {
        long apply(SoftFloat format, long a, long b, long c, int rounding);
    }

    private interface Exact {
        Rational apply(Rational a, Rational b, Rational c);
    }

    @ParameterizedTest
    @ValueSource(ints = {53, 24})
    void sumsAreRoundedExactly(int precision) {
        compare(precision, (f, a, b, c, rm) -> f.add(a, b, rm), (a, b, c) -> a.plus(b));
    }

    @ParameterizedTest
    @ValueSource(ints = {53, 24})
    void differencesAreRoundedExactly(int precision) {
        compare(precision, (f, a, b, c, rm) -> f.subtract(a, b, rm),
                (a, b, c) -> a.plus(new Rational(b.numerator().negate(), b.denominator())));
    }

    @ParameterizedTest
    @ValueSource(ints = {53, 24})
    void productsAreRoundedExactly(int precision) {
        compare(precision, (f, a, b, c, rm) -> f.multiply(a, b, rm), (a, b, c) -> a.times(b));
    }

    @ParameterizedTest
    @ValueSource(ints = {53, 24})
    void quotientsAreRoundedExactly(int precision) {
        compare(precision, (f, a, b, c, rm) -> f.divide(a, b, rm), (a, b, c) -> b.isZero() ? b : a.dividedBy(b));
    }

    @ParameterizedTest
    @ValueSource(ints = {53, 24})
    void rootsAreRoundedExactly(int precision) {
        compare(precision, (f, a, b, c, rm) -> f.squareRoot(a & ~(1L << (precision == 53 ? 63 : 31)), rm),
                (a, b, c) -> new Rational(a.numerator().abs(), a.denominator()).squareRoot());
    }

    @ParameterizedTest
    @ValueSource(ints = {53, 24})
    void fusedProductsAndSumsAreRoundedOnce(int precision) {
        compare(precision, (f, a, b, c, rm) -> f.fusedMultiplyAdd(a, b, c, rm), (a, b, c) -> a.times(b).plus(c));
    }

    @Test
    void doublesAreRoundedToSinglesExactly() {
        FloatOperands operands = FloatOperands.doubles(7);
        for (int i = 0; i < CASES; i++) {
            long a = i % 2 == 0 ? operands.next() : nearSingle(operands.next());
            if (ExactRounding.DOUBLE.isFinite(a) && a << 1 != 0) {
                int rounding = i % 5;
                Rounded expected = ExactRounding.SINGLE.round(ExactRounding.DOUBLE.value(a), rounding);
                fpu.fflags(0);
                check(expected, singles.from(doubles, a, rounding), () -> hex(a) + " mode " + rounding);
            }
        }
    }

    /** Moves a double's exponent into the range of singles and their subnormal numbers. */
    private static long nearSingle(long a) {
        long exponent = 1023 - 160 + (a >>> 52 & 0x7FF) % 320;
        return a & 0x800F_FFFF_FFFF_FFFFL | exponent << 52;
    }

    private void compare(int precision, Operation operation, Exact exact) {
        SoftFloat format = precision == 53 ? doubles : singles;
        ExactRounding standard = precision == 53 ? ExactRounding.DOUBLE : ExactRounding.SINGLE;
        FloatOperands operands = precision == 53 ? FloatOperands.doubles(1) : FloatOperands.singles(2);
        int compared = 0;
        for (int i = 0; i < CASES; i++) {
            long a = operands.next();
            long b = operands.next();
            long c = operands.next();
            if (!standard.isFinite(a) || !standard.isFinite(b) || !standard.isFinite(c)) {
                continue;
            }
            Rational value = exact.apply(standard.value(a), standard.value(b), standard.value(c));
            if (value.isZero()) {
                continue; // its sign is a matter of the special cases
            }
            int rounding = i % 5;
            fpu.fflags(0);
            check(standard.round(value, rounding), operation.apply(format, a, b, c, rounding),
                    () -> hex(a) + ", " + hex(b) + ", " + hex(c) + " mode " + rounding);
            compared++;
        }
        assertTrue(compared > CASES / 2, "too few comparisons: " + compared);
    }

    private void check(Rounded expected, long actual, Supplier<String> operands) {
        assertEquals(hex(expected.bits()) + " flags " + expected.flags(), hex(actual) + " flags " + fpu.fflags(),
                operands);
    }

    private static String hex(long bits) {
        return Long.toHexString(bits);
    }

    private void expect(long bits, int flags, long actual) {
        check(new Rounded(bits, flags), actual, () -> "special value");
        fpu.fflags(0);
    }

    @Test
    void aSignalingNanIsInvalidAndAQuietOneIsNot() {
        expect(NAN, 0, doubles.add(NAN | 5, ONE, Fpu.RNE));
        expect(NAN, 0, doubles.multiply(ONE, NAN | Long.MIN_VALUE, Fpu.RNE));
        expect(NAN, Fpu.NV, doubles.add(ONE, SIGNALING, Fpu.RNE));
        expect(NAN, Fpu.NV, doubles.divide(NAN, SIGNALING, Fpu.RNE));
        expect(NAN, Fpu.NV, doubles.squareRoot(SIGNALING, Fpu.RNE));
        expect(NAN, Fpu.NV, doubles.fusedMultiplyAdd(ONE, ONE, SIGNALING, Fpu.RNE));
        expect(0x7FC0_0000L, Fpu.NV, singles.from(doubles, SIGNALING, Fpu.RNE));
        expect(0x7FC0_0000L, 0, singles.from(doubles, NAN, Fpu.RNE));
    }

    @Test
    void operationsWithoutAMeaningAreInvalid() {
        expect(NAN, Fpu.NV, doubles.subtract(INFINITY, INFINITY, Fpu.RNE));
        expect(NAN, Fpu.NV, doubles.multiply(INFINITY, MINUS_ZERO, Fpu.RNE));
        expect(NAN, Fpu.NV, doubles.divide(0, MINUS_ZERO, Fpu.RNE));
        expect(NAN, Fpu.NV, doubles.divide(INFINITY, INFINITY, Fpu.RNE));
        expect(NAN, Fpu.NV, doubles.squareRoot(ONE | Long.MIN_VALUE, Fpu.RNE));
        expect(NAN, Fpu.NV, doubles.fusedMultiplyAdd(INFINITY, 0, NAN, Fpu.RNE));
        expect(NAN, Fpu.NV, doubles.fusedMultiplyAdd(INFINITY, ONE, INFINITY | Long.MIN_VALUE, Fpu.RNE));
    }

    @Test
    void infinitiesAndZerosKeepTheirSigns() {
        expect(INFINITY, 0, doubles.add(INFINITY, INFINITY, Fpu.RNE));
        expect(INFINITY | Long.MIN_VALUE, Fpu.DZ, doubles.divide(ONE, MINUS_ZERO, Fpu.RNE));
        expect(INFINITY | Long.MIN_VALUE, 0, doubles.divide(INFINITY, MINUS_ZERO, Fpu.RNE));
        expect(MINUS_ZERO, 0, doubles.divide(ONE, INFINITY | Long.MIN_VALUE, Fpu.RNE));
        expect(MINUS_ZERO, 0, doubles.squareRoot(MINUS_ZERO, Fpu.RNE));
        expect(MINUS_ZERO, 0, doubles.add(MINUS_ZERO, MINUS_ZERO, Fpu.RUP));
        expect(0, 0, doubles.add(MINUS_ZERO, 0, Fpu.RUP));
        expect(MINUS_ZERO, 0, doubles.add(MINUS_ZERO, 0, Fpu.RDN));
        expect(MINUS_ZERO, 0, doubles.subtract(ONE, ONE, Fpu.RDN));
        expect(0, 0, doubles.subtract(ONE, ONE, Fpu.RTZ));
        expect(MINUS_ZERO, 0, doubles.fusedMultiplyAdd(ONE, ONE, ONE | Long.MIN_VALUE, Fpu.RDN));
    }

    @Test
    void tininessIsDetectedAfterRounding() {
        long belowOne = ONE - 1;
        long smallestNormal = 0x0010_0000_0000_0000L;
        // (1 - 2^-53) * 2^-1022 is representable with an unbounded exponent, so what is rounded up to 2^-1022 was tiny.
        expect(smallestNormal, Fpu.UF | Fpu.NX, doubles.multiply(belowOne, smallestNormal, Fpu.RNE));
        // (1 + 2^-52) * (1 - 2^-52) * 2^-1022 is rounded to 2^-1022 with an unbounded exponent too: not tiny.
        expect(smallestNormal, Fpu.NX, doubles.multiply(0x2000_0000_0000_0001L, 0x1FFF_FFFF_FFFF_FFFEL, Fpu.RNE));
    }
}
