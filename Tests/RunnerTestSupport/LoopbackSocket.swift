import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// How a server of the tests ends a connection.
package enum Ending: Sendable {
    /// FIN: all that was sent arrives, then the end.
    case finish
    /// RST: all that was sent arrives, then an error.
    case reset
    /// Nothing more comes, and the connection stays open until the client closes it.
    case silence
}

/// A TCP connection of 127.0.0.1 that one thread uses and any thread may interrupt.
final class LoopbackSocket: Sendable {
    let descriptor: Int32
    private let isOpen = Mutex(true)

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        // Each write is one segment: a drip is to arrive byte by byte.
        var yes: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Connects to a port of 127.0.0.1.
    convenience init(port: UInt16) throws {
        let descriptor = makeSocket()
        let result = withLoopbackAddress(port) { connect(descriptor, $0, $1) }
        guard descriptor >= 0, result == 0 else {
            let number = errno
            close(descriptor)
            throw TestServerError("no connection to 127.0.0.1:\(port): errno \(number)")
        }
        self.init(descriptor)
    }

    deinit { finish() }

    /// Receives what there is, at most `limit` bytes; nil at the end and after an error.
    func receive(_ limit: Int = 65_536) -> [UInt8]? {
        while true {
            let (bytes, count) = receiveOnce(limit)
            if count > 0 { return bytes }
            if count == 0 || errno != EINTR { return nil }
        }
    }

    private func receiveOnce(_ limit: Int) -> ([UInt8], Int) {
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: max(1, limit)) { buffer, initialized in
            count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            initialized = max(0, count)
        }
        return (bytes, count)
    }

    /// Sends all of it; false when the other side is gone.
    func send(_ bytes: some Collection<UInt8>) -> Bool {
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { sendBytes(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// Whether something can be received without waiting, the end included.
    var isReadable: Bool { poll(Int16(POLLIN), milliseconds: 0) != 0 }

    /// What ``waitForClose(or:milliseconds:)`` saw first.
    enum Wakening {
        case closed
        case other
        case timeout
    }

    /// Waits until the other side closes or resets the connection, or `other` becomes readable; reads nothing.
    func waitForClose(or other: Int32, milliseconds: Int32 = -1) -> Wakening {
        while true {
            var polled = [
                pollfd(fd: descriptor, events: pollPeerClosed, revents: 0),
                pollfd(fd: other, events: Int16(POLLIN), revents: 0),
            ]
            let count = pollDescriptors(&polled, 2, milliseconds)
            if count > 0 { return polled[0].revents != 0 ? .closed : .other }
            if count == 0 { return .timeout }
        }
    }

    /// Ends the connection as asked and returns when that is done; one that has ended stays as it is.
    func end(_ ending: Ending) {
        // The number may be another connection's by now.
        guard isOpen.withLock({ $0 }) else { return }
        switch ending {
        case .reset:
            waitUntilSent()
            var linger = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
        case .finish:
            shutdown(descriptor, Int32(SHUT_WR))
            // Closing with bytes unread would send RST, and the client could lose what was sent.
            while receive() != nil {}
        case .silence:
            while receive() != nil {}
        }
        finish()
    }

    /// Wakes a thread that waits in this connection; for other threads.
    func interrupt() {
        isOpen.withLock { if $0 { _ = shutdown(descriptor, Int32(SHUT_RDWR)) } }
    }

    private func finish() {
        isOpen.withLock { isOpen in
            if isOpen { close(descriptor) }
            isOpen = false
        }
    }

    /// RST throws away what the kernel has not delivered.
    private func waitUntilSent() {
        for _ in 0..<2000 {
            var unsent: Int32 = 0
            guard ioctl(descriptor, UInt(TIOCOUTQ), &unsent) == 0, unsent > 0 else { return }
            usleep(1000)
        }
    }

    private func poll(_ events: Int16, milliseconds: Int32) -> Int16 {
        var polled = pollfd(fd: descriptor, events: events, revents: 0)
        return pollDescriptors(&polled, 1, milliseconds) > 0 ? polled.revents : 0
    }
}

/// A listening socket of 127.0.0.1.
struct LoopbackListener: Sendable {
    let descriptor: Int32
    let port: UInt16

    /// Listens on a port; 0 is any free one.
    init(port: UInt16 = 0) throws {
        descriptor = makeSocket()
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        let descriptor = descriptor
        let isBound = withLoopbackAddress(port) { bind(descriptor, $0, $1) } == 0
        // A connection that is gone again by the time of accept(2) must not block it.
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        guard isBound, listen(descriptor, 512) == 0 else {
            let number = errno
            close(descriptor)
            throw TestServerError("cannot listen on 127.0.0.1:\(port): errno \(number)")
        }
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        self.port = UInt16(bigEndian: address.sin_port)
    }

    /// Waits for the next connection; nil after ``stop()``.
    func next() -> LoopbackSocket? {
        while true {
            var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard pollDescriptors(&polled, 1, -1) > 0 else { continue }
            // A child that inherited it would keep the client from seeing the end.
            let accepted = RunningProgram.withoutSpawning {
                let accepted = accept(descriptor, nil, nil)
                if accepted >= 0 { _ = fcntl(accepted, F_SETFD, FD_CLOEXEC) }
                return accepted
            }
            if accepted >= 0 { return LoopbackSocket(accepted) }
            if ![EINTR, ECONNABORTED, EAGAIN].contains(errno) { return nil }
        }
    }

    /// Wakes the thread in ``next()``, which then closes the descriptor.
    func stop() { shutdown(descriptor, Int32(SHUT_RDWR)) }
}

/// POLLRDHUP of Linux, which glibc shows to GNU's C only.
private let pollPeerClosed: Int16 = 0x2000

private func makeSocket() -> Int32 {
    socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
}

private func withLoopbackAddress<R>(_ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return withUnsafePointer(to: address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
}

private func sendBytes(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    send(descriptor, bytes, count, Int32(MSG_NOSIGNAL))
}

private func pollDescriptors(_ polled: UnsafeMutablePointer<pollfd>, _ count: UInt, _ milliseconds: Int32) -> Int32 {
    poll(polled, nfds_t(count), milliseconds)
}
