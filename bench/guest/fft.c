/* Fast Fourier transforms (Cooley and Tukey, radix 2), there and back, with a pointwise product between. */
#include <math.h>

#include "bench.h"

#define BITS 13
#define COUNT (1 << BITS)

struct complex_number {
    double re, im;
};

static struct complex_number signal[COUNT], roots[COUNT / 2];

static void transform(struct complex_number *x, int backwards)
{
    for (unsigned i = 0, j = 0; i < COUNT; i++) {
        if (i < j) {
            struct complex_number t = x[i];
            x[i] = x[j];
            x[j] = t;
        }
        unsigned bit = COUNT >> 1;
        for (; j & bit; bit >>= 1) {
            j ^= bit;
        }
        j |= bit;
    }
    for (int half = 1, step = COUNT / 2; half < COUNT; half *= 2, step /= 2) {
        for (int start = 0; start < COUNT; start += 2 * half) {
            for (int k = 0; k < half; k++) {
                struct complex_number w = roots[k * step], *a = &x[start + k], *b = a + half;
                double wi = backwards ? -w.im : w.im;
                double re = b->re * w.re - b->im * wi, im = b->re * wi + b->im * w.re;
                b->re = a->re - re;
                b->im = a->im - im;
                a->re += re;
                a->im += im;
            }
        }
    }
}

static uint64_t round_of(int number)
{
    uint64_t random = 88172645463325252u + (uint64_t) number % 23;
    for (int i = 0; i < COUNT; i++) {
        signal[i].re = bench_fraction(&random) - 0.5;
        signal[i].im = 0;
    }
    for (int i = 0; i < 15; i++) {
        transform(signal, 0);
        for (int k = 0; k < COUNT; k++) {
            double re = signal[k].re, im = signal[k].im, size = sqrt(re * re + im * im) + 1e-9;
            signal[k].re = re * fabs(re) / size / COUNT;
            signal[k].im = im * fabs(im) / size / COUNT;
        }
        transform(signal, 1);
        for (int k = 0; k < COUNT; k++) {
            signal[k].re = fmod(signal[k].re * 8, 1.0);
            signal[k].im = 0;
        }
    }
    return bench_hash_bytes(BENCH_SEED, signal, sizeof signal);
}

int main(int argc, char **argv)
{
    for (int i = 0; i < COUNT / 2; i++) {
        roots[i].re = cos(-2 * M_PI * i / COUNT);
        roots[i].im = sin(-2 * M_PI * i / COUNT);
    }
    return bench_main(argc, argv, round_of);
}
