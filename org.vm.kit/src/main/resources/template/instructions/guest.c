/* In the guest: the instructions beside plain C. */
#include <stdio.h>
#include <time.h>

static inline long mac(long sum, long a, long b) {
    asm(".insn r 0x0b, 0, 0, %0, %1, %2" : "+r"(sum) : "r"(a), "r"(b));
    return sum;
}

static inline long distance(long a, long b) {
    long result;
    asm(".insn r 0x0b, 1, 0, %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
}

static long plain_distance(unsigned long a, unsigned long b) {
    unsigned long x = a ^ b;
    x -= x >> 1 & 0x5555555555555555;
    x = (x & 0x3333333333333333) + (x >> 2 & 0x3333333333333333);
    x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0f;
    return x * 0x0101010101010101 >> 56;
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec * 1e-9;
}

int main(void) {
    enum { ROUNDS = 20000000 };
    long sum = 0, plain = 0;
    double start = seconds();
    for (long i = 0; i < ROUNDS; i++) {
        sum = mac(sum, distance(i, sum), i);
    }
    double middle = seconds();
    for (long i = 0; i < ROUNDS; i++) {
        plain += plain_distance(i, plain) * i;
    }
    double end = seconds();
    printf("%s: %ld in %.2f s, plain C in %.2f s\n", sum == plain ? "ok" : "WRONG", sum, middle - start, end - middle);
    return sum != plain;
}
