import ObjectStorage
import RunnerCore

extension Generation {
    /// Makes one set of what all hosts restored and what each has changed since.
    ///
    /// Every host restored every file, so a file that only one of them changed or removed is that host's, and the others'
    /// unchanged copies do not count. Of a name that several changed, the first host's content stays, as it does with
    /// results.
    ///
    /// - Parameters:
    ///   - base: The set that all restored; nil for none.
    ///   - parts: What each host changed, with its name, by rank.
    ///   - last: The set before; its files keep the number they came with.
    ///   - number: The number of the new set.
    ///   - run: The run that makes it.
    ///   - time: When.
    ///   - seen: The newest part of each host that there was at the restore: what is in none is not waited for any more.
    /// - Returns: The set; the names that hosts have different contents of, with the host whose content it has; and those
    ///   that one host removed and another one wrote.
    static func merging(
        _ base: Generation?,
        with parts: [(host: String, part: Generation)],
        after last: Generation?,
        number: Int,
        run: String,
        time: Timestamp,
        seen: [String: Int] = [:]
    ) -> (set: Generation, clashes: [ObjectKey: String], again: [ObjectKey]) {
        var files: [ObjectKey: File] = [:]
        var clashes: [ObjectKey: String] = [:]
        for (host, part) in parts {
            for var file in part.files {
                file.host = host
                if let other = files[file.key] {
                    if other.digest != file.digest { clashes[file.key] = other.host }
                } else {
                    files[file.key] = file
                }
            }
        }
        let removed = Set(parts.flatMap(\.part.gone))
        for file in base?.files ?? [] where files[file.key] == nil && !removed.contains(file.key) {
            files[file.key] = file
        }
        let before = Dictionary((last ?? base)?.files.map { ($0.key, $0) } ?? []) { first, _ in first }
        let listed = files.values.map { file in
            var file = file
            let known = before[file.key]
            file.since = known?.digest == file.digest ? known?.since ?? number : number
            return file
        }
        let gone = removed.union(base?.gone ?? []).filter { files[$0] == nil }
        var set = Generation(
            number: number,
            run: run,
            time: time,
            isPartial: parts.contains { $0.part.isPartial },
            files: listed.sorted { $0.key < $1.key },
            gone: gone.sorted()
        )
        set.parts = seen.merging((last ?? base)?.parts ?? [:]) { max($0, $1) }
        for (host, part) in parts { set.parts[host] = part.number }
        return (set, clashes, removed.filter { files[$0] != nil })
    }
}
