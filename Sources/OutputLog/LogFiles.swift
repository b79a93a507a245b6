import RunnerCore
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// The files of a log and what stands where in them; one thread at a time.
struct LogFiles: Sendable {
    /// A part of the tail.
    struct Segment: Sendable {
        /// Its open file.
        var descriptor: FileDescriptor
        /// Its name.
        let file: FilePath
        /// The offset in the output of its first byte.
        var start: Int64
        /// How many bytes it holds.
        var length: Int64 = 0
    }

    /// How bytes are spread.
    let layout: LogLayout
    /// Why the log stopped.
    private(set) var problem: String?
    /// How many bytes came.
    private(set) var offset: Int64 = 0
    /// How many bytes came before the log stopped.
    private(set) var keptEnd: Int64 = 0

    private let file: FilePath
    private var head: FileDescriptor?
    private var indexFile: FileDescriptor?
    private var index = OutputIndex()
    /// A device takes bytes one after another and gives none back: there is neither tail nor index.
    private var isRegular = true
    private var headLength: Int64 = 0
    /// The older one first.
    private var tail: [Segment] = []

    /// Makes the files of a log; none is opened.
    init(file: FilePath, layout: LogLayout) {
        self.file = file
        self.layout = layout
    }

    /// How many bytes are not kept.
    var leftOut: Int64 { offset - headLength - tail.reduce(0) { $0 + $1.length } }

    // MARK: Writing

    /// Adds bytes.
    mutating func write(_ bytes: UnsafeRawBufferPointer, _ stream: OutputStream) {
        var rest = bytes
        if problem == nil {
            do {
                try open()
                try note(bytes.count, stream)
                while !rest.isEmpty { rest = UnsafeRawBufferPointer(rebasing: rest[(try writePiece(rest))...]) }
            } catch {
                problem = "\(file): \(error)"
            }
        }
        offset += Int64(rest.count)
    }

    /// Writes the beginning of some bytes to where it belongs.
    private mutating func writePiece(_ bytes: UnsafeRawBufferPointer) throws(Errno) -> Int {
        var count: Int
        if !isRegular {
            count = try Self.write(bytes, to: head, at: nil)
            headLength += Int64(count)
        } else if offset < layout.headBytes, headLength == offset {
            let room = Int(min(layout.headBytes - headLength, Int64(bytes.count)))
            count = try Self.write(bytes.prefixed(room), to: head, at: headLength)
            headLength += Int64(count)
        } else {
            if tail.last.map({ $0.length >= layout.segmentBytes }) ?? true { try beginSegment() }
            let last = tail.count - 1
            let room = Int(min(layout.segmentBytes - tail[last].length, Int64(bytes.count)))
            count = try Self.write(bytes.prefixed(room), to: tail[last].descriptor, at: tail[last].length)
            tail[last].length += Int64(count)
        }
        offset += Int64(count)
        keptEnd = offset
        return count
    }

    /// Notes bytes that are not kept.
    mutating func skip(_ count: Int, _ stream: OutputStream) {
        if problem == nil {
            do {
                try open()
                try note(count, stream)
                for segment in tail.indices {
                    // A flood is skipped in thousands of pieces.
                    if tail[segment].length > 0 { try Self.cut(tail[segment].descriptor) }
                    tail[segment].length = 0
                    tail[segment].start = offset + Int64(count)
                }
            } catch {
                problem = "\(file): \(error)"
            }
            keptEnd = offset + Int64(count)
        }
        offset += Int64(count)
    }

    private mutating func beginSegment() throws(Errno) {
        if tail.count == 2 {
            tail.swapAt(0, 1)
            try Self.cut(tail[1].descriptor)
            (tail[1].start, tail[1].length) = (offset, 0)
            return
        }
        let name = segmentFile(tail.count + 1)
        tail.append(Segment(descriptor: try Self.make(name, [.create, .truncate]), file: name, start: offset))
    }

    private func segmentFile(_ number: Int) -> FilePath {
        file.removingLastComponent().appending((file.lastComponent?.string ?? "") + ".tail-\(number)")
    }

    /// An index that cannot be written ends the log like anything else: the disk is full.
    private mutating func note(_ count: Int, _ stream: OutputStream) throws {
        guard let indexFile else { return }
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let milliseconds = Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
        guard let line = index.add(count, at: offset, stream, milliseconds: milliseconds) else { return }
        try Self.writeAll(Array(line.utf8), to: indexFile)
    }

    // MARK: Reading

    /// Reads what is kept from an offset on.
    func read(from start: Int64, into buffer: UnsafeMutableRawBufferPointer) -> OutputLogFile.Content {
        guard isRegular, start < keptEnd else { return .end }
        let kept = firstKept(from: start)
        guard kept == start else { return .gap(until: kept) }
        let place =
            start < headLength
            ? (file: head, at: start, end: headLength)
            : tail.first { ($0.start..<$0.start + $0.length).contains(start) }
                .map { (file: $0.descriptor, at: start - $0.start, end: $0.length) }
        guard let place, let file = place.file else { return .end }
        let room = Int(min(place.end - place.at, Int64(buffer.count)))
        let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<room])
        guard let count = try? file.read(fromAbsoluteOffset: place.at, into: piece), count > 0 else {
            // Somebody cut the file short: what he took is a gap.
            return .gap(until: start < headLength ? firstKept(from: headLength) : keptEnd)
        }
        return .bytes(count)
    }

    /// The first offset that can be read, or will be with the next byte.
    func firstKept(from start: Int64) -> Int64 {
        if start < headLength { return start }
        let first = tail.first { $0.length > 0 }?.start ?? keptEnd
        return max(start, first)
    }

    /// Up to where everything from an offset on can be read.
    func keptUntil(from start: Int64) -> Int64 {
        guard start < headLength else { return keptEnd }
        let next = tail.first { $0.length > 0 }?.start ?? keptEnd
        return next > headLength ? headLength : keptEnd
    }

    // MARK: The end

    /// Makes one file of all.
    mutating func finish() -> String? {
        defer { close() }
        guard let head, isRegular else { return nil }
        do {
            if let line = index.close(), let indexFile { try Self.writeAll(Array(line.utf8), to: indexFile) }
            var end = headLength
            let start = tail.first { $0.length > 0 }?.start ?? keptEnd
            if start > headLength {
                let marker = LogLayout.marker(leftOutBytes: start - headLength)
                end += try marker.withUnsafeBytes { try Self.writeAll($0, to: head, at: end) }
            }
            for segment in tail { end += try Self.append(segment, to: head, at: end) }
            for segment in tail { _ = segment.file.withPlatformString(unlink) }
            return nil
        } catch {
            return "\(file): \(error); the end of the log stays beside it in files of its name and .tail-1, .tail-2"
        }
    }

    private mutating func close() {
        // Nothing was delayed that close(2) could still refuse.
        for descriptor in [head, indexFile].compactMap(\.self) + tail.map(\.descriptor) { try? descriptor.close() }
        // What was kept stays counted.
        headLength += tail.reduce(0) { $0 + $1.length }
        (head, indexFile, tail) = (nil, nil, [])
    }

    private mutating func open() throws(Errno) {
        guard head == nil else { return }
        Self.makeFolders(above: file)
        let descriptor = try Self.make(file, [.create, .truncate])
        head = descriptor
        var status = stat()
        isRegular = fstat(descriptor.rawValue, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        guard isRegular else { return }
        // A run that was killed left them; its head is gone, and they are no part of this log.
        for number in 1...2 { _ = segmentFile(number).withPlatformString(unlink) }
        indexFile = try Self.make(Self.indexFile(of: file), [.create, .truncate])
    }

    /// The name of a log's index: `.index` in the place of `.log`, else behind the name.
    static func indexFile(of file: FilePath) -> FilePath {
        var index = file
        if file.extension == "log" {
            index.extension = "index"
        } else {
            index.removeLastComponent()
            index.append((file.lastComponent?.string ?? "") + ".index")
        }
        return index
    }
}
