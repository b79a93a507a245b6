#ifndef CZLIB_H
#define CZLIB_H

#include <zlib.h>

// zlib's init functions are macros that pass the header's version and struct size; Swift cannot import macros.
static inline int CZlib_inflateInit2(z_streamp stream, int windowBits) {
    return inflateInit2(stream, windowBits);
}

static inline int CZlib_deflateInit2(z_streamp stream, int level, int windowBits, int memoryLevel, int strategy) {
    return deflateInit2(stream, level, Z_DEFLATED, windowBits, memoryLevel, strategy);
}

#endif
