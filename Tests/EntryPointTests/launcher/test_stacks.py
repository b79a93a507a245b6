"""SIGUSR1 writes the stacks of the script into the report, until the script takes that signal for itself."""

import signal
import unittest

from harness import LauncherTestCase

ASK = "import os, signal, sys\ndef deep(): os.kill(os.getpid(), signal.SIGUSR1)\n"
TAKEN = {"usr1": "taken"}


class StackTests(LauncherTestCase):
    def report(self, body):
        """The launcher's end, its JSON lines and the other lines of its report."""
        result = self.python(body)
        return result, result.lines, result.stacks

    def test_stacks_of_all_threads_come_into_the_report_and_the_script_goes_on(self):
        body = ASK + (
            "import threading\ngate = threading.Event()\ndef waiting(): gate.wait()\n"
            "thread = threading.Thread(target=waiting); thread.start()\ndeep(); gate.set(); thread.join(); print('on')"
        )
        result, lines, stacks = self.report(body)
        self.assertEqual((result.code, result.out, result.err), (0, "on\n", ""), result)
        self.assertIn("line 2 in deep", stacks)
        self.assertIn("in waiting", stacks)
        self.assertEqual(lines, [{"stage": "start"}])

    def test_a_script_that_takes_the_signal_is_reported_once_and_gets_it(self):
        for number in ("signal.SIGUSR1", "10"):
            body = ASK + "signal.signal(%s, lambda *a: print('mine'))\ndeep()\nsignal.signal(10, signal.SIG_IGN)" % number
            result, lines, stacks = self.report(body)
            self.assertEqual((result.code, result.out, stacks), (0, "mine\n", ""), result)
            self.assertEqual(lines, [{"stage": "start"}, TAKEN])

    def test_the_default_of_the_signal_comes_back(self):
        for statement in (
            "print(signal.signal(signal.SIGUSR1, signal.SIG_DFL), flush=True)",
            "import faulthandler; print(faulthandler.unregister(signal.SIGUSR1), flush=True)",
            "import faulthandler as f; f.register(signum=10, file=sys.stderr); print(f.unregister(10), flush=True)",
        ):
            result, lines, _ = self.report(ASK + statement + "\ndeep()")
            self.assertEqual(result.code, -signal.SIGUSR1, result)
            self.assertIn(result.out, ("Handlers.SIG_DFL\n", "0\n", "False\n", "True\n"))
            self.assertEqual(lines, [{"stage": "start"}, TAKEN])

    def test_a_faulthandler_of_the_script_writes_where_the_script_says(self):
        body = ASK + "import faulthandler; faulthandler.register(signal.SIGUSR1, file=sys.stdout)\ndeep()"
        result, lines, stacks = self.report(body)
        self.assertEqual((result.code, stacks), (0, ""), result)
        self.assertIn("in deep", result.out)
        self.assertEqual(lines, [{"stage": "start"}, TAKEN])

    def test_the_wrapped_functions_behave_like_the_interpreter_s(self):
        body = (
            "import inspect, signal, _signal, faulthandler, threading\n"
            "print(signal.getsignal(signal.SIGUSR1), signal.signal(signal.SIGTERM, signal.SIG_IGN))\n"
            "print(_signal.signal.__name__, _signal.signal.__module__, inspect.signature(_signal.signal))\n"
            "print(faulthandler.register.__name__, faulthandler.unregister.__doc__ is not None)\n"
            "for call in (lambda: _signal.signal(), lambda: _signal.signal('x', 1), lambda: signal.signal(99, print)):\n"
            "    try: call()\n"
            "    except (TypeError, ValueError) as error: print(type(error).__name__, error)\n"
        )
        plain = self.plain(body)
        self.assertEqual(self.python(body).out, plain)

    def test_a_refused_signal_is_an_error_of_the_line_that_asked(self):
        result, _, _ = self.report("import signal\n\nsignal.signal(99, signal.SIG_IGN)")
        self.assertEqual((result.code, result.failure["lineno"]), (1, 3), result)
        self.assertTrue(result.failure["file"].endswith("job.py"), result)

    def test_closed_descriptors_do_not_keep_the_script_from_taking_the_signal(self):
        body = ASK + "os.closerange(3, 200)\nsignal.signal(signal.SIGUSR1, lambda *a: print('mine'))\ndeep()"
        result, _, _ = self.report(body)
        self.assertEqual((result.code, result.out), (0, "mine\n"), result)

    def test_an_exec_leaves_the_signal_to_the_next_program(self):
        body = "import os; os.execv('/bin/sh', ['sh', '-c', 'kill -USR1 $$'])"
        result, _, _ = self.report(body)
        self.assertEqual(result.code, -signal.SIGUSR1, result)


if __name__ == "__main__":
    unittest.main()
