/* Indirect jumps of two more kinds: a register machine with computed gotos, and a tree of nodes with function pointers. */
#include "bench.h"

#define CODE 512
#define NODES 800

struct instruction {
    uint8_t op, a, b, c;
};

static struct instruction code[CODE + 1];

/* Straight code with a few short jumps forwards, run many times with other registers. */
static uint64_t machine(uint64_t seed, int turns)
{
    static const void *const labels[] = {&&add, &&subtract, &&multiply, &&exclusive, &&shift, &&rotate, &&skip_if_less,
        &&load, &&store, &&move, &&again};
    uint64_t r[16], memory[64] = {0};
    for (int i = 0; i < 16; i++) {
        r[i] = bench_random(&seed);
    }
    const struct instruction *at = code;
#define NEXT goto *labels[(++at)->op]
    goto *labels[at->op];
add:
    r[at->a] = r[at->b] + r[at->c];
    NEXT;
subtract:
    r[at->a] = r[at->b] - r[at->c];
    NEXT;
multiply:
    r[at->a] = r[at->b] * (r[at->c] | 1);
    NEXT;
exclusive:
    r[at->a] = r[at->b] ^ r[at->c];
    NEXT;
shift:
    r[at->a] = r[at->b] ^ r[at->b] >> (r[at->c] & 31);
    NEXT;
rotate:
    r[at->a] = r[at->b] << 13 | r[at->b] >> 51;
    NEXT;
skip_if_less:
    at += r[at->a] < r[at->b] ? 1 : 0;
    NEXT;
load:
    r[at->a] ^= memory[r[at->b] & 63];
    NEXT;
store:
    memory[r[at->b] & 63] = r[at->a];
    NEXT;
move:
    r[at->a] = r[at->b];
    NEXT;
again:
    if (--turns > 0) {
        at = code;
        goto *labels[at->op];
    }
#undef NEXT
    return bench_hash_bytes(BENCH_SEED, r, sizeof r);
}

struct node {
    uint64_t (*value)(const struct node *, uint64_t);
    const struct node *left, *right;
    uint64_t constant;
};

static struct node nodes[NODES];

static uint64_t value_of(const struct node *n, uint64_t x)
{
    return n->value(n, x);
}

static uint64_t constant(const struct node *n, uint64_t x)
{
    return n->constant + (x & 1);
}

static uint64_t variable(const struct node *n, uint64_t x)
{
    return x ^ n->constant;
}

static uint64_t sum(const struct node *n, uint64_t x)
{
    return value_of(n->left, x) + value_of(n->right, x + 1);
}

static uint64_t product(const struct node *n, uint64_t x)
{
    return value_of(n->left, x) * (value_of(n->right, x) | 1);
}

static uint64_t mixed(const struct node *n, uint64_t x)
{
    uint64_t v = value_of(n->left, x);
    return v ^ v >> 29 ^ n->constant;
}

static uint64_t choice(const struct node *n, uint64_t x)
{
    return value_of(x & 2 ? n->left : n->right, x >> 1);
}

static void build(void)
{
    uint64_t random = 88172645463325252u;
    for (int i = 0; i < CODE; i++) {
        uint64_t v = bench_random(&random);
        code[i] = (struct instruction) {(uint8_t) (v % 10), v >> 8 & 15, v >> 16 & 15, v >> 24 & 15};
    }
    /* What may be skipped must not be the end. */
    code[CODE - 1].op = 0;
    code[CODE].op = 10;
    static uint64_t (*const kinds[])(const struct node *, uint64_t) = {sum, product, mixed, choice};
    for (int i = 0; i < NODES; i++) {
        uint64_t v = bench_random(&random);
        int leaf = 2 * i + 2 >= NODES;
        nodes[i] = (struct node) {leaf ? v & 1 ? constant : variable : kinds[v % 4],
            leaf ? NULL : &nodes[2 * i + 1], leaf ? NULL : &nodes[2 * i + 2], v >> 32};
    }
}

static uint64_t round_of(int number)
{
    uint64_t result = bench_hash(BENCH_SEED, machine(88172645463325252u + (uint64_t) number % 31, 6600));
    for (uint64_t x = 0; x < 6600; x++) {
        result = bench_hash(result, value_of(&nodes[0], x * 0x9e3779b97f4a7c15u));
    }
    return result;
}

int main(int argc, char **argv)
{
    build();
    return bench_main(argc, argv, round_of);
}
