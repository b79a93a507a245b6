import RunnerTestSupport
import Testing

/// The script's output arrives byte for byte between the known lines (acceptance test T10).
@Suite(.timeLimit(.minutes(15)))
struct OutputTransparencyTests {
    static let outputs = [
        #"bytes(range(256)) * 4"#,
        #"b"10%\r20%\r30%\r""#,
        #"b"x" * 200 * 1024"#,
        #"b"x" * (5 << 20) + b"\n""#,
        #"b"no newline at the end""#,
        #"b"Code Run Finished\nReporting training SUCCESS\n""#,
        #"b"\n\n  \n leading and trailing blanks  \n\n""#,
        #"b"Metrics - timestamp=1; energy=-1.1; iteration_number=3;\n""#,
    ]

    @Test("Standard output", arguments: outputs)
    func standardOutput(_ expression: String) throws {
        try JobFolder.with { folder in
            let mark = "----MARK----"
            let run = folder.runScript(
                """
                import sys
                out = sys.stdout.buffer
                data = \(expression)
                open("\(folder.at("expected"))", "wb").write(data)
                out.write(b"\(mark)" + data + b"\(mark)")
                """
            )
            let expected = try #require(folder.bytes("expected"))
            let text = run.standardOutput
            let whole = Array(mark.utf8) + expected + Array(mark.utf8)
            let start = try #require(text.firstRange(of: Array(mark.utf8))?.lowerBound)
            #expect(text[start...].prefix(whole.count).elementsEqual(whole))
            // The known lines are all there is beside it.
            let before = String(decoding: text[..<start], as: UTF8.self)
            #expect(before.hasSuffix("Running Code As Process\n"))
            let after = String(decoding: text[(start + whole.count)...], as: UTF8.self)
            #expect(after.hasSuffix("Code Run Finished\nReporting training SUCCESS\n"), "\(after)")
            #expect(after.count <= "\nCode Run Finished\nReporting training SUCCESS\n".count, "\(after)")
        }
    }

    @Test("Standard error")
    func standardError() throws {
        try JobFolder.with { folder in
            let run = folder.runScript("import sys; sys.stderr.buffer.write(b'E\\xff\\r' * 1000 + b'\\n')")
            let expected = Array(repeating: [0x45, 0xFF, 0x0D] as [UInt8], count: 1000).flatMap { $0 }
            #expect(run.standardError.firstRange(of: expected) != nil)
        }
    }

    @Test("Output comes at once, not at the end")
    func unbuffered() throws {
        try JobFolder.with { folder in
            folder.write("source/alg.py", "import sys, time\nprint('EARLY')\ntime.sleep(100)")
            let program = folder.start(folder.job("alg"))
            #expect(program.waitForOutput("EARLY\n"))
            program.send(15)
            #expect(!program.finish().timedOut)
        }
    }

    @Test("The known lines stand on standard output in today's order, and the runner's own log does not")
    func knownLines() throws {
        try JobFolder.with { folder in
            let run = folder.runScript("print('RAN')")
            var rest = run.lines[...]
            for line in [
                "Beginning Setup", "Checking for Additional Requirements", "Additional Requirements Check Finished",
                "Invoking script with the following command:", "Running Code As Process", "RAN", "Code Run Finished",
                "Reporting training SUCCESS",
            ] {
                let index = try #require(rest.firstIndex(of: line), "\(line) is missing in \(run.lines)")
                rest = rest[(index + 1)...]
            }
            #expect(run.lines.contains { $0.contains("braket_container.py") })
            #expect(!run.output.contains("[braket-runner]"))
            #expect(run.errors.contains("[braket-runner]"))
        }
    }

    @Test("A reader that goes away does not end the job")
    func closedReader() throws {
        try JobFolder.with { folder in
            folder.write("source/run.sh", "sleep 0.1; echo x > $AMZN_BRAKET_JOB_RESULTS_DIR/r\n")
            let command = ([BinaryUnderTest.path] + folder.job("run.sh")).map { "'\($0)'" }.joined(separator: " ")
            let run = folder.shell("{ \(command); echo \"code $?\" >&2; } | head -n 1")
            #expect(run.errors.contains("code 0"), "\(run.errors)")
            #expect(folder.exists("store/bucket/out/output/model.tar.gz"))
        }
    }

    @Test("A failed script: Code Run Finished, and no success")
    func failed() throws {
        try JobFolder.with { folder in
            let run = folder.runScript("raise ValueError('boom')")
            #expect(run.lines.contains("Code Run Finished"))
            #expect(!run.lines.contains("Reporting training SUCCESS"))
            #expect(run.errors.contains("Traceback (most recent call last)"))
            #expect(!run.output.contains("Traceback"))
        }
    }
}
