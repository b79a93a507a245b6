import RunnerCore
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// A program that answers one JSON line with one JSON line, in any order, until its input ends.
///
/// It ends with the test process, however that ends: only this process holds the other end of its standard input.
final class HelperProcess: Sendable {
    /// The first line, which the helper says by itself.
    let greeting: JSONObject

    private struct State {
        var nextID = 1
        var isOver = false
        var waiting: [Int: Reply] = [:]
    }

    /// The place for one answer.
    private final class Reply: Sendable {
        let arrived = Semaphore()
        let line = Mutex<JSONObject?>(nil)
    }

    private let input: Int32
    private let state = Mutex(State())

    /// Starts a helper and waits for its first line; its standard error is that of the tests.
    ///
    /// - Parameters:
    ///   - program: Its path.
    ///   - arguments: What follows argv[0].
    /// - Throws: When it ends without a first line.
    init(_ program: String, _ arguments: [String]) throws {
        var argv = ([program] + arguments).map { strdup($0) } + [nil]
        // boto3 shall see no setting of the machine, above all no credentials.
        let environment = BinaryUnderTest.minimalEnvironment.merging(
            [
                "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            ]
        ) { $1 }
        var envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        let started = RunningProgram.spawn(program, &argv, &envp, errors: STDERR_FILENO)
        close(started.errors)
        input = started.input
        let lines = LineReader(started.output)
        guard let first = lines.next(), let greeting = try JSONText.parse(first).objectValue else {
            close(started.input)
            close(started.output)
            throw TestServerError("\(program) \(arguments.joined(separator: " ")) ended before it was ready")
        }
        self.greeting = greeting
        startThread { [self] in receive(lines) }
    }

    /// Asks and waits for the answer; many threads may ask at once.
    ///
    /// - Parameter question: What to ask, without `id`.
    /// - Returns: The answer, with its `id`.
    /// - Throws: When the helper is gone.
    func ask(_ question: JSONObject) throws -> JSONObject {
        let reply = Reply()
        let isSent = state.withLock { state in
            guard !state.isOver else { return false }
            state.waiting[state.nextID] = reply
            var question = question
            question["id"] = .number(JSONNumber(state.nextID))
            state.nextID += 1
            // Below the lock, so that two questions do not mix; a pipe's buffer holds many of them.
            return sendAll(input, JSONValue.object(question).serialized() + "\n")
        }
        guard isSent else { throw TestServerError("the helper of the tests is gone") }
        reply.arrived.wait()
        guard let answer = reply.line.withLock({ $0 }) else { throw TestServerError("the helper of the tests ended") }
        return answer
    }

    private func receive(_ lines: LineReader) {
        while let line = lines.next() {
            guard let answer = try? JSONText.parse(line).objectValue, let id = answer["id"]?.intValue else { continue }
            let reply = state.withLock { $0.waiting.removeValue(forKey: id) }
            reply?.line.withLock { $0 = answer }
            reply?.arrived.signal()
        }
        let abandoned = state.withLock { state in
            state.isOver = true
            defer { state.waiting = [:] }
            return Array(state.waiting.values)
        }
        for reply in abandoned { reply.arrived.signal() }
    }
}

/// Splits what comes through a descriptor into lines; one thread at a time.
private final class LineReader: @unchecked Sendable {
    private let descriptor: Int32
    private var pending: [UInt8] = []

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    func next() -> [UInt8]? {
        var searched = 0
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            if let end = pending[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { pending.removeFirst(end + 1) }
                return Array(pending[..<end])
            }
            searched = pending.count
            let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return nil }
            pending += buffer[..<count]
        }
    }
}

private func sendAll(_ descriptor: Int32, _ text: String) -> Bool {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { return false }
        rest = rest.dropFirst(count)
    }
    return true
}

/// What keeps a server of the tests from its work.
package struct TestServerError: Error, CustomStringConvertible {
    /// What is wrong.
    package let description: String

    /// Makes an error.
    ///
    /// - Parameter description: What is wrong.
    package init(_ description: String) {
        self.description = description
    }
}
