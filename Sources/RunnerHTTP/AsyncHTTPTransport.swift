import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// The transport over AsyncHTTPClient; the only place that knows it.
package final class AsyncHTTPTransport: HTTPTransport {
    /// How the transport is set up.
    package struct Configuration: Hashable, Sendable {
        /// The most connections to one host, of each thread; all together have no more than there are requests at once.
        package var connections: Int
        /// Until connected.
        package var connectTimeout: Duration
        /// Without a byte of request or answer.
        package var stallTimeout: Duration
        /// A file of certificates (PEM) to trust in place of the system's; nil for the system's.
        package var trustedCertificates: String?

        /// Makes a configuration.
        ///
        /// - Parameters:
        ///   - connections: The most connections to one host, of each thread.
        ///   - connectTimeout: Until connected.
        ///   - stallTimeout: Without a byte of request or answer.
        ///   - trustedCertificates: A file of certificates (PEM) to trust in place of the system's.
        package init(
            connections: Int,
            connectTimeout: Duration = .seconds(10),
            stallTimeout: Duration = .seconds(30),
            trustedCertificates: String? = nil
        ) {
            self.connections = connections
            self.connectTimeout = connectTimeout
            self.stallTimeout = stallTimeout
            self.trustedCertificates = trustedCertificates
        }
    }

    /// So much is given to a connection at once: what is given to TLS is encrypted at once, and a part of 8 MiB would be
    /// in memory twice; and of each piece is known when it was sent.
    private static func sliceBytes(_ origin: HTTPOrigin) -> Int { origin.isSecure ? 64 << 10 : 256 << 10 }

    /// How many threads move bytes.
    ///
    /// Each moves more than a gigabyte a second; more of them only cost memory on machines with many cores.
    ///
    /// - Parameter cores: How many cores there are.
    /// - Returns: From 1 to 4.
    package static func loopCount(cores: Int) -> Int { min(cores, 4) }

    private let lanes: [ClientLane]
    private let stallTimeout: TimeAmount

    /// Makes a transport with threads of its own.
    ///
    /// - Parameter configuration: How it is set up.
    package init(_ configuration: Configuration) {
        let loops = MultiThreadedEventLoopGroup(numberOfThreads: Self.loopCount(cores: System.coreCount))
        let client = Self.clientConfiguration(configuration)
        lanes = loops.makeIterator().map { ClientLane($0, client) }
        stallTimeout = TimeAmount(configuration.stallTimeout)
    }

    package func send(_ request: HTTPRequest, limits: HTTPLimits, to receiver: any HTTPResponseReceiver) async throws {
        let delegate = ReceivingDelegate(receiver, StallWatch(limit: stallTimeout))
        let lane = ClientLane.enter(lanes)
        defer { lane.leave() }
        let task: HTTPClient.Task<Void>
        do {
            task = lane.client.execute(
                request: try Self.clientRequest(request),
                delegate: delegate,
                deadline: limits.total.map { .now() + TimeAmount($0) }
            )
        } catch {
            throw HTTPError(describing: error, address: request.address)
        }
        do {
            try await withTaskCancellationHandler {
                try await task.futureResult.get()
            } onCancel: {
                task.cancel()
            }
        } catch {
            try Task.checkCancellation()
            // Whatever else there is comes from the client or what it is built on.
            throw delegate.receiversError ?? HTTPError(describing: error, address: request.address)
        }
    }

    // MARK: Set-up

    /// AsyncHTTPClient's defaults follow redirects and wait for ever (style.md P15).
    private static func clientConfiguration(_ configuration: Configuration) -> HTTPClient.Configuration {
        var client = HTTPClient.Configuration()
        client.httpVersion = .http1Only
        client.redirectConfiguration = .disallow
        client.decompression = .disabled
        // A `StallWatch` looks after what follows on connecting.
        client.timeout = .init(connect: TimeAmount(configuration.connectTimeout))
        // S3 closes a connection that idles for 20 s; a request sent at that moment would be lost.
        client.connectionPool.idleTimeout = .seconds(15)
        client.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = configuration.connections
        // Whether to try again is decided in one place, which knows the reason.
        client.connectionPool.retryConnectionEstablishment = false
        var tls = TLSConfiguration.makeClientConfiguration()
        if let file = configuration.trustedCertificates { tls.trustRoots = .file(file) }
        client.tlsConfiguration = tls
        client.http1_1ConnectionDebugInitializer = { channel in
            // The default reads at most 64 KiB at once; four times as much halves the system time of a large download,
            // and answers of a few hundred bytes still get small buffers.
            let allocator = AdaptiveRecvByteBufferAllocator(minimum: 4096, initial: 16 << 10, maximum: 256 << 10)
            return channel.setOption(.recvAllocator, value: allocator)
        }
        return client
    }

    private static func clientRequest(_ request: HTTPRequest) throws -> HTTPClient.Request {
        var headers = HTTPHeaders()
        headers.reserveCapacity(request.headers.fields.count + 2)
        headers.add(name: "Host", value: request.origin.hostHeader)
        for field in request.headers.fields { headers.add(name: field.name, value: field.value) }
        return try HTTPClient.Request(
            url: "\(request.origin)\(request.target)",
            method: NIOHTTP1.HTTPMethod(rawValue: request.method.rawValue),
            headers: headers,
            body: body(of: request)
        )
    }

    private static func body(of request: HTTPRequest) -> HTTPClient.Body? {
        let bytes = request.body
        let slice = sliceBytes(request.origin)
        guard bytes.readableBytes > 0 else { return nil }
        guard bytes.readableBytes > slice else { return .byteBuffer(bytes) }
        return .stream(contentLength: Int64(bytes.readableBytes)) { writer in write(bytes, by: writer, slice) }
    }

    @Sendable private static func write(
        _ bytes: ByteBuffer,
        by writer: HTTPClient.Body.StreamWriter,
        _ sliceBytes: Int
    ) -> EventLoopFuture<Void> {
        var rest = bytes
        guard let slice = rest.readSlice(length: sliceBytes) else { return writer.write(.byteBuffer(bytes)) }
        let written = writer.write(.byteBuffer(slice))
        return rest.readableBytes > 0 ? written.flatMap { [rest] in write(rest, by: writer, sliceBytes) } : written
    }
}

/// Hands an answer to a receiver; all calls come from the event loop of the request.
private final class ReceivingDelegate: HTTPClientResponseDelegate {
    private let receiver: any HTTPResponseReceiver
    private let stallWatch: StallWatch
    private let refusal = Mutex<(any Error)?>(nil)

    /// What the receiver ended the request with; nil when it did not.
    var receiversError: (any Error)? { refusal.withLock { $0 } }

    init(_ receiver: any HTTPResponseReceiver, _ stallWatch: StallWatch) {
        self.receiver = receiver
        self.stallWatch = stallWatch
    }

    func didSendRequestHead(task: HTTPClient.Task<Void>, _ head: HTTPRequestHead) { stallWatch.begin(task) }

    func didSendRequestPart(task: HTTPClient.Task<Void>, _ part: IOData) { stallWatch.moved() }

    func didReceiveError(task: HTTPClient.Task<Void>, _ error: any Error) { stallWatch.end() }

    func didReceiveHead(task: HTTPClient.Task<Void>, _ head: NIOHTTP1.HTTPResponseHead) -> EventLoopFuture<Void> {
        stallWatch.moved()
        do {
            var fields: HTTPFields = [:]
            for (name, value) in head.headers { fields.add(name, value) }
            try receiver.receive(RunnerHTTP.HTTPResponseHead(status: Int(head.status.code), headers: fields))
            return task.eventLoop.makeSucceededVoidFuture()
        } catch {
            return refuse(error, task)
        }
    }

    func didReceiveBodyPart(task: HTTPClient.Task<Void>, _ buffer: ByteBuffer) -> EventLoopFuture<Void> {
        stallWatch.moved()
        do {
            let goOn = buffer.readableBytes > 0 ? try receiver.receive(buffer, on: task.eventLoop) : nil
            if let goOn { stallWatch.hold(until: goOn) }
            return goOn ?? task.eventLoop.makeSucceededVoidFuture()
        } catch {
            return refuse(error, task)
        }
    }

    private func refuse(_ error: any Error, _ task: HTTPClient.Task<Void>) -> EventLoopFuture<Void> {
        refusal.withLock { $0 = error }
        return task.eventLoop.makeFailedFuture(error)
    }

    func didFinishRequest(task: HTTPClient.Task<Void>) throws { stallWatch.end() }
}
