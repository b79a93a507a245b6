#include "CIsal.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

// ISA-L is loaded when it is there and never linked, so what its header says is repeated here: the members in front of
// its structs, which are its interface (isa-l 2.30 and 2.31, igzip_lib.h; x86-64 and arm64). What lies behind them is
// its own affair and only has to have room. Whether all this is right for the library at hand is tried out before it
// is used, in `test`.

struct deflate_stream {
    const uint8_t *next_in;
    uint32_t avail_in;
    uint32_t total_in;
    uint8_t *next_out;
    uint32_t avail_out;
    uint32_t total_out;
    void *tables;
    uint32_t level;
    uint32_t level_memory_count;
    uint8_t *level_memory;
    uint16_t end_of_stream;
    uint16_t flush;
    uint16_t wrapper;
    uint16_t history_bits;
};

struct inflate_stream {
    uint8_t *next_out;
    uint32_t avail_out;
    uint32_t total_out;
    const uint8_t *next_in;
    uint64_t bits;
    uint32_t avail_in;
    int32_t bit_count;
    // Two tables of codes of a fixed size, then where in the stream it is.
    uint8_t tables[21120];
    uint32_t place;
};

enum {
    // 82,384 and 87,368 bytes in 2.30.
    struct_room = 192 << 10,
    // ISAL_DEF_LVL1_LARGE.
    level_memory_count = (4 << 10) + 2 * (8 << 10) + 4 * (64 << 10),
    level = 1,
    sync_flush = 1,
    // ISAL_BLOCK_FINISH.
    place_finished = 5,
    window = 32 << 10,
};

_Static_assert(offsetof(struct deflate_stream, history_bits) == 62, "isal_zstream");
_Static_assert(offsetof(struct inflate_stream, place) == 21160, "inflate_state");

static void (*deflate_init)(void *);
static int (*deflate_set_dictionary)(void *, const uint8_t *, uint32_t);
static int (*deflate_step)(void *);
static void (*inflate_init)(void *);
static void (*inflate_reset)(void *);
static int (*inflate_step)(void *);

// MARK: Packing

struct deflater {
    _Alignas(64) uint8_t stream[struct_room];
    uint8_t level_memory[level_memory_count];
};

void *CIsal_makeDeflater(void) {
    struct deflater *made = NULL;
    return posix_memalign((void **)&made, 64, sizeof(struct deflater)) == 0 ? made : NULL;
}

void CIsal_freeDeflater(void *deflater) {
    free(deflater);
}

size_t CIsal_deflateBlock(void *deflater, const void *dictionary, size_t dictionaryCount, const void *block,
                          size_t blockCount, void *output, size_t room) {
    struct deflater *own = deflater;
    struct deflate_stream *stream = (struct deflate_stream *)own->stream;
    if (blockCount == 0 || blockCount > UINT32_MAX || dictionaryCount > window) return 0;
    deflate_init(stream);
    stream->level = level;
    stream->level_memory = own->level_memory;
    stream->level_memory_count = level_memory_count;
    if (dictionaryCount > 0 && deflate_set_dictionary(stream, dictionary, (uint32_t)dictionaryCount) != 0) return 0;
    stream->next_in = block;
    stream->avail_in = (uint32_t)blockCount;
    stream->next_out = output;
    stream->avail_out = room > UINT32_MAX ? UINT32_MAX : (uint32_t)room;
    stream->flush = sync_flush;
    if (deflate_step(stream) != 0) return 0;
    // A full output may hide that something is still to come.
    if (stream->avail_in != 0 || stream->avail_out == 0) return 0;
    return stream->total_out;
}

// MARK: Unpacking

void *CIsal_makeInflater(void) {
    void *made = NULL;
    if (posix_memalign(&made, 64, struct_room) != 0) return NULL;
    inflate_init(made);
    return made;
}

void CIsal_freeInflater(void *inflater) {
    free(inflater);
}

void CIsal_resetInflater(void *inflater) {
    inflate_reset(inflater);
}

int CIsal_inflate(void *inflater, const void *input, size_t inputCount, void *output, size_t room, size_t *consumed,
                  size_t *produced) {
    struct inflate_stream *stream = inflater;
    uint32_t offered = inputCount > INT32_MAX ? INT32_MAX : (uint32_t)inputCount;
    uint32_t place = room > INT32_MAX ? INT32_MAX : (uint32_t)room;
    stream->next_in = input;
    stream->avail_in = offered;
    stream->next_out = output;
    stream->avail_out = place;
    int result = inflate_step(stream);
    // It reads ahead by whole words. At the end and when the output is full, what it holds goes back: the bytes behind
    // the end are not its own, and a caller that sees the input used up takes an unfinished stream for a cut one. Not
    // else: where it waits for the rest of a code, the same bytes would be offered to it for ever.
    uint32_t used = offered - stream->avail_in;
    uint32_t held = 0;
    if (stream->avail_out == 0 || stream->place == place_finished) {
        held = stream->bit_count > 0 ? (uint32_t)stream->bit_count / 8 : 0;
        if (held > used) held = used;
    }
    stream->bit_count -= (int32_t)held * 8;
    if (stream->bit_count >= 0 && stream->bit_count < 64) stream->bits &= (UINT64_C(1) << stream->bit_count) - 1;
    *consumed = used - held;
    *produced = place - stream->avail_out;
    if (result < 0) return result;
    // 1 and 2 only say that input or output is used up; a dictionary, 6, cannot be asked for by bare deflate data.
    if (result > 2) return -100;
    return stream->place == place_finished;
}

// MARK: Loading

// A text that needs literals, matches, and a match into the dictionary; the numbers are a linear congruential series.
static void fill(uint8_t *bytes, size_t count) {
    uint32_t number = 1;
    for (size_t index = 0; index < count; index++) {
        number = number * 1664525 + 1013904223;
        bytes[index] = index % 512 < 256 ? (uint8_t)(number >> 24) : (uint8_t)("circuit"[index % 7]);
    }
}

// Unpacks `packed` through small windows and compares; the 16 bytes behind its end must stay.
static int unpacks(void *inflater, const uint8_t *packed, size_t count, const uint8_t *expected, size_t size,
                   uint8_t *output) {
    size_t from = 0, to = 0;
    for (int step = 0; step < 1000; step++) {
        size_t consumed = 0, produced = 0;
        size_t left = count + 16 - from, room = size - to;
        int result = CIsal_inflate(inflater, packed + from, left < 1500 ? left : 1500, output + to,
                                   room < 700 ? room : 700, &consumed, &produced);
        if (result < 0 || consumed > left || produced > room) return 0;
        from += consumed;
        to += produced;
        if (result == 1) return from == count && to == size && memcmp(output, expected, size) == 0;
        if (consumed + produced == 0) return 0;
    }
    return 0;
}

// Packs two blocks as a stream, the second with the first as its dictionary, ends it, unpacks it, and looks whether
// the structs' members mean what is thought.
static int test(void) {
    enum { block = 8192, size = 2 * block, room = 3 * block };
    uint8_t *memory = calloc(1, size + room + size);
    void *deflater = CIsal_makeDeflater();
    void *inflater = CIsal_makeInflater();
    int passed = 0;
    if (memory && deflater && inflater) {
        uint8_t *text = memory, *packed = text + size, *output = packed + room;
        fill(text, block);
        memcpy(text + block, text, block);
        size_t first = CIsal_deflateBlock(deflater, NULL, 0, text, block, packed, room);
        size_t second = CIsal_deflateBlock(deflater, text, block, text + block, block, packed + first, room - first);
        // The second one is a repetition; larger, and the dictionary was not used.
        if (first > 0 && first < block && second > 0 && second < block / 8) {
            // The final block, empty, and something that is not of the stream.
            memcpy(packed + first + second, "\x03\x00" "0123456789abcdef", 18);
            passed = unpacks(inflater, packed, first + second + 2, text, size, output);
            // A block of a type that does not exist is an error and no end.
            CIsal_resetInflater(inflater);
            size_t consumed, produced;
            passed = passed && CIsal_inflate(inflater, "\x07\x07\x07\x07", 4, output, size, &consumed, &produced) < 0;
        }
    }
    CIsal_freeInflater(inflater);
    CIsal_freeDeflater(deflater);
    free(memory);
    return passed;
}

static int is_there;

static void load(void) {
    // Only this name: another number in it means another interface.
    void *library = dlopen("libisal.so.2", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) return;
    *(void **)&deflate_init = dlsym(library, "isal_deflate_init");
    *(void **)&deflate_set_dictionary = dlsym(library, "isal_deflate_set_dict");
    *(void **)&deflate_step = dlsym(library, "isal_deflate");
    *(void **)&inflate_init = dlsym(library, "isal_inflate_init");
    *(void **)&inflate_reset = dlsym(library, "isal_inflate_reset");
    *(void **)&inflate_step = dlsym(library, "isal_inflate");
    is_there = deflate_init && deflate_set_dictionary && deflate_step && inflate_init && inflate_reset && inflate_step
        && test();
    if (!is_there) dlclose(library);
}

int CIsal_isThere(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return is_there;
}
