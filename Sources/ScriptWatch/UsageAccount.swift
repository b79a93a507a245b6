/// What a group of processes has used since the last look, from readings of the living.
///
/// The sum over the living falls when a process ends, and jumps when its parent waits for it: the kernel adds what
/// the child used to the parent. So growth is counted process by process, and what was counted for a child that is
/// gone is not counted again in its parent.
package struct UsageAccount: Sendable {
    private var known: [Int32: ProcessReading] = [:]

    /// Makes an account of no process.
    package init() {}

    /// What a look at the group brought.
    package struct Growth: Hashable, Sendable {
        /// What was used since the look before.
        package var counters = ProcessCounters()
        /// Whether a process began or ended.
        package var membersChanged = false
    }

    /// The processes of the last look, in no order.
    package var members: some Collection<ProcessReading> { known.values }

    /// The last reading of a process.
    package subscript(processID: Int32) -> ProcessReading? { known[processID] }

    /// Takes the readings of all processes that live now.
    ///
    /// - Parameter readings: One a process.
    /// - Returns: What was used since the last call; all that a new process has used is new.
    package mutating func update(_ readings: [ProcessReading]) -> Growth {
        var growth = Growth()
        var living: [Int32: ProcessReading] = Dictionary(minimumCapacity: readings.count)
        for reading in readings { living[reading.processID] = reading }
        var inherited: [Int32: ProcessCounters] = [:]
        for gone in known.values where living[gone.processID]?.startTicks != gone.startTicks {
            growth.membersChanged = true
            if let heir = livingAncestor(of: gone, living) {
                inherited[heir, default: ProcessCounters()] =
                    inherited[heir, default: ProcessCounters()] + gone.counters
            }
        }
        for reading in readings {
            guard let before = known[reading.processID], before.startTicks == reading.startTicks else {
                growth.membersChanged = true
                growth.counters = growth.counters + reading.counters
                continue
            }
            let counted = before.counters + (inherited[reading.processID] ?? ProcessCounters())
            growth.counters = growth.counters + reading.counters.growth(since: counted)
        }
        known = living
        return growth
    }

    /// The next process above one that is gone which still lives: what the gone one used may stand there now.
    private func livingAncestor(of gone: ProcessReading, _ living: [Int32: ProcessReading]) -> Int32? {
        var parent = gone.parentID
        // Parents cannot form a ring within one look, but numbers are used again.
        for _ in 0..<64 {
            guard let before = known[parent] else { return nil }
            if living[parent]?.startTicks == before.startTicks { return parent }
            parent = before.parentID
        }
        return nil
    }
}
