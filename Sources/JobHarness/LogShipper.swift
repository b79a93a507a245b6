import Archive
import Logging
import ObjectStorage
import OutputLog
import RunnerCore

/// Copies the log of the script's output into the store while it is written.
///
/// The log's file is the queue: only offsets are remembered, so a store that is away costs no memory. The newest
/// object is written anew every few seconds until it holds a megabyte, then the next number begins: five days of
/// output make as many objects as megabytes, not as many as there are times of three seconds. Each is a complete gzip
/// member, so `zcat` of all in order is the output. An earlier run of the same place is not overwritten: the numbers
/// go on.
actor LogShipper {
    /// How long output waits at most before it is sent.
    static let interval = Duration.seconds(3)
    /// From how many bytes on an object is written no more.
    static let fullBytes: Int64 = 1 << 20
    /// The most bytes of output in one object: what waited while the store was away goes in larger pieces.
    static let largestBytes: Int64 = 8 << 20

    /// Where the objects are kept.
    struct Place: Sendable {
        /// The store.
        let store: any ObjectStore
        /// What the keys begin with: `…/output/logs/algo-1/stdout-stderr-`.
        let prefix: ObjectKey
        /// How they are stored.
        let options: WriteOptions

        /// The key of an object: six digits or more, so that the order of the names is that of the numbers.
        func key(_ number: Int) -> ObjectKey {
            let digits = String(number)
            return prefix.appending(String(repeating: "0", count: max(0, 6 - digits.count)) + digits + ".log.gz")
        }
    }

    /// The object that is being written.
    private struct Current {
        var number: Int
        /// A line that stands for what was left out before it.
        var leadIn: [UInt8] = []
        /// The offset of its first byte.
        var start: Int64
        /// The offset behind its last byte in the store.
        var end: Int64
    }

    private let log: OutputLogFile
    private let place: Place
    private let logger: Logger
    private var current: Current?
    private var isFailing = false
    /// The numbers of the objects that this run stored.
    private(set) var objects: ClosedRange<Int>?

    /// Makes a shipper; nothing is asked of the store before there is output.
    ///
    /// - Parameters:
    ///   - log: The log.
    ///   - place: Where to.
    ///   - logger: The runner's own log.
    init(log: OutputLogFile, place: Place, logger: Logger) {
        self.log = log
        self.place = place
        self.logger = logger
    }

    /// The address of an object, for records.
    nonisolated func address(_ number: Int) -> String { place.store.address(of: place.key(number)) }

    /// Sends what came every few seconds until the task is cancelled.
    func run() async {
        while (try? await Task.sleep(for: Self.interval, clock: .continuous)) != nil {
            guard let problem = await send(), !isFailing, !Task.isCancelled else { continue }
            isFailing = true
            logger.warning("the log cannot be stored now; it waits on this machine", metadata: ["reason": "\(problem)"])
        }
    }

    /// Sends what has come until now and has not been sent.
    ///
    /// What comes meanwhile waits for the next time: a script that writes a thousand lines a second would else have its
    /// log stored without a pause, which took a sixth of a core and, in S3, a request after the other.
    ///
    /// - Returns: Why not all of it is stored; nil when it is.
    func send() async -> String? {
        do {
            let end = log.endOffset
            while try await sendNext(upTo: end) {}
            if isFailing { logger.notice("the log is stored again") }
            isFailing = false
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// Sends one object.
    ///
    /// - Parameter end: Up to which offset.
    /// - Returns: false when nothing was to be sent.
    /// - Throws: What the store throws, or that the log cannot be read back.
    private func sendNext(upTo end: Int64) async throws -> Bool {
        guard (current?.end ?? 0) < end else { return false }
        var object = try await nextObject()
        let upTo = min(end, object.start + Self.largestBytes, log.keptUntil(from: object.start))
        if upTo <= object.end, object.end > object.start {
            // A gap follows: what comes behind it begins the next object.
            current = Current(number: object.number + 1, start: object.end, end: object.end)
            return true
        }
        guard object.start < upTo else {
            current = object
            return false
        }
        let (log, leadIn, start) = (log, object.leadIn, object.start)
        do {
            try await place.store.write(place.key(object.number), options: place.options) { sink in
                var source = LogSource(log: log, leadIn: leadIn, start: start, end: upTo)
                try packGzipMember(from: &source, into: &sink)
            }
        } catch is LogSource.Overtaken {
            // The script wrote faster than the store took it: go on with what is there now.
            guard log.firstKept(from: start) > start || log.keptUntil(from: start) < upTo else {
                throw ObjectStoreError(.failed, "\(log.file) cannot be read back")
            }
            current = object
            return true
        }
        let first = min(objects?.lowerBound ?? object.number, object.number)
        objects = first...object.number
        object.end = upTo
        if upTo - object.start >= Self.fullBytes { object = Current(number: object.number + 1, start: upTo, end: upTo) }
        current = object
        return true
    }

    /// The object that the next bytes belong to.
    private func nextObject() async throws -> Current {
        guard var object = current else { return Current(number: await firstNumber(), start: 0, end: 0) }
        let kept = log.firstKept(from: object.start)
        guard kept > object.start else { return object }
        // It cannot be made again; what is stored of it stays.
        if object.end > object.start { object = Current(number: object.number + 1, start: object.end, end: object.end) }
        let next = log.firstKept(from: object.start)
        if next > object.start {
            object.leadIn = LogLayout.marker(leftOutBytes: next - object.start)
            (object.start, object.end) = (next, next)
        }
        return object
    }

    /// The number behind those that an earlier run left.
    private func firstNumber() async -> Int {
        let length = place.prefix.bytes.count
        var last = 0
        do {
            try await place.store.list(prefix: place.prefix) { object in
                let digits = object.key.bytes.dropFirst(length).prefix { (0x30...0x39).contains($0) }
                last = max(last, Int(String(decoding: digits, as: UTF8.self)) ?? 0)
            }
        } catch {
            // Listing is a right of its own; without it an earlier run's log is overwritten, as its results are.
            logger.debug("logs of earlier runs are not looked for", metadata: ["reason": "\(error)"])
        }
        return last + 1
    }
}

/// A piece of the log as it is packed.
private struct LogSource: ByteSource {
    /// What was to be read is not kept any more.
    struct Overtaken: Error {}

    let log: OutputLogFile
    var leadIn: [UInt8]
    var start: Int64
    let end: Int64

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        if !leadIn.isEmpty {
            let count = min(leadIn.count, buffer.count)
            buffer.copyBytes(from: leadIn.prefix(count))
            leadIn.removeFirst(count)
            return count
        }
        guard start < end else { return 0 }
        let room = Int(min(Int64(buffer.count), end - start))
        guard case .bytes(let count) = log.read(from: start, into: .init(rebasing: buffer[..<room])) else {
            throw Overtaken()
        }
        start += Int64(count)
        return count
    }
}
