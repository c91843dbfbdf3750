package org.vm.isa.riscv.internal;

/**
 * The floating-point unit of a hart: its control and status register (The RISC-V Instruction Set Manual, Volume I, 20.2)
 * and arithmetic with exact results and flags.
 *
 * <p>The host rounds to nearest even as the guest mostly does, but it has no flags. A result that is finite and well
 * above the subnormal numbers can only be inexact, and there the rounding error is itself a floating-point number that a
 * few operations compute; if {@link #NX} is set already, even they are not needed. Zeros that come of zeros are exact. All other cases and all other
 * rounding modes are left to {@link SoftFloat}. {@code rm} is an instruction's field, {@code rounding} a mode that
 * {@link #rounding(int)} returned.
 */
public final class Fpu {
    /** Round to nearest, ties to even. */
    public static final int RNE = 0;
    /** Round towards zero. */
    public static final int RTZ = 1;
    /** Round down. */
    public static final int RDN = 2;
    /** Round up. */
    public static final int RUP = 3;
    /** Round to nearest, ties to larger magnitude. */
    public static final int RMM = 4;
    /** In an instruction: round as {@link #frm} says. */
    private static final int DYN = 7;

    /** Inexact. */
    public static final int NX = 1;
    /** Underflow. */
    public static final int UF = 2;
    /** Overflow. */
    public static final int OF = 4;
    /** Divide by zero. */
    public static final int DZ = 8;
    /** Invalid operation. */
    public static final int NV = 16;
    private static final int FFLAGS = 31;
    private static final int FRM_SHIFT = 5;
    private static final int FRM = 7;

    public static final double CANONICAL_NAN = Double.longBitsToDouble(0x7FF8_0000_0000_0000L);
    public static final float CANONICAL_NAN_SINGLE = Float.intBitsToFloat(0x7FC0_0000);

    /** From here on the rounding error of a product or of a quotient's remainder is a normal number. */
    private static final double SAFE = 0x1p-960;

    /** {@code fcsr}: the dynamic rounding mode {@code frm}, 0 to 7, above the accrued exceptions {@code fflags}. */
    private int fcsr;

    private final SoftFloat doubles = new SoftFloat(this, 53, 11);
    private final SoftFloat singles = new SoftFloat(this, 24, 8);

    public void reset() {
        fcsr = 0;
    }

    /**
     * The rounding mode that an instruction with this {@code rm} field uses, 0 to 4.
     *
     * @throws RiscvTrap if it, or {@code frm} where {@code rm} says dynamic, is reserved
     */
    public int rounding(int rm) {
        int mode = rm == DYN ? frm() : rm;
        if (mode > RMM) {
            throw RiscvTrap.ILLEGAL_INSTRUCTION;
        }
        return mode;
    }

    int fcsr() {
        return fcsr;
    }

    void fcsr(long value) {
        fcsr = (int) value & (FRM << FRM_SHIFT | FFLAGS);
    }

    public int fflags() {
        return fcsr & FFLAGS;
    }

    public void fflags(long flags) {
        fcsr = fcsr & ~FFLAGS | (int) flags & FFLAGS;
    }

    int frm() {
        return fcsr >> FRM_SHIFT;
    }

    void frm(long mode) {
        fcsr((mode & FRM) << FRM_SHIFT | fflags());
    }

    /** Accrues exceptions. */
    public void raise(int flags) {
        fcsr |= flags;
    }

    /**
     * Whether an ordinary result of the host is all there is to do: it is rounded as it should be, and should it be
     * inexact, that has been noted before. Methods that begin with this stay small, so that engines inline them.
     */
    private boolean isSettled(int rm) {
        return rm == DYN ? (fcsr & (FRM << FRM_SHIFT | NX)) == (RNE << FRM_SHIFT | NX) : rm == RNE && (fcsr & NX) != 0;
    }

    private void raiseInexact(boolean inexact) {
        if (inexact) {
            raise(NX);
        }
    }

    public double add(double a, double b, int rm) {
        double sum = a + b;
        return isSettled(rm) && Math.abs(sum) <= Double.MAX_VALUE ? sum : addWithFlags(a, b, sum, rounding(rm));
    }

    private double addWithFlags(double a, double b, double sum, int rounding) {
        if (rounding == RNE && Math.abs(sum) <= Double.MAX_VALUE) {
            raiseInexact(sumError(a, b, sum) != 0);
            return sum;
        }
        return fromBits(doubles.add(bits(a), bits(b), rounding));
    }

    public double subtract(double a, double b, int rm) {
        double difference = a - b;
        return isSettled(rm) && Math.abs(difference) <= Double.MAX_VALUE ? difference
                : subtractWithFlags(a, b, difference, rounding(rm));
    }

    private double subtractWithFlags(double a, double b, double difference, int rounding) {
        if (rounding == RNE && Math.abs(difference) <= Double.MAX_VALUE) {
            raiseInexact(sumError(a, -b, difference) != 0);
            return difference;
        }
        return fromBits(doubles.subtract(bits(a), bits(b), rounding));
    }

    public double multiply(double a, double b, int rm) {
        double product = a * b;
        return isSettled(rm) && isOrdinary(product) ? product : multiplyWithFlags(a, b, product, rounding(rm));
    }

    private double multiplyWithFlags(double a, double b, double product, int rounding) {
        if (product == 0 && (a == 0 || b == 0)) {
            return product;
        }
        if (rounding == RNE && isOrdinary(product)) {
            raiseInexact(Math.fma(a, b, -product) != 0);
            return product;
        }
        return fromBits(doubles.multiply(bits(a), bits(b), rounding));
    }

    public double divide(double a, double b, int rm) {
        double quotient = a / b;
        return isSettled(rm) && isOrdinary(quotient) ? quotient : divideWithFlags(a, b, quotient, rounding(rm));
    }

    private double divideWithFlags(double a, double b, double quotient, int rounding) {
        if (quotient == 0 && a == 0) {
            return quotient;
        }
        if (rounding == RNE && isOrdinary(quotient) && Math.abs(a) >= SAFE) {
            raiseInexact(Math.fma(-quotient, b, a) != 0);
            return quotient;
        }
        return fromBits(doubles.divide(bits(a), bits(b), rounding));
    }

    public double squareRoot(double a, int rm) {
        double root = Math.sqrt(a);
        return isSettled(rm) && isOrdinary(root) ? root : squareRootWithFlags(a, root, rounding(rm));
    }

    private double squareRootWithFlags(double a, double root, int rounding) {
        if (a == 0) {
            return root;
        }
        if (rounding == RNE && a >= SAFE && a <= Double.MAX_VALUE) {
            raiseInexact(Math.fma(-root, root, a) != 0);
            return root;
        }
        return fromBits(doubles.squareRoot(bits(a), rounding));
    }

    /** {@code a * b + c}, rounded once. */
    public double fusedMultiplyAdd(double a, double b, double c, int rm) {
        double result = Math.fma(a, b, c);
        return isSettled(rm) && isOrdinary(result) ? result : fusedWithFlags(a, b, c, result, rounding(rm));
    }

    private double fusedWithFlags(double a, double b, double c, double result, int rounding) {
        if (a * b == 0 && (a == 0 || b == 0) && Math.abs(c) <= Double.MAX_VALUE && (c != 0 || rounding == RNE)) {
            return result;
        }
        if (rounding == RNE && isOrdinary(result) && isExact(a, b, c)) {
            return result;
        }
        return fromBits(doubles.fusedMultiplyAdd(bits(a), bits(b), bits(c), rounding));
    }

    /** Whether neither the product nor the sum need rounding; {@code false} means: not known. */
    private static boolean isExact(double a, double b, double c) {
        double product = a * b;
        return isOrdinary(product) && Math.fma(a, b, -product) == 0 && sumError(product, c, product + c) == 0;
    }

    public float add(float a, float b, int rm) {
        float sum = a + b;
        return isSettled(rm) && Math.abs(sum) <= Float.MAX_VALUE ? sum : addWithFlags(a, b, sum, rounding(rm));
    }

    private float addWithFlags(float a, float b, float sum, int rounding) {
        if (rounding == RNE && Math.abs(sum) <= Float.MAX_VALUE) {
            raiseInexact(sumError(a, b, sum) != 0);
            return sum;
        }
        return fromBits32(singles.add(bits(a), bits(b), rounding));
    }

    public float subtract(float a, float b, int rm) {
        float difference = a - b;
        return isSettled(rm) && Math.abs(difference) <= Float.MAX_VALUE ? difference : subtractWithFlags(a, b, difference, rounding(rm));
    }

    private float subtractWithFlags(float a, float b, float difference, int rounding) {
        if (rounding == RNE && Math.abs(difference) <= Float.MAX_VALUE) {
            raiseInexact(sumError(a, -b, difference) != 0);
            return difference;
        }
        return fromBits32(singles.subtract(bits(a), bits(b), rounding));
    }

    public float multiply(float a, float b, int rm) {
        float product = a * b;
        return isSettled(rm) && isOrdinary(product) ? product : multiplyWithFlags(a, b, product, rounding(rm));
    }

    private float multiplyWithFlags(float a, float b, float product, int rounding) {
        if (product == 0 && (a == 0 || b == 0)) {
            return product;
        }
        if (rounding == RNE && isOrdinary(product)) {
            raiseInexact((double) a * b != product);
            return product;
        }
        return fromBits32(singles.multiply(bits(a), bits(b), rounding));
    }

    public float divide(float a, float b, int rm) {
        float quotient = a / b;
        return isSettled(rm) && isOrdinary(quotient) ? quotient : divideWithFlags(a, b, quotient, rounding(rm));
    }

    private float divideWithFlags(float a, float b, float quotient, int rounding) {
        if (quotient == 0 && a == 0) {
            return quotient;
        }
        if (rounding == RNE && isOrdinary(quotient)) {
            raiseInexact((double) quotient * b != a);
            return quotient;
        }
        return fromBits32(singles.divide(bits(a), bits(b), rounding));
    }

    public float squareRoot(float a, int rm) {
        float root = (float) Math.sqrt(a);
        return isSettled(rm) && root > 0 && root <= Float.MAX_VALUE ? root : squareRootWithFlags(a, root, rounding(rm));
    }

    private float squareRootWithFlags(float a, float root, int rounding) {
        if (a == 0) {
            return root;
        }
        if (rounding == RNE && root > 0 && root <= Float.MAX_VALUE) {
            raiseInexact((double) root * root != a);
            return root;
        }
        return fromBits32(singles.squareRoot(bits(a), rounding));
    }

    /** {@code a * b + c}, rounded once. */
    public float fusedMultiplyAdd(float a, float b, float c, int rm) {
        float result = Math.fma(a, b, c);
        return isSettled(rm) && isOrdinary(result) ? result : fusedWithFlags(a, b, c, result, rounding(rm));
    }

    private float fusedWithFlags(float a, float b, float c, float result, int rounding) {
        if (a * b == 0 && (a == 0 || b == 0) && Math.abs(c) <= Float.MAX_VALUE && (c != 0 || rounding == RNE)) {
            return result;
        }
        if (rounding == RNE && isOrdinary(result) && isExact(a, b, c, result)) {
            return result;
        }
        return fromBits32(singles.fusedMultiplyAdd(bits(a), bits(b), bits(c), rounding));
    }

    /** As above; the product of two singles is exact in double precision. */
    private static boolean isExact(float a, float b, float c, float result) {
        double product = (double) a * b;
        double sum = product + c;
        return sum == result && sumError(product, c, sum) == 0;
    }

    /** The rounding error of a finite sum: always a number, and 0 only if the sum is exact (Knuth's TwoSum). */
    private static double sumError(double a, double b, double sum) {
        double rest = sum - a;
        return a - (sum - rest) + (b - rest);
    }

    private static float sumError(float a, float b, float sum) {
        float rest = sum - a;
        return a - (sum - rest) + (b - rest);
    }

    private static boolean isOrdinary(double result) {
        double magnitude = Math.abs(result);
        return magnitude >= SAFE && magnitude <= Double.MAX_VALUE;
    }

    /** Above the smallest normal number, which may be a smaller one rounded, and finite. */
    private static boolean isOrdinary(float result) {
        float magnitude = Math.abs(result);
        return magnitude > Float.MIN_NORMAL && magnitude <= Float.MAX_VALUE;
    }

    public double toDouble(float a) {
        return a == a ? a : fromBits(doubles.from(singles, bits(a), RNE));
    }

    public float toSingle(double a, int rounding) {
        float single = (float) a;
        if (rounding == RNE && (isOrdinary(single) || a == 0)) {
            if (single != a) {
                raise(NX);
            }
            return single;
        }
        return fromBits32(singles.from(doubles, bits(a), rounding));
    }

    public double toDouble(long integer, int rounding) {
        if (rounding == RNE) {
            if (!isExact(Math.abs(integer), 53)) {
                raise(NX);
            }
            return integer;
        }
        return fromBits(doubles.fromInteger(integer < 0, Math.abs(integer), rounding));
    }

    public double toDoubleUnsigned(long integer, int rounding) {
        return integer >= 0 ? toDouble(integer, rounding) : fromBits(doubles.fromInteger(false, integer, rounding));
    }

    public float toSingle(long integer, int rounding) {
        if (rounding == RNE) {
            if (!isExact(Math.abs(integer), 24)) {
                raise(NX);
            }
            return integer;
        }
        return fromBits32(singles.fromInteger(integer < 0, Math.abs(integer), rounding));
    }

    public float toSingleUnsigned(long integer, int rounding) {
        return integer >= 0 ? toSingle(integer, rounding) : fromBits32(singles.fromInteger(false, integer, rounding));
    }

    private static boolean isExact(long magnitude, int precision) {
        return Long.numberOfLeadingZeros(magnitude) + Long.numberOfTrailingZeros(magnitude) >= 64 - precision;
    }

    /** Saturates; NaN becomes the largest integer (Volume I, 20.7). */
    public int toInt(double a, int rounding) {
        double integral = toIntegral(a, rounding);
        if (integral >= -0x1p31 && integral < 0x1p31) {
            return converted(a, integral, (int) integral);
        }
        raise(NV);
        return integral < 0 ? Integer.MIN_VALUE : Integer.MAX_VALUE;
    }

    public int toUnsignedInt(double a, int rounding) {
        double integral = toIntegral(a, rounding);
        if (integral >= 0 && integral < 0x1p32) {
            return converted(a, integral, (int) (long) integral);
        }
        raise(NV);
        return integral < 0 ? 0 : -1;
    }

    public long toLong(double a, int rounding) {
        double integral = toIntegral(a, rounding);
        if (integral >= -0x1p63 && integral < 0x1p63) {
            return converted(a, integral, (long) integral);
        }
        raise(NV);
        return integral < 0 ? Long.MIN_VALUE : Long.MAX_VALUE;
    }

    public long toUnsignedLong(double a, int rounding) {
        double integral = toIntegral(a, rounding);
        if (integral >= 0 && integral < 0x1p64) {
            long value = integral < 0x1p63 ? (long) integral : (long) (integral - 0x1p63) + Long.MIN_VALUE;
            return converted(a, integral, value);
        }
        raise(NV);
        return integral < 0 ? 0 : -1;
    }

    private int converted(double a, double integral, int value) {
        if (a != integral) {
            raise(NX);
        }
        return value;
    }

    private long converted(double a, double integral, long value) {
        if (a != integral) {
            raise(NX);
        }
        return value;
    }

    private static double toIntegral(double a, int rounding) {
        return switch (rounding) {
            case RNE -> Math.rint(a);
            case RTZ -> a < 0 ? Math.ceil(a) : Math.floor(a);
            case RDN -> Math.floor(a);
            case RUP -> Math.ceil(a);
            default -> {
                double truncated = a < 0 ? Math.ceil(a) : Math.floor(a);
                yield Math.abs(a - truncated) >= 0.5 ? truncated + Math.copySign(1, a) : truncated;
            }
        };
    }

    /** {@code a == b}; only a signaling NaN is invalid. */
    public boolean equal(double a, double b) {
        checkQuiet(a, b);
        return a == b;
    }

    public boolean equal(float a, float b) {
        checkQuiet(a, b);
        return a == b;
    }

    /** {@code a < b}; any NaN is invalid. Singles may be compared as doubles. */
    public boolean less(double a, double b) {
        if (a != a || b != b) {
            raise(NV);
        }
        return a < b;
    }

    /** {@code a <= b}; any NaN is invalid. Singles may be compared as doubles. */
    public boolean lessOrEqual(double a, double b) {
        if (a != a || b != b) {
            raise(NV);
        }
        return a <= b;
    }

    /** IEEE 754-2019 minimumNumber: a NaN loses, -0 is below 0. */
    public double minimum(double a, double b) {
        checkQuiet(a, b);
        return a != a ? quiet(b) : b != b ? a : Math.min(a, b);
    }

    /** IEEE 754-2019 maximumNumber. */
    public double maximum(double a, double b) {
        checkQuiet(a, b);
        return a != a ? quiet(b) : b != b ? a : Math.max(a, b);
    }

    public float minimum(float a, float b) {
        checkQuiet(a, b);
        return a != a ? quiet(b) : b != b ? a : Math.min(a, b);
    }

    public float maximum(float a, float b) {
        checkQuiet(a, b);
        return a != a ? quiet(b) : b != b ? a : Math.max(a, b);
    }

    /**
     * The result of FCLASS (Volume I, 20.9).
     *
     * @param low      the exponent field is zero
     * @param high     the exponent field is all ones
     * @param quietBit of a NaN's fraction
     */
    public static long classify(boolean negative, boolean low, boolean high, long fraction, long quietBit) {
        if (high && fraction != 0) {
            return (fraction & quietBit) != 0 ? 1 << 9 : 1 << 8;
        }
        int magnitude = high ? 3 : !low ? 2 : fraction != 0 ? 1 : 0;
        return negative ? 1 << 3 - magnitude : 1 << 4 + magnitude;
    }

    private void checkQuiet(double a, double b) {
        if (isSignaling(a) || isSignaling(b)) {
            raise(NV);
        }
    }

    private void checkQuiet(float a, float b) {
        if (isSignaling(a) || isSignaling(b)) {
            raise(NV);
        }
    }

    private static boolean isSignaling(double a) {
        return a != a && (bits(a) & 1L << 51) == 0;
    }

    private static boolean isSignaling(float a) {
        return a != a && (bits(a) & 1L << 22) == 0;
    }

    private static double quiet(double a) {
        return a == a ? a : CANONICAL_NAN;
    }

    private static float quiet(float a) {
        return a == a ? a : CANONICAL_NAN_SINGLE;
    }

    private static long bits(double a) {
        return Double.doubleToRawLongBits(a);
    }

    private static long bits(float a) {
        return Integer.toUnsignedLong(Float.floatToRawIntBits(a));
    }

    private static double fromBits(long bits) {
        return Double.longBitsToDouble(bits);
    }

    private static float fromBits32(long bits) {
        return Float.intBitsToFloat((int) bits);
    }
}
