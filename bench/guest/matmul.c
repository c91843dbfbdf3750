/* Products of matrices of doubles and of floats, and an LU decomposition with pivots. */
#include <math.h>

#include "bench.h"

#define SIDE 140

static double a[SIDE][SIDE], b[SIDE][SIDE], c[SIDE][SIDE];
static float fa[SIDE][SIDE], fb[SIDE][SIDE], fc[SIDE][SIDE];

static void multiply(void)
{
    for (int i = 0; i < SIDE; i++) {
        for (int j = 0; j < SIDE; j++) {
            double sum = 0;
            for (int k = 0; k < SIDE; k++) {
                sum += a[i][k] * b[k][j];
            }
            c[i][j] = sum;
        }
    }
}

static void multiply_floats(void)
{
    memset(fc, 0, sizeof fc);
    for (int i = 0; i < SIDE; i++) {
        for (int k = 0; k < SIDE; k++) {
            float x = fa[i][k];
            for (int j = 0; j < SIDE; j++) {
                fc[i][j] += x * fb[k][j];
            }
        }
    }
}

/* In place; @return the determinant's logarithm. */
static double decompose(double m[SIDE][SIDE])
{
    double logarithm = 0;
    for (int k = 0; k < SIDE; k++) {
        int pivot = k;
        for (int i = k + 1; i < SIDE; i++) {
            if (fabs(m[i][k]) > fabs(m[pivot][k])) {
                pivot = i;
            }
        }
        for (int j = 0; j < SIDE; j++) {
            double t = m[k][j];
            m[k][j] = m[pivot][j];
            m[pivot][j] = t;
        }
        logarithm += log(fabs(m[k][k]));
        for (int i = k + 1; i < SIDE; i++) {
            double factor = m[i][k] /= m[k][k];
            for (int j = k + 1; j < SIDE; j++) {
                m[i][j] -= factor * m[k][j];
            }
        }
    }
    return logarithm;
}

static uint64_t round_of(int number)
{
    uint64_t random = 88172645463325252u + (uint64_t) number % 19, result = BENCH_SEED;
    for (int i = 0; i < SIDE; i++) {
        for (int j = 0; j < SIDE; j++) {
            a[i][j] = bench_fraction(&random) - 0.5;
            b[i][j] = bench_fraction(&random) - 0.5;
            fa[i][j] = (float) a[i][j];
            fb[i][j] = (float) b[i][j];
        }
    }
    multiply();
    multiply_floats();
    result = bench_hash_bytes(result, c, sizeof c);
    result = bench_hash_bytes(result, fc, sizeof fc);
    double logarithm = decompose(c);
    return bench_hash_bytes(result, &logarithm, sizeof logarithm);
}

int main(int argc, char **argv)
{
    return bench_main(argc, argv, round_of);
}
