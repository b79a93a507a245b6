"""Runs the entry point of a Braket hybrid job. The text of this file is given to `python -c`.

    python -c <launcher.py> ENTRY CODE EXTRACTED PROGRAM HP_FILE TYPED REPORT_FD SLOW_FD [ARGUMENT ...]

ENTRY      `pkg.mod:function` or `pkg.mod` (run like `python -m`)
CODE       folder of the harness, becomes sys.path[0]; the runner also makes it the working directory
EXTRACTED  folder of the user's code, appended to sys.path; working directory of the user's code
PROGRAM    sys.argv[0] of the user's code; ARGUMENTs follow it
HP_FILE    hyperparameters.json, or empty: call the function without arguments
TYPED      1: --typed-hyperparameters, 0: pass each text through its annotation as a constructor; an s behind it: SIGUSR1
           writes the stacks (--stall)
REPORT_FD  where the report goes, or -1
SLOW_FD    a seekable descriptor that holds the text of launcher_slow.py

The report is JSON lines: {"stage":"start"} just before the user's function or script begins, and one object with
"kind" if it fails; launcher_slow.py describes its fields. What faulthandler has to say when a fault or abort() ends
the interpreter, or one that it forked, stands there as well. {"usr1":"taken"} says that the user's code wants SIGUSR1
for itself; until then that signal writes all threads' stacks between the lines. Nothing is written to stdout.

Every job pays for what is here: an empty interpreter starts in 6 ms, `import json` adds 5, `inspect` 9, `runpy` 3.
So this file imports only what the interpreter has already loaded, and what is needed rarely (reports, other
callables than plain functions, annotations other than str, int, float and bool) waits uncompiled in launcher_slow.py.
Python 3.8 and later, standard library only.
"""

import os
import sys


class Launch:
    def __init__(self, entry, code, extracted, program, hp_file, typed, report_fd, slow_fd, *arguments):
        self.entry = entry
        self.code = code
        self.extracted = extracted
        self.hp_file = hp_file
        self.typed = typed.startswith("1")
        self.wants_stacks = typed.endswith("s")
        self.pid = os.getpid()
        self.report_fd = PrivateDescriptor(int(report_fd))
        self.slow_fd = PrivateDescriptor(int(slow_fd))
        self.note_crashes()
        # For the report: import, lookup, binding, running; and what was being bound.
        self.phase = "import"
        self.function = None
        self.hyperparameters = None
        self.parameter = None

        sys.argv = [program, *arguments]
        # `-c` puts "" there, the working directory of the moment; `python PROGRAM` would have put its folder.
        # In safe-path mode both put nothing.
        if sys.path[:1] == [""] and not (getattr(sys.flags, "safe_path", False) or sys.flags.isolated):
            sys.path[0] = code
        # Last, so that a user's queue.py or test.py does not hide the standard library's.
        if extracted not in sys.path:
            sys.path.append(extracted)

    def note_crashes(self):
        """Has the Python frames of a crash written to the report; what the user chose for them comes first."""
        if self.report_fd.identity is None:
            return
        try:
            import faulthandler  # built in: 0.1 ms
        except ImportError:
            return
        if faulthandler.is_enabled():  # PYTHONFAULTHANDLER
            return
        # A number that is not given to a file of the user's as soon as they close all descriptors from 3 on.
        number = 255
        try:
            os.fstat(number)
            number = self.report_fd.number
        except OSError:
            try:
                os.dup2(self.report_fd.number, number, inheritable=False)
            except OSError:  # the limit of open files is lower
                number = self.report_fd.number
        faulthandler.enable(number)

    def run(self):
        if self.wants_stacks:
            offer_stacks(self)
        try:
            if ":" in self.entry:
                self.call_function()
            else:
                self.run_module()
        except SystemExit as error:
            if not (error.code is None or isinstance(error.code, int) and error.code & 0xFF == 0):
                self.report_failure(error)
            raise
        except BaseException as error:
            self.report_failure(error)
            self.print_failure(error)
            # Not by re-raising: this frame would head the traceback, and an unhandled KeyboardInterrupt
            # would end the interpreter by SIGINT.
            sys.exit(1)

    # ENTRY forms

    def call_function(self):
        module_name, _, attributes = self.entry.partition(":")
        # The import statement's function drops the import system's frames from tracebacks; import_module does not.
        __import__(module_name)
        self.phase = "lookup"
        function = sys.modules[module_name]
        for attribute in attributes.split("."):
            function = getattr(function, attribute)
        self.phase = "binding"
        self.function = function
        arguments = self.bind(function)
        os.chdir(self.extracted)
        self.start()
        function(**arguments)

    def run_module(self):
        os.chdir(self.extracted)
        spec, code = self.find_module(self.entry) or self.slow("find_module")(self, self.entry)
        main = type(sys)("__main__")
        main.__dict__.update(
            __builtins__=__builtins__,
            __cached__=spec.cached,
            __file__=spec.origin,
            __loader__=spec.loader,
            __package__=spec.parent,
            __spec__=spec,
        )
        # Pickles name the script's own functions `__main__.f`, and the children of multiprocessing find the script
        # by `__spec__`. The old module stays alive: this code still runs in its namespace.
        self.old_main = sys.modules["__main__"]
        sys.modules["__main__"] = main
        self.start()
        exec(code, main.__dict__)

    def find_module(self, name):
        """The ordinary case of runpy's search; None leaves packages, errors and their wording to runpy."""
        parent, path = name.rpartition(".")[0], None
        if parent:
            try:
                __import__(parent)
            except ImportError as error:
                if error.name is None or not (parent + ".").startswith(error.name + "."):
                    raise
                return None
            path = getattr(sys.modules[parent], "__path__", None)
        if name in sys.modules or (parent and path is None):
            return None
        for finder in sys.meta_path:
            if not hasattr(finder, "find_spec"):
                return None
            spec = finder.find_spec(name, path)
            if spec is not None:
                if spec.submodule_search_locations is not None or not hasattr(spec.loader, "get_code"):
                    return None
                code = spec.loader.get_code(name)
                return code and (spec, code)
        return None

    # Hyperparameters

    def bind(self, function):
        """The keyword arguments that `inspect.signature(function).bind(**hyperparameters)` allows.

        All hyperparameters must bind; if not, the function is called without arguments. The jobs of the SDK's
        @hybrid_job decorator depend on that: they list hyperparameters and call `def fn():`.
        """
        if not self.hp_file:
            return {}
        values = self.hyperparameters = read_hyperparameters(self.hp_file)
        if not isinstance(values, dict):
            return {}
        # inspect looks at attributes such as __wrapped__ and __signature__, and its treatment of
        # positional-only parameters differs between versions.
        if type(function) is not type(read_hyperparameters) or function.__dict__:
            return self.slow("bind")(self, function, values)
        code = function.__code__
        if code.co_posonlyargcount:
            return self.slow("bind")(self, function, values)

        positional = code.co_argcount
        names = code.co_varnames[: positional + code.co_kwonlyargcount]
        optional = function.__kwdefaults__ or {}
        required = names[: positional - len(function.__defaults__ or ())]
        required += tuple([name for name in names[positional:] if name not in optional])
        takes_any = bool(code.co_flags & 0x08)  # inspect.CO_VARKEYWORDS
        for name in required:
            if name not in values:
                return self.slow("bind")(self, function, values)
        if not takes_any:
            for name in values:
                if name not in names:
                    return self.slow("bind")(self, function, values) if required else {}

        # The names of *args and **kwargs and "return" are looked up as well, as in inspect.getfullargspec.
        names = code.co_varnames[: len(names) + takes_any + bool(code.co_flags & 0x04)] + ("return",)
        try:
            annotations = function.__annotations__
        except Exception:  # Python 3.14 evaluates them here
            return self.slow("bind")(self, function, values)
        annotations = {name: annotations[name] for name in annotations if name in names}
        arguments = {}
        for name, value in values.items():
            self.parameter = name
            annotation = annotations.get(name, str)
            if annotation is str or annotation is int or annotation is float or annotation is bool and not self.typed:
                arguments[name] = annotation(value)
            else:
                arguments[name] = self.slow("convert")(self, function, annotation, value)
        self.parameter = None
        return arguments

    # Reports

    def start(self):
        self.phase = "running"
        self.write(b'{"stage":"start"}\n')

    def write(self, line):
        # A child the user forked may come back through these frames; the report is of the first process.
        if os.getpid() == self.pid and self.report_fd.is_ours():
            while line:
                line = line[os.write(self.report_fd.number, line) :]

    def report_failure(self, error):
        try:
            self.slow("report_failure")(self, error)
        except BaseException:
            # The user closed the descriptors, or memory ran out: the traceback and the exit code must still come.
            try:
                self.report_briefly(error)
            except BaseException:
                pass

    def report_briefly(self, error):
        """What can be said without importing anything."""
        if isinstance(error, SystemExit):
            return
        name, message = type(error).__name__, str(error)
        text = name + ": " + message if message and message.isprintable() else name
        name, text = (
            value.replace("\\", "/").replace('"', "'")[:2000].encode("utf-8", "replace") for value in (name, text)
        )
        number = getattr(error, "errno", None)
        number = b"%d" % number if isinstance(number, int) else b"null"
        classes = b'["MemoryError"]' if isinstance(error, MemoryError) else b"[]"
        self.write(
            b'{"kind":"exception","type":"%s","line":"%s","errno":%s,"classes":%s}\n' % (name, text, number, classes)
        )

    def print_failure(self, error):
        """What the interpreter does with an unhandled exception."""
        details = type(error), error, error.__traceback__
        sys.last_type, sys.last_value, sys.last_traceback = details
        sys.last_exc = error
        try:
            sys.excepthook(*details)
        except SystemExit:
            raise
        except BaseException:
            sys.__excepthook__(*sys.exc_info())
            sys.__excepthook__(*details)

    def slow(self, name):
        """A function of launcher_slow.py, which is compiled at the first call."""
        functions = self.__dict__.get("slow_functions")
        if functions is None:
            if not self.slow_fd.is_ours():
                raise RuntimeError("the launcher's descriptor was closed")
            number = self.slow_fd.number
            text = os.pread(number, os.fstat(number).st_size, 0)
            functions = {"__name__": "braket_runner_launcher"}
            exec(compile(text, "<braket-runner>", "exec"), functions)
            self.slow_functions = functions
        return functions[name]


class PrivateDescriptor:
    """An inherited descriptor that the user's children do not get."""

    def __init__(self, number):
        self.number = number
        self.identity = None
        if number >= 0:
            os.set_inheritable(number, False)
            self.identity = os.fstat(number)[1:3]

    def is_ours(self):
        """False if the user closed it; the number may then belong to a file of theirs."""
        try:
            return self.identity is not None and os.fstat(self.number)[1:3] == self.identity
        except OSError:
            return False


def offer_stacks(launch):
    """Lets SIGUSR1 write the stacks of all threads to the report, until the user's code touches that signal.

    The runner asks so when the script has done nothing for long. The three functions by which Python code can take a
    signal are wrapped: at their first use for SIGUSR1 all becomes as it was without us.
    """
    try:
        import _signal
        import faulthandler

        faulthandler.register(_signal.SIGUSR1, launch.report_fd.number)
    except Exception:  # an interpreter without faulthandler, or no report: nobody can ask then
        return
    launch.offers_stacks = True
    _signal.signal = watched(launch, _signal.signal)
    faulthandler.register = watched(launch, faulthandler.register)
    faulthandler.unregister = watched(launch, faulthandler.unregister)


def watched(launch, function):
    def wrapper(*args, **kwargs):
        if kwargs.get("signum", args[:1]) in (10, (10,)):  # SIGUSR1
            try:
                launch.slow("withdraw_stacks")(launch)
            except Exception:  # the user closed the descriptors: then nobody asks for stacks either
                pass
        return function(*args, **kwargs)

    wrapper.__name__ = wrapper.__qualname__ = function.__name__
    wrapper.__module__, wrapper.__doc__, wrapper.__wrapped__ = function.__module__, function.__doc__, function
    return wrapper


def read_hyperparameters(path):
    """json.load, without importing json for a flat map of texts without escapes, which it nearly always is."""
    with open(path, "rb") as file:
        data = file.read()
    if data.strip() == b"{}":
        return {}
    try:
        pieces = data.decode().split('"')
    except UnicodeDecodeError:
        pieces = []
    texts, count = pieces[1::2], len(pieces) // 4
    separators = ["{"] + [":", ","] * count
    separators[-1] = "}"
    if (
        count
        and len(pieces) % 4 == 1
        and [piece.strip(" \t\r\n") for piece in pieces[::2]] == separators
        and b"\\" not in data
        and "".join(texts).isprintable()
    ):
        return dict(zip(texts[::2], texts[1::2]))
    import json

    return json.loads(data)


Launch(*sys.argv[1:]).run()
