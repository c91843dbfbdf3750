/* Processes that are born, replace themselves with another program (this one again), and die. */
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define CHILDREN 18

static const char *self;

static uint64_t round_of(int number)
{
    uint64_t sum = 0;
    for (int i = 0; i < CHILDREN; i++) {
        char answer[8];
        snprintf(answer, sizeof answer, "%d", (number + i) & 127);
        pid_t child = fork();
        if (child < 0) {
            bench_fail("forkexec: fork");
        }
        if (child == 0) {
            execl(self, self, "child", answer, (char *) NULL);
            _exit(255);
        }
        int status;
        if (waitpid(child, &status, 0) != child || !WIFEXITED(status)) {
            bench_fail("forkexec: waitpid");
        }
        sum = sum * 31 + (uint64_t) WEXITSTATUS(status);
    }
    return sum;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "child") == 0) {
        return atoi(argv[2]);
    }
    self = argv[0];
    return bench_main(argc, argv, round_of);
}
