package import SystemPackage

/// Where the script's output is kept, and how much of it.
package struct LogSettings: Hashable, Sendable {
    /// The default of the cap: 64 MiB.
    package static let defaultCapBytes: Int64 = 64 << 20

    /// What was asked for.
    package enum Choice: Hashable, Sendable {
        /// Nobody said anything.
        case byDefault
        /// `auto`: the file below the root, also when a terminal is relayed for it.
        case automatic
        /// `none`.
        case off
        /// A file.
        case file(FilePath)
    }

    /// What was asked for.
    package var choice = Choice.byDefault
    /// The most bytes of the file.
    package var capBytes = defaultCapBytes

    /// Makes the settings of a run without options.
    package init() {}

    /// Whether somebody wants a log even when our output is a terminal, which the script then does not see.
    package var isAskedFor: Bool {
        switch choice {
        case .byDefault, .off: false
        case .automatic, .file: true
        }
    }

    /// The file.
    ///
    /// - Parameter standard: Where it is when nobody says otherwise.
    /// - Returns: nil for none.
    package func file(default standard: FilePath) -> FilePath? {
        switch choice {
        case .byDefault, .automatic: standard
        case .off: nil
        case .file(let path): path
        }
    }
}

extension LogSettings.Choice {
    /// Reads the option; an empty text and a folder's name are none.
    ///
    /// - Parameter text: `auto`, `none` or a path.
    init?(_ text: String) {
        switch text {
        case "auto": self = .automatic
        case "none": self = .off
        default:
            guard !text.isEmpty, !text.utf8.contains(0), text.utf8.last != UInt8(ascii: "/") else { return nil }
            self = .file(FilePath(text))
        }
    }
}
