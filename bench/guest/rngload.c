/* Reads random numbers and looks at them: a buffer that was not filled, or was given twice, is seen.
 *
 *   rngload DEVICE SECONDS
 *
 * Reads 64 bytes at a time, which is one request of Linux's driver of VirtIO's entropy device. No read may be short, no word be
 * zero, no 32 bytes begin as others of the latest half a million did. In the end the number of ones, and that of each value of a
 * byte, are what chance makes of them, but for one time in a million. Prints
 *   begin
 *   requests NUMBER         reads
 *   slow RANK NANOSECONDS   the RANK-longest read
 *   verified NUMBER         bytes
 * and ends with status 0, or says what is wrong and ends with 1. SIGTERM ends it early.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <unistd.h>

#include "bench.h"
#include "slowest.h"

#define READ 64
#define PIECE 32
/* A power of two; half of them are used. */
#define SEEN (1 << 21)

static volatile sig_atomic_t stopped;
static struct slowest slowest;
static uint64_t seen[SEEN];
static uint64_t pieces;
static uint64_t values[256];

static void stop(int signal)
{
    (void) signal;
    stopped = 1;
}

static void wrong(const char *what, uint64_t at)
{
    fprintf(stderr, "rngload: %s, at byte %llu\n", what, (unsigned long long) at);
    exit(1);
}

/* A hash table with linear probing, emptied when it is half full. Half a million are looked back at on average. */
static void remember(uint64_t first, uint64_t at)
{
    uint64_t slot = first & (SEEN - 1);
    if (pieces++ % (SEEN / 2) == 0) {
        memset(seen, 0, sizeof seen);
    }
    while (seen[slot] != 0) {
        if (seen[slot] == first) {
            wrong("the same bytes came twice", at);
        }
        slot = (slot + 1) & (SEEN - 1);
    }
    seen[slot] = first;
}

static void look(const unsigned char *bytes, uint64_t at)
{
    for (int i = 0; i < READ; i += 8) {
        uint64_t word;
        memcpy(&word, bytes + i, 8);
        if (word == 0) {
            wrong("eight bytes are zero", at + (uint64_t) i);
        }
        if (i % PIECE == 0) {
            remember(word, at + (uint64_t) i);
        }
    }
    for (int i = 0; i < READ; i++) {
        values[bytes[i]]++;
    }
}

/* Six standard deviations, of a binomial distribution and of chi-square with 255 degrees of freedom. */
static void judge(uint64_t bytes)
{
    double ones = 0;
    double square = 0;
    double expected = (double) bytes / 256;
    for (int value = 0; value < 256; value++) {
        ones += (double) values[value] * __builtin_popcount((unsigned) value);
        square += ((double) values[value] - expected) * ((double) values[value] - expected) / expected;
    }
    if (fabs(ones - 4.0 * (double) bytes) > 6 * sqrt(2.0 * (double) bytes)) {
        wrong("ones and zeros are not equally many", bytes);
    }
    if (fabs(square - 255) > 6 * sqrt(2.0 * 255)) {
        wrong("values of bytes are not equally frequent", bytes);
    }
}

int main(int argc, char **argv)
{
    static unsigned char buffer[READ];
    const struct slowest *all = &slowest;
    uint64_t requests = 0;
    if (argc != 3) {
        fprintf(stderr, "usage: %s DEVICE SECONDS\n", argv[0]);
        return 2;
    }
    int device = open(argv[1], O_RDONLY);
    if (device < 0) {
        bench_fail(argv[1]);
    }
    struct sigaction action = {.sa_handler = stop, .sa_flags = SA_RESTART};
    sigaction(SIGTERM, &action, NULL);
    bench_begin();
    uint64_t end = bench_now() + strtoull(argv[2], NULL, 10) * 1000000000u;
    while (!stopped && bench_now() < end) {
        uint64_t before = bench_now();
        ssize_t count = read(device, buffer, READ);
        /* The driver ends a read when a signal comes. */
        if (stopped) {
            break;
        }
        slowest_note(&slowest, bench_now() - before);
        if (count < 0) {
            bench_fail(argv[1]);
        }
        if (count != READ) {
            wrong("a read was short", requests * READ + (uint64_t) count);
        }
        look(buffer, requests * READ);
        requests++;
    }
    judge(requests * READ);
    printf("requests %llu\n", (unsigned long long) requests);
    slowest_print(&all, 1);
    printf("verified %llu\n", (unsigned long long) (requests * READ));
    return fflush(stdout) == 0 ? 0 : 1;
}
