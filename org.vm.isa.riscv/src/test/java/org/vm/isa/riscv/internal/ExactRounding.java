package org.vm.isa.riscv.internal;

import java.math.BigInteger;

/**
 * IEEE 754 by the book, in rational numbers: what the standard says a result and its flags are, computed without any
 * trick. The measure of {@link SoftFloat}; shares nothing with it.
 *
 * @param precision bits of a significand
 * @param emax      exponent of the largest numbers
 */
record ExactRounding(int precision, int emax) {
    static final ExactRounding DOUBLE = new ExactRounding(53, 1023);
    static final ExactRounding SINGLE = new ExactRounding(24, 127);

    record Rounded(long bits, int flags) {}

    /** A fraction with a positive denominator. */
    record Rational(BigInteger numerator, BigInteger denominator) {
        static Rational of(BigInteger significand, int exponent) {
            return exponent >= 0 ? new Rational(significand.shiftLeft(exponent), BigInteger.ONE)
                    : new Rational(significand, BigInteger.ONE.shiftLeft(-exponent));
        }

        Rational plus(Rational other) {
            return new Rational(numerator.multiply(other.denominator).add(other.numerator.multiply(denominator)),
                    denominator.multiply(other.denominator));
        }

        Rational times(Rational other) {
            return new Rational(numerator.multiply(other.numerator), denominator.multiply(other.denominator));
        }

        Rational dividedBy(Rational other) {
            Rational quotient = new Rational(numerator.multiply(other.denominator), denominator.multiply(other.numerator));
            return quotient.denominator.signum() > 0 ? quotient
                    : new Rational(quotient.numerator.negate(), quotient.denominator.negate());
        }

        /** The root to 3,000 bits behind the point and one more bit that says whether there is a rest. */
        Rational squareRoot() {
            BigInteger[] square = numerator.shiftLeft(6000).divideAndRemainder(denominator);
            BigInteger[] root = square[0].sqrtAndRemainder();
            boolean rest = square[1].signum() != 0 || root[1].signum() != 0;
            return of(root[0].shiftLeft(1).add(rest ? BigInteger.ONE : BigInteger.ZERO), -3001);
        }

        boolean isZero() {
            return numerator.signum() == 0;
        }
    }

    /** Value of a finite number given by its bits. */
    Rational value(long bits) {
        long magnitude = bits & (1L << width() - 1) - 1;
        int biased = (int) (magnitude >>> precision - 1);
        long fraction = magnitude & (1L << precision - 1) - 1;
        BigInteger significand = BigInteger.valueOf(biased == 0 ? fraction : fraction | 1L << precision - 1);
        int exponent = Math.max(biased, 1) - emax - (precision - 1);
        return Rational.of(magnitude == bits ? significand : significand.negate(), exponent);
    }

    boolean isFinite(long bits) {
        return (bits >>> precision - 1 & 2L * emax + 1) != 2L * emax + 1;
    }

    /** The number nearest to {@code exact}, which is not zero, in the direction of {@code rounding}. */
    Rounded round(Rational exact, int rounding) {
        boolean negative = exact.numerator.signum() < 0;
        Rational magnitude = new Rational(exact.numerator.abs(), exact.denominator);
        int exponent = floorLog2(magnitude);
        int emin = 1 - emax;
        int unit = Math.max(exponent, emin) - (precision - 1);
        BigInteger multiple = toMultiple(magnitude, unit, negative, rounding);
        boolean exactly = compare(Rational.of(multiple, unit), magnitude) == 0;
        long sign = negative ? 1L << width() - 1 : 0;
        long infinity = 2L * emax + 1 << precision - 1;
        if (compare(Rational.of(multiple, unit), Rational.of(BigInteger.ONE, emax + 1)) >= 0) {
            boolean towardsZero = rounding == 1 || rounding == 2 && !negative || rounding == 3 && negative;
            return new Rounded(sign | (towardsZero ? infinity - 1 : infinity), 4 | 1);
        }
        int unboundedUnit = exponent - (precision - 1);
        BigInteger unbounded = toMultiple(magnitude, unboundedUnit, negative, rounding);
        boolean tiny = compare(Rational.of(unbounded, unboundedUnit), Rational.of(BigInteger.ONE, emin)) < 0;
        long value = multiple.longValueExact();
        long bits;
        if (value >>> precision - 1 == 0) {
            bits = value;
        } else {
            int carry = value >>> precision == 0 ? 0 : 1;
            long biased = unit + (precision - 1) + carry + emax;
            bits = biased << precision - 1 | value >>> carry & (1L << precision - 1) - 1;
        }
        return new Rounded(sign | bits, exactly ? 0 : tiny ? 2 | 1 : 1);
    }

    /** {@code magnitude / 2^unit}, rounded to an integer. */
    private static BigInteger toMultiple(Rational magnitude, int unit, boolean negative, int rounding) {
        Rational scaled = scaled(magnitude, unit);
        BigInteger[] parts = scaled.numerator.divideAndRemainder(scaled.denominator);
        int half = parts[1].shiftLeft(1).compareTo(scaled.denominator);
        boolean rest = parts[1].signum() != 0;
        boolean up = switch (rounding) {
            case 0 -> half > 0 || half == 0 && parts[0].testBit(0);
            case 1 -> false;
            case 2 -> rest && negative;
            case 3 -> rest && !negative;
            default -> half >= 0;
        };
        return up ? parts[0].add(BigInteger.ONE) : parts[0];
    }

    private static Rational scaled(Rational magnitude, int unit) {
        return unit >= 0 ? new Rational(magnitude.numerator, magnitude.denominator.shiftLeft(unit))
                : new Rational(magnitude.numerator.shiftLeft(-unit), magnitude.denominator);
    }

    private static int floorLog2(Rational magnitude) {
        int guess = magnitude.numerator.bitLength() - magnitude.denominator.bitLength();
        return compare(magnitude, Rational.of(BigInteger.ONE, guess)) >= 0 ? guess : guess - 1;
    }

    private static int compare(Rational a, Rational b) {
        return a.numerator.multiply(b.denominator).compareTo(b.numerator.multiply(a.denominator));
    }

    private int width() {
        return precision + Integer.bitCount(2 * emax + 1);
    }
}
