/// Finding the word that was meant.
enum Suggestion {
    /// The words `; did you mean "x"?` when one of `candidates` is close to `word`, else nothing.
    ///
    /// - Parameters:
    ///   - word: What was written.
    ///   - candidates: What could have been meant.
    /// - Returns: A text to put behind a message.
    static func hint(for word: String, among candidates: [String]) -> String {
        nearest(to: word, among: candidates).map { #"; did you mean "\#($0)"?"# } ?? ""
    }

    /// The candidate that differs only in case and underscores, or else in the fewest letters, at most two.
    private static func nearest(to word: String, among candidates: [String]) -> String? {
        let folded = fold(word)
        // The distance costs the product of the lengths; a word that long is no slip of the finger.
        guard folded.count <= 64 else { return nil }
        let limit = folded.count < 5 ? 1 : 2
        let distances = candidates.map { (candidate: $0, distance: distance(folded, fold($0))) }
        return distances.filter { $0.distance <= limit }.min { $0.distance < $1.distance }?.candidate
    }

    /// Lower-case letters without underscores: `job_name` is the name that Python programmers give `jobName`.
    private static func fold(_ word: String) -> [UInt8] {
        word.lowercased().utf8.filter { $0 != UInt8(ascii: "_") }
    }

    /// How many letters must be inserted, removed or changed (Levenshtein).
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (i, letter) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, other) in right.enumerated() {
                let substitution = diagonal + (letter == other ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substitution, row[j] + 1, diagonal + 1)
            }
        }
        return row[right.count]
    }
}
