import Archive
import BraketAPI
import BraketEnvironment
import Checkpoints
import Logging
import ObjectStorage
import ProcessSupervision
import RunnerCore
import Synchronization
import SystemPackage

extension Job {
    /// Stores what the script left, writes the failure file and ends the record.
    ///
    /// The reason is written before anything is stored: a platform that is out of patience sends SIGKILL meanwhile. Only
    /// a third stop request and `--timeout upload` cut storing short.
    ///
    /// - Parameter scriptFailure: Why the job failed so far; nil when the script succeeded.
    /// - Returns: The exit code.
    func finish(_ scriptFailure: JobFailure?) async -> Int32 {
        reserve.release()
        // Who was asked to stop has only the time that is left.
        if signals.stopRequest == nil { stores.s3.setPatience(true) }
        if let scriptFailure {
            if saysWhy(scriptFailure) { report(scriptFailure, logger) }
            note(pointing(scriptFailure))
        }
        let (unsafe, cut) = await storeEverything(succeeded: scriptFailure == nil)
        // The record only says what is known by now: after a limit, or a quarter of an hour, nobody waits for it again.
        stores.s3.setPatience(false)
        if let credentials = stores.s3.credentialSummary { record.set("credentials", .string(credentials)) }
        let safe = checkpoints?.safeSummary.map { [$0] } ?? []
        let failure = (scriptFailure?.adding(safe) ?? Self.notSafe(unsafe)).map(pointing)
        if scriptFailure != nil {
            for line in unsafe { logger.error("not stored", metadata: ["reason": "\(line)"]) }
        }
        if !unsafe.isEmpty { record.set("notSafe", .array(unsafe.map(JSONValue.string))) }
        if scriptFailure == nil, let failure { report(failure, logger) }
        if let failure { note(failure) }
        let problem = await end(failure, isStored: cut != .stopRequest)
        if let code = await tellHosts(failure, problem: problem) { return code }
        guard let problem, failure == nil else {
            if failure == nil { printLine(.reportingSuccess) }
            return failure?.exitCode ?? 0
        }
        let late = JobFailure(
            .resultsNotSafe,
            .resultsNotSafe,
            "The script succeeded, but the record is not stored.",
            details: [problem]
        )
        report(late, logger)
        note(pointing(late))
        endRecord(pointing(late))
        return late.exitCode
    }

    /// Stores results and checkpoints.
    ///
    /// - Returns: What is not safe, a line each, and what cut storing short.
    private func storeEverything(succeeded: Bool) async -> (unsafe: [String], cut: Storing.Cut?) {
        guard configuration.storage.movesData else {
            record.event(.uploadingResults, "the platform stores results and checkpoints")
            if configuration.settings.uploads.contains(where: { $0.objectName != nil }) {
                logger.warning(
                    "nothing is stored for --upload: with --storage managed the platform stores what it knows"
                )
            }
            await takeHostResults()
            await hintAtWrittenFiles()
            await endLog(notStored: nil)
            return ([], nil)
        }
        record.event(.uploadingResults, "storing results and checkpoints")
        let storing = Storing(
            (configuration.outputPath == nil ? [] : ["results"]) + (checkpoints == nil ? [] : ["checkpoints"])
        )
        let logProblem = Mutex<String?>("it was not tried")
        let cut = await uncut {
            async let log = storeLog()
            // Of several hosts beside the results: the leader waits for the others' ends, and they for the last set.
            async let flushed: Void = flushCheckpoints(storing, when: checkpoints?.isShared == true)
            await flushCheckpoints(storing, when: checkpoints?.isShared != true)
            await takeHostResults()
            let problems = await storeResults(succeeded: succeeded)
            storing.finished("results", problems: problems + mergeProblems)
            await removeHostResults(unless: problems)
            await flushed
            await removeAbandonedUploads()
            let problem = await log
            logProblem.withLock { $0 = problem }
        }
        await endLog(notStored: cut?.reason ?? logProblem.withLock { $0 })
        if let cut {
            logger.warning("storing was cut short: \(cut.reason)")
            if storing.isPending("checkpoints"), let checkpoints {
                let unsafe = checkpoints.cutShort(because: "not stored, \(cut.reason)")
                storing.finished("checkpoints", problems: unsafe.map { "checkpoint \($0)" })
            }
        }
        return (storing.unsafe(because: cut?.reason ?? ""), cut)
    }

    private static func notSafe(_ problems: [String]) -> JobFailure? {
        guard !problems.isEmpty else { return nil }
        return JobFailure(
            .resultsNotSafe,
            .resultsNotSafe,
            "The script succeeded, but not everything it wrote is stored.",
            details: problems
        )
    }

    // MARK: Archives

    /// Packs the two result folders and what `--upload` names into the store.
    ///
    /// A failed job that saved nothing has no archive, a successful one has an empty one (contract §5.2).
    private func storeResults(succeeded: Bool) async -> [String] {
        guard let output = configuration.outputPath else { return [] }
        let phaseStart = ContinuousClock.now
        var problems: [String] = []
        var stored: [JSONValue] = []
        var bytes: Int64 = 0
        for archive in resultArchives(succeeded: succeeded) {
            do {
                guard try archive.isStored(logger) else { continue }
                let (figures, report) = try await pack(archive, to: output + hostName(of: archive))
                stored.append(figures)
                bytes += report.archiveBytes
                throughput.note(bytes: report.archiveBytes, seconds: seconds(since: phaseStart))
                problems += report.notSafe.map { "\(archive.folder)/\($0)" }
            } catch {
                problems.append("\(output)\(archive.name): \(error)")
            }
        }
        await hintAtWrittenFiles()
        record.finished(.results, since: phaseStart, ["bytes": .number(JSONNumber(bytes))])
        record.set("stored", .array(stored))
        return problems
    }

    private func pack(
        _ archive: ResultArchive,
        to address: String
    ) async throws -> (figures: JSONValue, report: PackReport) {
        let packer = TreePacker(engine: configuration.deflateEngine)
        // Plain concatenation: with a trailing `/` of the path the SDK asks for `…//output/model.tar.gz`.
        let (store, key) = try stores.resolve(try DataLocation(address, relativeTo: paths.root))
        let report = try await store.write(key, options: configuration.writeOptions) { sink in
            try packer.pack(directory: archive.folder, only: archive.file, into: &sink)
        }
        let notes =
            report.leftOut.map { "left out: \($0)" } + report.changed.map { "changed while it was packed: \($0)" }
        for note in notes { logger.warning("\(note)", metadata: ["archive": "\(address)"]) }
        logger.info(
            "results stored",
            metadata: [
                "address": "\(address)", "files": "\(report.files)", "size": "\(humanBytes(report.archiveBytes))",
            ]
        )
        var figures: JSONObject = [
            "address": .string(address), "files": .number(JSONNumber(report.files)),
            "bytes": .number(JSONNumber(report.archiveBytes)),
        ]
        if !notes.isEmpty { figures["notes"] = .array(notes.map(JSONValue.string)) }
        return (.object(figures), report)
    }

    // MARK: Checkpoints

    private func flushCheckpoints(_ storing: Storing, when isTime: Bool) async {
        guard isTime else { return }
        storing.finished("checkpoints", problems: await flushCheckpoints())
    }

    private func flushCheckpoints() async -> [String] {
        guard let checkpoints else { return [] }
        let phaseStart = ContinuousClock.now
        do {
            let report = try await checkpoints.flush()
            record.finished(
                .flush,
                since: phaseStart,
                [
                    "files": .number(JSONNumber(report.files)), "stored": .number(JSONNumber(report.stored)),
                    "bytes": .number(JSONNumber(report.storedBytes)),
                ]
            )
            record.set(
                "checkpoints",
                [
                    "files": .number(JSONNumber(report.files)), "safe": .bool(report.unsafe.isEmpty),
                    "skipped": .array(report.skipped.map(JSONValue.string)),
                ]
            )
            for entry in report.skipped { logger.warning("not stored with the checkpoints: \(entry)") }
            return report.unsafe.map { "checkpoint \($0)" }
        } catch {
            return ["checkpoints: \(error)"]
        }
    }

    /// Frees what earlier runs of this job left of uploads when they were killed.
    private func removeAbandonedUploads() async {
        let output = configuration.outputPath.flatMap {
            try? DataLocation($0 + "/output/", relativeTo: paths.root)
        }
        for place in [output, configuration.checkpoints].compactMap({ $0 }) where stores.isInS3(place) {
            do {
                var (store, prefix) = try stores.resolve(place)
                // `ckpt` is not `ckpt-of-another-job`, and a whole bucket is not ours to clean.
                guard !prefix.bytes.isEmpty else { continue }
                if !prefix.isFolderMarker { prefix = prefix.appending("/") }
                let count = try await store.removeAbandonedUploads(prefix: prefix, begunBefore: startedAt)
                if count > 0 { logger.info("\(counted(count, "unfinished upload")) of an earlier run removed") }
            } catch {
                // Listing uploads is a right of its own, and nothing of this job depends on it.
                logger.debug("unfinished uploads are not looked for", metadata: ["reason": "\(error)"])
            }
        }
    }

    // MARK: The end

    /// Ends the record and stores it.
    ///
    /// - Parameters:
    ///   - failure: Why the job failed.
    ///   - isStored: Whether there is time to store it.
    /// - Returns: Why the record is not stored; nil when it is, or has no place to be stored.
    private func end(_ failure: JobFailure?, isStored: Bool) async -> String? {
        if let failure {
            endRecord(failure)
        } else {
            record.end(.completed, .completed, reason: nil, exitCode: 0)
        }
        if let problem = record.writeError {
            logger.error("the record could not be written", metadata: ["reason": "\(problem)"])
        }
        guard isStored, configuration.storage.movesData, let output = configuration.outputPath, let name = recordName
        else { return nil }
        do {
            let (store, key) = try stores.resolve(try DataLocation(output + name, relativeTo: paths.root))
            try await store.put(
                Array(record.text.utf8),
                to: key,
                options: configuration.writeOptions
            )
            return nil
        } catch {
            logger.error("the record could not be stored", metadata: ["reason": "\(error)"])
            return "\(error)"
        }
    }

    /// The failure with the place of the whole record.
    private func pointing(_ failure: JobFailure) -> JobFailure {
        let stored = configuration.storage.movesData ? configuration.outputPath.map { $0 + "/output/job.json" } : nil
        return failure.pointing(to: stored ?? paths.record.string)
    }

    /// Writes why the job failed wherever somebody looks for it: the failure file, the termination log, the record.
    private func note(_ failure: JobFailure) {
        writeFailure(failure, to: paths, logger)
        terminationLog.write(failure)
        record.set("verdict", .object(failure.verdict))
    }

    private func endRecord(_ failure: JobFailure) {
        let (status, event): (JobStatus, JobEventType) =
            switch failure.kind {
            case .stopped, .preempted: (.cancelled, .cancelled)
            case .timeLimit: (.failed, .maxRuntimeExceeded)
            default: (.failed, .failed)
            }
        record.end(status, event, reason: failure.failureText, exitCode: failure.exitCode)
    }
}
