#include "polynomial.h"

#if defined(__x86_64__)

#include <immintrin.h>

// Folding (Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction", Intel 2009):
// 16 bytes are replaced by what they are worth further on, modulo the polynomial, until 16 are left; the tables do
// those.

#define MULTIPLY __attribute__((target("pclmul,sse2")))

MULTIPLY static inline __m128i pair(struct factors f) { return _mm_set_epi64x((long long)f.last, (long long)f.first); }

MULTIPLY static inline __m128i load(const uint8_t *bytes) { return _mm_loadu_si128((const __m128i *)bytes); }

MULTIPLY static inline __m128i fold(__m128i block, __m128i factors, __m128i next) {
    __m128i first = _mm_clmulepi64_si128(block, factors, 0x00);
    __m128i last = _mm_clmulepi64_si128(block, factors, 0x11);
    return _mm_xor_si128(_mm_xor_si128(first, last), next);
}

// Folds on, 16 bytes at a time, and ends with the tables.
MULTIPLY static uint64_t finish(const struct polynomial *p, __m128i block, const uint8_t **bytes, size_t *count) {
    __m128i factors = pair(p->by_16);
    for (; *count >= 16; *count -= 16, *bytes += 16) block = fold(block, factors, load(*bytes));
    uint8_t left[16];
    _mm_storeu_si128((__m128i *)left, block);
    return update_by_tables(p, 0, left, sizeof left);
}

MULTIPLY static uint64_t update_by_multiply(const struct polynomial *p, uint64_t state, const uint8_t **bytes,
                                            size_t *count) {
    if (*count < 64) return state;
    const uint8_t *at = *bytes;
    size_t left = *count;
    __m128i factors = pair(p->by_64);
    __m128i a = _mm_xor_si128(load(at), _mm_set_epi64x(0, (long long)state));
    __m128i b = load(at + 16), c = load(at + 32), d = load(at + 48);
    // Four chains, because a multiplication takes some cycles and one can begin in each.
    for (at += 64, left -= 64; left >= 64; at += 64, left -= 64) {
        a = fold(a, factors, load(at));
        b = fold(b, factors, load(at + 16));
        c = fold(c, factors, load(at + 32));
        d = fold(d, factors, load(at + 48));
    }
    factors = pair(p->by_16);
    *bytes = at;
    *count = left;
    return finish(p, fold(fold(fold(a, factors, b), factors, c), factors, d), bytes, count);
}

#define WIDE __attribute__((target("avx512f,vpclmulqdq,pclmul")))

WIDE static inline __m512i wide_pair(struct factors f) { return _mm512_broadcast_i32x4(pair(f)); }

WIDE static inline __m512i wide_load(const uint8_t *bytes) { return _mm512_loadu_si512(bytes); }

WIDE static inline __m512i wide_fold(__m512i block, __m512i factors, __m512i next) {
    __m512i first = _mm512_clmulepi64_epi128(block, factors, 0x00);
    __m512i last = _mm512_clmulepi64_epi128(block, factors, 0x11);
    return _mm512_ternarylogic_epi64(first, last, next, 0x96);  // The exclusive or of all three.
}

WIDE static uint64_t update_by_wide_multiply(const struct polynomial *p, uint64_t state, const uint8_t **bytes,
                                             size_t *count) {
    if (*count < 256) return state;
    const uint8_t *at = *bytes;
    size_t left = *count;
    __m512i factors = wide_pair(p->by_256);
    __m512i start = _mm512_zextsi128_si512(_mm_set_epi64x(0, (long long)state));
    __m512i a = _mm512_xor_si512(wide_load(at), start);
    __m512i b = wide_load(at + 64), c = wide_load(at + 128), d = wide_load(at + 192);
    for (at += 256, left -= 256; left >= 256; at += 256, left -= 256) {
        a = wide_fold(a, factors, wide_load(at));
        b = wide_fold(b, factors, wide_load(at + 64));
        c = wide_fold(c, factors, wide_load(at + 128));
        d = wide_fold(d, factors, wide_load(at + 192));
    }
    factors = wide_pair(p->by_64);
    a = wide_fold(wide_fold(wide_fold(a, factors, b), factors, c), factors, d);
    for (; left >= 64; at += 64, left -= 64) a = wide_fold(a, factors, wide_load(at));
    *bytes = at;
    *count = left;
    __m128i by_16 = pair(p->by_16);
    __m128i block = fold(_mm512_castsi512_si128(a), by_16, _mm512_extracti32x4_epi32(a, 1));
    block = fold(block, by_16, _mm512_extracti32x4_epi32(a, 2));
    return finish(p, fold(block, by_16, _mm512_extracti32x4_epi32(a, 3)), bytes, count);
}

way_function multiply_way(void) { return __builtin_cpu_supports("pclmul") ? update_by_multiply : NULL; }

way_function wide_multiply_way(void) {
    int has_all = __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("avx512f")
        && __builtin_cpu_supports("vpclmulqdq");
    return has_all ? update_by_wide_multiply : NULL;
}

// CRC32 of SSE4.2 knows CRC-32C only and takes 8 bytes in three cycles; the multiplication takes 16 in two.
way_function instruction_way(void) { return NULL; }

#endif
