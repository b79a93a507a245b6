import CIsal

/// What packs and unpacks deflate data; every reader gets the same bytes from each.
package enum DeflateEngine: String, Hashable, Sendable, CaseIterable {
    /// Intel's ISA-L for more than some hundred kilobytes where `libisal.so.2` is there, else zlib.
    case automatic = "auto"
    /// ISA-L for anything where it is there, else zlib.
    case isal
    /// zlib, whatever is there.
    case zlib

    /// From how many bytes on loading ISA-L, half a millisecond, pays.
    static let automaticBytes = 128 << 10

    /// Whether ISA-L is to be used; the first question that needs to know loads it.
    ///
    /// - Parameter isLarge: Whether there are `automaticBytes` or more.
    /// - Returns: false where it is not there.
    func usesIsal(isLarge: Bool) -> Bool {
        switch self {
        case .automatic: isLarge && CIsal_isThere() == 1
        case .isal: CIsal_isThere() == 1
        case .zlib: false
        }
    }
}
