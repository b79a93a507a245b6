"""Tests of the hyperparameter binding, against inspect and against what braket_container.py did."""

import functools
import inspect
import itertools
import json
import os
import tempfile
import unittest

from harness import SLOW, SOURCES, VERSION, LauncherTestCase, launcher_names

NAMES = launcher_names()


def plain_launch(values, typed=False):
    """A Launch that only binds, in this process."""
    launch = NAMES["Launch"].__new__(NAMES["Launch"])
    file = tempfile.NamedTemporaryFile("w", suffix=".json", delete=False)
    with file:
        json.dump(values, file)
    launch.hp_file = file.name
    launch.typed = typed
    launch.phase, launch.parameter, launch.function = "binding", None, None
    names = {"__name__": "launcher_slow"}
    exec(compile(SLOW, "launcher_slow.py", "exec"), names)
    launch.slow_functions = names
    return launch


def bind(function, values, typed=False):
    launch = plain_launch(values, typed)
    try:
        return launch.bind(function)
    finally:
        os.remove(launch.hp_file)


def bind_as_ever(function, values):
    """The rule of braket_container.py, written from the contract; an exception stands for its crash."""
    try:
        inspect.signature(function).bind(**values)
    except TypeError:
        return {}
    annotations = inspect.getfullargspec(function).annotations
    return {name: annotations.get(name, str)(value) for name, value in values.items()}


def decorated(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


def undeclared(function):
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


def annotated_wrapper(function):
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    wrapper.__annotations__ = {"a": int, "args": int}
    return wrapper


def with_attribute(function):
    function.note = 1
    return function


class Callable:
    def __call__(self, a: int, b="x"):
        pass


class Class:
    def __init__(self, a: int, b: float = 1.0):
        pass

    def method(self, a: int, *, b: float):
        pass

    @classmethod
    def of_class(cls, a: int):
        pass

    @staticmethod
    def static(a: int, **b: float):
        pass


class Signed:
    __signature__ = inspect.Signature([inspect.Parameter("a", inspect.Parameter.KEYWORD_ONLY, annotation=int)])

    def __call__(self, **kwargs):
        pass


def base(a: int, b: float = 2.0):
    pass


FUNCTIONS = {}
for declaration in [
    "()",
    "(a)",
    "(a, b)",
    "(b, a)",
    "(a, b=1)",
    "(a=1, b=2)",
    "(a: int, b: float)",
    "(a: int, b: float = 1)",
    "(a: bool, b: str)",
    "(a: list, b: tuple)",
    "(a: bytes.fromhex, b: 'x'.__add__)",
    "(a, *, b)",
    "(a, *, b=1)",
    "(*, a: int, b: int = 3)",
    "(*args)",
    "(*a)",
    "(*a: int, b)",
    "(a, *args, b)",
    "(a, *args, b=2, **kwargs)",
    "(**kwargs)",
    "(**a)",
    "(**a: int)",
    "(a: int, **b: float)",
    "(*a, **b)",
    "(a, /)",
    "(a, /, b)",
    "(a=1, /, b=2)",
    "(a=1, /, **kwargs)",
    "(a, /, b, *, c: int = 3)",
    "(c: int, **kwargs) -> float",
    "(a) -> int",
    "(**kwargs) -> int",
    "(self, a: int)",
]:
    scope = {}
    exec("def function%s: pass" % (declaration if "->" in declaration else declaration), scope)
    FUNCTIONS[declaration] = scope["function"]
FUNCTIONS.update(
    {
        "wraps": decorated(base),
        "wraps twice": decorated(decorated(base)),
        "undeclared": undeclared(base),
        "annotated wrapper": annotated_wrapper(base),
        "attribute": with_attribute(lambda a: None),
        "lambda": lambda a, b=1: None,
        "callable": Callable(),
        "class": Class,
        "method": Class(1).method,
        "classmethod": Class.of_class,
        "staticmethod": Class.static,
        "partial": functools.partial(base, b=3.0),
        "partial positional": functools.partial(base, 3),
        "lru_cache": functools.lru_cache(base),
        "coroutine": type("A", (), {"__call__": base})(),
        "signed": Signed(),
        "builtin": len,
        "dict": dict,
        "not callable": 5,
        "singledispatch": functools.singledispatch(base),
    }
)
VALUES = [
    dict(zip(names, values))
    for size in range(4)
    for names in itertools.combinations(["a", "b", "c", "self", "args", "kwargs", "return"], size)
    for values in [("3", "4", "5")]
]


class SameAsEverTests(unittest.TestCase):
    def test_all_functions_with_all_values(self):
        compared = crashes = 0
        for (name, function), values in itertools.product(FUNCTIONS.items(), VALUES):
            with self.subTest(function=name, values=values):
                try:
                    expected = bind_as_ever(function, values)
                except (TypeError, ValueError):
                    crashes += 1  # there is nothing to keep
                    continue
                if not expected and not calls_bare(function):
                    crashes += 1
                    continue
                actual = bind(function, values)
                self.assertEqual(actual, expected)
                self.assertEqual(
                    {key: type(value) for key, value in actual.items()},
                    {key: type(value) for key, value in expected.items()},
                )
                self.assertEqual(list(actual), list(expected))
                compared += 1
        self.assertGreater(compared, 1000)
        self.assertGreater(crashes, 100)

    def test_values_that_are_no_map(self):
        for values in ([], ["a"], "text", None, 3, True):
            self.assertEqual(bind(FUNCTIONS["(**kwargs)"], values), {})

    def test_values_that_are_no_texts(self):
        values = {"a": 3, "b": 1.5}
        self.assertEqual(bind(FUNCTIONS["(a: int, b: float)"], values), values)
        self.assertEqual(bind(FUNCTIONS["(a, b)"], values), {"a": "3", "b": "1.5"})


def calls_bare(function):
    try:
        inspect.signature(function).bind()
    except (TypeError, ValueError):
        return False
    return True


class ReadTests(unittest.TestCase):
    def read(self, data):
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            return NAMES["read_hyperparameters"](file.name)

    def test_as_json_does(self):
        texts = ["", "a", "{", "}", ":", ",", " ", '"', "\\", "\n", "\x00", "\x7f", "\x85", "é", "🚀", "\ud800", "{:}"]
        pairs = [{key: value} for key in texts for value in texts]
        rows = [json.dumps(pair, ensure_ascii=ascii) for pair in pairs for ascii in (True, False)]
        rows += [json.dumps(dict.fromkeys(texts, text), indent=indent) for text in texts for indent in (None, 2)]
        rows += ["{}", " { } ", "\n{\n}\n", '{"a":"b","a":"c"}', '{"a" :\t"b"\r\n,\n"c":"d"}\n', '{"a": 3}']
        rows += ['{"a": {"b": "c"}}']
        rows += ['{"a": ["b"]}', "[]", "[1]", "null", '"a"', '{"a": true, "b": null}', '\ufeff{"a":"b"}']
        # Not JSON
        rows += ["", "{", "}", '{"a"}', '{"a":}', '{"a":"b",}', '{,"a":"b"}', '{:"a""b"}', '{"a":"b"}}', '{"a":"b"} x']
        rows += ['{"a""b"}', '{"a","b"}', '{"a":"b":"c":"d"}', '{"a":"b";"c":"d"}', "{'a':'b'}"]
        rows += ['{"a":"b\n"}', '{"a\t":"b"}']
        rows += ['"a":"b"', '{"a":"b","c"}', '{"a":\xa0"b"}', '{"a":"b"', '[{"a":"b"}]', '{{"a":"b"}}']
        rows += ['{"a":"b" "c":"d"}']
        # One separator that holds two marks and one that holds none
        rows += ['{"a":,"b""c":"d"}', '{:"a","b""c":"d"}', '{"a":"b""c":"d"},']
        for row in rows:
            data = row.encode("utf-8", "surrogatepass")
            with self.subTest(data=data):
                try:
                    expected = json.loads(data)
                except ValueError as error:
                    with self.assertRaises(type(error)):
                        self.read(data)
                else:
                    self.assertEqual(self.read(data), expected)

    def test_not_utf8(self):
        with self.assertRaises(ValueError):
            self.read(b'{"a": "\xff"}')


class PublishedTableTests(LauncherTestCase):
    def test_rows(self):
        suites = os.environ.get("BRAKET_SUITES", os.path.join(SOURCES, "..", "..", "..", "shared", "suites"))
        table = os.path.join(suites, "braket-container-tables", "tables.json")
        if not os.path.exists(table):
            self.skipTest("no %s: set BRAKET_SUITES to the folder of the published test data" % table)
        with open(table, encoding="utf-8") as file:
            rows = json.load(file)["hyperparameter_binding"]
        self.assertGreaterEqual(len(rows), 6)
        for row in rows:
            scope = {}
            exec("def function(%s): pass" % ", ".join(row["parameters"]), scope)
            function, values, expect = scope["function"], row["hyperparameters"], row["expect"]
            with self.subTest(row=row):
                if expect == "bind {}" or expect.startswith("do not bind"):
                    self.assertEqual(bind(function, values), {})
                elif expect == "bind as strings":
                    self.assertEqual(bind(function, values), values)
                else:
                    kind, _, message = expect.partition(": ")
                    self.assertEqual(kind, "ValueError")
                    with self.assertRaises(ValueError) as caught:
                        bind(function, values)
                    self.assertEqual(str(caught.exception), message)


class CallTests(LauncherTestCase):
    """Through the launcher, with the words that end in the failure file."""

    def call(self, parameters, hps, prelude="", body="print(dict(sorted(locals().items())))", **options):
        text = "%s\ndef main(%s):\n    %s\n" % (prelude, parameters, body)
        return self.launch({"job.py": text}, "job:main", hps=hps, **options)

    def assertCalled(self, result, arguments):
        self.assertEqual((result.code, result.out), (0, repr(arguments) + "\n"), result)

    def assertFailed(self, result, line, kind="binding", started=False):
        self.assertEqual((result.code, result.started), (1, started), result)
        self.assertEqual((result.failure["kind"], result.failure["line"]), (kind, line), result)
        self.assertIn(line.partition("\n")[0], result.err)
        self.assertNotIn("<string>", result.err)
        self.assertNotIn("braket-runner", result.err)

    def test_matrix(self):
        reserved = {"sagemaker_mpi_enabled": "true"}
        rows = [
            ("", None, {}),
            ("a=1", None, {"a": 1}),
            ("", {}, {}),
            ("a: int", {"a": "4"}, {"a": 4}),
            ("a: float", {"a": "1e-3"}, {"a": 0.001}),
            ("a: str", {"a": "4"}, {"a": "4"}),
            ("a", {"a": "4"}, {"a": "4"}),
            ("a: bool", {"a": "False"}, {"a": True}),
            ("a: list", {"a": "[1]"}, {"a": ["[", "1", "]"]}),
            ("**kw", {"a": "4", **reserved}, {"kw": {"a": "4", "sagemaker_mpi_enabled": "true"}}),
            # The jobs of @hybrid_job: hyperparameters for a function without any.
            ("", {"a": "4", "b": "5"}, {}),
            ("a=1", {"a": "4", "b": "5"}, {"a": 1}),
            ("a: int = 1", {"a": "4", **reserved}, {"a": 1}),
            # What was a TypeError.
            ("a: int", {"a": "4", **reserved}, {"a": 4}),
            ("a: int, b=2", {"a": "4", "_tuning_objective_metric": "x"}, {"a": 4, "b": 2}),
            ("a: int", {"a": "4", "b": "5", **reserved}, {"a": 4}),
            ("a, **kw", {"a": "4", **reserved}, {"a": "4", "kw": {"sagemaker_mpi_enabled": "true"}}),
            ("a, /, b=1", {"a": "4"}, "main() missing 1 required positional argument: 'a'"),
            ("a", None, "main() missing 1 required positional argument: 'a'"),
            ("a", {}, "main() missing 1 required positional argument: 'a'"),
            ("a", {"b": "1"}, "main() missing 1 required positional argument: 'a'"),
            ("a, b", {"b": "1"}, "main() missing 2 required positional arguments: 'a' and 'b'"),
            ("*, a", {"b": "1"}, "main() missing 1 required keyword-only argument: 'a'"),
        ]
        for parameters, hps, expected in rows:
            with self.subTest(parameters=parameters, hps=hps):
                result = self.call(parameters, hps)
                if isinstance(expected, str):
                    self.assertFailed(result, "TypeError: " + expected, started=True)
                else:
                    self.assertCalled(result, expected)

    def test_wrong_value(self):
        result = self.call("some_float_arg: int", {"some_float_arg": "3.14"})
        self.assertFailed(result, "ValueError: invalid literal for int() with base 10: '3.14'")
        self.assertEqual(result.failure["hint"], "hyperparameter 'some_float_arg' could not be converted")
        self.assertEqual(
            (os.path.basename(result.failure["file"]), result.failure["lineno"], result.failure["function"]),
            ("job.py", 2, "main"),
        )

    def test_wrong_name(self):
        result = self.call("n_layers", {"n_layer": "3"})
        self.assertFailed(result, "TypeError: main() missing 1 required positional argument: 'n_layers'", started=True)
        self.assertEqual(result.failure["hint"], "no hyperparameter is named 'n_layers', but one is named 'n_layer'")

    def test_type_error_of_the_function_is_not_of_the_binding(self):
        result = self.call("", {}, body="len(3)")
        self.assertFailed(result, "TypeError: object of type 'int' has no len()", kind="exception", started=True)

    def test_unreadable_hyperparameters(self):
        result = self.launch({"job.py": "def main(): pass"}, "job:main", raw=b"{nonsense")
        self.assertEqual((result.code, result.failure["kind"]), (1, "binding"), result)
        self.assertTrue(result.failure["line"].startswith("JSONDecodeError: Expecting property name"), result)
        self.assertEqual(self.launch({"job.py": "pass"}, "job", raw=b"{nonsense").code, 0)

    def test_callables(self):
        prelude = """
import functools
def log(f):
    @functools.wraps(f)
    def wrapper(*args, **kwargs): return f(*args, **kwargs)
    return wrapper
@log
def wrapped(n: int): print("wrapped", repr(n))
class C:
    def __call__(self, n: int): print("object", repr(n))
    def method(self, n: int): print("method", repr(n))
instance = C()
method = instance.method
def base(a, n: int): print("partial", a, repr(n))
partial = functools.partial(base, 1)
async def coroutine(n: int): pass
number = 3
"""
        rows = [
            ("wrapped", "wrapped '4'\n"),  # inspect.getfullargspec does not look behind the wrapper
            ("instance", "object 4\n"),
            ("method", "method 4\n"),
            ("instance.method", "method 4\n"),
            ("partial", "partial 1 4\n"),
        ]
        for name, output in rows:
            with self.subTest(name=name):
                result = self.launch({"job.py": prelude}, "job:" + name, hps={"n": "4"})
                self.assertEqual((result.code, result.out), (0, output), result)
        result = self.launch({"job.py": prelude}, "job:wrapped", hps={"n": "4"}, typed=True)
        self.assertEqual(result.out, "wrapped 4\n")
        result = self.launch({"job.py": prelude}, "job:number", hps={"n": "4"})
        self.assertFailed(result, "TypeError: 'int' object is not callable", started=True)

    def test_failure_in_the_users_constructor(self):
        prelude = "class Angle:\n    def __init__(self, text):\n        raise RuntimeError('bad angle ' + text)"
        result = self.call("a: Angle", {"a": "4"}, prelude)
        self.assertFailed(result, "RuntimeError: bad angle 4")
        self.assertEqual(result.failure["source"], "raise RuntimeError('bad angle ' + text)")


class ConversionTests(unittest.TestCase):
    """Annotations that were a crash, and --typed-hyperparameters."""

    PRELUDE = """
import collections.abc, enum, pathlib, typing
from typing import *
class Color(enum.Enum):
    RED = 1
    BLUE = "blue"
class Point:
    def __init__(self, x, y): pass
Number = NewType("Number", int)
T = TypeVar("T")
"""

    def check(self, rows, typed=False, prelude=""):
        for annotation, text, expected in rows:
            with self.subTest(annotation=annotation, text=text, typed=typed):
                scope = {}
                exec(prelude + self.PRELUDE + "def function(a: %s): pass" % annotation, scope)
                if isinstance(expected, type) and issubclass(expected, Exception):
                    with self.assertRaises(expected):
                        bind(scope["function"], {"a": text}, typed)
                    continue
                if callable(expected):
                    expected = expected(scope)
                actual = bind(scope["function"], {"a": text}, typed)["a"]
                self.assertEqual(actual, expected)
                self.assertIs(type(actual), type(expected))

    # No constructor takes a text for these.
    CRASHES = [
        ("Optional[int]", "4", 4),
        ("Optional[int]", "None", None),
        ("Optional[int]", "null", None),
        ("Optional[int]", "3.14", ValueError),
        ("Optional[float]", "1e-3", 0.001),
        ("Optional[str]", "4", "4"),
        ("Optional[str]", "None", None),
        ("Optional[bool]", "False", False),
        ("Optional[bool]", "true", True),
        ("Optional[bool]", "maybe", ValueError),
        ("Optional[list]", "[1, 2]", [1, 2]),
        ("Optional[List[int]]", "[1, 2]", [1, 2]),
        ("Optional[Dict[str, float]]", '{"a": 1}', {"a": 1.0}),
        ("Union[int, str]", "4", 4),
        ("Union[str, int]", "4", 4),
        ("Union[int, str]", "four", "four"),
        ("Union[float, int]", "4", 4),
        ("Union[float, int]", "4.5", 4.5),
        ("Union[int, float]", "nan?", ValueError),
        ("Union[bool, int]", "1", 1),
        ("Union[bool, int]", "True", True),
        ("Union[list, str]", "[1]", [1]),
        ("Union[list, str]", "[1", "[1"),
        ("Union[int, 'float']", "1.5", 1.5),
        ("Optional['Color']", "RED", lambda s: s["Color"].RED),
        ("Any", "4", "4"),
        ("object", "4", "4"),
        ("T", "4", "4"),
        ("None", "None", None),
        ("Literal['a', 'b']", "b", "b"),
        ("Literal['a', 3]", "3", 3),
        ("Literal['a', 'b']", "c", ValueError),
        ("List[int]", "[1, 2]", [1, 2]),
        ("List[str]", "['a', 'b']", ["a", "b"]),
        ("List[int]", '["1", 2]', [1, 2]),
        ("List[int]", "[1.5]", ValueError),
        ("List[int]", "3", ValueError),
        ("List[int]", "1, 2 oops", ValueError),
        ("List", "[1, 'a']", [1, "a"]),
        ("List[List[float]]", "[[1], [2.5]]", [[1.0], [2.5]]),
        ("List[Optional[int]]", "[1, null]", [1, None]),
        ("Tuple[int, float]", "[1, 2]", (1, 2.0)),
        ("Tuple[int, ...]", "(1, 2, 3)", (1, 2, 3)),
        ("Tuple[int, float]", "[1]", ValueError),
        ("Set[int]", "[1, 1]", {1}),
        ("FrozenSet[int]", "[1, 1]", frozenset({1})),
        ("Sequence[int]", "[1]", [1]),
        ("Iterable", "[1]", [1]),
        ("collections.abc.Sequence", "[1]", [1]),
        ("Dict[str, int]", "{'a': 1}", {"a": 1}),
        ("Mapping[str, int]", '{"a": "1"}', {"a": 1}),
        ("Dict[str, int]", "[1]", ValueError),
        ("dict", '{"a": 1}', {"a": 1}),
        ("dict", "nonsense", ValueError),
        ("Color", "RED", lambda s: s["Color"].RED),
        ("Color", "1", lambda s: s["Color"].RED),
        ("Color", "Color.RED", lambda s: s["Color"].RED),
        ("Color", "GREEN", ValueError),
        ("Point", "4", TypeError),
    ]
    # These work, well or not, and stay.
    STAY = [
        ("bool", "False", True),
        ("list", "[1]", ["[", "1", "]"]),
        ("tuple", "12", ("1", "2")),
        ("int", "3.14", ValueError),
        ("pathlib.Path", "a/b", lambda s: s["pathlib"].Path("a/b")),
        ("Color", "blue", lambda s: s["Color"].BLUE),
        ("Number", "4", "4"),
        ("complex", "1j", 1j),
        ("str.upper", "a", "A"),
    ]
    TYPED = [
        ("bool", "False", False),
        ("bool", "true", True),
        ("bool", "0", False),
        ("bool", "1", True),
        ("bool", "yes", ValueError),
        ("int", "4", 4),
        ("int", "3.14", ValueError),
        ("float", "1e-3", 0.001),
        ("str", "4", "4"),
        ("list", "[1, 2]", [1, 2]),
        ("list", "nonsense", ValueError),
        ("tuple", "[1]", (1,)),
        ("dict", '{"a": [1]}', {"a": [1]}),
        ("set", "[1]", {1}),
        ("Number", "4", 4),
        ("pathlib.Path", "a/b", lambda s: s["pathlib"].Path("a/b")),
    ]

    def test_crashes(self):
        self.check(self.CRASHES)

    def test_stay(self):
        self.check(self.STAY)

    def test_typed(self):
        self.check(self.TYPED + [row for row in self.CRASHES if row[0] != "Point"], typed=True)

    def test_postponed(self):
        postponed = "from __future__ import annotations\n"
        self.check(self.CRASHES + self.STAY, prelude=postponed)
        self.check(self.TYPED, typed=True, prelude=postponed)
        # A text in a text, and a name that only type checkers know.
        self.check([("'int'", "4", 4), ("TypeCheckersOnly", "4", "4")], prelude=postponed)

    def test_operator(self):
        rows = [("int | None", "4", 4), ("int | None", "None", None), ("float | int | str", "x", "x")]
        rows += [("None | Optional[int] | bool", "true", True)]
        self.check(rows, prelude="from __future__ import annotations\n")
        if VERSION >= (3, 10):
            self.check(rows)

    @unittest.skipIf(VERSION < (3, 9), "of Python 3.9")
    def test_newer_forms(self):
        self.check(
            [
                ("Annotated[int, 'x']", "4", 4),
                ("Annotated[Optional[int], 'x']", "4", 4),
                ("dict[str, int]", '{"a": 1}', {"a": 1}),
                ("list[int]", "12", ["1", "2"]),  # calls list(); stays
                ("Optional[list[int]]", "[1]", [1]),
            ]
        )
        self.check([("list[int]", "[1, 2]", [1, 2]), ("tuple[int, int]", "[1, 2]", (1, 2))], typed=True)

    @unittest.skipIf(VERSION < (3, 12), "of Python 3.12")
    def test_type_alias(self):
        self.check([("Alias", "4", 4), ("Alias", "None", None)], prelude="type Alias = int | None\n")


if __name__ == "__main__":
    unittest.main()
