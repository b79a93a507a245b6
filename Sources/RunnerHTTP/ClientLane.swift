import AsyncHTTPClient
import NIOCore
import Synchronization

/// A client on one thread: requests, their connections and what is called for them.
///
/// One client for several threads would work on a request by one and write it to a connection of another. Then the
/// whole of a large body is there, encrypted, before the first hears that the connection takes no more (three parts of
/// 16 MiB over TLS took 24 MiB more than their buffers); and AsyncHTTPClient 1.37 ends the process when a server
/// answers before the first has said that the body is complete, and closes the connection before it has heard that
/// this was written ("A connection that we don't know was released"). Told to use a connection of the request's own
/// thread, such a client opens a new one for each request.
final class ClientLane: Sendable {
    /// What sends.
    let client: HTTPClient
    private let busy = Atomic(0)

    /// Makes a lane without connections.
    ///
    /// - Parameters:
    ///   - loop: The thread.
    ///   - configuration: How the client is set up.
    init(_ loop: any EventLoop, _ configuration: HTTPClient.Configuration) {
        client = HTTPClient(eventLoopGroup: loop, configuration: configuration)
    }

    deinit {
        // In a debug build the client stops the process when it goes without this.
        client.shutdown { _ in }
    }

    /// Takes a request to the lane that has the fewest, the first of several: its connections are the ones in use.
    ///
    /// - Parameter lanes: At least one.
    /// - Returns: The lane, which counts the request until `leave`.
    static func enter(_ lanes: [ClientLane]) -> ClientLane {
        while true {
            var (best, fewest) = (lanes[0], Int.max)
            for lane in lanes {
                let count = lane.busy.load(ordering: .relaxed)
                if count < fewest { (best, fewest) = (lane, count) }
            }
            // Of two that found the same lane the second looks again: together they would have too many connections.
            let entered = best.busy.compareExchange(expected: fewest, desired: fewest + 1, ordering: .relaxed)
            if entered.exchanged { return best }
        }
    }

    /// A request of this lane is over.
    func leave() {
        busy.subtract(1, ordering: .relaxed)
    }
}
