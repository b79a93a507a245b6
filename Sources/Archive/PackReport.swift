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
    /// What should be in the archive as it was and is not - it could not be read, or was a mixture when it was - one
    /// line each; the first `maxListed` only.
    package private(set) var notSafe: [String] = []
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

    /// Notes a name that could not be read, and so is not in the archive although it should be.
    ///
    /// - Parameters:
    ///   - path: Its path, any bytes.
    ///   - error: Why.
    mutating func loseUnreadable(_ path: [UInt8], _ error: some Error) {
        leaveOut(path, "cannot be read: \(error)")
        guard notSafe.count < Self.maxListed else { return }
        notSafe.append("\(MemberName.shown(path)): cannot be read: \(error)")
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
