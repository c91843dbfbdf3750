/* What all programs share: rounds of equal work, their times, and one checksum over their results.
 *
 * A program is called with the number of rounds. It prints, for whoever started the machine:
 *   begin                     when the first round starts
 *   total NANOSECONDS         when the last one has ended
 *   check HEX                 over the results of all rounds
 *   round NANOSECONDS         one line for each round
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MOST_ROUNDS 10000

static uint64_t bench_times[MOST_ROUNDS + 1];

static inline uint64_t bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t) t.tv_sec * 1000000000u + (uint64_t) t.tv_nsec;
}

static inline void bench_fail(const char *what)
{
    perror(what);
    exit(1);
}

/* FNV-1a over the bytes of a value (Fowler, Noll, Vo). */
static inline uint64_t bench_hash(uint64_t hash, uint64_t value)
{
    for (int i = 0; i < 8; i++) {
        hash = (hash ^ (value & 0xff)) * 0x100000001b3u;
        value >>= 8;
    }
    return hash;
}

static inline uint64_t bench_hash_bytes(uint64_t hash, const void *bytes, size_t length)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ at[i]) * 0x100000001b3u;
    }
    return hash;
}

#define BENCH_SEED 0xcbf29ce484222325u

/* xorshift64 (Marsaglia, 2003): the same numbers everywhere. */
static inline uint64_t bench_random(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return *state = x;
}

static inline double bench_fraction(uint64_t *state)
{
    return (double) (bench_random(state) >> 11) * 0x1p-53;
}

static inline int bench_rounds(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 0;
    if (rounds < 1 || rounds > MOST_ROUNDS) {
        fprintf(stderr, "usage: %s ROUNDS (1 to %d)\n", argv[0], MOST_ROUNDS);
        exit(2);
    }
    return rounds;
}

static inline void bench_begin(void)
{
    puts("begin");
    fflush(stdout);
}

/* bench_times holds when it began and when each round ended. */
static inline int bench_end(int rounds, uint64_t check)
{
    printf("total %llu\n", (unsigned long long) (bench_times[rounds] - bench_times[0]));
    fflush(stdout);
    printf("check %016llx\n", (unsigned long long) check);
    for (int i = 0; i < rounds; i++) {
        printf("round %llu\n", (unsigned long long) (bench_times[i + 1] - bench_times[i]));
    }
    return fflush(stdout) == 0 ? 0 : 1;
}

/* The main function of a program whose rounds are calls of one function. */
static inline int bench_main(int argc, char **argv, uint64_t (*round)(int number))
{
    int rounds = bench_rounds(argc, argv);
    uint64_t check = BENCH_SEED;
    bench_begin();
    bench_times[0] = bench_now();
    for (int i = 0; i < rounds; i++) {
        check = bench_hash(check, round(i));
        bench_times[i + 1] = bench_now();
    }
    return bench_end(rounds, check);
}

#endif
