/// Whether a bucket's name can be part of a host's name.
///
/// - Parameters:
///   - bucket: The bucket.
///   - allowingDots: Whether it may have dots; a certificate for `*.s3.amazonaws.com` does not hold for `a.b.s3…`, so
///     it may not over TLS.
/// - Returns: false for the names of old buckets (capitals, underscores) and for those of other stores.
package func isVirtualHostable(bucket: String, allowingDots: Bool) -> Bool {
    guard (3...63).contains(bucket.utf8.count) else { return false }
    let labels = bucket.split(separator: ".", omittingEmptySubsequences: false)
    guard labels.count == 1 || allowingDots else { return false }
    guard labels.allSatisfy({ isHostLabel($0) && !$0.utf8.contains(where: isCapital) }) else { return false }
    return !(labels.count == 4 && labels.allSatisfy { $0.utf8.allSatisfy(isDigit) })
}

private func isCapital(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
}

private func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
}
