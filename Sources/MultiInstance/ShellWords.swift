/// Splits a text into words as a POSIX shell would, and does nothing else a shell does.
///
/// Blanks separate, quotes and backslashes keep them; no variable, pattern or command is ever expanded
/// (`sagemaker_mpi_custom_mpi_options`, contract §6.2, was split at blanks alone).
package enum ShellWords {
    /// Splits a text.
    ///
    /// - Parameter text: The text.
    /// - Returns: The words; nil when a quote is not closed or a backslash ends the text.
    package static func split(_ text: String) -> [String]? {
        var words: [String] = []
        var word: String?
        var quote: Character?
        var characters = text.makeIterator()
        while let character = characters.next() {
            switch (quote, character) {
            case ("'", "'"), ("\"", "\""): quote = nil
            case ("'", _): word?.append(character)
            case ("\"", "\\"):
                guard let next = characters.next() else { return nil }
                // Inside double quotes a backslash keeps only what would else mean something there.
                if !"\\\"$`\n".contains(next) { word?.append("\\") }
                if next != "\n" { word?.append(next) }
            case (nil, "\\"):
                guard let next = characters.next() else { return nil }
                if next != "\n" { word = (word ?? "") + String(next) }
            case (nil, "'"), (nil, "\""):
                quote = character
                word = word ?? ""
            case (nil, _) where character.isWhitespace:
                if let finished = word { words.append(finished) }
                word = nil
            default: word = (word ?? "") + String(character)
            }
        }
        guard quote == nil else { return nil }
        return words + [word].compactMap { $0 }
    }
}
