import SystemPackage

/// Decides whether a symbolic link may be made: it has to stay below the root, also through other links.
enum LinkPolicy {
    /// What the text of a link tells.
    enum Verdict {
        /// Stays inside wherever later members put links.
        case safe
        /// Goes up after going down ("cur/.."): harmless by its text, but "cur" may be a link. To be resolved once
        /// the tree is complete.
        case dependsOnTree
    }

    /// How many links one resolution follows before it is taken for a loop; `MAXSYMLINKS` of Linux.
    private static let maxFollowed = 40

    /// Judges a link by its text.
    ///
    /// ".." at the front climbs from the directory the link lies in, which is real and known; after that only names
    /// may follow, which lead down or through other links that were judged themselves.
    ///
    /// - Parameters:
    ///   - target: What the link holds.
    ///   - link: Where it lies.
    /// - Returns: Whether the text alone is enough.
    /// - Throws: `unsafeLink` for an absolute, empty or climbing target.
    static func judge(target: [UInt8], of link: MemberPath) throws(ArchiveError) -> Verdict {
        guard !target.isEmpty, !target.contains(0) else {
            throw ArchiveError(.unsafeLink, "is a link without a usable target", member: link.bytes)
        }
        guard target.first != slash else { throw refusal(target, of: link) }
        var depth = link.depth - 1
        var wentDown = false
        var verdict = Verdict.safe
        for component in target.split(separator: slash) where !component.elementsEqual(".".utf8) {
            if component.elementsEqual("..".utf8) {
                depth -= 1
                if wentDown { verdict = .dependsOnTree }
            } else {
                depth += 1
                wentDown = true
            }
            guard depth >= 0 else { throw refusal(target, of: link) }
        }
        return verdict
    }

    /// The error for a link that leaves the tree.
    ///
    /// - Parameters:
    ///   - target: What the link holds.
    ///   - link: Where it lies.
    /// - Returns: An error of code `unsafeLink`.
    static func refusal(_ target: [UInt8], of link: MemberPath) -> ArchiveError {
        ArchiveError(
            .unsafeLink,
            "is a link to '\(MemberName.shown(target))', outside the archive's own tree; pack what it points to "
                + "(`tar -h`) or leave the link out",
            member: link.bytes
        )
    }

    /// Follows a link through the tree as it is now.
    ///
    /// - Parameters:
    ///   - target: What the link holds.
    ///   - link: Where it lies; its parents are real directories.
    ///   - root: The open root directory.
    /// - Returns: Whether every step stays at or below the root. A missing step counts as a directory, a loop of
    ///   links as inside: neither leads anywhere.
    static func staysInside(target: [UInt8], of link: MemberPath, root: CInt) -> Bool {
        var position = link.components.dropLast()[...]
        var pending: [ArraySlice<UInt8>] = []
        guard push(target, to: &pending) else { return false }
        var followed = 0
        while let component = pending.popLast() {
            if component.elementsEqual("..".utf8) {
                guard position.popLast() != nil else { return false }
                continue
            }
            position.append(Array(component))
            guard let next = linkTarget(position, root: root) else { continue }
            position.removeLast()
            followed += 1
            if followed > maxFollowed { return true }
            guard push(next, to: &pending) else { return false }
        }
        return true
    }

    /// Puts the components of `target` on the stack, first one on top; false for an absolute target.
    private static func push(_ target: [UInt8], to pending: inout [ArraySlice<UInt8>]) -> Bool {
        guard target.first != slash else { return false }
        pending.append(contentsOf: target.split(separator: slash).filter { !$0.elementsEqual(".".utf8) }.reversed())
        return true
    }

    private static func linkTarget(_ position: ArraySlice<[UInt8]>, root: CInt) -> [UInt8]? {
        let path = Array(position.joined(separator: [slash])) + [0]
        return MemberPath.withCString(in: path[...]) { name in
            // Anything but a link, missing names among them, has no target.
            try? Posix.readLink(name, at: root)
        }
    }
}
