import CLinuxShims
import ProcessSupervision
import RunnerCore
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// Hands the outputs of several hosts or ranks on to one place, whole lines at a time: bytes of two scripts' lines would
/// else stand in one line.
///
/// Nothing is added to a line: who reads metrics looks at its beginning. A progress bar's carriage return ends a line
/// too, and what does not end for long is handed on as it is.
struct LineMerger: Sendable {
    /// The longest part of a line that is kept back.
    private static let mostBytes = 64 * 1024

    /// One host's output.
    private struct Source {
        let descriptor: Int32
        let target: FileDescriptor
        var kept: [UInt8] = []
        var isOpen = true
    }

    /// The pipes' read ends, each with where its lines go.
    private let sources: [(descriptor: Int32, target: FileDescriptor)]

    /// Makes a merger of pipes.
    ///
    /// - Parameter sources: The pipes' read ends, which are closed at their end, and where their lines go.
    init(_ sources: [(descriptor: Int32, target: FileDescriptor)]) {
        self.sources = sources
    }

    /// Starts a program with its two outputs led through pipes.
    ///
    /// - Parameter specification: The program.
    /// - Returns: The program, and the pipes with where their lines go.
    /// - Throws: `SupervisionError`, or `Errno` when there is no descriptor left.
    static func start(
        _ specification: ProcessSpecification
    ) throws -> (child: ChildProcess, sources: [(descriptor: Int32, target: FileDescriptor)]) {
        let (output, errors) = (try makePipe(), try makePipe())
        // The child has its own copies.
        defer { for end in [output.writeEnd, errors.writeEnd] { try? end.close() } }
        var specification = specification
        specification.descriptors += [
            .init(ours: output.writeEnd, theirs: 1), .init(ours: errors.writeEnd, theirs: 2),
        ]
        let child = try ChildProcess.spawn(specification)
        return (child, [(output.readEnd, .standardOutput), (errors.readEnd, .standardError)])
    }

    private static func makePipe() throws -> (readEnd: Int32, writeEnd: FileDescriptor) {
        var ends: [Int32] = [-1, -1]
        guard CLinuxShims_pipe(&ends) == 0 else { throw Errno(rawValue: errno) }
        return (ends[0], FileDescriptor(rawValue: ends[1]))
    }

    /// Hands on until all pipes have ended.
    ///
    /// - Parameter ended: Set when the programs have ended: what still holds a pipe open is then waited for no longer.
    func merge(until ended: CancellationFlag) async {
        await withCheckedContinuation { continuation in
            BlockingPool.shared.submit {
                run(until: ended)
                continuation.resume()
            }
        }
    }

    private func run(until ended: CancellationFlag) {
        var open = sources.map { Source(descriptor: $0.descriptor, target: $0.target) }
        while open.contains(where: \.isOpen) {
            let hadEnded = ended.isCancelled
            var requests = open.map { pollfd(fd: $0.isOpen ? $0.descriptor : -1, events: Int16(POLLIN), revents: 0) }
            let ready = poll(&requests, nfds_t(requests.count), 1000)
            if ready == 0, hadEnded { break }
            for index in open.indices where requests[index].revents != 0 { Self.take(from: &open[index]) }
        }
        for index in open.indices {
            Self.write(open[index].kept, to: open[index].target)
            close(open[index].descriptor)
        }
    }

    private static func take(from source: inout Source) {
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        let count = read(source.descriptor, &buffer, buffer.count)
        guard count > 0 else {
            if count == 0 || errno != EINTR { source.isOpen = false }
            return
        }
        source.kept += buffer[..<count]
        let end = source.kept.lastIndex { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
        let whole = source.kept.count > mostBytes ? source.kept.count : end.map { $0 + 1 } ?? 0
        write(Array(source.kept[..<whole]), to: source.target)
        source.kept.removeFirst(whole)
    }

    private static func write(_ bytes: [UInt8], to target: FileDescriptor) {
        // Nobody reads any more: the hosts' own logs have it.
        _ = try? target.writeAll(bytes)
    }
}
