/// Splits a command line into words as botocore does, by the rules of a POSIX shell for quotes and backslashes.
///
/// Nothing else of a shell is there: no variables, no pipes; `|` is a word like others. That is by design of
/// `credential_process`: https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
///
/// - Parameter text: The command line.
/// - Returns: The words; nil when a quote or a backslash is left open.
func shellWords(_ text: String) -> [String]? {
    var words: [String] = []
    var word: String?
    var quote: Unicode.Scalar?
    var scalars = text.unicodeScalars.makeIterator()
    while let scalar = scalars.next() {
        switch (quote, scalar) {
        case (let open?, _) where scalar == open: quote = nil
        case ("\"", "\\"):
            guard let next = scalars.next() else { return nil }
            if next != "\"", next != "\\" { word = (word ?? "") + "\\" }
            word = (word ?? "") + String(next)
        case (_?, _): word = (word ?? "") + String(scalar)
        case (nil, "'"), (nil, "\""):
            quote = scalar
            word = word ?? ""
        case (nil, "\\"):
            guard let next = scalars.next() else { return nil }
            word = (word ?? "") + String(next)
        case (nil, " "), (nil, "\t"), (nil, "\n"), (nil, "\r"):
            if let word { words.append(word) }
            word = nil
        case (nil, _): word = (word ?? "") + String(scalar)
        }
    }
    if let word { words.append(word) }
    return quote == nil ? words : nil
}
