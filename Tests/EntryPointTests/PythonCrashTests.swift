import EntryPoint
import Testing

/// What faulthandler of Python 3.8 to 3.14 writes.
@Suite struct PythonCrashTests {
    @Test func framesBehindTheReport() throws {
        let text = """
            {"stage":"start"}
            Fatal Python error: Segmentation fault

            Current thread 0x00007fa44c283b80 (most recent call first):
              File "/usr/lib/python3.11/ctypes/__init__.py", line 519 in string_at
              File "/opt/x/alg.py", line 3 in main
              File "<string>", line 5 in <module>

            Thread 0x00007fa44c283b81 (most recent call first):
              File "/opt/x/other.py", line 1 in f

            Extension modules: numpy (total: 1)
            """
        let report = LaunchReport(lines: Array(text.utf8))
        #expect(report.started)
        #expect(report.failure == nil)
        let crash = try #require(report.crash)
        #expect(crash.reason == "Segmentation fault")
        #expect(crash.frames.map(\.line) == [519, 3, 5])
        #expect(crash.place(in: "/opt/x")?.description == "alg.py:3 in main")
        #expect(crash.place(in: "/opt/y")?.description == "__init__.py:519 in string_at")
        #expect(crash.place(in: "/opt")?.file == "/opt/x/alg.py")
    }

    @Test func aThreadWithoutPython() throws {
        let text = "Fatal Python error: Aborted\n\nThread 0x1 (most recent call first):\n  File \"a.py\", line 1 in f\n"
        let crash = try #require(LaunchReport(lines: Array(text.utf8)).crash)
        #expect(crash.reason == "Aborted")
        #expect(crash.frames.isEmpty)
        #expect(crash.place(in: "/x") == nil)
    }

    /// Python 3.14 adds the name of the thread and the stack of C.
    @Test func theStackOfC() throws {
        let text = """
            Fatal Python error: Aborted

            Current thread 0x1 [python3] (most recent call first):
              File "/x/alg.py", line 2 in <module>

            Current thread's C stack trace (most recent call first):
              Binary file "/lib/libc.so.6", at abort+0x1 [0x1]
            """
        let crash = try #require(LaunchReport(lines: Array(text.utf8)).crash)
        #expect(crash.frames == [PythonFrame(file: "/x/alg.py", line: 2, function: "<module>")])
        #expect(crash.place(in: "/x")?.description == "alg.py:2")
    }

    @Test(arguments: ["", #"{"stage":"start"}"#, "Fatal", "x Fatal Python error: no line's beginning"])
    func none(_ text: String) {
        #expect(LaunchReport(lines: Array(text.utf8)).crash == nil)
    }
}
