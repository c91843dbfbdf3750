/* Rounds of a shell script: "script ROUNDS FILE" runs "sh FILE setup" once, and "sh FILE" in each round.
 * The checksum is over everything that the rounds print. */
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

static const char *file;

static uint64_t run(const char *argument)
{
    int ends[2];
    if (pipe(ends) != 0) {
        bench_fail("script: pipe");
    }
    pid_t child = fork();
    if (child < 0) {
        bench_fail("script: fork");
    }
    if (child == 0) {
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        execl("/bin/sh", "sh", file, argument, (char *) NULL);
        _exit(127);
    }
    close(ends[1]);
    uint64_t hash = BENCH_SEED;
    char bytes[4096];
    ssize_t count;
    while ((count = read(ends[0], bytes, sizeof bytes)) > 0) {
        hash = bench_hash_bytes(hash, bytes, (size_t) count);
    }
    close(ends[0]);
    int status;
    if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "script: %s failed\n", file);
        exit(1);
    }
    return hash;
}

static uint64_t round_of(int number)
{
    (void) number;
    return run("round");
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: script ROUNDS FILE\n");
        return 2;
    }
    file = argv[2];
    run("setup");
    return bench_main(argc, argv, round_of);
}
