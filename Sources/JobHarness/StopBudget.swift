import RunnerCore

/// How the time between a stop request and the moment when everything must be out is shared between the script, which
/// may still want to save something, and the runner, which must store it.
struct StopBudget: Hashable, Sendable {
    /// The least that is kept for storing: a request may have to be sent again.
    static let leastReserve: Duration = .seconds(10)
    /// What the script gets at the least, however much is to be stored: without a moment it could save nothing at all.
    private static let leastShare: Duration = .seconds(10)

    /// All of it.
    let total: Duration
    /// The script's part.
    let script: Duration
    /// What is not safe yet, in bytes.
    let unsafeBytes: Int64
    /// How fast this job moved bytes so far; nil when it moved too few to tell.
    let bytesPerSecond: Double?

    /// Shares the time.
    ///
    /// A short budget is the script's up to two seconds and half of it beyond: who says `--grace 5` wants the script to
    /// be heard.
    ///
    /// - Parameters:
    ///   - total: The whole time; the platform's is 120 s between SIGTERM and SIGKILL (contract §7.1).
    ///   - unsafeBytes: What must be stored.
    ///   - bytesPerSecond: How fast that goes; a slow line is assumed where nothing is known.
    init(total: Duration, unsafeBytes: Int64, bytesPerSecond: Double?) {
        let total = max(total, .zero)
        let rate = max(bytesPerSecond ?? Throughput.assumed, 1)
        let needed = max(Self.leastReserve, .seconds(min(Double(unsafeBytes) / rate, 1e9)))
        let least = max(min(total, .seconds(2)), min(total / 2, Self.leastShare))
        self.total = total
        self.script = max(total - needed, least)
        self.unsafeBytes = unsafeBytes
        self.bytesPerSecond = bytesPerSecond
    }

    /// What is kept for storing.
    var reserve: Duration { total - script }

    /// The sharing in words, for the log.
    var summary: String {
        let rate = bytesPerSecond.map { " at the \(humanBytes(Int64($0)))/s seen so far" } ?? ""
        return "the script has \(script.shortText) of \(total.shortText); \(reserve.shortText) are "
            + "kept to store what is not safe yet (\(humanBytes(unsafeBytes))\(rate))"
    }
}

/// When the script must be told of a time limit, so that everything is out when it is reached.
struct TimeLimitPlan: Hashable, Sendable {
    /// How long before the limit the script is told.
    let lead: Duration

    /// Plans the end.
    ///
    /// - Parameters:
    ///   - limit: The limit, from the runner's start.
    ///   - grace: What a stop may take; a short job does not give more than a quarter of its time for its end, but two
    ///     seconds, or half of a shorter limit.
    init(limit: Duration, grace: Duration) {
        lead = max(min(grace, limit / 4), min(.seconds(2), limit / 2))
    }
}

extension Duration {
    /// Seconds as a number.
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }

    /// For a person: whole seconds from ten on, one decimal below.
    var shortText: String {
        let seconds = inSeconds
        return
            (seconds >= 9.95 || seconds == seconds.rounded()
            ? "\(Int(seconds.rounded()))" : "\(JSONNumber(seconds.rounded(toPlaces: 1)).text)") + " s"
    }
}
