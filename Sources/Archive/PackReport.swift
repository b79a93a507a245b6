/// What a packing did.
package struct PackReport: Sendable {
    /// Regular files in the archive.
    package internal(set) var files = 0
    /// Their content in bytes.
    package internal(set) var bytes: Int64 = 0
    /// Size of the archive in bytes.
    package internal(set) var archiveBytes: Int64 = 0
    /// What is not in the archive and why, one line each; the first `maxListed` only.
    package private(set) var leftOut: [String] = []
    /// How many names are not in the archive.
    package private(set) var leftOutCount = 0
    /// Files that changed while they were read, so that their content is a mixture, one line each; the first
    /// `maxListed` only.
    package private(set) var changed: [String] = []

    /// The most lines of a list.
    static let maxListed = 100

    /// Makes an empty report.
    init() {}

    /// Notes a name that is not in the archive.
    ///
    /// - Parameters:
    ///   - path: Its path, any bytes.
    ///   - reason: Why, to follow the path and a colon.
    mutating func leaveOut(_ path: [UInt8], _ reason: String) {
        leftOutCount += 1
        guard leftOut.count < Self.maxListed else { return }
        leftOut.append("\(MemberName.shown(path)): \(reason)")
    }

    /// Notes a file that changed while it was read.
    ///
    /// - Parameters:
    ///   - path: Its path, any bytes.
    ///   - what: How, to follow the path and a colon.
    mutating func noteChange(_ path: [UInt8], _ what: String) {
        guard changed.count < Self.maxListed else { return }
        changed.append("\(MemberName.shown(path)): \(what)")
    }
}
