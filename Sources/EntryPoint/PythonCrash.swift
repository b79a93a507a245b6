/// A place in Python code.
package struct PythonFrame: Hashable, Sendable, CustomStringConvertible {
    /// The file as the interpreter names it.
    package let file: String
    /// The line.
    package let line: Int
    /// The function, `<module>` outside of any.
    package let function: String

    /// Makes a place.
    package init(file: String, line: Int, function: String) {
        self.file = file
        self.line = line
        self.function = function
    }

    /// As `alg.py:12 in main`.
    package var description: String {
        let name = file.split(separator: "/").last.map(String.init) ?? file
        return "\(name):\(line)" + (function == "<module>" ? "" : " in \(function)")
    }
}

/// What Python's faulthandler left when the interpreter crashed.
package struct PythonCrash: Hashable, Sendable {
    /// Its words: `Segmentation fault`, `Aborted`.
    package let reason: String
    /// The frames of the thread that crashed, the deepest first; none when it ran no Python.
    package let frames: [PythonFrame]

    /// Reads the last crash of a report.
    ///
    /// - Parameter report: Lines of the launcher and of faulthandler; nil is returned when there is none of the latter.
    package init?(report: [UInt8]) {
        guard report.contains(UInt8(ascii: "F")) else { return nil }
        let lines = report.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
        let title = "Fatal Python error: "
        guard let start = lines.lastIndex(where: { $0.hasPrefix(title) }) else { return nil }
        reason = String(lines[start].dropFirst(title.count))
        // `Current thread 0x… (most recent call first):`; without it the thread ran no Python.
        let isHead = { (line: String) in
            (line.hasPrefix("Current thread ") || line.hasPrefix("Stack ")) && !line.contains("C stack")
        }
        guard let head = lines[start...].firstIndex(where: isHead) else {
            frames = []
            return
        }
        frames = lines[(head + 1)...].prefix { $0.hasPrefix("  ") }.compactMap { Self.frame($0) }
    }

    /// The deepest frame in the user's files, else the deepest.
    ///
    /// - Parameter folder: The folder of the user's script.
    /// - Returns: nil when no frame is known.
    package func place(in folder: String) -> PythonFrame? {
        frames.first { $0.file.hasPrefix(folder + "/") && !$0.file.contains("-packages/") } ?? frames.first
    }

    /// `  File "/x/alg.py", line 12 in main`.
    private static func frame(_ line: String) -> PythonFrame? {
        let start = "  File \""
        guard line.hasPrefix(start), let end = line.firstRange(of: "\", line ") else { return nil }
        let rest = line[end.upperBound...]
        let digits = rest.prefix { $0.isNumber }
        guard let number = Int(digits) else { return nil }
        let function = rest.dropFirst(digits.count).hasPrefix(" in ") ? rest.dropFirst(digits.count + 4) : "<module>"
        return PythonFrame(
            file: String(line[line.index(line.startIndex, offsetBy: start.count)..<end.lowerBound]),
            line: number,
            function: String(function)
        )
    }
}
