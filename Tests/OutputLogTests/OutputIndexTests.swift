import Testing

@testable import OutputLog

struct OutputIndexTests {
    @Test("A line ends when the stream changes or 100 ms passed")
    func coalescing() {
        var index = OutputIndex()
        #expect(index.add(10, at: 0, .standardOutput, milliseconds: 1000) == nil)
        #expect(index.add(5, at: 10, .standardOutput, milliseconds: 1099) == nil)
        #expect(index.add(1, at: 15, .standardError, milliseconds: 1099) == "0 15 out 1000\n")
        #expect(index.add(2, at: 16, .standardError, milliseconds: 1199) == "15 1 err 1099\n")
        #expect(index.add(0, at: 18, .standardOutput, milliseconds: 1200) == nil)
        #expect(index.close() == "16 2 err 1199\n")
        #expect(index.close() == nil)
    }

    @Test("A clock that is set back begins a new line")
    func clock() {
        var index = OutputIndex()
        _ = index.add(1, at: 0, .both, milliseconds: 5000)
        #expect(index.add(1, at: 1, .both, milliseconds: 4000) == "0 1 both 5000\n")
    }

    @Test("Five days of output that never rests fit into a few megabytes")
    func cap() {
        var index = OutputIndex()
        var (lines, bytes, offset) = (0, 0, Int64(0))
        for tick in 0..<(5 * 86_400 * 10) {
            let stream = OutputStream.allCases[tick % 2]
            if let line = index.add(1, at: offset, stream, milliseconds: Int64(tick) * 100) {
                lines += 1
                bytes += line.utf8.count
            }
            offset += 1
        }
        #expect(lines > OutputIndex.splittingLines)
        #expect(bytes < 8 << 20)
    }

    @Test("Late in a long output a line holds both streams, and says so")
    func streamsAreJoined() {
        var index = OutputIndex()
        for tick in 0...OutputIndex.splittingLines {
            _ = index.add(1, at: Int64(tick), OutputStream.allCases[tick % 2], milliseconds: 0)
        }
        #expect(index.add(1, at: 70_000, .standardError, milliseconds: 1) == nil)
        #expect(index.close()?.contains(" both ") == true)
    }
}
