/* In the guest: the instructions beside plain C. */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <time.h>

enum { LENGTH = 4096, TIMES = 100, PARTS = 50 };

static long a[LENGTH], b[LENGTH];

/* The control register macc is number 0x800. */
static inline void set_macc(long value) {
    asm volatile("csrw 0x800, %0" : : "r"(value));
}

static inline long get_macc(void) {
    long value;
    asm volatile("csrr %0, 0x800" : "=r"(value));
    return value;
}

static inline void mac(long x, long y) {
    asm volatile(".insn r 0x0b, 0, 0, x0, %0, %1" : : "r"(x), "r"(y));
}

static inline long distance(long x, long y) {
    long result;
    asm(".insn r 0x0b, 1, 0, %0, %1, %2" : "=r"(result) : "r"(x), "r"(y));
    return result;
}

static long plain_distance(unsigned long x, unsigned long y) {
    x ^= y;
    x -= x >> 1 & 0x5555555555555555;
    x = (x & 0x3333333333333333) + (x >> 2 & 0x3333333333333333);
    x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0f;
    return x * 0x0101010101010101 >> 56;
}

static long products(void) {
    set_macc(0);
    for (int i = 0; i < LENGTH; i++) {
        mac(a[i], b[i]);
    }
    return get_macc();
}

static long plain_products(void) {
    long sum = 0;
    for (int i = 0; i < LENGTH; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

static long distances(void) {
    long sum = 0;
    for (int i = 0; i < LENGTH; i++) {
        sum += distance(a[i], b[i]);
    }
    return sum;
}

static long plain_distances(void) {
    long sum = 0;
    for (int i = 0; i < LENGTH; i++) {
        sum += plain_distance(a[i], b[i]);
    }
    return sum;
}

static long results[4];

static double nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1e9 + now.tv_nsec;
}

/* Nanoseconds for each element, the best of some: the first ones are not translated yet. */
static double measure(long (*function)(void), long *result) {
    double best = 1e9;
    *result = 0;
    for (int part = 0; part < PARTS; part++) {
        double begin = nanoseconds();
        for (int i = 0; i < TIMES; i++) {
            *result = *result * 31 + function();
        }
        double time = (nanoseconds() - begin) / TIMES / LENGTH;
        best = time < best ? time : best;
    }
    return best;
}

int main(void) {
    /* Each hart has its own macc, so this stays on one. */
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(0, &one);
    sched_setaffinity(0, sizeof one, &one);
    for (long i = 0, random = 1; i < LENGTH; i++) {
        a[i] = random = random * 6364136223846793005 + 1442695040888963407;
        b[i] = random = random * 6364136223846793005 + 1442695040888963407;
    }
    double mac = measure(products, &results[0]), plain_mac = measure(plain_products, &results[1]);
    double bits = measure(distances, &results[2]), plain_bits = measure(plain_distances, &results[3]);
    int ok = results[0] == results[1] && results[2] == results[3];
    printf("%s: products %.2f ns, in plain C %.2f ns; distances %.2f ns, in plain C %.2f ns\n",
           ok ? "ok" : "WRONG", mac, plain_mac, bits, plain_bits);
    return !ok;
}
