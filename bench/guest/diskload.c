/* A load on a disk that checks every block it reads, and says how long the disk did not answer.
 *
 *   diskload DEVICE THREADS SECONDS
 *
 * Each thread has a part of the disk to itself and one request at a time, past the page cache. It knows which generation of
 * each block it wrote last, so a block that was lost, torn, or written once more after it had been overwritten is seen. Prints
 *   begin                   when the disk is all known
 *   requests NUMBER         of all threads
 *   slow RANK NANOSECONDS   the RANK-longest time between two answers, in the thread that had it worst
 *   verified NUMBER         blocks, the last look at all of them included
 * and ends with status 0, or says what is wrong and ends with 1. SIGTERM ends the load early.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bench.h"
#include "slowest.h"

#define BLOCK 4096
#define MOST_BLOCKS 16
#define MOST_THREADS 16
#define REGION 2048

struct worker {
    pthread_t thread;
    int number;
    uint64_t random;
    uint64_t requests;
    uint64_t verified;
    uint64_t generations[REGION];
    struct slowest slowest;
    unsigned char *buffer;
};

static int disk;
static uint64_t end;
static volatile sig_atomic_t stopped;
static struct worker workers[MOST_THREADS];

static void stop(int signal)
{
    (void) signal;
    stopped = 1;
}

static off_t offset(const struct worker *w, int block)
{
    return ((off_t) w->number * REGION + block) * BLOCK;
}

/* What a block holds in a generation; the generation 0 is zeroes. */
static void fill(uint64_t *words, uint64_t where, uint64_t generation)
{
    uint64_t random = (where + 1) * 0x9e3779b97f4a7c15u ^ generation;
    for (int i = 0; i < BLOCK / 8; i++) {
        words[i] = generation == 0 ? 0 : bench_random(&random);
    }
    if (generation != 0) {
        words[0] = where;
        words[1] = generation;
    }
}

static void check(struct worker *w, int block, const unsigned char *at)
{
    uint64_t expected[BLOCK / 8];
    uint64_t where = (uint64_t) offset(w, block) / BLOCK;
    fill(expected, where, w->generations[block]);
    if (memcmp(expected, at, BLOCK) != 0) {
        uint64_t found[2];
        memcpy(found, at, sizeof found);
        fprintf(stderr, "diskload: block %llu is not of generation %llu; it begins with %llu, %llu\n",
                (unsigned long long) where, (unsigned long long) w->generations[block],
                (unsigned long long) found[0], (unsigned long long) found[1]);
        exit(1);
    }
    w->verified++;
}

static void failed(const char *what, const struct worker *w, int block)
{
    fprintf(stderr, "diskload: %s of block %lld: %s\n", what, (long long) (offset(w, block) / BLOCK), strerror(errno));
    exit(1);
}

static void read_blocks(struct worker *w, int block, int count)
{
    if (pread(disk, w->buffer, (size_t) count * BLOCK, offset(w, block)) != (ssize_t) count * BLOCK) {
        failed("read", w, block);
    }
}

static void verify(struct worker *w, int block, int count)
{
    for (int i = 0; i < count; i++) {
        check(w, block + i, w->buffer + (size_t) i * BLOCK);
    }
}

static void zero(struct worker *w, int block, int count)
{
    uint64_t range[2] = {(uint64_t) offset(w, block), (uint64_t) count * BLOCK};
    if (ioctl(disk, BLKZEROOUT, range) != 0) {
        failed("zeroing", w, block);
    }
    memset(w->generations + block, 0, (size_t) count * sizeof w->generations[0]);
}

static void write_blocks(struct worker *w, int block, int count)
{
    if (pwrite(disk, w->buffer, (size_t) count * BLOCK, offset(w, block)) != (ssize_t) count * BLOCK) {
        failed("write", w, block);
    }
}

static void *work(void *argument)
{
    struct worker *w = argument;
    uint64_t generation = 1;
    while (!stopped && bench_now() < end) {
        uint64_t dice = bench_random(&w->random);
        int count = 1 + (int) ((dice >> 8) % MOST_BLOCKS);
        int block = (int) ((dice >> 16) % (REGION - MOST_BLOCKS));
        int kind = (int) (dice & 127);
        if (kind > 64) {
            generation++;
            for (int i = 0; i < count; i++) {
                w->generations[block + i] = generation;
                fill((uint64_t *) (w->buffer + (size_t) i * BLOCK), (uint64_t) offset(w, block + i) / BLOCK, generation);
            }
        }
        uint64_t before = bench_now();
        if (kind > 64) {
            write_blocks(w, block, count);
        } else if (kind == 0) {
            zero(w, block, count);
        } else if (kind == 1) {
            if (fdatasync(disk) != 0) {
                failed("flush", w, block);
            }
        } else {
            read_blocks(w, block, count);
        }
        slowest_note(&w->slowest, bench_now() - before);
        if (kind > 1 && kind <= 64) {
            verify(w, block, count);
        }
        w->requests++;
    }
    return NULL;
}

static void prepare(struct worker *w, int number)
{
    w->number = number;
    w->random = BENCH_SEED + (uint64_t) number;
    if (posix_memalign((void **) &w->buffer, BLOCK, MOST_BLOCKS * BLOCK) != 0) {
        bench_fail("diskload: memory");
    }
    for (int block = 0; block < REGION; block += MOST_BLOCKS) {
        zero(w, block, MOST_BLOCKS);
    }
}

static void look_at_all(struct worker *w)
{
    for (int block = 0; block < REGION; block += MOST_BLOCKS) {
        read_blocks(w, block, MOST_BLOCKS);
        verify(w, block, MOST_BLOCKS);
    }
}

static void report(int threads)
{
    const struct slowest *all[MOST_THREADS];
    uint64_t requests = 0;
    uint64_t verified = 0;
    for (int i = 0; i < threads; i++) {
        requests += workers[i].requests;
        verified += workers[i].verified;
        all[i] = &workers[i].slowest;
    }
    printf("requests %llu\n", (unsigned long long) requests);
    slowest_print(all, threads);
    printf("verified %llu\n", (unsigned long long) verified);
}

int main(int argc, char **argv)
{
    int threads = argc == 4 ? atoi(argv[2]) : 0;
    const char *device = argv[1];
    uint64_t bytes;
    if (threads < 1 || threads > MOST_THREADS) {
        fprintf(stderr, "usage: %s DEVICE THREADS SECONDS (1 to %d threads)\n", argv[0], MOST_THREADS);
        return 2;
    }
    disk = open(device, O_RDWR | O_DIRECT);
    if (disk < 0 || ioctl(disk, BLKGETSIZE64, &bytes) != 0) {
        bench_fail(device);
    }
    if (bytes < (uint64_t) threads * REGION * BLOCK) {
        fprintf(stderr, "diskload: %s has %llu bytes; %d threads need %llu\n", device, (unsigned long long) bytes, threads,
                (unsigned long long) threads * REGION * BLOCK);
        return 2;
    }
    signal(SIGTERM, stop);
    for (int i = 0; i < threads; i++) {
        prepare(&workers[i], i);
    }
    bench_begin();
    end = bench_now() + (uint64_t) atoi(argv[3]) * 1000000000u;
    for (int i = 0; i < threads; i++) {
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) {
            bench_fail("diskload: thread");
        }
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
    }
    for (int i = 0; i < threads; i++) {
        look_at_all(&workers[i]);
    }
    report(threads);
    return fflush(stdout) == 0 ? 0 : 1;
}
