#include "polynomial.h"

#include <pthread.h>
#include <string.h>

// The ways read words and vectors as they lie in memory.
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "written for x86-64 and arm64");

static struct polynomial polynomials[] = {
    {.kind = CChecksums_crc64nvme, .width = 64, .reflected = 0x9a6c9329ac4bc9b5},
    {.kind = CChecksums_crc32, .width = 32, .reflected = 0xedb88320},
    {.kind = CChecksums_crc32c, .width = 32, .reflected = 0x82f63b78},
};

enum { kind_count = sizeof polynomials / sizeof *polynomials };

static way_function ways[CChecksums_way_count];

// MARK: - Arithmetic modulo the polynomial; the highest bit of `width` is the coefficient of x^0

static uint64_t one(const struct polynomial *p) { return (uint64_t)1 << (p->width - 1); }

static uint64_t times_x(const struct polynomial *p, uint64_t a) { return (a >> 1) ^ (a & 1 ? p->reflected : 0); }

static uint64_t product(const struct polynomial *p, uint64_t a, uint64_t b) {
    uint64_t sum = 0;
    for (uint64_t bit = one(p); bit != 0; bit >>= 1) {
        if (a & bit) sum ^= b;
        b = times_x(p, b);
    }
    return sum;
}

static uint64_t power(const struct polynomial *p, uint64_t base, uint64_t exponent) {
    uint64_t result = one(p);
    for (; exponent != 0; exponent >>= 1) {
        if (exponent & 1) result = product(p, result, base);
        base = product(p, base, base);
    }
    return result;
}

static uint64_t power_of_x(const struct polynomial *p, uint64_t exponent) {
    return power(p, one(p) >> 1, exponent);
}

// MARK: - Preparation, once

// 16 bytes are a polynomial whose first bit is the coefficient of x^127. Moved by d bytes, their first half counts for
// x^(8d+64) and their last for x^(8d). The product of two reflected words of 64 bits comes out one bit too low, hence
// the x less; a factor of 32 bits lies in the upper half, whose lowest bit is x^31.
static struct factors factors_for(const struct polynomial *p, unsigned distance) {
    int shift = 64 - p->width;
    return (struct factors){
        .first = power_of_x(p, 8 * distance + 63) << shift,
        .last = power_of_x(p, 8 * distance - 1) << shift,
    };
}

static void prepare_polynomial(struct polynomial *p) {
    for (unsigned byte = 0; byte < 256; byte++) {
        uint64_t state = byte;
        for (int bit = 0; bit < 8; bit++) state = times_x(p, state);
        p->tables[0][byte] = state;
    }
    for (int i = 1; i < 8; i++)
        for (unsigned byte = 0; byte < 256; byte++) {
            uint64_t before = p->tables[i - 1][byte];
            p->tables[i][byte] = (before >> 8) ^ p->tables[0][before & 0xff];
        }
    p->by_16 = factors_for(p, 16);
    p->by_64 = factors_for(p, 64);
    p->by_256 = factors_for(p, 256);
}

static void prepare_all(void) {
    for (int i = 0; i < kind_count; i++) prepare_polynomial(&polynomials[i]);
    ways[CChecksums_multiply] = multiply_way();
    ways[CChecksums_wide_multiply] = wide_multiply_way();
    ways[CChecksums_instruction] = instruction_way();
}

static const struct polynomial *prepared(enum CChecksums_kind kind) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, prepare_all);
    return &polynomials[kind];
}

// MARK: - Ways

uint64_t update_by_tables(const struct polynomial *p, uint64_t state, const uint8_t *bytes, size_t count) {
    for (; count >= 8; count -= 8, bytes += 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        word ^= state;
        state = 0;
        for (int i = 0; i < 8; i++) state ^= p->tables[7 - i][(word >> (8 * i)) & 0xff];
    }
    for (; count > 0; count--, bytes++) state = (state >> 8) ^ p->tables[0][(state ^ *bytes) & 0xff];
    return state;
}

static uint64_t all_ones(const struct polynomial *p) { return p->width == 64 ? UINT64_MAX : UINT32_MAX; }

static uint64_t update(const struct polynomial *p, way_function way, uint64_t crc, const uint8_t *bytes, size_t count) {
    uint64_t state = crc ^ all_ones(p);
    if (way != NULL) state = way(p, state, &bytes, &count);
    return update_by_tables(p, state, bytes, count) ^ all_ones(p);
}

int CChecksums_has_way(enum CChecksums_kind kind, enum CChecksums_way way) {
    const struct polynomial *p = prepared(kind);
    if (way == CChecksums_tables) return 1;
    return ways[way] != NULL && (way != CChecksums_instruction || p->width == 32);
}

uint64_t CChecksums_update_by(enum CChecksums_way way, enum CChecksums_kind kind, uint64_t crc, const void *bytes,
                              size_t count) {
    return update(prepared(kind), ways[way], crc, bytes, count);
}

uint64_t CChecksums_update(enum CChecksums_kind kind, uint64_t crc, const void *bytes, size_t count) {
    const struct polynomial *p = prepared(kind);
    way_function way = NULL;
    // The tables finish what a multiplication leaves; below its block they do all of it.
    if (count >= 256 && ways[CChecksums_wide_multiply] != NULL) {
        way = ways[CChecksums_wide_multiply];
    } else if (count >= 64 && ways[CChecksums_multiply] != NULL) {
        way = ways[CChecksums_multiply];
    } else if (p->width == 32) {
        way = ways[CChecksums_instruction];
    }
    return update(p, way, crc, bytes, count);
}

// MARK: - Combination

uint64_t CChecksums_combine(enum CChecksums_kind kind, uint64_t first, uint64_t second, uint64_t second_count) {
    const struct polynomial *p = prepared(kind);
    // x^8 for each byte of the second piece; the inversions at both ends cancel.
    uint64_t shift = power(p, power_of_x(p, 8), second_count);
    return product(p, shift, first) ^ second;
}
