package org.vm.isa.riscv.internal;

import java.util.SplittableRandom;

/**
 * Operands that floating-point arithmetic gets wrong: special values, the edges of the exponent range, significands
 * with long runs of ones and zeros, neighbours and near-negatives of the operand before. Reproducible by seed.
 */
public final class FloatOperands {
    private final SplittableRandom random;
    private final int precision;
    private final int exponentBits;
    private long last;

    private FloatOperands(long seed, int precision, int exponentBits) {
        this.random = new SplittableRandom(seed);
        this.precision = precision;
        this.exponentBits = exponentBits;
    }

    public static FloatOperands doubles(long seed) {
        return new FloatOperands(seed, 53, 11);
    }

    public static FloatOperands singles(long seed) {
        return new FloatOperands(seed, 24, 8);
    }

    /** Raw bits of the next operand, zero-extended. */
    public long next() {
        long width = precision + exponentBits;
        long mask = -1L >>> 64 - width;
        long exponents = (1L << exponentBits) - 1;
        long bits = switch (random.nextInt(12)) {
            case 0 -> special();
            case 1 -> random.nextLong();
            case 2 -> of(0, significand()); // subnormal
            case 3 -> of(random.nextLong(0, precision + 4), significand());
            case 4 -> of(exponents - 1 - random.nextLong(0, 4), significand());
            case 5 -> of(exponents / 2 + random.nextLong(-precision, precision + 1), significand());
            case 6 -> of(exponents / 2 + random.nextLong(-3, 4), significand());
            case 7 -> of(exponents / 4 + random.nextLong(-precision, precision + 1), significand());
            case 8 -> of(exponents * 3 / 4 + random.nextLong(-precision, precision + 1), significand());
            case 9 -> last + random.nextLong(-2, 3);
            case 10 -> last ^ 1L << width - 1 ^ random.nextLong(0, 4);
            default -> ((last >>> precision - 1) + random.nextLong(-precision - 2, precision + 3) << precision - 1)
                    | significand();
        };
        if (random.nextBoolean()) {
            bits ^= 1L << width - 1;
        }
        last = bits & mask;
        return last;
    }

    /** An integer of any magnitude, or close to where conversions change their mind. */
    public long nextInteger() {
        long magnitude = switch (random.nextInt(3)) {
            case 0 -> random.nextLong() >>> random.nextInt(64);
            case 1 -> (1L << random.nextInt(64)) + random.nextLong(-2, 3);
            default -> significand() << random.nextInt(64);
        };
        return random.nextBoolean() ? magnitude : -magnitude;
    }

    /** A number close to an integer or to the middle of two, where conversions to integers decide. */
    public long nextNearInteger() {
        double integer = random.nextBoolean() ? nextInteger() : random.nextInt(-10, 10);
        double value = integer + (random.nextInt(5) - 2) * 0.5;
        long bits = precision == 53 ? Double.doubleToRawLongBits(value)
                : Integer.toUnsignedLong(Float.floatToRawIntBits((float) value));
        return bits + random.nextLong(-1, 2) & -1L >>> 64 - precision - exponentBits;
    }

    private long of(long exponent, long fraction) {
        return exponent << precision - 1 | fraction;
    }

    private long significand() {
        long mask = (1L << precision - 1) - 1;
        return mask & switch (random.nextInt(6)) {
            case 0 -> 0;
            case 1 -> 1L << random.nextInt(precision - 1);
            case 2 -> -1L << random.nextInt(precision);
            case 3 -> (1L << random.nextInt(precision)) - 1;
            case 4 -> (random.nextLong() & 0xFF) << random.nextInt(precision - 1);
            default -> random.nextLong();
        };
    }

    private long special() {
        long infinity = (1L << exponentBits) - 1 << precision - 1;
        return switch (random.nextInt(8)) {
            case 0 -> 0;
            case 1 -> infinity;
            case 2 -> infinity | 1L << precision - 2; // quiet NaN
            case 3 -> infinity | 1 + random.nextLong(1L << precision - 2); // signaling, mostly
            case 4 -> infinity - 1; // the largest number
            case 5 -> 1L << precision - 1; // the smallest normal number
            case 6 -> 1; // the smallest number
            default -> of((1L << exponentBits - 1) - 1, 0); // one
        };
    }
}
