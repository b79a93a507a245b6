"""Tests of launcher.py: exit codes, paths, sys.argv, module forms, reports, multiprocessing.

    python3 -m unittest discover -s Tests/EntryPointTests/launcher
"""

import json
import os
import signal
import subprocess
import tempfile
import unittest

from harness import LAUNCHER, PROGRAM, PYTHON, SLOW, VERSION, LauncherTestCase


class ExitTests(LauncherTestCase):
    def test_exit_table(self):
        # statement, exit code, kind in the report, line in the report, what stderr holds
        rows = [
            ("pass", 0, None, None, None),
            ("raise ValueError('boom')", 1, "exception", "ValueError: boom", "ValueError: boom"),
            ("raise ValueError", 1, "exception", "ValueError", "ValueError"),
            ("raise KeyError('k')", 1, "exception", "KeyError: 'k'", "KeyError: 'k'"),
            ("raise OSError(2, 'No', 'f')", 1, "exception", "FileNotFoundError: [Errno 2] No: 'f'", "No: 'f'\n"),
            ("raise KeyboardInterrupt", 1, "exception", "KeyboardInterrupt", "KeyboardInterrupt"),
            ("raise BaseException('b')", 1, "exception", "BaseException: b", "BaseException: b"),
            ("import no_such_thing", 1, "IMPORT", "ModuleNotFoundError: No module named 'no_such_thing'", ""),
            ("sys.exit()", 0, None, None, None),
            ("sys.exit(0)", 0, None, None, None),
            ("sys.exit(False)", 0, None, None, None),
            ("sys.exit(256)", 0, None, None, None),
            ("sys.exit(7)", 7, "exit", "SystemExit: 7", None),
            ("sys.exit(True)", 1, "exit", "SystemExit: True", None),
            ("sys.exit(-1)", 255, "exit", "SystemExit: -1", None),
            ("sys.exit(1000)", 1000 & 255, "exit", "SystemExit: 1000", None),
            ("sys.exit('could not converge')", 1, "exit", "SystemExit: could not converge", "could not converge\n"),
            ("sys.exit('')", 1, "exit", "SystemExit", "\n"),
            ("sys.exit(1.5)", 1, "exit", "SystemExit: 1.5", "1.5\n"),
            ("os._exit(9)", 9, None, None, None),
            ("os.kill(os.getpid(), 9)", -9, None, None, None),
            ("os.kill(os.getpid(), 11)", -11, None, None, None),
            ("os.kill(os.getpid(), 15)", -15, None, None, None),
        ]
        for statement, code, kind, line, err in rows:
            forms = {
                "job": "import os, sys\n%s\n" % statement,
                "job:main": "import os, sys\ndef main():\n    %s\n" % statement,
            }
            for entry, text in forms.items():
                with self.subTest(statement=statement, entry=entry):
                    result = self.launch({"job.py": text}, entry)
                    self.assertEqual(result.code, code, result)
                    self.assertTrue(result.started, result)
                    self.assertEqual(result.out, "")
                    if err is not None:
                        self.assertTrue(result.err.endswith(err) or err in result.err, result)
                    if kind is None:
                        self.assertIsNone(result.failure)
                        self.assertEqual(result.err, "")
                        continue
                    if kind == "IMPORT":
                        # In the body of a function it is the function's own matter.
                        self.assertEqual(result.failure["kind"], "exception" if ":" in entry else "import")
                        self.assertEqual(result.failure["module"], "no_such_thing")
                    else:
                        self.assertEqual(result.failure["kind"], kind)
                    self.assertEqual(result.failure["line"], line)
                    self.assertEqual(result.failure["exit_code"], code)

    def test_return_value_is_ignored(self):
        self.assertEqual(self.launch({"job.py": "def main(): return 3"}, "job:main").code, 0)

    def test_interrupt_by_signal_is_exit_1(self):
        result = self.python("import os, signal; os.kill(os.getpid(), signal.SIGINT)\nimport time; time.sleep(9)")
        self.assertEqual(result.code, 1, result)
        self.assertEqual(result.failure["type"], "KeyboardInterrupt")

    def test_interpreter_shuts_down_normally(self):
        result = self.python(
            """
            import atexit, sys, threading, time
            atexit.register(lambda: print("atexit", sys.last_value))
            threading.Thread(target=lambda: (time.sleep(0.2), print("thread"))).start()
            print("unflushed", end=" ")
            raise ValueError("boom")
            """
        )
        self.assertEqual(result.code, 1)
        self.assertEqual(result.out, "unflushed thread\natexit boom\n")

    def test_excepthook_of_the_user(self):
        result = self.python(
            """
            import sys
            def hook(kind, error, trace):
                print("hook", kind.__name__, error, trace.tb_frame.f_code.co_filename == __file__)
            sys.excepthook = hook
            raise ValueError("boom")
            """
        )
        self.assertEqual((result.code, result.out, result.err), (1, "hook ValueError boom True\n", ""))

    def test_broken_excepthook(self):
        result = self.python("import sys\nsys.excepthook = lambda *a: 1/0\nraise ValueError('boom')")
        self.assertEqual(result.code, 1)
        self.assertIn("ZeroDivisionError", result.err)
        self.assertIn("ValueError: boom", result.err)
        self.assertEqual(result.failure["line"], "ValueError: boom")

    def test_output_that_nobody_reads_does_not_hide_a_failure(self):
        for statement, codes in (("raise ValueError('boom')", (1, 120)), ("sys.exit(7)", (7, 120))):
            reader, writer = os.pipe()
            os.close(reader)
            try:
                result = self.python(
                    "import signal, sys; signal.signal(signal.SIGPIPE, signal.SIG_IGN); print('x')\n" + statement,
                    stdout=writer,
                    env={"PYTHONUNBUFFERED": ""},
                )
            finally:
                os.close(writer)
            self.assertIn(result.code, codes, result)
            self.assertIsNotNone(result.failure)

    def test_closed_or_reused_descriptors(self):
        result = self.python(
            """
            import os
            os.closerange(3, 64)
            files = [open("mine%d" % i, "w+") for i in range(20)]
            try:
                raise ValueError("boom")
            finally:
                os.write(1, str(sum(os.fstat(f.fileno()).st_size for f in files)).encode())
                import atexit
                atexit.register(lambda: os.write(1, str(sum(os.fstat(f.fileno()).st_size for f in files)).encode()))
            """
        )
        self.assertEqual((result.code, result.out), (1, "00"), result)
        self.assertIn("ValueError: boom", result.err)

    def test_descriptors_are_not_inherited(self):
        result = self.python(
            """
            import os, subprocess, sys
            before = set(os.listdir("/proc/self/fd"))
            count = "import os; print(len(os.listdir('/proc/self/fd')))"
            subprocess.run([sys.executable, "-c", count], close_fds=False)
            """
        )
        self.assertEqual(result.out, "4\n", result)  # 0, 1, 2 and the listing's own

    def test_forked_child_does_not_report(self):
        result = self.python(
            """
            import os
            child = os.fork()
            if child == 0:
                raise ValueError("in the child")
            print(os.waitpid(child, 0)[1] >> 8)
            """
        )
        self.assertEqual((result.code, result.out), (0, "1\n"), result)
        self.assertIsNone(result.failure)
        self.assertIn("ValueError: in the child", result.err)


class EnvironmentTests(LauncherTestCase):
    PRINT = "import os, sys, json; print(json.dumps([os.getcwd(), sys.argv, sys.path[0], sys.path[-1], __name__]))\n"

    def test_cwd_argv_and_path(self):
        files = {"job.py": self.PRINT + "def main():\n    " + self.PRINT}
        result = self.launch(files, "job:main", arguments=["--n", "4", "--", "-c", ""])
        imported, called = map(json.loads, result.out.splitlines())
        code, extracted = code_of(result), extracted_of(result)
        argv = [PROGRAM, "--n", "4", "--", "-c", ""]
        self.assertEqual(imported, [code, argv, code, extracted, "job"])
        self.assertEqual(called, [extracted, argv, code, extracted, "job"])

        result = self.launch(files, "job", arguments=["--n", "4"])
        code, extracted = code_of(result), extracted_of(result)
        self.assertEqual(json.loads(result.out), [extracted, argv[:3], code, extracted, "__main__"])

    def test_search_order(self):
        # The standard library and the harness's folder come before the user's code, as with braket_container.py.
        files = {
            "queue.py": "raise RuntimeError('shadowed')",
            "tabnanny.py": "print('user tabnanny')",
            "helper.py": "where = 'extracted'",
            "../code/helper.py": "where = 'code'",
            "../more/extra.py": "where = 'PYTHONPATH'",
            "extra.py": "where = 'extracted'",
            "job.py": "import queue, helper, extra; print(queue.Queue.__name__, helper.where, extra.where)",
        }
        result = self.launch(files, "job")
        self.assertEqual(result.out, "Queue code extracted\n", result)
        root = self.job(files)
        result = self.launch(files, "job", env={"PYTHONPATH": os.path.join(root, "more")})
        self.assertEqual(result.out, "Queue code PYTHONPATH\n", result)

    def test_same_path_as_a_program_in_the_code_folder(self):
        for flags in ((), ("-I",), ("-P",)) if VERSION >= (3, 11) else ((), ("-I",)):
            with self.subTest(flags=flags):
                files = {"job.py": "import sys; print(sys.path)", "../code/program.py": "import sys; print(sys.path)"}
                root = self.job(files)
                code = os.path.join(root, "code")
                expected = subprocess.run(
                    [PYTHON, *flags, "program.py"], cwd=code, stdout=subprocess.PIPE, check=True
                ).stdout.decode()
                result = self.launch(files, "job", flags=flags)
                expected = eval(expected.replace(root, result.folder)) + [extracted_of(result)]
                self.assertEqual(eval(result.out), expected)

    def test_a_crash_leaves_its_frames_in_the_report_and_nothing_on_standard_error(self):
        body = "import ctypes\ndef fall():\n    ctypes.string_at(0)\nfall()\n"
        result = self.python(body)
        self.assertEqual((result.code, result.err), (-signal.SIGSEGV, ""))
        self.assertIn("Fatal Python error: Segmentation fault", result.crash)
        self.assertIn('job.py", line 3 in fall', result.crash)
        # Who asked for Python's own gets it where they asked for it.
        for options in ({"env": {"PYTHONFAULTHANDLER": "1"}}, {"flags": ["-X", "faulthandler"]}):
            result = self.python(body, **options)
            self.assertIn("Segmentation fault", result.err)
            self.assertEqual(result.crash, "")
        result = self.python("import faulthandler\nfaulthandler.enable()\n" + body)
        self.assertIn("Segmentation fault", result.err)

    def test_a_crash_does_not_reach_a_file_that_took_the_descriptors_place(self):
        body = """
            import ctypes, os, sys
            os.closerange(3, 1000)
            files = [open("note%d" % i, "w") for i in range(20)]
            ctypes.string_at(0)
        """
        result = self.python(body)
        self.assertEqual((result.code, result.err), (-signal.SIGSEGV, ""))
        for i in range(20):
            self.assertEqual(os.path.getsize(os.path.join(result.folder, "extracted", "note%d" % i)), 0)

    def test_out_of_open_files_is_still_reported(self):
        body = """
            import resource
            resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
            files = []
            while True:
                files.append(open("/dev/null"))
        """
        report = self.python(body).failure
        self.assertEqual((report["type"], report["errno"]), ("OSError", 24))
        self.assertEqual(report["limits"]["nofile"], 64)
        self.assertIn("Too many open files", report["traceback"])

    def test_what_the_exception_came_from(self):
        body = """
            class ClientError(Exception):
                response = {"Error": {"Code": "AccessDenied"}}
            try:
                try:
                    raise ClientError("no")
                except ClientError:
                    open("/dev/full", "w").write("x")
                    raise OSError(28, "No space left on device", "big.npz")
            except OSError as error:
                raise KeyError("outer") from error
        """
        report = self.python(body).failure
        self.assertEqual((report["kind"], report["type"], report["errno"]), ("exception", "KeyError", 28))
        self.assertEqual((report["service"], report["filename"]), ("AccessDenied", "big.npz"))
        self.assertEqual(report["classes"], ["KeyError", "LookupError", "ClientError"])

    def test_nothing_is_imported_that_the_interpreter_had_not_loaded(self):
        empty = subprocess.run(
            [PYTHON, "-I", "-c", "import sys; print(sorted(sys.modules))"], stdout=subprocess.PIPE, check=True
        ).stdout.decode()
        # faulthandler is built into the interpreter: 0.1 ms.
        body = "import sys; print(sorted(set(sys.modules) - {'faulthandler'}))"
        result = self.launch({"job.py": body}, "job", flags=["-I"])
        self.assertEqual(eval(result.out), eval(empty))
        files = {"job.py": "import sys\ndef main(n: int, name='x'): print(sorted(set(sys.modules) - {'faulthandler', 'job'}))"}
        for hps in ('{"n": "3"}', '{\n  "n": "3",\n  "name": "Zoë"\n}\n'):
            result = self.launch(files, "job:main", raw=hps.encode(), flags=["-I"])
            self.assertEqual(eval(result.out), eval(empty), result)


def code_of(result):
    return os.path.join(result.folder, "code")


def extracted_of(result):
    return os.path.join(result.folder, "extracted")


class ModuleFormTests(LauncherTestCase):
    def test_forms(self):
        say = "print(__name__, __spec__.name, __package__, __spec__.parent, bool(__file__), __doc__, bool(__loader__))"
        rows = [
            ({"alg.py": say}, "alg", "__main__ alg   True None True"),
            ({"dir/alg.py": say}, "dir.alg", "__main__ dir.alg dir dir True None True"),  # namespace package
            ({"a/b/alg.py": say}, "a.b.alg", "__main__ a.b.alg a.b a.b True None True"),
            ({"pkg/__init__.py": "", "pkg/mod.py": say}, "pkg.mod", "__main__ pkg.mod pkg pkg True None True"),
            ({"pkg/__init__.py": "", "pkg/__main__.py": say}, "pkg", "__main__ pkg.__main__ pkg pkg True None True"),
            ({"pkg/__main__.py": say}, "pkg.__main__", "__main__ pkg.__main__ pkg pkg True None True"),
        ]
        for files, entry, expected in rows:
            with self.subTest(entry=entry):
                result = self.launch(files, entry)
                self.assertEqual((result.code, result.out), (0, expected + "\n"), result)

    def test_relative_imports(self):
        files = {"pkg/mod.py": "from . import other; from .other import x; print(x)", "pkg/other.py": "x = 5"}
        self.assertEqual(self.launch(files, "pkg.mod").out, "5\n")

    def test_main_is_the_script(self):
        result = self.python(
            """
            import __main__, pickle, sys
            def f(): return 41
            class C: pass
            assert sys.modules["__main__"].f is f and __main__.C is C
            print(pickle.loads(pickle.dumps(f))() + 1, type(pickle.loads(pickle.dumps(C()))) is C)
            """
        )
        self.assertEqual(result.out, "42 True\n", result)

    def test_main_namespace_is_only_the_script(self):
        result = self.python("print(sorted(globals()))")
        self.assertEqual(
            eval(result.out),
            ["__builtins__", "__cached__", "__doc__", "__file__", "__loader__", "__name__", "__package__", "__spec__"],
        )

    def test_missing_modules_in_the_words_of_runpy(self):
        rows = [
            ({}, "missing", "ImportError: No module named missing"),
            (
                {},
                "missing.mod",
                "ImportError: Error while finding module specification for 'missing.mod' "
                "(ModuleNotFoundError: No module named 'missing')",
            ),
            ({"pkg/__init__.py": ""}, "pkg.mod", "ImportError: No module named pkg.mod"),
            (
                {"pkg/__init__.py": ""},
                "pkg",
                "ImportError: No module named pkg.__main__; 'pkg' is a package and cannot be directly executed",
            ),
            (
                {"alg.py": "print('ran once')"},
                "alg.py",
                "ImportError: Error while finding module specification for 'alg.py' (ModuleNotFoundError: "
                "__path__ attribute not found on 'alg' while trying to find 'alg.py')"
                + (". Try using 'alg' instead of 'alg.py' as the module name." if VERSION >= (3, 9) else ""),
            ),
        ]
        for files, entry, line in rows:
            with self.subTest(entry=entry):
                result = self.launch(files, entry)
                self.assertEqual(result.code, 1)
                self.assertFalse(result.started)
                self.assertEqual(result.failure["kind"], "missing-entry", result)
                self.assertEqual(result.failure["line"], line)
                self.assertIn(line, result.err)
                self.assertNotIn("<string>", result.err)
                self.assertNotIn("runpy", result.err)
                self.assertEqual(result.out, "ran once\n" if entry == "alg.py" else "")

    def test_missing_function(self):
        rows = [
            ({}, "missing:main", "ModuleNotFoundError: No module named 'missing'"),
            ({}, "missing.mod:main", "ModuleNotFoundError: No module named 'missing'"),
            ({"pkg/__init__.py": ""}, "pkg.mod:main", "ModuleNotFoundError: No module named 'pkg.mod'"),
            ({"job.py": ""}, "job.mod:main", "ModuleNotFoundError: No module named 'job.mod'; 'job' is not a package"),
            ({"job.py": ""}, "job:main", "AttributeError: module 'job' has no attribute 'main'"),
            ({"job.py": "class C: pass"}, "job:C.go", "AttributeError: type object 'C' has no attribute 'go'"),
        ]
        for files, entry, line in rows:
            with self.subTest(entry=entry):
                result = self.launch(files, entry)
                self.assertEqual((result.code, result.started), (1, False))
                self.assertEqual(result.failure["kind"], "missing-entry", result)
                self.assertEqual(result.failure["line"], line)
                self.assertNotIn("<string>", result.err)

    def test_other_import_errors(self):
        lines = {
            "import no_such_thing": "ModuleNotFoundError: No module named 'no_such_thing'",
            "from os import no_such_thing": "ImportError: cannot import name 'no_such_thing' from 'os'",
            "raise ImportError('mine')": "ImportError: mine",
        }
        for statement, line in lines.items():
            for files, entry in (
                ({"job.py": statement}, "job"),
                ({"job.py": statement}, "job:main"),
                ({"helper.py": statement, "job.py": "import helper"}, "job:main"),
                ({"pkg/__init__.py": statement, "pkg/mod.py": ""}, "pkg.mod"),
                ({"pkg/__init__.py": statement, "pkg/__main__.py": ""}, "pkg"),
                ({"pkg/__init__.py": statement, "pkg/mod.py": ""}, "pkg.mod:main"),
            ):
                with self.subTest(statement=statement, entry=entry):
                    result = self.launch(files, entry)
                    self.assertEqual(result.failure["kind"], "import", result)
                    self.assertTrue(result.failure["line"].startswith(line), result)
                    self.assertEqual(result.failure["source"], statement)
                    self.assertNotIn("importlib", result.err)
                    self.assertNotIn("runpy", result.err)

    def test_exception_at_import(self):
        result = self.launch({"job.py": "def f():\n    raise ValueError('boom')\nf()"}, "job:main")
        self.assertEqual((result.code, result.started), (1, False))
        self.assertEqual((result.failure["kind"], result.failure["function"]), ("exception", "f"))

    def test_syntax_error(self):
        for entry in ("job", "job:main"):
            result = self.launch({"job.py": "x = 1\ny = = 2\n"}, entry)
            self.assertEqual(result.code, 1)
            failure = result.failure
            self.assertEqual((failure["type"], failure["lineno"], failure["source"]), ("SyntaxError", 2, "y = = 2"))
            self.assertEqual(os.path.basename(failure["file"]), "job.py")
            self.assertNotIn("importlib", result.err)

    def test_attribute_chain(self):
        files = {
            "job.py": """
                import functools
                class C:
                    @staticmethod
                    def s(n: int): print("static", n + 1)
                    @classmethod
                    def c(cls, n: int): print(cls.__name__, n + 1)
                    class D:
                        def __init__(self, n: int): print("D", n + 1)
                """
        }
        for name, line in (("s", "static 4\n"), ("c", "C 4\n"), ("D", "D 4\n")):
            result = self.launch(files, "job:C." + name, hps={"n": "3"})
            self.assertEqual(result.out, line, result)

    def test_only_the_first_colon_splits(self):
        result = self.launch({"job.py": ""}, "job:a:b")
        self.assertEqual(result.failure["line"], "AttributeError: module 'job' has no attribute 'a:b'")


class TracebackTests(LauncherTestCase):
    def test_as_python_would_print_it(self):
        body = """
            def f(n):
                if n: return f(n - 1)
                try:
                    {}["key"]
                except KeyError as error:
                    raise ValueError("boom") from error
            f(2)
            """
        result = self.python(body)
        script = os.path.join(extracted_of(result), "job.py")
        native = subprocess.run([PYTHON, script], stderr=subprocess.PIPE).stderr.decode()
        self.assertEqual(result.err, native)
        self.assertEqual(result.failure["traceback"], result.err)

    def test_context_of_launcher_frames_is_trimmed(self):
        text = "def main():\n    try:\n        1/0\n    except ZeroDivisionError:\n        raise ValueError('boom')"
        result = self.launch({"job.py": text}, "job:main", hps={"other": "1"})
        self.assertNotIn("<string>", result.err)
        self.assertNotIn("braket-runner", result.err)
        self.assertEqual(result.err.count("Traceback"), 2)

    @unittest.skipIf(VERSION < (3, 11), "ExceptionGroup is of Python 3.11")
    def test_group(self):
        result = self.python("raise ExceptionGroup('many', [ValueError('a'), KeyError('b')])")
        self.assertEqual(result.failure["line"], "ExceptionGroup: many (2 sub-exceptions)")
        self.assertIn("| ValueError: a", result.failure["traceback"])

    def test_deepest_frame_of_the_user(self):
        files = {
            "lib/tool.py": "import json\ndef decode(text):\n    return json.loads(text)   # not JSON\n",
            "job.py": "from lib.tool import decode\ndef main():\n    decode('{')\n",
        }
        failure = self.launch(files, "job:main").failure
        self.assertTrue(failure["file"].endswith("/extracted/lib/tool.py"), failure)
        self.assertEqual((failure["lineno"], failure["function"]), (3, "decode"))
        self.assertEqual(failure["source"], "return json.loads(text)   # not JSON")

    def test_code_folder_is_second_choice(self):
        files = {"../code/job.py": "def main():\n    import json\n    json.loads('{')\n"}
        failure = self.launch(files, "job:main").failure
        self.assertTrue(failure["file"].endswith("/code/job.py"), failure)

    def test_long_traceback_is_limited(self):
        result = self.python("raise ValueError('a' * 3000000)")
        self.assertLessEqual(len(result.failure["traceback"].encode()), 256 * 1024)
        self.assertLessEqual(len(result.failure["message"].encode()), 64 * 1024)
        self.assertIn('job.py", line 1', result.failure["traceback"])

    def test_odd_messages(self):
        rows = [
            ("raise ValueError('\\udc80 surrogate')", "ValueError: \\udc80 surrogate"),
            ("raise ValueError('Zoë 🚀')", "ValueError: Zoë 🚀"),
            ("raise ValueError('a\\nb')", "ValueError: a\nb"),
            ("raise ValueError('\\0\\x1b[31m')", "ValueError: \0\x1b[31m"),
            (
                "class E(Exception):\n    def __str__(self): raise RuntimeError\nraise E",
                "E: <str() of the exception failed>",
            ),
            ("class E(Exception):\n    __cause__ = None\nraise E('x')", "E: x"),
        ]
        if VERSION >= (3, 9):  # 3.8 itself never returns from this raise
            rows.append(("e = ValueError('loop'); e.__context__ = e\nraise e", "ValueError: loop"))
        for body, line in rows:
            with self.subTest(body=body):
                result = self.python(body)
                self.assertEqual(result.code, 1)
                self.assertEqual(result.failure["line"], line)

    def test_recursion(self):
        result = self.python("def f(): f()\nf()")
        self.assertEqual((result.code, result.failure["type"]), (1, "RecursionError"))

    def test_report_is_optional(self):
        root = self.job({"job.py": "raise ValueError('boom')"})
        with tempfile.TemporaryFile() as slow:
            slow.write(SLOW.encode())
            slow.flush()
            command = [PYTHON, "-c", LAUNCHER, "job", root + "/code", root + "/extracted", PROGRAM, "", "0", "-1"]
            process = subprocess.run(
                command + [str(slow.fileno())], cwd=root + "/code", stderr=subprocess.PIPE, pass_fds=[slow.fileno()]
            )
        self.assertEqual(process.returncode, 1)
        self.assertTrue(process.stderr.decode().endswith("ValueError: boom\n"))
        self.assertNotIn("<string>", process.stderr.decode())


class MultiprocessingTests(LauncherTestCase):
    BODY = """
        import multiprocessing, os, sys
        def square(x):
            return x * x, os.path.basename(os.getcwd()), sys.argv
        def main():
            context = multiprocessing.get_context("%s")
            with context.Pool(1) as pool:
                print(pool.map(square, [2, 3]))
        if __name__ == "__main__":
            main()
        """

    def test_start_methods(self):
        answer = "[(4, 'extracted', ['braket_container.py']), (9, 'extracted', ['braket_container.py'])]\n"
        for method in ("fork", "spawn", "forkserver"):
            for files, entry in (
                ({"job.py": self.BODY % method}, "job"),
                ({"pkg/job.py": self.BODY % method}, "pkg.job"),
                ({"job.py": self.BODY % method}, "job:main"),
            ):
                with self.subTest(method=method, entry=entry):
                    result = self.launch(files, entry)
                    self.assertEqual((result.code, result.out), (0, answer), result)

    def test_failure_in_a_worker(self):
        result = self.python(
            """
            import multiprocessing
            def work(x):
                raise ValueError("in worker %d" % x)
            if __name__ == "__main__":
                with multiprocessing.get_context("spawn").Pool(1) as pool:
                    pool.map(work, [1])
            """
        )
        self.assertEqual((result.code, result.failure["line"]), (1, "ValueError: in worker 1"), result)


if __name__ == "__main__":
    unittest.main()
