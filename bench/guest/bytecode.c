/* An interpreter with a switch in a loop: a stack machine that runs Fibonacci, a sieve, Collatz and a string hash. */
#include "bench.h"

#define OPERATIONS(DO) \
    DO(halt) DO(push) DO(load) DO(store) DO(get) DO(put) DO(add) DO(sub) DO(mul) DO(div) DO(mod) DO(and) DO(xor) \
    DO(shr) DO(less) DO(equal) DO(jump) DO(jz) DO(call) DO(ret) DO(arg) DO(dup) DO(drop) DO(swap)

#define CONSTANT(name) OP_##name,
#define NAME(name) #name,

enum op { OPERATIONS(CONSTANT) OPERATIONS_COUNT };

static const char *const names[] = {OPERATIONS(NAME)};

#define CELLS 8192
#define STACK 1024
#define CODE 256

static int64_t memory[CELLS];
static int64_t globals[8];

static int64_t run(const int32_t *code, int64_t argument)
{
    int64_t stack[STACK];
    int frames[STACK];
    int sp = 0, fp = 0, pc = 0, depth = 0;
    stack[sp++] = argument;
    for (;;) {
        switch ((enum op) code[pc++]) {
        case OP_halt:
            return stack[sp - 1];
        case OP_push:
            stack[sp++] = code[pc++];
            break;
        case OP_load:
            stack[sp++] = globals[code[pc++]];
            break;
        case OP_store:
            globals[code[pc++]] = stack[--sp];
            break;
        case OP_get:
            stack[sp - 1] = memory[stack[sp - 1] & (CELLS - 1)];
            break;
        case OP_put:
            sp -= 2;
            memory[stack[sp + 1] & (CELLS - 1)] = stack[sp];
            break;
        case OP_add:
            sp--;
            stack[sp - 1] += stack[sp];
            break;
        case OP_sub:
            sp--;
            stack[sp - 1] -= stack[sp];
            break;
        case OP_mul:
            sp--;
            stack[sp - 1] = (int64_t) ((uint64_t) stack[sp - 1] * (uint64_t) stack[sp]);
            break;
        case OP_div:
            sp--;
            stack[sp - 1] /= stack[sp];
            break;
        case OP_mod:
            sp--;
            stack[sp - 1] %= stack[sp];
            break;
        case OP_and:
            sp--;
            stack[sp - 1] &= stack[sp];
            break;
        case OP_xor:
            sp--;
            stack[sp - 1] ^= stack[sp];
            break;
        case OP_shr:
            sp--;
            stack[sp - 1] = (int64_t) ((uint64_t) stack[sp - 1] >> stack[sp]);
            break;
        case OP_less:
            sp--;
            stack[sp - 1] = stack[sp - 1] < stack[sp];
            break;
        case OP_equal:
            sp--;
            stack[sp - 1] = stack[sp - 1] == stack[sp];
            break;
        case OP_jump:
            pc = code[pc];
            break;
        case OP_jz:
            pc = stack[--sp] ? pc + 1 : code[pc];
            break;
        case OP_call:
            frames[depth++] = pc + 1;
            frames[depth++] = fp;
            fp = sp - 1;
            pc = code[pc];
            break;
        case OP_ret:
            stack[fp] = stack[sp - 1];
            sp = fp + 1;
            fp = frames[--depth];
            pc = frames[--depth];
            break;
        case OP_arg:
            stack[sp++] = stack[fp];
            break;
        case OP_dup:
            stack[sp] = stack[sp - 1];
            sp++;
            break;
        case OP_drop:
            sp--;
            break;
        case OP_swap: {
            int64_t top = stack[sp - 1];
            stack[sp - 1] = stack[sp - 2];
            stack[sp - 2] = top;
            break;
        }
        default:
            fprintf(stderr, "bytecode: no operation at %d\n", pc - 1);
            exit(1);
        }
    }
}

/* Assembles words; "name:" is a label. */
static void assemble(int32_t *code, const char *source)
{
    struct label { char name[12]; int at; } labels[24];
    int count = 0;
    for (int pass = 0; pass < 2; pass++) {
        char word[16];
        int at = 0, used;
        for (const char *text = source; sscanf(text, "%15s%n", word, &used) == 1; text += used) {
            size_t length = strlen(word);
            if (word[length - 1] == ':') {
                if (pass == 0) {
                    word[length - 1] = 0;
                    snprintf(labels[count].name, sizeof labels[count].name, "%.11s", word);
                    labels[count++].at = at;
                }
                continue;
            }
            int32_t value = atoi(word);
            for (int i = 0; i < OPERATIONS_COUNT; i++) {
                value = strcmp(word, names[i]) == 0 ? i : value;
            }
            for (int i = 0; i < count; i++) {
                value = strcmp(word, labels[i].name) == 0 ? labels[i].at : value;
            }
            code[at++] = value;
        }
    }
}

static int32_t fibonacci[CODE], sieve[CODE], collatz[CODE], hash[CODE];

static const char fibonacci_source[] =
    "call fib halt "
    "fib: arg push 2 less jz deeper arg ret "
    "deeper: arg push 1 sub call fib arg push 2 sub call fib add ret";

/* Counts the primes below n: 0 is n, 1 counts, 2 is the candidate, 3 its multiples. */
static const char sieve_source[] =
    "store 0 push 0 store 1 push 0 store 2 "
    "clear: load 2 load 0 less jz cleared push 0 load 2 put load 2 push 1 add store 2 jump clear "
    "cleared: push 2 store 2 "
    "next: load 2 load 0 less jz done load 2 get jz prime "
    "after: load 2 push 1 add store 2 jump next "
    "prime: load 1 push 1 add store 1 load 2 dup add store 3 "
    "multiple: load 3 load 0 less jz after push 1 load 3 put load 3 load 2 add store 3 jump multiple "
    "done: load 1 halt";

/* The sum of the Collatz lengths below n: 0 is n, 1 the sum, 2 the start, 3 the number. */
static const char collatz_source[] =
    "store 0 push 0 store 1 push 1 store 2 "
    "next: load 2 load 0 less jz done load 2 store 3 "
    "step: push 1 load 3 less jz reached load 1 push 1 add store 1 "
    "load 3 push 2 mod jz even load 3 push 3 mul push 1 add store 3 jump step "
    "even: load 3 push 2 div store 3 jump step "
    "reached: load 2 push 1 add store 2 jump next "
    "done: load 1 halt";

/* A hash over the first n cells: 0 is n, 1 the index, 2 the hash. */
static const char hash_source[] =
    "store 0 push 0 store 1 push 5381 store 2 "
    "next: load 1 load 0 less jz done "
    "load 2 push 33 mul load 1 get load 1 add xor dup push 7 shr swap push 65535 and xor store 2 "
    "load 1 push 1 add store 1 jump next "
    "done: load 2 halt";

static uint64_t round_of(int number)
{
    uint64_t result = BENCH_SEED;
    for (int i = 0; i < 3; i++) {
        result = bench_hash(result, (uint64_t) run(fibonacci, 21));
        result = bench_hash(result, (uint64_t) run(sieve, CELLS - number % 3));
        result = bench_hash(result, (uint64_t) run(collatz, 700 + i));
        result = bench_hash(result, (uint64_t) run(hash, CELLS));
    }
    return result;
}

static void expect(const char *what, const int32_t *code, int64_t argument, int64_t value)
{
    int64_t result = run(code, argument);
    if (result != value) {
        fprintf(stderr, "bytecode: %s of %lld is %lld\n", what, (long long) argument, (long long) result);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    assemble(fibonacci, fibonacci_source);
    assemble(sieve, sieve_source);
    assemble(collatz, collatz_source);
    assemble(hash, hash_source);
    expect("fibonacci", fibonacci, 10, 55);
    expect("primes", sieve, 100, 25);
    expect("collatz", collatz, 9, 42);
    return bench_main(argc, argv, round_of);
}
