/* Memory that is mapped, touched page by page, protected, copied on write, and given back. */
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define PAGE 4096
#define PAGES 640
#define TURNS 2

static uint64_t touch(unsigned char *at, int value)
{
    uint64_t sum = 0;
    for (size_t page = 0; page < PAGES; page++) {
        sum += at[page * PAGE];
        at[page * PAGE] = (unsigned char) (value + (int) page);
    }
    return sum;
}

static uint64_t round_of(int number)
{
    uint64_t sum = 0;
    for (int i = 0; i < TURNS; i++) {
        unsigned char *at = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (at == MAP_FAILED) {
            bench_fail("pagefault: mmap");
        }
        /* One fault for each page: no huge pages. */
        madvise(at, PAGES * PAGE, MADV_NOHUGEPAGE);
        sum += touch(at, number + i);
        if (mprotect(at, PAGES * PAGE, PROT_READ) != 0 || mprotect(at, PAGES * PAGE, PROT_READ | PROT_WRITE) != 0) {
            bench_fail("pagefault: mprotect");
        }
        sum += touch(at, number);
        if (i == 0) {
            pid_t child = fork();
            if (child == 0) {
                _exit((int) (touch(at, 1) & 127));
            }
            int status;
            if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) {
                bench_fail("pagefault: fork");
            }
            sum = sum * 31 + (uint64_t) WEXITSTATUS(status) + touch(at, 2);
        }
        if (munmap(at, PAGES * PAGE) != 0) {
            bench_fail("pagefault: munmap");
        }
    }
    return sum;
}

int main(int argc, char **argv)
{
    return bench_main(argc, argv, round_of);
}
