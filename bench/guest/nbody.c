/* Gravitation between bodies, by leapfrog steps: square roots, divisions, dependent sums. */
#include <math.h>

#include "bench.h"

#define BODIES 8
#define STEPS 19000

struct body {
    double x, y, z, vx, vy, vz, mass;
};

static struct body bodies[BODIES];

static void place(uint64_t seed)
{
    uint64_t random = seed;
    for (int i = 0; i < BODIES; i++) {
        struct body *b = &bodies[i];
        b->x = 40 * bench_fraction(&random) - 20;
        b->y = 40 * bench_fraction(&random) - 20;
        b->z = 4 * bench_fraction(&random) - 2;
        b->vx = bench_fraction(&random) - 0.5;
        b->vy = bench_fraction(&random) - 0.5;
        b->vz = bench_fraction(&random) - 0.5;
        b->mass = i == 0 ? 40 : bench_fraction(&random);
    }
}

static void advance(double dt)
{
    for (int i = 0; i < BODIES; i++) {
        struct body *a = &bodies[i];
        for (int j = i + 1; j < BODIES; j++) {
            struct body *b = &bodies[j];
            double dx = a->x - b->x, dy = a->y - b->y, dz = a->z - b->z;
            double square = dx * dx + dy * dy + dz * dz + 0.01;
            double pull = dt / (square * sqrt(square));
            a->vx -= dx * b->mass * pull;
            a->vy -= dy * b->mass * pull;
            a->vz -= dz * b->mass * pull;
            b->vx += dx * a->mass * pull;
            b->vy += dy * a->mass * pull;
            b->vz += dz * a->mass * pull;
        }
    }
    for (int i = 0; i < BODIES; i++) {
        bodies[i].x += dt * bodies[i].vx;
        bodies[i].y += dt * bodies[i].vy;
        bodies[i].z += dt * bodies[i].vz;
    }
}

static uint64_t round_of(int number)
{
    place(88172645463325252u + (uint64_t) number % 17);
    for (int i = 0; i < STEPS; i++) {
        advance(0.005);
    }
    return bench_hash_bytes(BENCH_SEED, bodies, sizeof bodies);
}

int main(int argc, char **argv)
{
    return bench_main(argc, argv, round_of);
}
