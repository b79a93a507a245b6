import CLinuxShims
import RunnerCore
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// Why a host cannot be talked to.
enum PeerError: Error, Hashable, Sendable {
    /// Its name leads to no address.
    case noName
    /// Nobody listens there.
    case refused
    /// Nothing comes back.
    case silent
    /// It does not know the secret, or we do not know its.
    case wrongSecret
    /// It speaks something else.
    case stranger
    /// The connection has ended.
    case ended
    /// Anything else, by errno.
    case failed(Int32)

    /// The reason, for the log.
    var words: String {
        switch self {
        case .noName: "no name: it leads to no address"
        case .refused: "refused: nobody listens yet"
        case .silent: "silent: no answer"
        case .wrongSecret: "wrong secret"
        case .stranger: "something else answers there"
        case .ended: "it closed the connection"
        case .failed(let number): String(cString: strerror(number))
        }
    }
}

/// A connection between two hosts that have proved themselves to each other.
///
/// One thread receives; any thread sends, and waits at most two seconds for a peer that takes nothing.
final class PeerSocket: Sendable {
    private struct Sending {
        var seal: FrameSeal
        var isOpen = true
    }

    private struct Receiving {
        var seal: FrameSeal
    }

    /// The other side's address, and ours as it sees it.
    let addresses: (theirs: String, ours: String)
    private let descriptor: Int32
    private let sending: Mutex<Sending>
    private let receiving: Mutex<Receiving>

    private init(descriptor: Int32, send: FrameSeal, receive: FrameSeal) {
        self.descriptor = descriptor
        addresses = Self.addresses(of: descriptor)
        sending = Mutex(Sending(seal: send))
        receiving = Mutex(Receiving(seal: receive))
        CLinuxShims_peer_read_limit(descriptor, 0)
    }

    deinit { closeDescriptor(descriptor) }

    /// The addresses of a connection.
    static func addresses(of descriptor: Int32) -> (theirs: String, ours: String) {
        var theirs = [CChar](repeating: 0, count: 64)
        var ours = [CChar](repeating: 0, count: 64)
        CLinuxShims_peer_addresses(descriptor, &theirs, &ours, 64)
        return (text(theirs), text(ours))
    }

    private static func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    // MARK: The handshake

    /// Connects to the leader and proves that this host belongs to the job.
    ///
    /// Blocks for some seconds at most.
    ///
    /// - Parameters:
    ///   - host: The leader's name or address.
    ///   - port: Its port.
    ///   - rank: This host's rank.
    ///   - secret: The job's secret.
    /// - Returns: The connection.
    /// - Throws: `PeerError`.
    static func connect(to host: String, port: UInt16, rank: Int, secret: [UInt8]) throws(PeerError) -> PeerSocket {
        let descriptor = CLinuxShims_peer_connect(host, port, 2000)
        guard descriptor >= 0 else { throw error(errno) }
        do throws(PeerError) {
            CLinuxShims_peer_read_limit(descriptor, 3)
            let greeting = try receive(descriptor, PeerProof.greeting.count)
            guard greeting == PeerProof.greeting else { throw PeerError.stranger }
            let leader = try receive(descriptor, PeerProof.size)
            let own = PeerProof.challenge()
            let rank = UInt16(rank)
            let proof = PeerProof(secret: secret, leader: leader, worker: own, rank: rank)
            let number = [UInt8(rank >> 8), UInt8(rank & 0xff)]
            try send(descriptor, PeerProof.greeting + number + own + proof.workerAnswer)
            let answer = try receive(descriptor, PeerProof.size, ended: .wrongSecret)
            guard proof.isLeaderAnswer(answer) else { throw PeerError.wrongSecret }
            return PeerSocket(descriptor: descriptor, send: proof.workerFrames, receive: proof.leaderFrames)
        } catch {
            closeDescriptor(descriptor)
            throw error
        }
    }

    /// The leader's side of the handshake.
    ///
    /// Blocks for some seconds at most; the descriptor is closed when it fails.
    ///
    /// - Parameters:
    ///   - descriptor: A fresh connection.
    ///   - secret: The job's secret.
    ///   - claimed: Gets the rank that the other side says it has.
    /// - Returns: The connection, and the rank that was proved.
    /// - Throws: `PeerError`.
    static func accept(
        _ descriptor: Int32,
        secret: [UInt8],
        claimed: inout Int?
    ) throws(PeerError) -> (socket: PeerSocket, rank: Int) {
        do throws(PeerError) {
            CLinuxShims_peer_read_limit(descriptor, 3)
            let own = PeerProof.challenge()
            try send(descriptor, PeerProof.greeting + own)
            let greeting = try receive(descriptor, PeerProof.greeting.count)
            guard greeting == PeerProof.greeting else { throw PeerError.stranger }
            let number = try receive(descriptor, 2)
            let rank = UInt16(number[0]) << 8 | UInt16(number[1])
            claimed = Int(rank)
            let worker = try receive(descriptor, PeerProof.size)
            let answer = try receive(descriptor, PeerProof.size)
            let proof = PeerProof(secret: secret, leader: own, worker: worker, rank: rank)
            guard proof.isWorkerAnswer(answer) else { throw PeerError.wrongSecret }
            try send(descriptor, proof.leaderAnswer)
            let socket = PeerSocket(descriptor: descriptor, send: proof.leaderFrames, receive: proof.workerFrames)
            return (socket, Int(rank))
        } catch {
            closeDescriptor(descriptor)
            throw error
        }
    }

    private static func error(_ number: Int32) -> PeerError {
        switch number {
        case ENOENT: .noName
        case ECONNREFUSED: .refused
        case ETIMEDOUT, EAGAIN, EHOSTUNREACH, ENETUNREACH: .silent
        default: .failed(number)
        }
    }

    private static func send(_ descriptor: Int32, _ bytes: [UInt8]) throws(PeerError) {
        let number = CLinuxShims_peer_send(descriptor, bytes, bytes.count)
        guard number == 0 else { throw error(number) }
    }

    private static func receive(
        _ descriptor: Int32,
        _ count: Int,
        ended: PeerError = .ended
    ) throws(PeerError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let number = CLinuxShims_peer_receive(descriptor, &bytes, count)
        if number == -1 || number == ECONNRESET { throw ended }
        guard number == 0 else { throw error(number) }
        return bytes
    }

    // MARK: Messages

    /// Sends a message; a connection that takes none is over.
    ///
    /// - Returns: Whether it was sent.
    @discardableResult
    func send(_ message: PeerMessage) -> Bool {
        let content = Array(JSONValue.object(message.json).serialized().utf8)
        guard content.count <= FrameSeal.mostBytes else { return false }
        return sending.withLock { sending in
            guard sending.isOpen else { return false }
            let frame = sending.seal.seal(content)
            sending.isOpen = CLinuxShims_peer_send(descriptor, frame, frame.count) == 0
            if !sending.isOpen { CLinuxShims_peer_shutdown(descriptor) }
            return sending.isOpen
        }
    }

    /// Waits for the next message; one thread alone calls this.
    ///
    /// - Throws: `PeerError` when the connection is over, or what came is not the other side's.
    func receive() throws(PeerError) -> PeerMessage {
        while true {
            let header = try Self.receive(descriptor, 4)
            guard let length = FrameSeal.length(header) else { throw .wrongSecret }
            let content = try Self.receive(descriptor, length)
            let code = try Self.receive(descriptor, PeerProof.size)
            guard receiving.withLock({ $0.seal.opens(content, code: code) }) else { throw .wrongSecret }
            // What a later version may say beside is passed over.
            guard let object = try? JSONText.parse(content).objectValue, let message = PeerMessage(object) else {
                continue
            }
            return message
        }
    }

    /// Ends the connection: whoever waits in it returns.
    func shutdown() {
        sending.withLock { $0.isOpen = false }
        CLinuxShims_peer_shutdown(descriptor)
    }
}

/// close(2), of whose failure nothing follows.
private func closeDescriptor(_ descriptor: Int32) {
    close(descriptor)
}
