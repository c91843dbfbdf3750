/* Integers of many words: modular powers after Montgomery (1985), a factorial, its decimal digits, a long division. */
#include "bench.h"

typedef unsigned __int128 wide;

#define WORDS 16
#define FACTORIAL 700
#define LARGE 140

static uint64_t modulus[WORDS], modulus_inverse;

/* Montgomery product: a * b / 2^(64 * WORDS) modulo the modulus. */
static void montgomery(uint64_t *result, const uint64_t *a, const uint64_t *b)
{
    uint64_t t[WORDS + 2] = {0};
    for (int i = 0; i < WORDS; i++) {
        wide carry = 0;
        for (int j = 0; j < WORDS; j++) {
            carry += (wide) a[j] * b[i] + t[j];
            t[j] = (uint64_t) carry;
            carry >>= 64;
        }
        carry += t[WORDS];
        t[WORDS] = (uint64_t) carry;
        t[WORDS + 1] = (uint64_t) (carry >> 64);
        uint64_t m = t[0] * modulus_inverse;
        carry = ((wide) m * modulus[0] + t[0]) >> 64;
        for (int j = 1; j < WORDS; j++) {
            carry += (wide) m * modulus[j] + t[j];
            t[j - 1] = (uint64_t) carry;
            carry >>= 64;
        }
        carry += t[WORDS];
        t[WORDS - 1] = (uint64_t) carry;
        t[WORDS] = t[WORDS + 1] + (uint64_t) (carry >> 64);
    }
    uint64_t difference[WORDS], borrow = 0;
    for (int j = 0; j < WORDS; j++) {
        wide d = (wide) t[j] - modulus[j] - borrow;
        difference[j] = (uint64_t) d;
        borrow = (uint64_t) (d >> 64) & 1;
    }
    memcpy(result, t[WORDS] || !borrow ? difference : t, WORDS * sizeof *result);
}

static uint64_t modular_power(uint64_t *random)
{
    uint64_t base[WORDS], result[WORDS];
    for (int i = 0; i < WORDS; i++) {
        modulus[i] = bench_random(random);
        base[i] = bench_random(random);
    }
    modulus[0] |= 1;
    modulus[WORDS - 1] |= (uint64_t) 1 << 63;
    base[WORDS - 1] >>= 1;
    /* Newton's iteration: each step doubles the number of correct bits of the inverse modulo 2^64. */
    uint64_t inverse = modulus[0];
    for (int i = 0; i < 6; i++) {
        inverse *= 2 - modulus[0] * inverse;
    }
    modulus_inverse = 0 - inverse;
    memcpy(result, base, sizeof result);
    uint64_t exponent = bench_random(random) | 1;
    for (int bit = 0; bit < 256; bit++) {
        montgomery(result, result, result);
        if (exponent >> (bit & 63) & 1) {
            montgomery(result, result, base);
        }
    }
    return bench_hash_bytes(BENCH_SEED, result, sizeof result);
}

static uint64_t factorial(void)
{
    uint32_t digits[LARGE * 2] = {1};
    int length = 1;
    for (uint32_t n = 2; n <= FACTORIAL; n++) {
        uint64_t carry = 0;
        for (int i = 0; i < length; i++) {
            carry += (uint64_t) digits[i] * n;
            digits[i] = (uint32_t) carry;
            carry >>= 32;
        }
        if (carry) {
            digits[length++] = (uint32_t) carry;
        }
    }
    uint64_t hash = BENCH_SEED;
    while (length > 0) {
        uint64_t rest = 0;
        for (int i = length - 1; i >= 0; i--) {
            rest = rest << 32 | digits[i];
            digits[i] = (uint32_t) (rest / 1000000000u);
            rest %= 1000000000u;
        }
        while (length > 0 && digits[length - 1] == 0) {
            length--;
        }
        hash = bench_hash(hash, rest);
    }
    return hash;
}

/* Knuth, The Art of Computer Programming 2, 4.3.1, algorithm D, with 32-bit digits. */
static uint64_t long_division(uint64_t *random)
{
    uint32_t u[LARGE + 1], v[LARGE / 2];
    const int n = LARGE / 2, m = LARGE - n;
    for (int i = 0; i < LARGE; i++) {
        u[i] = (uint32_t) bench_random(random);
    }
    u[LARGE] = 0;
    for (int i = 0; i < n; i++) {
        v[i] = (uint32_t) bench_random(random);
    }
    v[n - 1] |= 0x80000000u;
    uint64_t hash = BENCH_SEED;
    for (int j = m; j >= 0; j--) {
        uint64_t top = (uint64_t) u[j + n] << 32 | u[j + n - 1];
        uint64_t q = top / v[n - 1], r = top % v[n - 1];
        while (r >> 32 == 0 && (q >> 32 != 0 || q * v[n - 2] > (r << 32 | u[j + n - 2]))) {
            q--;
            r += v[n - 1];
        }
        int64_t borrow = 0;
        uint64_t carry = 0;
        for (int i = 0; i < n; i++) {
            carry += q * v[i];
            borrow += (int64_t) u[i + j] - (int64_t) (uint32_t) carry;
            u[i + j] = (uint32_t) borrow;
            borrow >>= 32;
            carry >>= 32;
        }
        borrow += (int64_t) u[j + n] - (int64_t) carry;
        u[j + n] = (uint32_t) borrow;
        if (borrow < 0) {
            q--;
            carry = 0;
            for (int i = 0; i < n; i++) {
                carry += (uint64_t) u[i + j] + v[i];
                u[i + j] = (uint32_t) carry;
                carry >>= 32;
            }
            u[j + n] += (uint32_t) carry;
        }
        hash = bench_hash(hash, q);
    }
    return bench_hash_bytes(hash, u, sizeof(uint32_t) * (size_t) n);
}

static uint64_t round_of(int number)
{
    uint64_t random = 88172645463325252u + (uint64_t) number % 13, result = BENCH_SEED;
    for (int i = 0; i < 44; i++) {
        result = bench_hash(result, modular_power(&random));
        result = bench_hash(result, factorial());
        for (int d = 0; d < 60; d++) {
            result = bench_hash(result, long_division(&random));
        }
    }
    return result;
}

int main(int argc, char **argv)
{
    return bench_main(argc, argv, round_of);
}
