/* The same work for any number of processors: two processes take pieces from a shared counter until none is left.
 * A round has ended when the last of its pieces was taken. */
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define WORKERS 2
#define PIECES 40
#define SIDE 40
#define TURNS 6

struct shared {
    uint64_t next;
    uint64_t check;
    uint64_t ended[MOST_ROUNDS + 1];
};

/* A matrix product, and a sort of its elements. */
static uint64_t piece(uint64_t number)
{
    static int64_t a[SIDE][SIDE], b[SIDE][SIDE], c[SIDE * SIDE];
    uint64_t random = 88172645463325252u + number, result = BENCH_SEED;
    for (int turn = 0; turn < TURNS; turn++) {
        for (int i = 0; i < SIDE; i++) {
            for (int j = 0; j < SIDE; j++) {
                a[i][j] = (int64_t) (bench_random(&random) & 0xffff);
                b[i][j] = (int64_t) (bench_random(&random) & 0xffff);
            }
        }
        for (int i = 0; i < SIDE; i++) {
            for (int j = 0; j < SIDE; j++) {
                int64_t sum = 0;
                for (int k = 0; k < SIDE; k++) {
                    sum += a[i][k] * b[k][j];
                }
                c[i * SIDE + j] = sum;
            }
        }
        for (int gap = SIDE * SIDE / 2; gap > 0; gap /= 2) {
            for (int i = gap; i < SIDE * SIDE; i++) {
                int64_t x = c[i];
                int j = i;
                for (; j >= gap && c[j - gap] > x; j -= gap) {
                    c[j] = c[j - gap];
                }
                c[j] = x;
            }
        }
        result = bench_hash(result, (uint64_t) c[0] ^ (uint64_t) c[SIDE * SIDE / 2]);
    }
    return result;
}

static void work(struct shared *shared, uint64_t pieces)
{
    for (;;) {
        uint64_t number = __atomic_fetch_add(&shared->next, 1, __ATOMIC_SEQ_CST);
        if (number >= pieces) {
            return;
        }
        __atomic_fetch_add(&shared->check, bench_hash(number, piece(number)), __ATOMIC_SEQ_CST);
        if (number % PIECES == PIECES - 1) {
            shared->ended[number / PIECES + 1] = bench_now();
        }
    }
}

int main(int argc, char **argv)
{
    int rounds = bench_rounds(argc, argv);
    struct shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        bench_fail("parallel: mmap");
    }
    bench_begin();
    shared->ended[0] = bench_now();
    for (int i = 0; i < WORKERS; i++) {
        pid_t child = fork();
        if (child < 0) {
            bench_fail("parallel: fork");
        }
        if (child == 0) {
            work(shared, (uint64_t) rounds * PIECES);
            _exit(0);
        }
    }
    for (int i = 0; i < WORKERS; i++) {
        int status;
        if (wait(&status) < 0 || status != 0) {
            bench_fail("parallel: wait");
        }
    }
    shared->ended[rounds] = bench_now();
    memcpy(bench_times, shared->ended, sizeof bench_times);
    return bench_end(rounds, shared->check);
}
