import RunnerCore
import Testing

@Suite struct ByteStreamsTests {
    @Test(
        arguments: [
            (10, Int.max, 4, [4, 4, 2, 0, 0]), (10, 3, 4, [3, 3, 3, 1, 0]), (4, 1, 100, [1, 1, 1, 1, 0]),
            (0, Int.max, 4, [0, 0]),
        ])
    func sourceYieldsItsBytesInPieces(count: Int, chunk: Int, bufferSize: Int, pieces: [Int]) throws {
        let bytes = (0..<count).map { UInt8($0) }
        var source = BytesSource(bytes, chunkSizeBytes: chunk)
        var sink = BytesSink()
        var seen: [Int] = []
        var buffer = [UInt8](repeating: 0xff, count: bufferSize)
        for _ in pieces {
            let read = try buffer.withUnsafeMutableBytes { try source.read(into: $0) }
            seen.append(read)
            try buffer[..<read].withUnsafeBytes { try sink.write($0) }
        }
        #expect(seen == pieces)
        #expect(sink.bytes == bytes)
    }
}
