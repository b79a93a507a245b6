import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// The transport over AsyncHTTPClient; the only place that knows it.
package final class AsyncHTTPTransport: HTTPTransport {
    /// How the transport is set up.
    package struct Configuration: Hashable, Sendable {
        /// The most connections to one host.
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
        ///   - connections: The most connections to one host.
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

    private let client: HTTPClient

    /// Makes a transport with threads of its own.
    ///
    /// - Parameter configuration: How it is set up.
    package init(_ configuration: Configuration) {
        // Each loop moves more than a gigabyte a second; more of them only cost memory on machines with many cores.
        let loops = MultiThreadedEventLoopGroup(numberOfThreads: min(System.coreCount, 4))
        client = HTTPClient(eventLoopGroup: loops, configuration: Self.clientConfiguration(configuration))
    }

    deinit {
        // In a debug build the client stops the process when it goes without this.
        client.shutdown { _ in }
    }

    package func send(_ request: HTTPRequest, limits: HTTPLimits, to receiver: any HTTPResponseReceiver) async throws {
        let task: HTTPClient.Task<Void>
        do {
            task = client.execute(
                request: try Self.clientRequest(request),
                delegate: ReceivingDelegate(receiver),
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
            throw HTTPError.isOfTransport(error) ? HTTPError(describing: error, address: request.address) : error
        }
    }

    // MARK: Set-up

    /// AsyncHTTPClient's defaults follow redirects and wait for ever (style.md P15).
    private static func clientConfiguration(_ configuration: Configuration) -> HTTPClient.Configuration {
        var client = HTTPClient.Configuration()
        client.httpVersion = .http1Only
        client.redirectConfiguration = .disallow
        client.decompression = .disabled
        client.timeout = .init(
            connect: TimeAmount(configuration.connectTimeout),
            read: TimeAmount(configuration.stallTimeout),
            write: TimeAmount(configuration.stallTimeout)
        )
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
            body: request.body.readableBytes > 0 ? .byteBuffer(request.body) : nil
        )
    }
}

/// Hands an answer to a receiver; all calls come from the event loop of the request.
private final class ReceivingDelegate: HTTPClientResponseDelegate {
    private let receiver: any HTTPResponseReceiver

    init(_ receiver: any HTTPResponseReceiver) {
        self.receiver = receiver
    }

    func didReceiveHead(task: HTTPClient.Task<Void>, _ head: NIOHTTP1.HTTPResponseHead) -> EventLoopFuture<Void> {
        do {
            var fields: HTTPFields = [:]
            for (name, value) in head.headers { fields.add(name, value) }
            try receiver.receive(RunnerHTTP.HTTPResponseHead(status: Int(head.status.code), headers: fields))
            return task.eventLoop.makeSucceededVoidFuture()
        } catch {
            return task.eventLoop.makeFailedFuture(error)
        }
    }

    func didReceiveBodyPart(task: HTTPClient.Task<Void>, _ buffer: ByteBuffer) -> EventLoopFuture<Void> {
        do {
            let goOn = buffer.readableBytes > 0 ? try receiver.receive(buffer, on: task.eventLoop) : nil
            return goOn ?? task.eventLoop.makeSucceededVoidFuture()
        } catch {
            return task.eventLoop.makeFailedFuture(error)
        }
    }

    func didFinishRequest(task: HTTPClient.Task<Void>) throws {}
}
