/* Two processes that send each other a byte, and now and then a page, through pipes. */
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define EXCHANGES 704
#define PAGE 4096

static int there[2], back[2];

static void read_all(int from, unsigned char *bytes, size_t length)
{
    for (size_t have = 0; have < length;) {
        ssize_t count = read(from, bytes + have, length - have);
        if (count <= 0) {
            _exit(count == 0 ? 0 : 1);
        }
        have += (size_t) count;
    }
}

static void write_all(int to, const unsigned char *bytes, size_t length)
{
    if (write(to, bytes, length) != (ssize_t) length) {
        bench_fail("pipe: write");
    }
}

/* Every 64th message is a page. */
static size_t length_of(int number)
{
    return number % 64 == 63 ? PAGE : 1;
}

static void answer(void)
{
    unsigned char bytes[PAGE];
    for (int i = 0;; i = (i + 1) % EXCHANGES) {
        size_t length = length_of(i);
        read_all(there[0], bytes, length);
        for (size_t k = 0; k < length; k += 64) {
            bytes[k] = (unsigned char) (bytes[k] * 5 + 1);
        }
        write_all(back[1], bytes, length);
    }
}

static uint64_t round_of(int number)
{
    unsigned char bytes[PAGE] = {(unsigned char) number};
    for (int i = 0; i < EXCHANGES; i++) {
        write_all(there[1], bytes, length_of(i));
        read_all(back[0], bytes, length_of(i));
    }
    return bench_hash_bytes(BENCH_SEED, bytes, sizeof bytes);
}

int main(int argc, char **argv)
{
    if (pipe(there) != 0 || pipe(back) != 0) {
        bench_fail("pipe: pipe");
    }
    pid_t child = fork();
    if (child < 0) {
        bench_fail("pipe: fork");
    }
    if (child == 0) {
        close(there[1]);
        close(back[0]);
        answer();
    }
    close(there[0]);
    close(back[1]);
    int status = bench_main(argc, argv, round_of);
    close(there[1]);
    waitpid(child, NULL, 0);
    return status;
}
