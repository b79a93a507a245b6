import CLinuxShims
import RunnerCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// The thread of a relay: moves what arrives until all pipes have ended.
///
/// Handing on by reference does not show the bytes. What is to be looked at is read from the script's pipe after it
/// was handed on; when that would cost too much it moves, still by reference, into a pipe of our own, where the oldest
/// half makes room when it is full. Once the script is quiet, what is held there is looked at: so the end of an output
/// is always in the log, however fast it came.
struct RelayLoop: ~Copyable {
    /// How many bytes a second are looked at behind the head of the log.
    static let copiedBytesPerSecond: Int64 = 64 << 20
    /// How long a flood is let grow before the next piece is moved: a fifth of what the pipe holds comes in that time.
    static let floodPauseMicroseconds: UInt32 = 30
    /// A piece from which on more is certainly waiting.
    static let largePieceBytes = 64 << 10
    /// After how much silence held bytes are looked at although they are not afforded.
    static let quietMilliseconds: Int32 = 20
    private static let bufferBytes = 128 << 10

    private var channels: [RelayChannel]
    private let held: RelayPipe
    private var heldBytes = 0
    private var heldStream = OutputStream.both
    private var finish: Int32
    private var ending: FinalWait?
    private let log: OutputLogFile?
    private let figures: OutputFigures
    private let report: @Sendable (RelayEvent) -> Void
    private var budget: CopyBudget
    private var gauge = FloodGauge()
    /// What poll(2) waits for: the channels, then `finish`.
    private let waiting: UnsafeMutableBufferPointer<pollfd>
    private let buffer: UnsafeMutableRawBufferPointer
    private let nowhere: Int32

    /// Makes the loop; it closes what it gets when it ends.
    ///
    /// - Parameters:
    ///   - channels: The streams.
    ///   - held: A pipe of its own.
    ///   - finish: Ends when the script's group has.
    ///   - log: The log.
    ///   - figures: Gets what is known.
    ///   - report: Gets what happens.
    init(
        channels: [RelayChannel],
        held: RelayPipe,
        finish: Int32,
        log: OutputLogFile?,
        figures: OutputFigures,
        report: @escaping @Sendable (RelayEvent) -> Void
    ) {
        self.channels = channels
        self.held = held
        self.finish = finish
        self.log = log
        self.figures = figures
        self.report = report
        budget = CopyBudget(freeBytes: log?.headBytes ?? 0, bytesPerSecond: Self.copiedBytesPerSecond)
        buffer = .allocate(byteCount: Self.bufferBytes, alignment: 4096)
        waiting = .allocate(capacity: channels.count + 1)
        waiting.initialize(repeating: pollfd(fd: -1, events: 0, revents: 0))
        nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC)
        // A write end that is full must not wait for ourselves.
        _ = fcntl(held.write, F_SETFL, O_NONBLOCK)
    }

    deinit {
        buffer.deallocate()
        waiting.deallocate()
        if nowhere >= 0 { closeDescriptor(nowhere) }
        if finish >= 0 { closeDescriptor(finish) }
        for channel in channels { closeDescriptor(channel.input) }
        held.close()
    }

    /// Runs to the end of all pipes.
    mutating func run() {
        while channels.contains(where: \.isOpen) {
            for index in channels.indices { waiting[index] = channels[index].waiting }
            waiting[channels.count] = pollfd(fd: finish, events: Int16(POLLIN), revents: 0)
            let count = poll(waiting.baseAddress, nfds_t(waiting.count), timeout)
            if count < 0 { continue }
            if count == 0 { gauge.pause() }
            if count == 0, heldBytes > 0 {
                lookAtHeld()
                continue
            }
            if waiting[channels.count].revents != 0 {
                closeDescriptor(finish)
                finish = -1
                ending = FinalWait(begun: .now)
            }
            let moved = moveAll()
            guard let wait = ending, channels.contains(where: \.isOpen) else { continue }
            if wait.isOver(at: .now, moved: moved, isBlocked: channels.contains(where: \.isBlocked)) {
                report(.heldOpen)
                break
            }
            if moved { ending?.lastMoved = .now }
        }
        lookAtHeld()
        figures.update { values in
            values.recent.end()
            values.isOver = true
        }
    }

    private var timeout: Int32 {
        if heldBytes > 0 { return Self.quietMilliseconds }
        // A reader that is slow is waited for as long as it takes.
        guard ending != nil, !channels.contains(where: \.isBlocked) else { return -1 }
        return FinalWait.silenceMilliseconds
    }

    // MARK: Moving

    private mutating func moveAll() -> Bool {
        var moved = false
        for index in channels.indices where waiting[index].revents != 0 {
            move(index, waiting[index].revents)
            moved = true
        }
        return moved
    }

    private mutating func move(_ index: Int, _ events: Int16) {
        if channels[index].isBlocked {
            channels[index].isBlocked = false
        } else if events & Int16(POLLIN) == 0 {
            channels[index].isOpen = false
            return
        }
        let couldRead = !channels[index].isReaderGone
        if channels[index].isReaderGone || !channels[index].tees {
            copy(index)
        } else {
            switch channels[index].tee() {
            case .teed(let count): take(count, index)
            case .blocked: channels[index].isBlocked = true
            case .again: ()
            }
        }
        if couldRead, channels[index].isReaderGone { report(.readerGone(channels[index].stream)) }
    }

    /// Reads and writes.
    private mutating func copy(_ index: Int) {
        let count = read(channels[index].input, buffer.baseAddress, buffer.count)
        // An end is seen by poll(2), an interruption is nothing.
        guard count > 0 else { return }
        let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
        figures.add(count, channels[index].stream)
        channels[index].write(bytes)
        lookAt(bytes, channels[index].stream)
    }

    /// Takes bytes that were handed on out of the script's pipe.
    private mutating func take(_ count: Int, _ index: Int) {
        let stream = channels[index].stream
        figures.add(count, stream)
        let now = nanoseconds()
        gauge.add(count, at: now)
        // In a flood what is looked at is soon followed by more than the log keeps.
        let isAfforded =
            gauge.isFlood ? budget.isFree(count + heldBytes) : budget.affords(count + heldBytes, at: now)
        defer { if gauge.isFlood, count < Self.largePieceBytes { usleep(Self.floodPauseMicroseconds) } }
        if heldBytes > 0, heldStream != stream { isAfforded ? lookAtHeld() : dropHeld(heldBytes) }
        heldStream = stream
        var rest = count
        while rest > 0 {
            if isAfforded, heldBytes == 0 {
                let piece = read(channels[index].input, buffer.baseAddress, min(rest, buffer.count))
                guard piece > 0 else { break }
                rest -= piece
                lookAt(UnsafeRawBufferPointer(rebasing: buffer[..<piece]), stream)
                continue
            }
            let piece = CLinuxShims_splice(channels[index].input, held.write, rest)
            if piece > 0 {
                rest -= piece
                heldBytes += piece
            } else if heldBytes > 0 {
                isAfforded ? lookAtHeld() : dropHeld((heldBytes + 1) / 2)
            } else {
                // The pipe of our own cannot be used: look at the bytes after all.
                let piece = read(channels[index].input, buffer.baseAddress, min(rest, buffer.count))
                guard piece > 0 else { break }
                rest -= piece
                lookAt(UnsafeRawBufferPointer(rebasing: buffer[..<piece]), stream)
            }
        }
        if isAfforded { lookAtHeld() }
    }

    // MARK: Looking

    private mutating func lookAt(_ bytes: UnsafeRawBufferPointer, _ stream: OutputStream) {
        budget.spend(bytes.count)
        figures.update { $0.recent.append(bytes) }
        if let problem = log?.write(bytes, stream) { report(.logStopped(problem)) }
    }

    private mutating func lookAtHeld() {
        while heldBytes > 0 {
            let count = read(held.read, buffer.baseAddress, min(heldBytes, buffer.count))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                heldBytes = 0
                return
            }
            heldBytes -= count
            lookAt(UnsafeRawBufferPointer(rebasing: buffer[..<count]), heldStream)
        }
    }

    /// Drops the oldest of what is held.
    private mutating func dropHeld(_ bytes: Int) {
        var rest = bytes
        while rest > 0 {
            var count = nowhere < 0 ? -1 : CLinuxShims_splice(held.read, nowhere, rest)
            // Without /dev/null they are read and forgotten.
            if count <= 0 { count = read(held.read, buffer.baseAddress, min(rest, buffer.count)) }
            guard count > 0 else { break }
            rest -= count
        }
        let dropped = bytes - rest
        heldBytes = dropped > 0 ? heldBytes - dropped : 0
        figures.update { $0.recent.skip() }
        log?.skip(dropped, heldStream)
    }
}

/// The time since some fixed moment.
private func nanoseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// How long a pipe is read after the script's group has ended: somebody out of reach may hold it for ever.
struct FinalWait: Hashable, Sendable {
    /// After how much silence nothing more is expected.
    static let silenceMilliseconds: Int32 = 1000
    /// After how long the wait ends although bytes come.
    static let limit = Duration.seconds(10)

    /// When the group had ended.
    let begun: ContinuousClock.Instant
    /// When the last byte came.
    var lastMoved: ContinuousClock.Instant

    /// Begins to wait.
    init(begun: ContinuousClock.Instant) {
        self.begun = begun
        lastMoved = begun
    }

    /// Whether to stop.
    ///
    /// - Parameters:
    ///   - now: The time.
    ///   - moved: Whether bytes came just now.
    ///   - isBlocked: Whether bytes are there that our reader does not take: these are never given up.
    /// - Returns: true when nothing more is expected.
    func isOver(at now: ContinuousClock.Instant, moved: Bool, isBlocked: Bool) -> Bool {
        if isBlocked { return false }
        if moved { return now - begun >= Self.limit }
        return now - lastMoved >= .milliseconds(Int(Self.silenceMilliseconds))
    }
}
