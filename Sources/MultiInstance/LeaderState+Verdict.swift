import RunnerCore

extension LeaderState {
    /// One thing that may have been the first to go wrong.
    private struct Cause {
        /// When, by our clock.
        let at: Int64
        let rank: Int
        let failure: HostEnd.Failure
    }

    /// What failed first, by the order of the evidence.
    ///
    /// Every host's moments are brought to the leader's monotonic clock by the exchanges of the heartbeats, so that
    /// wall clocks that differ by seconds do not matter. What ended because it was told to is no cause.
    ///
    /// - Parameter now: Our clock.
    /// - Returns: How the job ended.
    func firstFailure(now: Int64) -> JobEnd {
        let causes = peers.indices.flatMap(causes)
        var end = JobEnd()
        guard let first = causes.min(by: { ($0.at, $0.rank) < ($1.at, $1.rank) }) else { return end }
        end.failure = first.failure
        end.host = cluster.hosts[first.rank]
        let moment = first.at == .max ? now : first.at
        end.milliseconds = Timestamp.now().milliseconds - (now - moment) / 1_000_000
        return end
    }

    private func causes(of rank: Int) -> [Cause] {
        let peer = peers[rank]
        var causes: [Cause] = []
        if let end = peer.end, let failure = end.failure, !end.wasTold {
            let at = rank == 0 ? end.at : peer.clock.ours(end.at)
            // Before the first exchange there is only the moment at which it was heard.
            causes.append(Cause(at: peer.clock.isUnknown && rank != 0 ? peer.heard : at, rank: rank, failure: failure))
        }
        if let request = peer.request, peer.end?.failure == nil {
            let reason = request.order.reason
            let failure = HostEnd.Failure(kind: "stopped", exitCode: 143, firstLine: "\(reason).", sentence: reason)
            causes.append(Cause(at: request.at, rank: rank, failure: failure))
        } else if let loss = peer.loss, peer.end == nil {
            causes.append(Cause(at: loss.at, rank: rank, failure: Self.failure(cluster.hosts[rank], loss.reason)))
        }
        return causes
    }

    /// The failure of a host that is not there any more.
    ///
    /// - Parameters:
    ///   - host: Its name.
    ///   - reason: How it was lost, as the end of a sentence that begins with its name.
    /// - Returns: The failure.
    package static func failure(_ host: String, _ reason: String) -> HostEnd.Failure {
        HostEnd.Failure(
            kind: "host-lost",
            exitCode: ExitCode.hostLost.rawValue,
            firstLine: "A host of the job was lost: \(host) \(reason).",
            sentence: "\(host) \(reason)"
        )
    }
}

extension JobEnd {
    /// The verdict of the job in one sentence; nil when it succeeded.
    ///
    /// `algo-3 rank 11 failed first at 12:04:07.221: out of memory …; 15 others stopped because of it`
    ///
    /// - Parameter ranks: How many ranks the job has, or hosts where each is one.
    /// - Returns: The sentence.
    package func sentence(ranks: Int) -> String? {
        guard let failure, let host else { return nil }
        let rank = failure.rank.map { " rank \($0)" } ?? ""
        let time = Timestamp(milliseconds: milliseconds).description.dropFirst(11).dropLast()
        let text = failure.sentence.hasSuffix(".") ? String(failure.sentence.dropLast()) : failure.sentence
        let others = ranks - 1
        let words = "\(others) other\(others == 1 ? "" : "s") stopped because of it"
        if failure.kind == "stopped" || failure.kind == "preempted" || failure.kind == "time-limit" {
            return "\(host)\(rank) ended first at \(time): \(text); \(words)."
        }
        return "\(host)\(rank) failed first at \(time): \(text); \(words)."
    }
}
