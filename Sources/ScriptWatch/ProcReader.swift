#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// Reads files of `/proc` into one buffer, making neither texts nor arrays: a look at ten processes is thirty files.
///
/// For one thread. Everything blocks for three system calls a file, some microseconds each.
final class ProcReader {
    private let path = UnsafeMutableBufferPointer<CChar>.allocate(capacity: 64)
    private let content = UnsafeMutableRawBufferPointer.allocate(byteCount: 32 * 1024, alignment: 16)

    deinit {
        path.deallocate()
        content.deallocate()
    }

    /// Reads a process and what it has used.
    ///
    /// - Parameter processID: Which.
    /// - Returns: nil when there is no such process. Where `io` may not be read, those figures are zero.
    func process(_ processID: Int32) -> ProcessReading? {
        guard let stat = read(processID, "/stat"), var reading = ProcessReading(stat: stat, processID: processID)
        else { return nil }
        if let io = read(processID, "/io") { reading.take(io: io) }
        return reading
    }

    /// The children of a process, whichever of its threads started them.
    ///
    /// - Parameters:
    ///   - processID: The parent.
    ///   - isSingleThreaded: Whether it has only one thread, which spares listing them.
    /// - Returns: nil where the kernel does not tell (CONFIG_PROC_CHILDREN) or the process is gone.
    func children(of processID: Int32, isSingleThreaded: Bool) -> [Int32]? {
        if isSingleThreaded { return children(of: processID, thread: processID) }
        guard let folder = opendir("/proc/\(processID)/task") else { return nil }
        defer { closedir(folder) }
        var found: [Int32] = []
        var wasRead = false
        while let entry = readdir(folder) {
            let thread = withUnsafeBytes(of: entry.pointee.d_name) { name in
                var numbers = NumberReader(UnsafeRawBufferPointer(rebasing: name.prefix { $0 != 0 }))
                return numbers.next()
            }
            guard let thread, let some = children(of: processID, thread: Int32(truncatingIfNeeded: thread)) else {
                continue
            }
            wasRead = true
            found += some
        }
        return wasRead ? found : nil
    }

    /// The number that the newest process or thread of this pid namespace got; nil when it cannot be read.
    ///
    /// As long as it stays, nothing was started, and the tree of processes need not be walked.
    func newestProcess() -> Int64? {
        "/proc/loadavg".withCString { path in
            guard let text = read(path) else { return nil }
            // `0.50 0.60 0.70 2/300 4711`: three loads of two numbers each, running/all, the last number.
            var numbers = NumberReader(text)
            return numbers.skip(8) ? numbers.next() : nil
        }
    }

    private func children(of processID: Int32, thread: Int32) -> [Int32]? {
        var end = append("/proc/", at: 0)
        end = append(processID, at: end)
        end = append("/task/", at: end)
        end = append(thread, at: end)
        path[append("/children", at: end)] = 0
        guard let start = path.baseAddress, let text = read(start) else { return nil }
        var numbers = NumberReader(text)
        var found: [Int32] = []
        while let number = numbers.next() { found.append(Int32(truncatingIfNeeded: number)) }
        return found
    }

    private func read(_ processID: Int32, _ file: StaticString) -> UnsafeRawBufferPointer? {
        let end = append(processID, at: append("/proc/", at: 0))
        path[append(file, at: end)] = 0
        return path.baseAddress.flatMap { read($0) }
    }

    private func read(_ path: UnsafePointer<CChar>) -> UnsafeRawBufferPointer? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var length = 0
        while length < content.count {
            let count = readSome(descriptor, content.baseAddress.map { $0 + length }, content.count - length)
            guard count >= 0 else { return nil }
            if count == 0 { break }
            length += count
        }
        return UnsafeRawBufferPointer(rebasing: content[..<length])
    }

    private func append(_ text: StaticString, at position: Int) -> Int {
        text.withUTF8Buffer { bytes in
            for (index, byte) in bytes.enumerated() { path[position + index] = CChar(bitPattern: byte) }
            return position + bytes.count
        }
    }

    private func append(_ number: Int32, at position: Int) -> Int {
        var divisor: Int32 = 1
        while number / divisor >= 10 { divisor *= 10 }
        var end = position
        while divisor > 0 {
            path[end] = CChar(truncatingIfNeeded: 0x30 + number / divisor % 10)
            end += 1
            divisor /= 10
        }
        return end
    }
}

private func readSome(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(descriptor, buffer, count)
}
