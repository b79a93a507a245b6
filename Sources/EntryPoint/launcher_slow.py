"""What launcher.py needs rarely. It reads this text from SLOW_FD and runs it at the first need.

The object written to REPORT_FD when the job's code fails, one line of JSON:

kind       missing-entry  the entry module or its attribute does not exist
           import         an ImportError of something else while the entry module was imported or run
           binding        the hyperparameters did not fit the function
           exit           SystemExit with a text or a code that is not 0
           exception      anything else
type       name of the exception's class          message    str(error)
line       `Type: message`, or `Type` without a message: the text braket_container.py wrote to the failure file
file, lineno, function, source
           the deepest frame in the user's files, or the deepest frame; null if there is none
traceback  what was printed, at most 256 KiB
exit_code  what the process ends with
module     the module an ImportError names, or null
hint       one sentence for the user, or null

About the exception or, if it says nothing, the ones it came from:
classes    names of the classes and their bases, without the most general ones
errno      number of an OSError                 filename   the file it names
service    the error code of a boto3 ClientError, such as AccessDenied
limits     this process's own limits where they matter: nofile, as, data, fsize, nproc; null is none
"""

import os
import sys

TEXT_LIMIT = 64 * 1024
TRACEBACK_LIMIT = 256 * 1024


# Stacks


def withdraw_stacks(launch):
    """SIGUSR1 as it was before the launcher: the user's code is about to take it."""
    import _signal
    import faulthandler

    if launch.offers_stacks:
        launch.offers_stacks = False
        getattr(faulthandler.unregister, "__wrapped__", faulthandler.unregister)(_signal.SIGUSR1)
        launch.write(b'{"usr1":"taken"}\n')


# The no-colon form


def find_module(launch, name):
    import runpy

    # Private, but it is what run_module calls, and has kept its form since Python 2.6.
    _, spec, code = runpy._get_module_details(name)
    return spec, code


# Binding


def bind(launch, function, values):
    import inspect

    signature = signature_of(function)
    if signature is None:
        return {}

    def binds(arguments):
        try:
            signature.bind(**arguments)
        except TypeError:
            return False
        return True

    chosen = values
    if not binds(values):
        # Without arguments it must be, as ever, unless that cannot work either.
        if binds({}):
            return {}
        chosen = {name: value for name, value in values.items() if not is_reserved(name)}
        if not binds(chosen):
            by_keyword = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
            known = {name for name, parameter in signature.parameters.items() if parameter.kind in by_keyword}
            chosen = {name: value for name, value in chosen.items() if name in known}
            if not binds(chosen):
                return {}

    annotations = annotations_of(function, signature, launch.typed)
    arguments = {}
    for name, value in chosen.items():
        launch.parameter = name
        arguments[name] = convert(launch, function, annotations.get(name, str), value)
    launch.parameter = None
    return arguments


def is_reserved(name):
    # What sagemaker-training keeps from the user's arguments (its params.py).
    return name.startswith("sagemaker_") or name in ("_tuning_objective_metric", "default_user_module_name")


def signature_of(function):
    import inspect

    try:
        return inspect.signature(function)
    except (TypeError, ValueError):  # not callable, or a builtin that does not tell
        return None
    except Exception:
        # Python 3.14 evaluates annotations only now; one of them names what is not there.
        import annotationlib

        return inspect.signature(function, annotation_format=annotationlib.Format.FORWARDREF)


def annotations_of(function, signature, typed):
    """As inspect.getfullargspec sees them, which does not look behind functools.wraps: there all values stay texts.

    --typed-hyperparameters does look behind it.
    """
    import inspect

    if not typed:
        try:
            return inspect.getfullargspec(function).annotations
        except Exception:
            pass
    empty = inspect.Parameter.empty
    return {name: p.annotation for name, p in signature.parameters.items() if p.annotation is not empty}


# Conversion


def convert(launch, function, annotation, value):
    """The annotation used as a constructor; only where that cannot work, by what the annotation means."""
    namespace = namespace_of(function)
    if launch.typed:
        return interpret(annotation, value, namespace)
    if isinstance(annotation, str):
        # A postponed annotation means the same as one that is not.
        annotation = evaluate(annotation, namespace)
    try:
        return annotation(value)
    except (TypeError, ValueError) as error:
        # An int("3.14") was always a ValueError and stays one. dict(text) is a ValueError for every text.
        if isinstance(error, ValueError) and not is_class(annotation, dict) and not is_enum(annotation):
            raise
        failure = error
    try:
        return interpret(annotation, value, namespace)
    except NotUnderstood:
        raise failure


class NotUnderstood(Exception):
    """An annotation that says nothing but its constructor."""


def interpret(annotation, value, namespace):
    import typing

    annotation = simplify(annotation, namespace)
    if annotation is typing.Any or annotation is object or isinstance(annotation, typing.TypeVar):
        return value
    if annotation is None or annotation is type(None):
        if is_null(value):
            return None
        raise ValueError("not None: %r" % (value,))

    origin = getattr(annotation, "__origin__", None)
    parameters = getattr(annotation, "__args__", None) or ()
    if is_union(annotation, origin):
        return interpret_union(parameters, value, namespace)
    if origin is getattr(typing, "Literal", Ellipsis):
        for choice in parameters:
            if value == choice and type(value) is type(choice) or value == str(getattr(choice, "value", choice)):
                return choice
        raise ValueError("%r is not one of %s" % (value, ", ".join(map(repr, parameters))))

    kind = origin or annotation
    if not isinstance(kind, type):
        raise NotUnderstood
    if kind is bool:
        return interpret_bool(value)
    if is_enum(kind):
        return interpret_enum(kind, value)
    for container, made_of in containers():
        if kind is container or container is dict and issubclass(kind, dict):
            return interpret_container(kind, made_of, parameters, value, namespace)
    if kind is int and isinstance(value, float) and not value.is_integer():
        raise ValueError("not an integer: %r" % value)
    try:
        return value if isinstance(value, kind) else kind(value)
    except TypeError:
        raise NotUnderstood


def simplify(annotation, namespace):
    """What a text, a forward reference, Annotated, NewType or a type alias stands for."""
    for _ in range(32):
        if isinstance(annotation, str):
            annotation = evaluate(annotation, namespace)
        elif hasattr(annotation, "__forward_arg__"):
            annotation = evaluate(annotation.__forward_arg__, namespace)
        elif hasattr(annotation, "__metadata__"):
            annotation = annotation.__origin__
        elif hasattr(annotation, "__supertype__"):
            annotation = annotation.__supertype__
        elif type(annotation).__name__ == "TypeAliasType":
            annotation = annotation.__value__
        else:
            break
    return annotation


def interpret_union(members, value, namespace):
    members = [simplify(member, namespace) for member in members]
    if type(None) in members and is_null(value):
        return None
    # The narrowest first, so that "1" is an int for `float | int` and for `bool | int`; a text fits anything.
    narrow = [int, float, complex, bool]
    order = {int: 0, float: 1, complex: 2, bool: 3, str: 5}
    failure = None
    for member in sorted(members, key=lambda member: order.get(member, 4) if is_hashable(member) else 4):
        if member is type(None):
            continue
        if not isinstance(value, str) and member in narrow and type(value) is not member:
            if type(value) in members:
                continue
        try:
            return interpret(member, value, namespace)
        except (TypeError, ValueError) as error:
            failure = failure or error
        except NotUnderstood:
            pass
    raise failure or NotUnderstood()


def interpret_bool(value):
    words = {"true": True, "1": True, "false": False, "0": False}
    try:
        return words[str(value).strip().lower()]
    except KeyError:
        raise ValueError("invalid literal for bool(): %r" % (value,)) from None


def interpret_enum(kind, value):
    for member in kind:
        if value == member.value or value == member.name or value == str(member.value) or value == str(member):
            return member
    raise ValueError("%r is not a valid %s" % (value, kind.__name__))


def interpret_container(kind, made_of, parameters, value, namespace):
    items = parse(value) if isinstance(value, str) else value
    if made_of is dict:
        if not isinstance(items, dict):
            raise ValueError("not a JSON object: %r" % (value,))
        if len(parameters) == 2:
            items = {
                interpret_item(parameters[0], key, namespace): interpret_item(parameters[1], item, namespace)
                for key, item in items.items()
            }
        return kind(items) if isinstance(kind, type) and issubclass(kind, dict) else items
    if not isinstance(items, (list, tuple, set, frozenset)):
        raise ValueError("not a JSON array: %r" % (value,))
    if made_of is tuple and parameters and Ellipsis not in parameters:
        if len(parameters) != len(items):
            raise ValueError("%d items expected: %r" % (len(parameters), value))
        return tuple(interpret_item(p, item, namespace) for p, item in zip(parameters, items))
    if parameters:
        items = [interpret_item(parameters[0], item, namespace) for item in items]
    return made_of(items)


def interpret_item(annotation, item, namespace):
    try:
        return interpret(annotation, item, namespace)
    except NotUnderstood:
        return item


def parse(text):
    import ast
    import json

    try:
        return json.loads(text)
    except ValueError:
        pass
    # The SDK sends str(value) of what the user gave it, so lists of texts and dicts arrive as Python literals.
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise ValueError("neither JSON nor a Python literal: %r" % (text,)) from None


def containers():
    import collections.abc as abc

    for container in (list, tuple, set, frozenset, dict):
        yield container, container
    for name in ("Sequence", "MutableSequence", "Iterable", "Collection", "Reversible", "Container"):
        yield getattr(abc, name), list
    for name in ("Set", "MutableSet"):
        yield getattr(abc, name), set
    for name in ("Mapping", "MutableMapping"):
        yield getattr(abc, name), dict


def is_null(value):
    return value is None or isinstance(value, str) and value.strip() in ("None", "null", "")


def is_union(annotation, origin):
    import types
    import typing

    return origin is typing.Union or isinstance(annotation, getattr(types, "UnionType", ()))


def is_class(annotation, base):
    annotation = getattr(annotation, "__origin__", annotation)
    return isinstance(annotation, type) and issubclass(annotation, base)


def is_enum(annotation):
    enum = sys.modules.get("enum")  # without it the user cannot have made one
    return enum is not None and is_class(annotation, enum.Enum)


def is_hashable(value):
    try:
        hash(value)
    except TypeError:
        return False
    return True


def namespace_of(function):
    return getattr(definition_of(function), "__globals__", {})


def definition_of(function):
    """The Python function behind a decorator, method, partial, class or callable object."""
    for _ in range(64):
        if hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        elif hasattr(function, "__func__"):
            function = function.__func__
        elif hasattr(function, "func"):
            function = function.func
        elif isinstance(function, type):
            return function.__init__
        else:
            break
    if not hasattr(function, "__code__"):
        function = getattr(type(function), "__call__", function)
    return function


def evaluate(text, namespace):
    """The value of a postponed annotation. One that only type checkers can resolve leaves the text a text."""
    try:
        return eval(text, dict(namespace))
    except Exception:
        pass
    # `int | None` is older, as a postponed annotation, than the operator (3.10).
    import ast
    import typing

    class Unions(ast.NodeTransformer):
        def visit_BinOp(self, node):
            self.generic_visit(node)
            if not isinstance(node.op, ast.BitOr):
                return node
            union = ast.parse("__union__[0, 0]", mode="eval").body
            index = union.slice if isinstance(union.slice, ast.Tuple) else union.slice.value
            index.elts = [node.left, node.right]
            return union

    try:
        tree = ast.fix_missing_locations(Unions().visit(ast.parse(text, mode="eval")))
        return eval(compile(tree, "<annotation>", "eval"), dict(namespace, __union__=typing.Union))
    except Exception:
        return str


# The report


def report_failure(launch, error):
    # Open files may have run out, and every import below needs one; this text is loaded, its descriptor is not needed.
    if launch.slow_fd.is_ours():
        os.close(launch.slow_fd.number)
    for link in chain(error):
        link.__traceback__ = without_launcher(link.__traceback__, launch)
    frames = frames_of(error)
    kind = kind_of(launch, error, frames)
    message = text_of(error)
    name = type(error).__name__
    record = {
        "kind": kind,
        "type": name,
        "message": message,
        "line": "%s: %s" % (name, message) if message else name,
        "exit_code": exit_code_of(error),
        "module": getattr(error, "name", None) if isinstance(error, ImportError) else None,
    }
    record.update(zip(("file", "lineno", "function", "source"), place_of(launch, error, frames, kind)))
    hint = record["hint"] = hint_for(launch, error, kind)
    if hint and hasattr(error, "add_note"):  # Python 3.11: the note is part of what is printed
        error.add_note(hint)
    record["traceback"] = traceback_of(error)

    import json

    clean = {key: sendable(record[key], TRACEBACK_LIMIT if key == "traceback" else TEXT_LIMIT) for key in record}
    clean.update(causes_of(error))
    launch.write(json.dumps(clean, ensure_ascii=False).encode() + b"\n")


def causes_of(error):
    """What the verdict is decided from beside the words."""
    general = ("object", "BaseException", "Exception", "OSError", "RuntimeError", "ValueError")
    found = {"classes": [], "errno": None, "filename": None, "service": None, "limits": None}
    for link in chain(error):
        for kind in type(link).__mro__:
            name = sendable(kind.__name__, 200)
            if name not in general and name not in found["classes"] and len(found["classes"]) < 40:
                found["classes"].append(name)
        number = getattr(link, "errno", None)
        if found["errno"] is None and isinstance(link, OSError) and isinstance(number, int):
            found["errno"] = int(number)
            if isinstance(link.filename, (str, bytes)):
                found["filename"] = sendable(os.fsdecode(link.filename), 4096)
        if found["service"] is None:
            found["service"] = service_code(link)
    import errno

    if "MemoryError" in found["classes"] or found["errno"] in (errno.EMFILE, errno.EFBIG, errno.ENOMEM, errno.EAGAIN):
        found["limits"] = limits()
    return found


def service_code(error):
    try:
        return sendable(error.response["Error"]["Code"], 200)
    except Exception:  # not botocore's, and may be anything
        return None


def limits():
    import resource

    found = {}
    for name in ("nofile", "as", "data", "fsize", "nproc"):
        soft = resource.getrlimit(getattr(resource, "RLIMIT_" + name.upper()))[0]
        found[name] = None if soft == resource.RLIM_INFINITY else soft
    return found


def chain(error):
    pending, seen = [error], set()
    while pending:
        link = pending.pop()
        if link is not None and id(link) not in seen:
            seen.add(id(link))
            yield link
            pending += [link.__cause__, link.__context__]


def without_launcher(trace, launch):
    """The frames from the first that is not the launcher's or the import system's."""
    ours = type(launch).run.__globals__, globals()
    machinery = ("runpy", "importlib", "importlib.util", "importlib._bootstrap", "importlib._bootstrap_external")
    while trace is not None:
        names = trace.tb_frame.f_globals
        # Not by `__name__` alone: `_frozen_importlib` has a different one in some versions.
        frozen = trace.tb_frame.f_code.co_filename.startswith("<frozen ")
        if not frozen and not any(names is our for our in ours) and names.get("__name__") not in machinery:
            return trace
        trace = trace.tb_next
    return None


def frames_of(error):
    frames, trace = [], error.__traceback__
    while trace is not None:
        # A wrapper of ours may stand between the user's code and a refused signal.
        if "offer_stacks" not in trace.tb_frame.f_globals:
            frames.append((trace.tb_frame.f_code.co_filename, trace.tb_lineno, trace.tb_frame.f_code.co_name))
        trace = trace.tb_next
    return frames


def kind_of(launch, error, frames):
    if isinstance(error, SystemExit):
        return "exit"
    in_script = ":" not in launch.entry
    if launch.phase == "lookup" and isinstance(error, AttributeError):
        return "missing-entry"
    if launch.phase == "import" and isinstance(error, ImportError):
        module = launch.entry.partition(":")[0]
        names_entry = isinstance(error, ModuleNotFoundError) and (module + ".").startswith(str(error.name) + ".")
        # Raised by no line of the user's: by runpy, which names no module.
        if names_entry or in_script and not frames:
            return "missing-entry"
    if isinstance(error, ImportError) and (launch.phase == "import" or in_script):
        return "import"
    if launch.phase == "binding" or is_refused_call(launch, error, frames):
        return "binding"
    return "exception"


def is_refused_call(launch, error, frames):
    """The call itself failed: no line of the function has run."""
    return launch.phase == "running" and isinstance(error, TypeError) and not frames and ":" in launch.entry


def exit_code_of(error):
    if not isinstance(error, SystemExit):
        return 1
    if error.code is None:
        return 0
    return error.code & 0xFF if isinstance(error.code, int) else 1


def text_of(error):
    try:
        return str(error)
    except Exception:
        return "<str() of the exception failed>"


def place_of(launch, error, frames, kind):
    if isinstance(error, SyntaxError) and error.filename and not any(below(f[0], launch.extracted) for f in frames):
        source = error.text.strip() if isinstance(error.text, str) else None
        return error.filename, error.lineno, "<module>", source
    if not frames and kind == "binding":
        code = getattr(definition_of(launch.function), "__code__", None)
        if code is not None:
            frames = [(code.co_filename, code.co_firstlineno, code.co_name)]
    if not frames:
        return None, None, None, None
    for folder in (launch.extracted, launch.code):
        inside = [frame for frame in frames if below(frame[0], folder)]
        if inside:
            break
    else:
        inside = frames

    import linecache

    file, line, function = inside[-1]
    return file, line, function, linecache.getline(file, line).strip() or None


def below(file, folder):
    # Both spellings, for /opt/braket is a link to /opt/ml. Packages in a virtual environment are not the user's.
    if "-packages" + os.sep in file:
        return False
    return file.startswith(os.path.join(folder, "")) or os.path.realpath(file).startswith(
        os.path.join(os.path.realpath(folder), "")
    )


def hint_for(launch, error, kind):
    if kind != "binding":
        return None
    if launch.parameter is not None:
        return "hyperparameter %r could not be converted" % launch.parameter
    if launch.phase != "running" or not isinstance(launch.hyperparameters, dict):
        return None

    import difflib
    import inspect

    signature = signature_of(launch.function)
    if signature is None:
        return None
    given = [name for name in launch.hyperparameters if not is_reserved(name)]
    empty = inspect.Parameter.empty
    missing = [
        name
        for name, p in signature.parameters.items()
        if p.default is empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD) and name not in given
    ]
    unknown = [name for name in given if name not in signature.parameters]
    hints = []
    for name in missing:
        close = difflib.get_close_matches(name, unknown, 1)
        hints.append("no hyperparameter is named %r%s" % (name, ", but one is named %r" % close[0] if close else ""))
    return "; ".join(hints) or None


def traceback_of(error):
    import traceback

    try:
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    except Exception:
        return None
    if len(text) > TRACEBACK_LIMIT // 4:
        data = text.encode("utf-8", "backslashreplace")
        if len(data) > TRACEBACK_LIMIT:
            # A chain begins with its cause and ends with the exception that came out.
            mark = b"\n[...]\n"
            half = (TRACEBACK_LIMIT - len(mark)) // 2
            text = (data[:half] + mark + data[-half:]).decode("utf-8", "ignore")
    return text


def sendable(value, limit):
    """Texts limited, and with escapes for what UTF-8 cannot say, such as the surrogates of an odd file name."""
    if value is None or isinstance(value, int):
        return value
    return str(value).encode("utf-8", "backslashreplace")[:limit].decode("utf-8", "ignore")
