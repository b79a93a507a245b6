#ifndef POLYNOMIAL_H
#define POLYNOMIAL_H

#include "CChecksums.h"

// The two factors that move 16 bytes by a distance, for the first 8 and the last 8 of them.
struct factors {
    uint64_t first;
    uint64_t last;
};

// All that depends on which CRC it is. A CRC of 32 bits lies in the lower half of a register of 64, and a reflected CRC
// of any width that does so is computed by the same steps: one code serves all three.
struct polynomial {
    enum CChecksums_kind kind;
    int width;
    // Without the highest power; the lowest bit is the coefficient of x^(width-1).
    uint64_t reflected;
    // tables[i][b]: what a byte b makes of the register, i bytes further on.
    uint64_t tables[8][256];
    struct factors by_16, by_64, by_256;
};

// A way takes as many bytes from the front as it can, and leaves the rest: *bytes and *count are moved on.
// `state` is the register, without the inversions at the ends.
typedef uint64_t (*way_function)(const struct polynomial *p, uint64_t state, const uint8_t **bytes, size_t *count);

// NULL where this CPU, or this compiler's target, has none.
way_function multiply_way(void);
way_function wide_multiply_way(void);
way_function instruction_way(void);

uint64_t update_by_tables(const struct polynomial *p, uint64_t state, const uint8_t *bytes, size_t count);

#endif
