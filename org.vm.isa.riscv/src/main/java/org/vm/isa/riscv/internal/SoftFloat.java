package org.vm.isa.riscv.internal;

/**
 * Floating-point arithmetic in integers: exact results and flags for every operand and rounding mode (IEEE 754-2019;
 * The RISC-V Instruction Set Manual, Volume I, 20 and 21). One instance a format. {@link Fpu} comes here for what the
 * host's own arithmetic cannot answer.
 *
 * <p>A finite number other than zero is taken apart into a sign, an exponent and a 64-bit significand whose highest bit
 * is set; its value is {@code significand * 2^(exponent - 63)}. The lowest bit of a significand that is about to be
 * rounded is sticky: it stands for everything below it ("jamming"). As a significand has at least ten bits more than
 * the format, the rounding does not notice the difference.
 */
final class SoftFloat {
    private final Fpu fpu;
    /** Bits of a significand, the implicit one included. */
    private final int precision;
    /** Exponent of the largest numbers, and the bias. */
    private final int maxExponent;
    private final int minExponent;
    private final long signBit;
    private final long infinity;
    private final long quietBit;

    /** @param fpu where exceptions are accrued */
    SoftFloat(Fpu fpu, int precision, int exponentBits) {
        this.fpu = fpu;
        this.precision = precision;
        this.maxExponent = (1 << exponentBits - 1) - 1;
        this.minExponent = 1 - maxExponent;
        this.signBit = 1L << precision + exponentBits - 1;
        this.infinity = signBit - (1L << precision - 1);
        this.quietBit = 1L << precision - 2;
    }

    /** {@code a + b}. */
    long add(long a, long b, int rounding) {
        if (isNaN(a) || isNaN(b)) {
            return propagate(a, b);
        }
        if (isInfinite(a)) {
            return isInfinite(b) && a != b ? invalid() : a;
        }
        if (isInfinite(b)) {
            return b;
        }
        if (isZero(a) || isZero(b)) {
            return isZero(a) ? isZero(b) && a != b ? cancelled(rounding) : b : a;
        }
        int exponent = exponent(a);
        int difference = exponent - exponent(b);
        if (difference < 0 || difference == 0 && (a & ~signBit) < (b & ~signBit)) {
            return add(b, a, rounding);
        }
        long large = significand(a) >>> 1;
        long small = shiftRightJam(significand(b) >>> 1, difference);
        long sum = isNegative(a) == isNegative(b) ? large + small : large - small;
        return sum == 0 ? cancelled(rounding) : normalizeAndRound(isNegative(a), exponent + 1, sum, rounding);
    }

    /** {@code a - b}. */
    long subtract(long a, long b, int rounding) {
        return add(a, isNaN(b) ? b : b ^ signBit, rounding);
    }

    /** {@code a * b}. */
    long multiply(long a, long b, int rounding) {
        if (isNaN(a) || isNaN(b)) {
            return propagate(a, b);
        }
        boolean negative = isNegative(a) != isNegative(b);
        if (isInfinite(a) || isInfinite(b)) {
            return isZero(a) || isZero(b) ? invalid() : signed(negative, infinity);
        }
        if (isZero(a) || isZero(b)) {
            return signed(negative, 0);
        }
        long x = significand(a);
        long y = significand(b);
        return normalizeAndRound(negative, exponent(a) + exponent(b) + 1, Math.unsignedMultiplyHigh(x, y) | jam(x * y),
                rounding);
    }

    /** {@code a / b}. */
    long divide(long a, long b, int rounding) {
        if (isNaN(a) || isNaN(b)) {
            return propagate(a, b);
        }
        boolean negative = isNegative(a) != isNegative(b);
        if (isInfinite(a)) {
            return isInfinite(b) ? invalid() : signed(negative, infinity);
        }
        if (isInfinite(b)) {
            return signed(negative, 0);
        }
        if (isZero(b)) {
            if (isZero(a)) {
                return invalid();
            }
            fpu.raise(Fpu.DZ);
            return signed(negative, infinity);
        }
        if (isZero(a)) {
            return signed(negative, 0);
        }
        int exponent = exponent(a) - exponent(b);
        long divisor = significand(b) >>> 11;
        long dividend = significand(a) >>> 11;
        if (dividend < divisor) {
            dividend <<= 1;
            exponent--;
        }
        // Long division in base 1024: the integer digit is 1, six more follow.
        long quotient = 1;
        long remainder = dividend - divisor;
        for (int digit = 0; digit < 6; digit++) {
            remainder <<= 10;
            quotient = quotient << 10 | remainder / divisor;
            remainder %= divisor;
        }
        return round(negative, exponent, quotient << 3 | jam(remainder), rounding);
    }

    /** The square root of {@code a}. */
    long squareRoot(long a, int rounding) {
        if (isNaN(a)) {
            return propagate(a, a);
        }
        if (isZero(a) || a == infinity) {
            return a;
        }
        if (isNegative(a)) {
            return invalid();
        }
        int exponent = exponent(a);
        // 53 or, to make the exponent even, 54 bits of the radicand and as many zeros as needed; a root bit for two of them.
        long radicand = significand(a) >>> ((exponent & 1) == 0 ? 11 : 10);
        long root = 0;
        long remainder = 0;
        for (int shift = 52; shift >= -64; shift -= 2) {
            remainder = remainder << 2 | (shift >= 0 ? radicand >>> shift & 3 : 0);
            long trial = root << 2 | 1;
            root <<= 1;
            if (remainder >= trial) {
                remainder -= trial;
                root |= 1;
            }
        }
        return normalizeAndRound(false, (exponent >> 1) + 5, root | jam(remainder), rounding);
    }

    /** {@code a * b + c}, rounded once. */
    long fusedMultiplyAdd(long a, long b, long c, int rounding) {
        if (isInfinite(a) && isZero(b) || isZero(a) && isInfinite(b)) {
            return invalid(); // even if c is a quiet NaN (Volume I, 20.6)
        }
        if (isNaN(a) || isNaN(b) || isNaN(c)) {
            return isSignaling(c) ? invalid() : propagate(a, b);
        }
        boolean negative = isNegative(a) != isNegative(b);
        if (isInfinite(a) || isInfinite(b)) {
            return isInfinite(c) && isNegative(c) != negative ? invalid() : signed(negative, infinity);
        }
        if (isZero(a) || isZero(b)) {
            return add(signed(negative, 0), c, rounding);
        }
        if (isInfinite(c)) {
            return c;
        }
        if (isZero(c)) {
            return multiply(a, b, rounding);
        }
        return addToProduct(negative, a, b, c, rounding);
    }

    /** The finite case, in 128 bits: both terms below 2^126, so that a sum has no carry and alignment keeps guard bits. */
    private long addToProduct(boolean negative, long a, long b, long c, int rounding) {
        long x = significand(a) >>> 1;
        long y = significand(b) >>> 1;
        long high = Math.unsignedMultiplyHigh(x, y);
        long low = x * y;
        int exponent = exponent(a) + exponent(b) + 3;
        long addendHigh = significand(c) >>> 2;
        long addendLow = 0;
        int difference = exponent - (exponent(c) + 2);
        if (difference > 0) {
            addendLow = jamBelow(addendHigh, addendLow, difference);
            addendHigh = difference > 63 ? 0 : addendHigh >>> difference;
        } else if (difference < 0) {
            low = jamBelow(high, low, -difference);
            high = difference < -63 ? 0 : high >>> -difference;
            exponent -= difference;
        }
        if (negative == isNegative(c)) {
            low += addendLow;
            high += addendHigh + (Long.compareUnsigned(low, addendLow) < 0 ? 1 : 0);
        } else {
            long borrow = Long.compareUnsigned(low, addendLow) < 0 ? 1 : 0;
            low -= addendLow;
            high -= addendHigh + borrow;
            if (high < 0) {
                negative = !negative;
                low = -low;
                high = ~high + (low == 0 ? 1 : 0);
            }
        }
        if (high == 0) {
            if (low == 0) {
                return cancelled(rounding);
            }
            return normalizeAndRound(negative, exponent - 64, low, rounding);
        }
        int shift = Long.numberOfLeadingZeros(high);
        long significand = shift == 0 ? high : high << shift | low >>> 64 - shift;
        return round(negative, exponent - shift, significand | jam(low << shift), rounding);
    }

    /** The integer {@code magnitude}, unsigned, with a sign. */
    long fromInteger(boolean negative, long magnitude, int rounding) {
        return magnitude == 0 ? 0 : normalizeAndRound(negative, 63, magnitude, rounding);
    }

    /** A number of another format. */
    long from(SoftFloat format, long a, int rounding) {
        if (format.isNaN(a)) {
            return format.isSignaling(a) ? invalid() : nan();
        }
        boolean negative = format.isNegative(a);
        if (format.isInfinite(a) || format.isZero(a)) {
            return signed(negative, format.isZero(a) ? 0 : infinity);
        }
        return round(negative, format.exponent(a), format.significand(a), rounding);
    }

    private long normalizeAndRound(boolean negative, int exponent, long significand, int rounding) {
        int shift = Long.numberOfLeadingZeros(significand);
        return round(negative, exponent - shift, significand << shift, rounding);
    }

    /** The nearest number of this format in the direction of {@code rounding}; raises overflow, underflow and inexact. */
    private long round(boolean negative, int exponent, long significand, int rounding) {
        if (exponent > maxExponent) {
            return overflow(negative, rounding);
        }
        boolean tiny = false;
        int biased = exponent + maxExponent;
        if (exponent < minExponent) {
            // Tininess is detected after rounding (Volume I, 20.3): is it still below if the exponent had no bound?
            tiny = exponent < minExponent - 1 || roundAt(negative, significand, rounding) >>> precision == 0;
            significand = shiftRightJam(significand, minExponent - exponent);
            biased = 1;
        }
        if ((significand & belowUnit()) != 0) {
            fpu.raise(tiny ? Fpu.UF | Fpu.NX : Fpu.NX);
        }
        // The implicit bit and a carry add themselves to the exponent.
        long magnitude = ((long) (biased - 1) << precision - 1) + roundAt(negative, significand, rounding);
        return magnitude >= infinity ? overflow(negative, rounding) : signed(negative, magnitude);
    }

    /** The significand's upper {@link #precision} bits, rounded; a carry makes them one more. */
    private long roundAt(boolean negative, long significand, int rounding) {
        long unit = significand >>> 64 - precision;
        long rest = significand & belowUnit();
        long half = belowUnit() + 1 >>> 1;
        boolean up = switch (rounding) {
            case Fpu.RNE -> rest > half || rest == half && (unit & 1) != 0;
            case Fpu.RMM -> rest >= half;
            case Fpu.RDN -> rest != 0 && negative;
            case Fpu.RUP -> rest != 0 && !negative;
            default -> false;
        };
        return up ? unit + 1 : unit;
    }

    private long overflow(boolean negative, int rounding) {
        fpu.raise(Fpu.OF | Fpu.NX);
        boolean toInfinity = switch (rounding) {
            case Fpu.RNE, Fpu.RMM -> true;
            case Fpu.RDN -> negative;
            case Fpu.RUP -> !negative;
            default -> false;
        };
        return signed(negative, toInfinity ? infinity : infinity - 1);
    }

    private long belowUnit() {
        return -1L >>> precision;
    }

    private static long shiftRightJam(long value, int distance) {
        return distance > 63 ? jam(value) : value >>> distance | jam(value & (1L << distance) - 1);
    }

    /** The low half of the 128-bit {@code high:low >>> distance}, jammed; {@code distance > 0}. */
    private static long jamBelow(long high, long low, int distance) {
        if (distance > 63) {
            return shiftRightJam(high, distance - 64) | jam(low);
        }
        return high << 64 - distance | shiftRightJam(low, distance);
    }

    private static long jam(long lost) {
        return lost == 0 ? 0 : 1;
    }

    private long propagate(long a, long b) {
        return isSignaling(a) || isSignaling(b) ? invalid() : nan();
    }

    private long invalid() {
        fpu.raise(Fpu.NV);
        return nan();
    }

    /** The canonical NaN (Volume I, 20.3). */
    private long nan() {
        return infinity | quietBit;
    }

    /** The sum of two numbers that cancel each other out. */
    private long cancelled(int rounding) {
        return signed(rounding == Fpu.RDN, 0);
    }

    private long signed(boolean negative, long magnitude) {
        return negative ? magnitude | signBit : magnitude;
    }

    private boolean isNegative(long a) {
        return (a & signBit) != 0;
    }

    private boolean isZero(long a) {
        return (a & ~signBit) == 0;
    }

    private boolean isInfinite(long a) {
        return (a & ~signBit) == infinity;
    }

    private boolean isNaN(long a) {
        return (a & ~signBit) > infinity;
    }

    private boolean isSignaling(long a) {
        return isNaN(a) && (a & quietBit) == 0;
    }

    private int exponent(long a) {
        long magnitude = a & ~signBit;
        int biased = (int) (magnitude >>> precision - 1);
        return biased != 0
                ? biased - maxExponent
                : minExponent - (Long.numberOfLeadingZeros(magnitude) - (64 - precision));
    }

    private long significand(long a) {
        long fraction = a & (1L << precision - 1) - 1;
        boolean normal = (a & infinity) != 0;
        long significand = normal ? fraction | 1L << precision - 1 : fraction;
        return significand << Long.numberOfLeadingZeros(significand);
    }
}
