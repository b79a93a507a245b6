package import RunnerCore

/// By how much the local clock is off, as far as a service has told.
///
/// Services refuse a signature that is more than some minutes old or early. A container cannot set its clock, so
/// requests are signed with the server's time from then on.
package struct ClockSkew: Hashable, Sendable {
    /// Up to this, answers on slow ways and their whole seconds make a difference too; services allow 5 minutes and more.
    private static let tolerance: Duration = .seconds(240)

    /// What is added to the local time; zero while no service has found that wrong.
    package private(set) var offset: Duration = .zero

    /// Makes the skew of a clock that is right.
    package init() {}

    /// The time to sign with.
    ///
    /// - Parameter local: The local time.
    /// - Returns: The service's time.
    package func time(at local: Timestamp) -> Timestamp {
        Timestamp(milliseconds: local.milliseconds + offset.inMilliseconds)
    }

    /// Takes a server's time for the right one.
    ///
    /// - Parameters:
    ///   - serverDate: The header `Date` of an answer.
    ///   - local: The local time at the answer.
    package mutating func correct(by serverDate: Timestamp, at local: Timestamp) {
        offset = .milliseconds(serverDate.milliseconds - local.milliseconds)
    }

    /// Tells whether a server's time shows that signatures are made with a wrong one.
    ///
    /// - Parameters:
    ///   - signingTime: Now, by the clock that signatures are made with.
    ///   - serverDate: The header `Date` of an answer.
    /// - Returns: false also when the server names no time.
    static func isOff(_ signingTime: Timestamp, by serverDate: Timestamp?) -> Bool {
        guard let serverDate else { return false }
        return abs(serverDate.milliseconds - signingTime.milliseconds) > tolerance.inMilliseconds
    }
}

extension Duration {
    /// Whole milliseconds.
    fileprivate var inMilliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
