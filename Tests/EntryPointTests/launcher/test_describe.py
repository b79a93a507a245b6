"""Tests of describe.py, the dry run's look at an entry point."""

import os

from harness import VERSION, LauncherTestCase


class DescribeTests(LauncherTestCase):
    def test_functions(self):
        text = """
            print("must not run")
            import json, os.path
            from lib import helper as other
            def main(n: int, verbose: bool = False, *, rate: "float" = 0.1, **rest) -> None: pass
            async def later(a, /, b, *args, c): pass
            @decorator
            def changed(a): pass
            class C:
                def method(self, n): pass
            class D(C): pass
            value = partial(main)
            if True:
                try:
                    def nested(): pass
                except ImportError:
                    nested = None
            for loop in (): pass
            first, *others = 1, 2
            def hidden():
                inner = 1
            """
        rows = [
            ("main", True, "main(n: int, verbose: bool = False, *, rate: 'float' = 0.1, **rest) -> None"),
            ("later", True, "later(a, /, b, *args, c)"),
            ("changed", True, None),
            ("C", True, None),
            ("C.method", True, "method(self, n)"),
            ("C.missing", False, None),
            ("D.method", "unknown", None),
            ("value", True, None),
            ("value.attribute", "unknown", None),
            ("nested", True, None),
            ("loop", True, None),
            ("others", True, None),
            ("other", True, None),
            ("helper", False, None),
            ("json", True, None),
            ("os", True, None),
            ("inner", False, None),
            ("missing", False, None),
        ]
        for name, defined, signature in rows:
            with self.subTest(name=name):
                answer, root = self.describe({"pkg/job.py": text}, "pkg.job:" + name)
                self.assertEqual((answer["found"], answer["defined"]), (True, defined), answer)
                self.assertEqual(answer["file"], root + "/extracted/pkg/job.py")
                self.assertEqual(answer["async"], name == "later")
                if VERSION >= (3, 9):
                    self.assertEqual(answer["signature"], signature)
                self.assertEqual(answer["error"] is not None, defined is False)
        self.assertIn("module 'pkg.job' has no attribute 'missing'", answer["error"])

    def test_parameters(self):
        answer, _ = self.describe({"job.py": "def main(a, b=1, *c, d, e=2, **f): pass"}, "job:main")
        self.assertEqual(
            [(row["name"], row["kind"], row["default"] is not None) for row in answer["parameters"]],
            [
                ("a", "POSITIONAL_OR_KEYWORD", False),
                ("b", "POSITIONAL_OR_KEYWORD", True),
                ("c", "VAR_POSITIONAL", False),
                ("d", "KEYWORD_ONLY", False),
                ("e", "KEYWORD_ONLY", True),
                ("f", "VAR_KEYWORD", False),
            ],
        )

    def test_made_at_run_time(self):
        for text in ("from lib import *", "def __getattr__(name): pass", "globals()['x'] = 1"):
            self.assertEqual(self.describe({"job.py": text}, "job:main")[0]["defined"], "unknown", text)

    def test_broken_source(self):
        answer, _ = self.describe({"job.py": "def main(:"}, "job:main")
        self.assertEqual((answer["found"], answer["defined"]), (True, "unknown"))
        self.assertIn("SyntaxError", answer["error"])

    def test_modules(self):
        files = {
            "alg.py": "",
            "queue.py": "",
            "helper.py": "",
            "../code/helper.py": "",
            "space/deep/mod.py": "raise RuntimeError",
            "pkg/__init__.py": "raise RuntimeError",
            "pkg/mod.py": "",
            "runs/__main__.py": "",
        }
        rows = [
            ("alg", True, "extracted/alg.py"),
            ("helper", True, "code/helper.py"),
            ("space.deep.mod", True, "extracted/space/deep/mod.py"),
            ("pkg.mod", True, "extracted/pkg/mod.py"),
            ("runs", True, "extracted/runs/__main__.py"),
            ("pkg", False, "extracted/pkg/__init__.py"),
            ("space.deep", False, "extracted/space/deep"),
            ("missing", False, None),
            ("missing.mod", False, None),
            ("pkg.missing", False, None),
            ("alg.py", False, None),
        ]
        for entry, found, file in rows:
            with self.subTest(entry=entry):
                answer, root = self.describe(files, entry)
                self.assertEqual(answer["found"], found, answer)
                self.assertEqual(answer["file"], file and os.path.join(root, file))
                self.assertEqual(answer["error"] is None, found)
                self.assertIsNone(answer["defined"])
        answer, _ = self.describe(files, "queue:Queue")
        self.assertTrue(answer["file"].endswith("/queue.py") and "/extracted/" not in answer["file"], answer)
        self.assertTrue(self.describe(files, "sys:exit")[0]["found"])
