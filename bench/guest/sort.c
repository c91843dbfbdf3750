/* Sorting: quicksort of numbers, merge sort of a list, a heap, and a walk along pointers in random order. */
#include "bench.h"

#define COUNT 16000

struct node {
    struct node *next;
    uint32_t key;
};

static uint32_t numbers[COUNT], original[COUNT];
static struct node nodes[COUNT];

static void quicksort(uint32_t *a, int low, int high)
{
    while (high - low > 12) {
        uint32_t x = a[low], y = a[low + (high - low) / 2], z = a[high];
        uint32_t pivot = x < y ? (y < z ? y : x < z ? z : x) : (x < z ? x : y < z ? z : y);
        int i = low, j = high;
        while (i <= j) {
            while (a[i] < pivot) {
                i++;
            }
            while (a[j] > pivot) {
                j--;
            }
            if (i <= j) {
                uint32_t t = a[i];
                a[i++] = a[j];
                a[j--] = t;
            }
        }
        if (j - low < high - i) {
            quicksort(a, low, j);
            low = i;
        } else {
            quicksort(a, i, high);
            high = j;
        }
    }
    for (int i = low + 1; i <= high; i++) {
        uint32_t t = a[i];
        int j = i;
        for (; j > low && a[j - 1] > t; j--) {
            a[j] = a[j - 1];
        }
        a[j] = t;
    }
}

static void heapsort_of(uint32_t *a, int n)
{
    for (int i = n / 2 - 1, end = n; end > 1;) {
        uint32_t t;
        if (i >= 0) {
            t = a[i];
        } else {
            t = a[--end];
            a[end] = a[0];
        }
        int at = i >= 0 ? i : 0;
        for (int child = 2 * at + 1; child < end; child = 2 * at + 1) {
            if (child + 1 < end && a[child + 1] > a[child]) {
                child++;
            }
            if (a[child] <= t) {
                break;
            }
            a[at] = a[child];
            at = child;
        }
        a[at] = t;
        if (i >= 0) {
            i--;
        }
    }
}

static struct node *merge(struct node *a, struct node *b)
{
    struct node *sorted = NULL, **tail = &sorted;
    while (a && b) {
        if (a->key <= b->key) {
            *tail = a;
            tail = &a->next;
            a = a->next;
        } else {
            *tail = b;
            tail = &b->next;
            b = b->next;
        }
    }
    *tail = a ? a : b;
    return sorted;
}

static struct node *merge_sort(struct node *list)
{
    struct node *stack[32] = {0};
    while (list) {
        struct node *one = list;
        list = list->next;
        one->next = NULL;
        int level = 0;
        for (; stack[level]; level++) {
            one = merge(stack[level], one);
            stack[level] = NULL;
        }
        stack[level] = one;
    }
    struct node *sorted = NULL;
    for (int level = 0; level < 32; level++) {
        sorted = merge(stack[level], sorted);
    }
    return sorted;
}

static uint64_t checked(const char *what)
{
    uint64_t sum = 0;
    for (int i = 0; i < COUNT; i++) {
        if (i > 0 && numbers[i - 1] > numbers[i]) {
            fprintf(stderr, "sort: %s left the numbers in disorder at %d\n", what, i);
            exit(1);
        }
        sum += (uint64_t) numbers[i] * (uint64_t) (i + 1);
    }
    return sum;
}

static uint64_t sort_all(uint64_t random)
{
    uint64_t result = BENCH_SEED;
    for (int i = 0; i < COUNT; i++) {
        original[i] = (uint32_t) (bench_random(&random) >> 16);
        nodes[i].key = original[i];
        nodes[i].next = i + 1 < COUNT ? &nodes[i + 1] : NULL;
    }
    memcpy(numbers, original, sizeof numbers);
    quicksort(numbers, 0, COUNT - 1);
    result = bench_hash(result, checked("quicksort"));
    memcpy(numbers, original, sizeof numbers);
    heapsort_of(numbers, COUNT);
    result = bench_hash(result, checked("heapsort"));
    /* Sorted by their random keys, the nodes lie in random order. */
    struct node *list = merge_sort(nodes);
    for (int walk = 0; walk < 12; walk++) {
        uint32_t sum = 0;
        for (struct node *at = list; at; at = at->next) {
            sum = sum * 31 + at->key;
            at->key ^= (uint32_t) walk;
        }
        result = bench_hash(result, sum);
    }
    return result;
}

static uint64_t round_of(int number)
{
    uint64_t result = BENCH_SEED;
    for (int i = 0; i < 14; i++) {
        result = bench_hash(result, sort_all(88172645463325252u + (uint64_t) (number + i) % 11));
    }
    return result;
}

int main(int argc, char **argv)
{
    return bench_main(argc, argv, round_of);
}
