/* SHA-256 (FIPS 180-4) over a buffer; checked against the standard's first example before it starts. */
#include "bench.h"

#define BUFFER (64 * 1024)
#define TURNS 112

static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static unsigned char buffer[BUFFER];

static inline uint32_t rotr(uint32_t x, int n)
{
    return x >> n | x << (32 - n);
}

static void compress(uint32_t h[8], const unsigned char *block)
{
    uint32_t w[64];
    for (int t = 0; t < 16; t++) {
        w[t] = (uint32_t) block[t * 4] << 24 | (uint32_t) block[t * 4 + 1] << 16 | (uint32_t) block[t * 4 + 2] << 8
            | block[t * 4 + 3];
    }
    for (int t = 16; t < 64; t++) {
        uint32_t s0 = rotr(w[t - 15], 7) ^ rotr(w[t - 15], 18) ^ w[t - 15] >> 3;
        uint32_t s1 = rotr(w[t - 2], 17) ^ rotr(w[t - 2], 19) ^ w[t - 2] >> 10;
        w[t] = s1 + w[t - 7] + s0 + w[t - 16];
    }
    uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], f = h[5], g = h[6], i = h[7];
    for (int t = 0; t < 64; t++) {
        uint32_t t1 = i + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + ((e & f) ^ (~e & g)) + K[t] + w[t];
        uint32_t t2 = (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        i = g;
        g = f;
        f = e;
        e = d + t1;
        d = c;
        c = b;
        b = a;
        a = t1 + t2;
    }
    h[0] += a;
    h[1] += b;
    h[2] += c;
    h[3] += d;
    h[4] += e;
    h[5] += f;
    h[6] += g;
    h[7] += i;
}

static void sha256(const unsigned char *message, size_t length, uint32_t h[8])
{
    static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memcpy(h, start, sizeof start);
    size_t done = 0;
    for (; length - done >= 64; done += 64) {
        compress(h, message + done);
    }
    unsigned char last[128] = {0};
    size_t rest = length - done, size = rest < 56 ? 64 : 128;
    memcpy(last, message + done, rest);
    last[rest] = 0x80;
    for (int i = 0; i < 8; i++) {
        last[size - 1 - (size_t) i] = (unsigned char) ((uint64_t) length * 8 >> i * 8);
    }
    for (size_t at = 0; at < size; at += 64) {
        compress(h, last + at);
    }
}

static uint64_t round_of(int number)
{
    uint32_t h[8];
    for (int i = 0; i < TURNS; i++) {
        buffer[0] = (unsigned char) (number + i);
        sha256(buffer, BUFFER, h);
        memcpy(buffer + 64, h, sizeof h);
    }
    return (uint64_t) h[0] << 32 | h[7];
}

int main(int argc, char **argv)
{
    uint32_t h[8];
    sha256((const unsigned char *) "abc", 3, h);
    if (h[0] != 0xba7816bf || h[7] != 0xf20015ad) {
        fprintf(stderr, "sha256: wrong digest of abc: %08x...%08x\n", h[0], h[7]);
        return 1;
    }
    uint64_t random = 88172645463325252u;
    for (size_t i = 0; i < BUFFER; i++) {
        buffer[i] = (unsigned char) bench_random(&random);
    }
    return bench_main(argc, argv, round_of);
}
