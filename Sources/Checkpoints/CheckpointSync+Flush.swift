package import ObjectStorage
import RunnerCore
import Synchronization

/// What a flush stored, and what is not safe.
package struct FlushReport: Hashable, Sendable {
    /// Files below the folder.
    package var files = 0
    /// Files that had changed and were sent.
    package var stored = 0
    /// Their bytes.
    package var storedBytes: Int64 = 0
    /// Files that could not be stored, each with the reason.
    package var unsafe: [String] = []
    /// Their bytes.
    package var unsafeBytes: Int64 = 0
    /// Links and other things that are no checkpoints.
    package var skipped: [String] = []
    /// The last word: `SAFE: ...` or `NOT SAFE: ...`; nil when there is nothing to say it of.
    package var verdict: String?
    /// The safe point at the end.
    package var safePoint = SafePoint()

    /// Whether everything is stored.
    package var isSafe: Bool { unsafe.isEmpty }
}

extension CheckpointSync {
    /// How often a file that keeps changing after the script's end is stored anew.
    private static let attempts = 3

    /// Stores every file that is not in the newest generation as it is now: the script has ended, nothing is waited for.
    ///
    /// - Parameters:
    ///   - progress: Is told how far it is.
    ///   - agree: Of several hosts: tells the others this host's last part, and returns when ``noteSet(_:)`` or
    ///     ``noteNoFurtherSet(because:)`` said what became of it.
    /// - Returns: What was stored, and what is not safe and why; nothing when the folder was never restored, because
    ///   what it holds then is older than what is stored.
    /// - Throws: `CancellationError`.
    package func flush(
        progress: TransferProgress? = nil,
        agree: ((HostPart) async throws -> Void)? = nil
    ) async throws -> FlushReport {
        guard state.withLock({ $0.isRestored }) else {
            try await agree?(lastPart())
            return FlushReport()
        }
        var report = FlushReport()
        var changed: [ObjectKey] = []
        var failure: ObjectStoreError?
        do {
            for attempt in 1...Self.attempts {
                try await look()
                guard case .store(let batch) = state.withLock({ $0.tracker.plan(at: .now, isOver: true) }) else {
                    changed = []
                    break
                }
                let isLast = attempt == Self.attempts
                let outcome = try await storeBatch(batch, takesRest: isLast, attempt == 1 ? progress : nil)
                report.stored += outcome.sentFiles
                report.storedBytes += outcome.sentBytes
                changed = outcome.changed
                if changed.isEmpty { break }
            }
        } catch let error as ObjectStoreError {
            failure = error
        }
        try await agree?(lastPart(failure))
        await catchUp()
        if failure == nil, state.withLock({ !$0.unpublished.isEmpty || !$0.toRemove.isEmpty }) { await publish() }
        state.withLock { $0.storeProblem = failure?.description }
        complete(&report, changed, failure)
        if failure == nil { await dropLease() }
        return report
    }

    private func lastPart(_ failure: ObjectStoreError? = nil) -> HostPart {
        var part = part
        part.isLast = true
        part.hasFailed = failure != nil
        return part
    }

    /// What is not safe by the last look, when storing was cut short before it came to its end.
    ///
    /// - Parameter reason: What cut it short.
    /// - Returns: The report of a flush that stored nothing; never a safe one.
    package func cutShort(because reason: String) -> FlushReport {
        guard state.withLock({ $0.isRestored }) else { return FlushReport() }
        var report = FlushReport()
        complete(&report, [], ObjectStoreError(.failed, reason))
        return report
    }

    private func complete(_ report: inout FlushReport, _ changed: [ObjectKey], _ failure: ObjectStoreError?) {
        state.withLock { state in
            report.files = state.tracker.fileCount + state.unreadable.count
            report.skipped = state.skipped
            report.unsafe = state.unreadable
            for (key, sizeBytes) in state.tracker.unsafeFiles {
                let reason =
                    state.problems[key]
                    ?? (changed.contains(key) ? "the file kept changing while it was being stored" : nil)
                    ?? failure?.description ?? "it changed after it was stored"
                report.unsafe.append("\(key.description.escaped()): \(reason)")
                report.unsafeBytes += sizeBytes
            }
            if state.tracker.lag.files == 0, let failure { report.unsafe.append("checkpoints: \(failure)") }
            for (key, reason) in state.unpublished.sorted(by: { $0.key < $1.key }) {
                // Of several hosts: what is in no set is named below.
                guard let entry = state.tracker.stored[key], hosts == nil || entry.since <= state.hosts.newestAgreed
                else { continue }
                report.unsafe.append(
                    "\(key.description.escaped()): \(reason) (its content is stored in generation "
                        + "\(state.newest?.number ?? 0))"
                )
                report.unsafeBytes += entry.sizeBytes
            }
        }
        addUnagreed(to: &report)
        report.safePoint = safePoint
        report.verdict = verdict(of: report)
    }

    /// Of several hosts: what is stored, and in no set that a restore would take.
    private func addUnagreed(to report: inout FlushReport) {
        state.withLock { state in
            guard hosts != nil else { return }
            let reason = state.hosts.unagreed ?? "it was not waited for"
            let unagreed = state.tracker.stored.filter { $0.value.since > state.hosts.newestAgreed }
            for (key, entry) in unagreed.sorted(by: { $0.key < $1.key }) {
                report.unsafe.append("\(key.description.escaped()): stored, but in no set of all hosts: \(reason)")
                report.unsafeBytes += entry.sizeBytes
            }
        }
    }

    private func verdict(of report: FlushReport) -> String? {
        guard report.isSafe else {
            return "NOT SAFE: \(counted(report.unsafe.count, "file")), \(humanBytes(report.unsafeBytes)), "
                + (report.unsafe.first ?? "")
        }
        guard report.files > 0 else { return nil }
        return "SAFE: \(counted(report.files, "file")), \(humanBytes(report.safePoint.bytes)), "
            + "generation \(report.safePoint.generation)"
    }
}
