import ObjectStorage
import RunnerCore
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// A question to the person at the terminal.
enum TerminalQuestion {
    /// Whether somebody can be asked: input and standard error are a terminal.
    static var canAsk: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 }

    /// Asks, and waits for a line.
    ///
    /// - Parameter question: One sentence.
    /// - Returns: true for `y` or `yes`; false for anything else and for the end of the input.
    /// - Throws: `CancellationError`, when the question is interrupted in turn.
    static func ask(_ question: String) async throws -> Bool {
        // On the line behind `^C`; a terminal that is gone answers nothing, as the read shows.
        _ = try? FileDescriptor.standardError.writeAll(Array("\n\(question) [y/N] ".utf8))
        let answer = try await BlockingPool.shared.run { cancellation in try readLine(cancellation) }
        return ["y", "yes"].contains(answer.trimmed().lowercased())
    }

    private static func readLine(_ cancellation: CancellationFlag) throws -> String {
        var line: [UInt8] = []
        while line.count < 1000 {
            var request = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
            while poll(&request, 1, 200) == 0 { try cancellation.check() }
            try cancellation.check()
            var byte: UInt8 = 0
            let count = read(STDIN_FILENO, &byte, 1)
            if count < 0 && errno == EINTR { continue }
            guard count == 1, byte != UInt8(ascii: "\n") else { break }
            line.append(byte)
        }
        return String(decoding: line, as: UTF8.self)
    }
}
