#ifndef CISAL_H
#define CISAL_H

#include <stddef.h>
#include <stdint.h>

/// 1 when Intel's ISA-L (`libisal.so.2`) is on this machine and passed its test, else 0.
///
/// The first call loads it and lets it pack and unpack a known text, which takes under a millisecond; later ones only
/// look. Nothing else in this header may be called before this said 1.
int CIsal_isThere(void);

/// A packer of blocks, for one thread; NULL when there is no memory.
void *CIsal_makeDeflater(void);

/// Frees a packer.
void CIsal_freeDeflater(void *deflater);

/// Packs a block as bare deflate data that ends at a whole byte and not with a final block (as Z_SYNC_FLUSH).
///
/// - dictionary: what stands before the block in the stream, at most 32 KiB; may be NULL.
///
/// Returns how many bytes were written, or 0 when they did not fit or something went wrong.
size_t CIsal_deflateBlock(void *deflater, const void *dictionary, size_t dictionaryCount, const void *block,
                          size_t blockCount, void *output, size_t room);

/// An unpacker of bare deflate data, for one thread; NULL when there is no memory.
void *CIsal_makeInflater(void);

/// Frees an unpacker.
void CIsal_freeInflater(void *inflater);

/// Goes back to the start, for another stream.
void CIsal_resetInflater(void *inflater);

/// Unpacks as much as input and output allow.
///
/// - consumed: gets how many bytes at the front of the input were used; never any behind the end of the stream.
/// - produced: gets how many bytes were written.
///
/// Returns 1 at the end of the stream, 0 before it, and below 0 when the data is damaged.
int CIsal_inflate(void *inflater, const void *input, size_t inputCount, void *output, size_t room, size_t *consumed,
                  size_t *produced);

#endif
