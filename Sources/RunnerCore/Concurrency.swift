/// Runs `operation` for each element, at most `limit` at a time, and stops at the first error.
///
/// - Parameters:
///   - elements: What to work on, in order.
///   - limit: How many operations run at once.
///   - operation: The work; is cancelled when another one fails.
/// - Throws: The first error.
package func forEachConcurrently<Element: Sendable>(
    _ elements: some Sequence<Element>,
    limit: Int,
    _ operation: @escaping @Sendable (Element) async throws -> Void
) async throws {
    precondition(limit > 0, "nothing would ever run")
    try await withThrowingTaskGroup(of: Void.self) { group in
        var iterator = elements.makeIterator()
        for _ in 0..<limit {
            guard let element = iterator.next() else { break }
            group.addTask { try await operation(element) }
        }
        while try await group.next() != nil {
            guard let element = iterator.next() else { continue }
            group.addTask { try await operation(element) }
        }
    }
}
