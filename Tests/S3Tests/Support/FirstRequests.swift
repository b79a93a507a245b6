import RunnerTestSupport
import Synchronization
import Testing

/// A plan for a proxy: the first requests that fit meet a fault, all others pass.
final class FirstRequests: Sendable {
    private let left: Mutex<Int>
    private let fault: Fault
    private let fits: @Sendable (RecordedRequest) -> Bool

    /// Makes a plan.
    ///
    /// - Parameters:
    ///   - count: How many meet the fault.
    ///   - fault: The fault.
    ///   - fits: Which requests.
    init(_ count: Int = 1, _ fault: Fault, where fits: @escaping @Sendable (RecordedRequest) -> Bool) {
        left = Mutex(count)
        self.fault = fault
        self.fits = fits
    }

    /// What to do with a request.
    func callAsFunction(_ request: RecordedRequest) -> Fault {
        guard fits(request) else { return .pass }
        let isMeant = left.withLock { left in
            left -= 1
            return left >= 0
        }
        return isMeant ? fault : .pass
    }
}

extension FaultProxy {
    /// The requests of a method.
    func requests(_ method: String) -> [RecordedRequest] { requests.filter { $0.method == method } }

    /// Fails the test when botocore would have signed otherwise one of the requests that came as a whole.
    func expectRightSignatures() throws {
        for request in requests where Int(request.header("content-length") ?? "0") == request.bodyCount {
            let problem = try Lab.oracle().signatureProblem(of: request)
            if let problem { Issue.record("\(request.method) \(request.target): \(problem)") }
        }
    }
}
