import RunnerCore

/// The exchanges of one client's connection to a ``FaultProxy``.
struct ProxyConnection {
    /// What became of a request's body.
    private enum Upload {
        case passed
        /// The server answered before it had all of it.
        case answeredEarly
        /// The exchange is over.
        case ended
    }

    private let server: LoopbackServer
    private let client: MessageReader
    private let connection: Int
    private let upstreamPort: UInt16
    private let gate: ReleaseGate
    private let plan: @Sendable (RecordedRequest) -> Fault
    private var upstream: MessageReader?
    private var position = 0
    /// What a stall of the current request waits for: the next release after the request came.
    private var releaseDescriptor: Int32 = -1

    init(
        server: LoopbackServer,
        client: MessageReader,
        connection: Int,
        upstreamPort: UInt16,
        gate: ReleaseGate,
        plan: @escaping @Sendable (RecordedRequest) -> Fault
    ) {
        self.server = server
        self.client = client
        self.connection = connection
        self.upstreamPort = upstreamPort
        self.gate = gate
        self.plan = plan
    }

    /// Serves one request; false when the connection is over.
    mutating func next() -> Bool {
        guard let head = client.head() else { return false }
        position += 1
        releaseDescriptor = gate.descriptor
        let request = server.record(head, connection: connection, position: position)
        let fault = plan(request)
        switch fault {
        case .hangUp(let ending):
            client.socket.end(ending)
            return false
        case .answerEarly(let answer):
            guard answer.send(to: client.socket, method: request.method) else { return false }
            if case .length(0) = head.requestFraming { return true }
            return false
        case .answer(let answer):
            guard server.receiveBody(head, client, of: request.number) else { return false }
            return answer.send(to: client.socket, method: request.method)
        default:
            return forward(head, request, fault)
        }
    }

    /// Ends the connection to the server.
    mutating func closeUpstream() {
        upstream?.socket.end(.reset)
        upstream = nil
    }

    private mutating func forward(_ head: MessageHead, _ request: RecordedRequest, _ fault: Fault) -> Bool {
        guard let upstream = connectedUpstream(), upstream.socket.send(head.bytes) else {
            client.socket.end(.reset)
            return false
        }
        var early: MessageHead?
        if head.expectsContinue {
            guard let interim = upstream.head() else { return false }
            if interim.status == 100 { _ = client.socket.send(interim.bytes) } else { early = interim }
        }
        var upload = Upload.answeredEarly
        if early == nil { upload = forwardBody(head, to: upstream, request.number, fault) }
        if case .ended = upload { return false }
        guard let answer = early ?? finalAnswer(upstream) else {
            client.socket.end(.reset)
            return false
        }
        let goesOn = forwardAnswer(answer, from: upstream, to: request, fault)
        guard case .passed = upload else {
            closeUpstream()
            return false
        }
        return goesOn
    }

    /// The connection to the server, a new one when the server has closed the last.
    private mutating func connectedUpstream() -> MessageReader? {
        if let upstream, !upstream.hasMore { return upstream }
        closeUpstream()
        guard let socket = try? LoopbackSocket(port: upstreamPort) else { return nil }
        server.track(socket, of: connection)
        upstream = MessageReader(socket)
        return upstream
    }

    // MARK: The request's body

    private mutating func forwardBody(
        _ head: MessageHead,
        to upstream: MessageReader,
        _ number: Int,
        _ fault: Fault
    ) -> Upload {
        var upload = Upload.passed
        var ending: Ending?
        var begin = 0
        let isWhole = client.body(head.requestFraming) { piece in
            server.record(piece, of: number)
            if upstream.hasMore {
                upload = .answeredEarly
                return false
            }
            defer { begin += piece.count }
            let range = begin..<begin + piece.count
            switch fault {
            case .cutUpload(let limit, let how) where limit <= range.upperBound:
                _ = pass(piece.prefix(limit - begin), to: upstream, number)
                ending = how
                return false
            case .stallUpload(let limit) where range.contains(limit):
                return pass(piece.prefix(limit - begin), to: upstream, number) && waitForRelease()
                    && pass(piece.dropFirst(limit - begin), to: upstream, number)
            case .dripUpload(let duration):
                return pass(piece[...], to: upstream, number) && pause(duration)
            case .corruptUpload(let place) where range.contains(place):
                return pass(corrupted(piece, at: place - begin)[...], to: upstream, number)
            default:
                return pass(piece[...], to: upstream, number)
            }
        }
        if let ending {
            closeUpstream()
            client.socket.end(ending)
        }
        guard !isWhole else { return .passed }
        // A server that refuses a body answers and closes: what it said is still to be read.
        if case .passed = upload, ending == nil, upstream.hasMore { return .answeredEarly }
        if case .passed = upload { return .ended }
        return upload
    }

    private func pass(_ bytes: ArraySlice<UInt8>, to upstream: MessageReader, _ number: Int) -> Bool {
        guard upstream.socket.send(bytes) else { return false }
        server.traffic.withLock { $0.requests[number - 1].bytesForwarded += bytes.count }
        return true
    }

    /// Waits until the proxy is released; false when the client was gone first.
    private func waitForRelease() -> Bool { client.socket.waitForClose(or: releaseDescriptor) == .other }

    // MARK: The answer

    private func finalAnswer(_ upstream: MessageReader) -> MessageHead? {
        while let answer = upstream.head() {
            if answer.status >= 200 { return answer }
            guard client.socket.send(answer.bytes) else { return nil }
        }
        return nil
    }

    private mutating func forwardAnswer(
        _ answer: MessageHead,
        from upstream: MessageReader,
        to request: RecordedRequest,
        _ fault: Fault
    ) -> Bool {
        switch fault {
        case .cutAnswer(nil, let ending):
            client.socket.end(ending)
            return false
        case .stallAnswer(nil):
            guard waitForRelease() else { return false }
        case .delayAnswer(let duration):
            guard pause(duration) else { return false }
        default: ()
        }
        let framing = answer.answerFraming(toMethod: request.method)
        var head = answer.bytes
        var endsAfter = false
        if case .misstateLength(let difference) = fault, case .length(let length) = framing {
            head = answer.withContentLength(length + difference)
            endsAfter = difference > 0
        }
        guard client.socket.send(head) else { return false }
        var sent = head
        guard forwardAnswerBody(framing, from: upstream, fault, copy: { sent += $0 }) else { return false }
        if case .repeatAnswer = fault, !client.socket.send(sent) { return false }
        if case .untilEnd = framing { return false }
        return !endsAfter && answer.header("connection")?.lowercased() != "close"
    }

    private mutating func forwardAnswerBody(
        _ framing: BodyFraming,
        from upstream: MessageReader,
        _ fault: Fault,
        copy: ([UInt8]) -> Void
    ) -> Bool {
        var begin = 0
        if case .cutAnswer(0?, let ending) = fault {
            client.socket.end(ending)
            return false
        }
        var pieceLimit = 65_536
        if case .dripAnswer(let count, _) = fault { pieceLimit = count }
        return upstream.body(framing, pieceLimit: pieceLimit) { piece in
            defer { begin += piece.count }
            if case .repeatAnswer = fault { copy(piece) }
            return forwardAnswerPiece(piece, begin, fault)
        }
    }

    private func forwardAnswerPiece(_ piece: [UInt8], _ begin: Int, _ fault: Fault) -> Bool {
        let range = begin..<begin + piece.count
        switch fault {
        case .cutAnswer(let limit?, let ending) where limit <= range.upperBound:
            _ = client.socket.send(piece.prefix(limit - begin))
            client.socket.end(ending)
            return false
        case .stallAnswer(let limit?) where range.contains(limit):
            return client.socket.send(piece.prefix(limit - begin)) && waitForRelease()
                && client.socket.send(piece.dropFirst(limit - begin))
        case .corruptAnswer(let place) where range.contains(place):
            return client.socket.send(corrupted(piece, at: place - begin))
        case .dripAnswer(_, let duration):
            return client.socket.send(piece) && pause(duration)
        default:
            return client.socket.send(piece)
        }
    }

    private func corrupted(_ piece: [UInt8], at place: Int) -> [UInt8] {
        var piece = piece
        piece[place] ^= 0xFF
        return piece
    }

    /// Waits; false when the client was gone first.
    private func pause(_ duration: Duration) -> Bool {
        let (seconds, attoseconds) = duration.components
        let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
        return client.socket.waitForClose(or: -1, milliseconds: Int32(clamping: milliseconds)) == .timeout
    }
}
