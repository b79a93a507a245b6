#include "polynomial.h"

#if defined(__aarch64__)

#include <arm_acle.h>
#include <arm_neon.h>
#include <string.h>
#include <sys/auxv.h>

// HWCAP_PMULL and HWCAP_CRC32 of <asm/hwcap.h>, which a C library may not bring along.
enum { has_pmull = 1 << 4, has_crc32 = 1 << 7 };

// As in x86.c: 16 bytes are replaced by what they are worth further on.

#define MULTIPLY __attribute__((target("aes")))

MULTIPLY static inline poly64x2_t pair(struct factors f) {
    return vcombine_p64(vcreate_p64(f.first), vcreate_p64(f.last));
}

MULTIPLY static inline uint64x2_t load(const uint8_t *bytes) { return vreinterpretq_u64_u8(vld1q_u8(bytes)); }

MULTIPLY static inline uint64x2_t fold(uint64x2_t block, poly64x2_t factors, uint64x2_t next) {
    poly64x2_t polynomial = vreinterpretq_p64_u64(block);
    poly128_t first = vmull_p64(vgetq_lane_p64(polynomial, 0), vgetq_lane_p64(factors, 0));
    poly128_t last = vmull_high_p64(polynomial, factors);
    return veorq_u64(veorq_u64(vreinterpretq_u64_p128(first), vreinterpretq_u64_p128(last)), next);
}

MULTIPLY static uint64_t update_by_multiply(const struct polynomial *p, uint64_t state, const uint8_t **bytes,
                                            size_t *count) {
    if (*count < 64) return state;
    const uint8_t *at = *bytes;
    size_t left = *count;
    poly64x2_t factors = pair(p->by_64);
    uint64x2_t a = veorq_u64(load(at), vcombine_u64(vcreate_u64(state), vcreate_u64(0)));
    uint64x2_t b = load(at + 16), c = load(at + 32), d = load(at + 48);
    for (at += 64, left -= 64; left >= 64; at += 64, left -= 64) {
        a = fold(a, factors, load(at));
        b = fold(b, factors, load(at + 16));
        c = fold(c, factors, load(at + 32));
        d = fold(d, factors, load(at + 48));
    }
    factors = pair(p->by_16);
    uint64x2_t block = fold(fold(fold(a, factors, b), factors, c), factors, d);
    for (; left >= 16; at += 16, left -= 16) block = fold(block, factors, load(at));
    *bytes = at;
    *count = left;
    uint8_t rest[16];
    vst1q_u8(rest, vreinterpretq_u8_u64(block));
    return update_by_tables(p, 0, rest, sizeof rest);
}

// Some small boards have these instructions and no PMULL.
__attribute__((target("crc"))) static uint64_t update_by_instruction(const struct polynomial *p, uint64_t state,
                                                                     const uint8_t **bytes, size_t *count) {
    uint32_t crc = (uint32_t)state;
    for (; *count >= 8; *count -= 8, *bytes += 8) {
        uint64_t word;
        memcpy(&word, *bytes, 8);
        crc = p->kind == CChecksums_crc32c ? __crc32cd(crc, word) : __crc32d(crc, word);
    }
    return crc;
}

way_function multiply_way(void) { return getauxval(AT_HWCAP) & has_pmull ? update_by_multiply : NULL; }

way_function wide_multiply_way(void) { return NULL; }

way_function instruction_way(void) { return getauxval(AT_HWCAP) & has_crc32 ? update_by_instruction : NULL; }

#endif
