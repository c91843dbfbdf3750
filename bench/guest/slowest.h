/* The longest times between a program and what it waits for, of as many as it takes. */
#ifndef SLOWEST_H
#define SLOWEST_H

#include <stdint.h>
#include <stdio.h>

#define SLOWEST 2000

/* The shortest of them first. */
struct slowest {
    uint64_t nanos[SLOWEST];
};

/* Keeps the longest: an insertion into a sorted list, which is rare. */
static inline void slowest_note(struct slowest *s, uint64_t nanos)
{
    int i = 0;
    if (nanos <= s->nanos[0]) {
        return;
    }
    while (i + 1 < SLOWEST && s->nanos[i + 1] < nanos) {
        s->nanos[i] = s->nanos[i + 1];
        i++;
    }
    s->nanos[i] = nanos;
}

/* Prints "slow RANK NANOSECONDS": the RANK-longest time, of several threads in the one that had it worst. */
static inline void slowest_print(const struct slowest *const *all, int count)
{
    static const int ranks[] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000};
    for (size_t r = 0; r < sizeof ranks / sizeof ranks[0]; r++) {
        uint64_t worst = 0;
        for (int i = 0; i < count; i++) {
            uint64_t slow = all[i]->nanos[SLOWEST - ranks[r]];
            worst = slow > worst ? slow : worst;
        }
        printf("slow %d %llu\n", ranks[r], (unsigned long long) worst);
    }
}

#endif
