/* LZ77 with hash chains: compresses text of a made-up language, decompresses it and compares. */
#include "bench.h"

#define SIZE (192 * 1024)
#define WINDOW 32768
#define HASHES 4096
#define SHORTEST 4
#define LONGEST 130
#define CHAIN 24

static unsigned char text[SIZE], packed[SIZE * 2], unpacked[SIZE];
static int32_t heads[HASHES], previous[WINDOW];

static void write_text(uint64_t seed)
{
    static const char *const syllables[] = {"ka", "lo", "mi", "ten", "ra", "su", "vel", "no", "dar", "e", "il", "on",
        "pre", "ti", "sha", "u"};
    char words[200][16];
    uint64_t random = seed;
    for (int i = 0; i < 200; i++) {
        words[i][0] = 0;
        for (int n = 1 + (int) (bench_random(&random) % 4); n > 0; n--) {
            strcat(words[i], syllables[bench_random(&random) % 16]);
        }
    }
    size_t at = 0;
    while (at < SIZE) {
        /* Frequent words are frequent: the smaller of two numbers. */
        uint64_t a = bench_random(&random) % 200, b = bench_random(&random) % 200;
        for (const char *c = words[a < b ? a : b]; *c && at < SIZE; c++) {
            text[at++] = (unsigned char) *c;
        }
        if (at < SIZE) {
            text[at++] = bench_random(&random) % 12 ? ' ' : '\n';
        }
    }
}

static uint32_t hash_of(const unsigned char *at)
{
    uint32_t four = (uint32_t) at[0] | (uint32_t) at[1] << 8 | (uint32_t) at[2] << 16 | (uint32_t) at[3] << 24;
    return four * 2654435761u >> 20;
}

static void enter(int at)
{
    uint32_t h = hash_of(text + at);
    previous[at % WINDOW] = heads[h];
    heads[h] = at;
}

/* A run of literals: its length - 1 below 128, then the bytes. A match: 128 + length - 4, then a 16-bit distance. */
static size_t compress(void)
{
    size_t out = 0, run = 0;
    memset(heads, 0xff, sizeof heads);
    int at = 0;
    while (at < SIZE) {
        int best = 0, distance = 0;
        if (at + SHORTEST <= SIZE) {
            int most = SIZE - at < LONGEST ? SIZE - at : LONGEST;
            int candidate = heads[hash_of(text + at)];
            for (int tries = CHAIN; candidate >= 0 && at - candidate < WINDOW && tries > 0; tries--) {
                int length = 0;
                while (length < most && text[candidate + length] == text[at + length]) {
                    length++;
                }
                if (length > best) {
                    best = length;
                    distance = at - candidate;
                }
                int next = previous[candidate % WINDOW];
                if (next >= candidate) {
                    break;
                }
                candidate = next;
            }
        }
        if (best >= SHORTEST) {
            packed[out++] = (unsigned char) (128 + best - SHORTEST);
            packed[out++] = (unsigned char) distance;
            packed[out++] = (unsigned char) (distance >> 8);
            run = 0;
            for (int end = at + best; at < end; at++) {
                if (at + SHORTEST <= SIZE) {
                    enter(at);
                }
            }
        } else {
            if (run == 0 || packed[run - 1] == 127) {
                packed[out] = 0;
                run = ++out;
            } else {
                packed[run - 1]++;
            }
            packed[out++] = text[at];
            if (at + SHORTEST <= SIZE) {
                enter(at);
            }
            at++;
        }
    }
    return out;
}

static size_t decompress(size_t length)
{
    size_t out = 0, in = 0;
    while (in < length) {
        unsigned token = packed[in++];
        if (token < 128) {
            for (unsigned i = 0; i <= token; i++) {
                unpacked[out++] = packed[in++];
            }
        } else {
            size_t distance = packed[in] | (size_t) packed[in + 1] << 8;
            in += 2;
            for (unsigned i = 0; i < token - 128 + SHORTEST; i++, out++) {
                unpacked[out] = unpacked[out - distance];
            }
        }
    }
    return out;
}

static uint64_t round_of(int number)
{
    write_text(88172645463325252u + (uint64_t) number % 5);
    uint64_t result = BENCH_SEED;
    for (int i = 0; i < 5; i++) {
        size_t length = compress();
        if (decompress(length) != SIZE || memcmp(text, unpacked, SIZE) != 0) {
            fprintf(stderr, "lz77: what was decompressed differs\n");
            exit(1);
        }
        result = bench_hash(result, length);
    }
    return result;
}

int main(int argc, char **argv)
{
    return bench_main(argc, argv, round_of);
}
