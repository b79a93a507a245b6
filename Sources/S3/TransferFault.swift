/// What a transfer finds wrong with an answer that HTTP takes for a good one.
enum TransferFault: Error, Sendable, CustomStringConvertible {
    /// Not the length that was asked for or promised.
    case wrongLength(String)
    /// The bytes are not those that were stored.
    case damaged(String)
    /// The object is another one than when the transfer began.
    case changed(String)
    /// The store answers with the whole object where a part was asked for.
    case rangesIgnored
    /// A file changed while it was read.
    case fileChanged(String)

    /// Whether bytes are wrong, and not only missing.
    var isDamage: Bool {
        if case .damaged = self { true } else { false }
    }

    /// What is wrong, as the rest of a sentence.
    var description: String {
        switch self {
        case .wrongLength(let what): "not the bytes asked for came: \(what)"
        case .damaged(let what): "the bytes that came are not those that were stored: \(what)"
        case .changed(let what): "it changed while it was fetched: \(what)"
        case .rangesIgnored: "the store answers with the whole object where a part was asked for"
        case .fileChanged(let what): "the file changed while it was read: \(what)"
        }
    }
}
