#ifndef CCHECKSUMS_H
#define CCHECKSUMS_H

#include <stddef.h>
#include <stdint.h>

/// The three CRCs of S3; each is reflected, and begins and ends with all bits inverted.
enum CChecksums_kind {
    /// CRC-64/NVME, check value ae8b14860a799888.
    CChecksums_crc64nvme,
    /// CRC-32 of IEEE 802.3, zlib and zip, check value cbf43926.
    CChecksums_crc32,
    /// CRC-32C of Castagnoli, check value e3069283.
    CChecksums_crc32c,
};

/// Continues a CRC: `crc` is 0 at first and what an earlier call returned after that.
///
/// CRCs of 32 bits are in the lower half. Uses the best instructions that this CPU has.
uint64_t CChecksums_update(enum CChecksums_kind kind, uint64_t crc, const void *bytes, size_t count);

/// The CRC of two pieces in a row, from their CRCs and the length of the second one; takes some microseconds.
uint64_t CChecksums_combine(enum CChecksums_kind kind, uint64_t first, uint64_t second, uint64_t second_count);

/// The ways to compute a CRC.
enum CChecksums_way {
    /// Tables, eight bytes at a time, on any CPU.
    CChecksums_tables,
    /// Carry-less multiplication, 64 bytes at a time: PCLMULQDQ of x86-64, PMULL of arm64.
    CChecksums_multiply,
    /// Carry-less multiplication, 256 bytes at a time: VPCLMULQDQ with AVX-512 of x86-64.
    CChecksums_wide_multiply,
    /// The CRC instructions of arm64, for the CRCs of 32 bits.
    CChecksums_instruction,
    CChecksums_way_count,
};

/// 1 when this CPU can go a way for a CRC, else 0.
int CChecksums_has_way(enum CChecksums_kind kind, enum CChecksums_way way);

/// `CChecksums_update` by one way, which this CPU must have; for tests.
uint64_t CChecksums_update_by(enum CChecksums_way way, enum CChecksums_kind kind, uint64_t crc, const void *bytes,
                              size_t count);

#endif
