/* Small integer work of four kinds: linked lists, 16-bit matrices, a state machine over text, and CRC-16. */
#include "bench.h"

#define ITEMS 160
#define SIDE 24
#define TEXT 1600
#define TURNS 390

struct item {
    struct item *next;
    int16_t key;
    int16_t value;
};

static struct item items[ITEMS];
static int16_t left[SIDE][SIDE], right[SIDE][SIDE];
static int32_t product[SIDE][SIDE];
static char text[TEXT + 1];

static uint16_t crc16(uint16_t crc, uint32_t value, int bits)
{
    for (int i = 0; i < bits; i++) {
        uint16_t bit = (uint16_t) ((crc ^ value) & 1);
        crc >>= 1;
        value >>= 1;
        if (bit) {
            crc ^= 0xa001;
        }
    }
    return crc;
}

static struct item *merge_sort(struct item *list, int by_value)
{
    if (!list || !list->next) {
        return list;
    }
    struct item *middle = list;
    for (struct item *end = list->next; end && end->next; end = end->next->next) {
        middle = middle->next;
    }
    struct item *b = merge_sort(middle->next, by_value);
    middle->next = NULL;
    struct item *a = merge_sort(list, by_value), *sorted = NULL, **tail = &sorted;
    while (a && b) {
        int first = by_value ? a->value <= b->value : a->key <= b->key;
        struct item **from = first ? &a : &b;
        *tail = *from;
        tail = &(*from)->next;
        *from = (*from)->next;
    }
    *tail = a ? a : b;
    return sorted;
}

static uint16_t lists(uint16_t crc, uint64_t *random)
{
    for (int i = 0; i < ITEMS; i++) {
        uint64_t r = bench_random(random);
        items[i].key = (int16_t) (r & 0x7fff);
        items[i].value = (int16_t) (r >> 16 & 0x7fff);
        items[i].next = i + 1 < ITEMS ? &items[i + 1] : NULL;
    }
    struct item *list = items;
    for (int pass = 0; pass < 4; pass++) {
        struct item *reversed = NULL;
        while (list) {
            struct item *next = list->next;
            list->next = reversed;
            reversed = list;
            list = next;
        }
        list = merge_sort(reversed, pass & 1);
        int wanted = (int) (bench_random(random) & 0x7fff), steps = 0;
        for (struct item *at = list; at && at->key < wanted; at = at->next) {
            steps++;
        }
        crc = crc16(crc, (uint32_t) steps, 16);
    }
    for (struct item *at = list; at; at = at->next) {
        crc = crc16(crc, (uint16_t) at->key, 16);
    }
    return crc;
}

static uint16_t matrices(uint16_t crc, uint64_t *random)
{
    for (int i = 0; i < SIDE; i++) {
        for (int j = 0; j < SIDE; j++) {
            uint64_t r = bench_random(random);
            left[i][j] = (int16_t) (r & 0xff);
            right[i][j] = (int16_t) (r >> 8 & 0xff);
        }
    }
    for (int pass = 0; pass < 3; pass++) {
        for (int i = 0; i < SIDE; i++) {
            for (int j = 0; j < SIDE; j++) {
                int32_t sum = 0;
                for (int k = 0; k < SIDE; k++) {
                    sum += left[i][k] * right[k][j];
                }
                product[i][j] = sum;
            }
        }
        for (int i = 0; i < SIDE; i++) {
            for (int j = 0; j < SIDE; j++) {
                left[i][j] = (int16_t) (product[i][j] >> 4 & 0xff);
            }
            crc = crc16(crc, (uint32_t) product[i][i], 32);
        }
    }
    return crc;
}

enum state { START, SIGN, INTEGER, POINT, FRACTION, EXPONENT, SCIENTIFIC, INVALID, STATES };

static enum state step(enum state state, char c)
{
    int digit = c >= '0' && c <= '9';
    switch (state) {
    case START:
        return digit ? INTEGER : c == '+' || c == '-' ? SIGN : c == '.' ? POINT : INVALID;
    case SIGN:
        return digit ? INTEGER : c == '.' ? POINT : INVALID;
    case INTEGER:
        return digit ? INTEGER : c == '.' ? FRACTION : c == 'e' ? EXPONENT : INVALID;
    case POINT:
        return digit ? FRACTION : INVALID;
    case FRACTION:
        return digit ? FRACTION : c == 'e' ? EXPONENT : INVALID;
    case EXPONENT:
        return digit || c == '-' ? SCIENTIFIC : INVALID;
    case SCIENTIFIC:
        return digit ? SCIENTIFIC : INVALID;
    default:
        return INVALID;
    }
}

static uint16_t states(uint16_t crc, uint64_t *random)
{
    static const char letters[] = "0123456789012345+-..ee,,,,x5";
    int seen[STATES] = {0};
    for (int i = 0; i < TEXT; i++) {
        text[i] = letters[bench_random(random) % (sizeof letters - 1)];
    }
    for (int pass = 0; pass < 3; pass++) {
        enum state state = START;
        for (int i = 0; i < TEXT; i++) {
            if (text[i] == ',') {
                seen[state]++;
                state = START;
            } else {
                state = step(state, text[i]);
            }
        }
        for (int i = pass; i < TEXT; i += 7) {
            text[i] = text[i] == 'x' ? '0' : text[i] == ',' ? '1' : text[i];
        }
    }
    for (int i = 0; i < STATES; i++) {
        crc = crc16(crc, (uint32_t) seen[i], 16);
    }
    return crc;
}

static uint64_t round_of(int number)
{
    uint64_t random = 88172645463325252u + (uint64_t) number % 7;
    uint16_t crc = 0;
    for (int i = 0; i < TURNS; i++) {
        crc = lists(crc, &random);
        crc = matrices(crc, &random);
        crc = states(crc, &random);
    }
    return crc;
}

int main(int argc, char **argv)
{
    return bench_main(argc, argv, round_of);
}
