/* A conversation over a console port or a terminal, in which every byte of both sides is known.
 *
 *   portload DEVICE SECONDS [WINDOW]
 *
 * Both sides send records, numbered from 1: the guest as many as are not answered yet and fit, but no more than WINDOW (32); the host
 * one for each that it has received. With 1 the guest waits for each answer before it goes on, so that what it measures is the device,
 * and not how its own records and answers keep each other waiting in a driver. A record that is lost, torn, doubled, or out of order is
 * seen. Little-endian:
 *   u64 number; u32 length; u8 payload[length]; u32 crc;
 * Length and payload follow from the number and the side (see fill), crc is CRC-32 of all before it. Length 0 is a side's last.
 * Prints
 *   begin
 *   requests NUMBER         records that were answered
 *   slow RANK NANOSECONDS   the RANK-longest time between two answers
 *   verified NUMBER         bytes received; as many were sent, about
 * and ends with status 0, or says what is wrong and ends with 1. SIGTERM ends it early.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include "bench.h"
#include "slowest.h"

#define HEADER 12
#define MOST 1000
#define RECORD (HEADER + MOST + 4)
/* On their way at a time: less than a console keeps. */
#define WINDOW 32
#define GUEST 1
#define HOST 2

static int device;
static uint64_t window = WINDOW;
static uint64_t end;
static volatile sig_atomic_t stopped;
static struct slowest slowest;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t answered = PTHREAD_COND_INITIALIZER;
static uint64_t answers;

static void stop(int signal)
{
    (void) signal;
    stopped = 1;
}

static uint32_t crc32(const unsigned char *bytes, size_t length)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < length; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
        }
    }
    return ~crc;
}

/* What a side's record is. The last one has no payload. */
static size_t fill(unsigned char *record, uint64_t side, uint64_t number, int last)
{
    uint64_t random = number * 0x9e3779b97f4a7c15u ^ side;
    uint32_t length = last ? 0 : 1 + (uint32_t) (bench_random(&random) >> 32) % MOST;
    uint32_t crc;
    memcpy(record, &number, 8);
    memcpy(record + 8, &length, 4);
    for (uint32_t i = 0; i < length; i++) {
        record[HEADER + i] = (unsigned char) (bench_random(&random) >> 32);
    }
    crc = crc32(record, HEADER + length);
    memcpy(record + HEADER + length, &crc, 4);
    return HEADER + length + 4;
}

static void send_all(const unsigned char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t count = write(device, bytes, length);
        if (count < 0 && errno != EINTR) {
            bench_fail("portload: write");
        }
        if (count > 0) {
            bytes += count;
            length -= (size_t) count;
        }
    }
}

static void receive(unsigned char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t count = read(device, bytes, length);
        if (count < 0 && errno != EINTR) {
            bench_fail("portload: read");
        }
        if (count == 0) {
            fprintf(stderr, "portload: nobody is at the other end\n");
            exit(1);
        }
        if (count > 0) {
            bytes += count;
            length -= (size_t) count;
        }
    }
}

/* Asks until it is time to end. */
static void *ask(void *unused)
{
    unsigned char record[RECORD];
    uint64_t number = 0;
    (void) unused;
    for (int last = 0; !last; ) {
        pthread_mutex_lock(&lock);
        while (number - answers >= window) {
            pthread_cond_wait(&answered, &lock);
        }
        pthread_mutex_unlock(&lock);
        last = stopped || bench_now() >= end;
        send_all(record, fill(record, GUEST, ++number, last));
    }
    return NULL;
}

/* A few bytes that differ are other bytes than came; from one on all: some are lost, or doubled. */
static void wrong(uint64_t number, const unsigned char *expected, const unsigned char *found, size_t size)
{
    unsigned differ = 0;
    fprintf(stderr, "portload: answer %llu is not what the host sends; byte, expected, found:", (unsigned long long) number);
    for (size_t i = 0; i < size; i++) {
        if (expected[i] != found[i] && differ++ < 16) {
            fprintf(stderr, " %zu %02x %02x,", i, expected[i], found[i]);
        }
    }
    fprintf(stderr, " %u of %zu\n", differ, size);
    exit(1);
}

/* Checks answers; returns how many bytes they had. */
static uint64_t check(void)
{
    unsigned char expected[RECORD];
    unsigned char found[RECORD];
    uint64_t bytes = 0;
    uint64_t before = bench_now();
    for (uint64_t number = 1; ; number++) {
        uint32_t length;
        receive(found, HEADER);
        memcpy(&length, found + 8, 4);
        size_t size = fill(expected, HOST, number, length == 0);
        if (memcmp(expected, found, HEADER) == 0) {
            receive(found + HEADER, size - HEADER);
        }
        if (memcmp(expected, found, size) != 0) {
            wrong(number, expected, found, memcmp(expected, found, HEADER) == 0 ? size : HEADER);
        }
        uint64_t now = bench_now();
        slowest_note(&slowest, now - before);
        before = now;
        bytes += size;
        pthread_mutex_lock(&lock);
        answers = number;
        pthread_cond_signal(&answered);
        pthread_mutex_unlock(&lock);
        if (length == 0) {
            return bytes;
        }
    }
}

int main(int argc, char **argv)
{
    const struct slowest *all = &slowest;
    struct termios settings;
    pthread_t asking;
    if (argc == 4) {
        window = strtoull(argv[3], NULL, 10);
    }
    if (argc < 3 || argc > 4 || window < 1 || window > WINDOW) {
        fprintf(stderr, "usage: %s DEVICE SECONDS [1-%d]\n", argv[0], WINDOW);
        return 2;
    }
    device = open(argv[1], O_RDWR | O_NOCTTY);
    if (device < 0) {
        bench_fail(argv[1]);
    }
    if (tcgetattr(device, &settings) == 0) {
        cfmakeraw(&settings);
        tcsetattr(device, TCSANOW, &settings);
    }
    signal(SIGTERM, stop);
    bench_begin();
    end = bench_now() + strtoull(argv[2], NULL, 10) * 1000000000u;
    if (pthread_create(&asking, NULL, ask, NULL) != 0) {
        bench_fail("portload: thread");
    }
    uint64_t bytes = check();
    pthread_join(asking, NULL);
    printf("requests %llu\n", (unsigned long long) answers);
    slowest_print(&all, 1);
    printf("verified %llu\n", (unsigned long long) bytes);
    return fflush(stdout) == 0 ? 0 : 1;
}
