"""Says what launcher.py would run, for a dry run: `python -c <describe.py> ENTRY CODE EXTRACTED`.

No code of the user's is run, not even that of parent packages. One JSON object on stdout:

found      the module exists; for the form without colon: and can be run (a package has a __main__)
file       its file, or null; also when found is false, for a package without __main__
function   what follows the colon, or null
defined    true, false, or "unknown" (made at run time, or not Python source); null without colon
signature  `main(n: int, verbose: bool = False)`, or null if the source does not show it
parameters [{"name", "kind", "annotation", "default"}], kinds as inspect names them; null like signature
async      the function is a coroutine function, which the container calls but never awaits
error      what is wrong, in words, or null
"""

import ast
import importlib.machinery
import json
import os
import sys


def main(entry, code, extracted):
    if sys.path[:1] == [""]:
        sys.path[0] = code
    if extracted not in sys.path:
        sys.path.append(extracted)

    module, colon, attributes = entry.partition(":")
    answer = dict.fromkeys(["file", "function", "defined", "signature", "parameters", "error"])
    answer.update({"found": False, "async": False, "function": attributes if colon else None})
    spec, missing = find(module)
    if spec is not None and not colon and spec.submodule_search_locations is not None:
        answer["file"] = file_of(spec)
        spec, missing = find(module + ".__main__")
        if spec is None:
            answer["error"] = "%r is a package without a __main__ module" % module
    if spec is None:
        answer["error"] = answer["error"] or "No module named %r" % missing
    else:
        answer.update(found=True, file=file_of(spec))
        if colon:
            answer.update(look_up(spec, attributes))
    print(json.dumps(answer))


def find(name):
    """The module's spec and None, or None and the part of the name that is missing."""
    path, spec, done = None, None, []
    for part in name.split("."):
        done.append(part)
        if spec is not None and spec.submodule_search_locations is None:
            return None, ".".join(done)
        spec = find_part(".".join(done), path)
        if spec is None:
            return None, ".".join(done)
        if spec.submodule_search_locations is not None:
            path = list(spec.submodule_search_locations)
            # The path of a namespace package inside this one is computed from this one's, found by name.
            package = type(sys)(spec.name)
            package.__path__ = path
            sys.modules.setdefault(spec.name, package)
    return spec, None


def find_part(name, path):
    # The finders of sys.meta_path without those that site-packages added, which may import what they find.
    for finder in (importlib.machinery.BuiltinImporter, importlib.machinery.FrozenImporter):
        if path is None:
            spec = finder.find_spec(name)
            if spec is not None:
                return spec
    return importlib.machinery.PathFinder.find_spec(name, path)


def file_of(spec):
    if spec.origin and os.path.exists(spec.origin):
        return spec.origin
    locations = spec.submodule_search_locations
    return next(iter(locations), None) if locations else None


def look_up(spec, attributes):
    file = file_of(spec)
    if not file or not file.endswith(".py"):
        return {"defined": False if file and os.path.isdir(file) else "unknown"}
    try:
        with open(file, "rb") as source:
            body = ast.parse(source.read(), file).body
    except (SyntaxError, ValueError) as error:
        return {"defined": "unknown", "error": "%s: %s" % (type(error).__name__, error)}

    names, node = attributes.split("."), None
    for depth, name in enumerate(names):
        found, open_ended = bindings(body, name)
        if not found:
            unsure = open_ended or depth and getattr(node, "bases", None)
            where = "module %r" % spec.name if not depth else "class %r" % ".".join(names[:depth])
            error = None if unsure else "%s has no attribute %r" % (where, name)
            return {"defined": "unknown" if unsure else False, "error": error}
        node = found[-1]
        if not isinstance(node, ast.ClassDef) and depth + 1 < len(names):
            return {"defined": "unknown"}
        body = getattr(node, "body", [])
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return {"defined": True}
    answer = {"defined": True, "async": isinstance(node, ast.AsyncFunctionDef)}
    if not node.decorator_list:  # a decorator may change both
        answer["parameters"] = parameters(node.args)
        answer["signature"] = "%s(%s)%s" % (
            node.name,
            source_of(node.args),
            " -> " + source_of(node.returns) if node.returns else "",
        )
    return answer


def bindings(body, name):
    """The statements that bind a name at this level, and whether others may do so unseen."""
    found, open_ended = [], False
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            open_ended = open_ended or node.name == "__getattr__"
            if node.name == name:
                found.append(node)
            continue
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                open_ended = open_ended or alias.name == "*"
                if (alias.asname or alias.name.partition(".")[0]) == name:
                    found.append(node)
            continue
        # Statements nested in if, try, with, for, while and match; names that are assigned to.
        for field in ("body", "orelse", "finalbody"):
            inner = bindings(getattr(node, field, None) or [], name)
            found, open_ended = found + inner[0], open_ended or inner[1]
        for part in getattr(node, "handlers", None) or getattr(node, "cases", None) or []:
            inner = bindings(part.body, name)
            found, open_ended = found + inner[0], open_ended or inner[1]
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.For, ast.With, ast.Expr)):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store) and inner.id == name:
                    found.append(node)
                if isinstance(inner, ast.Call) and getattr(inner.func, "id", None) in ("globals", "exec", "setattr"):
                    open_ended = True
    return found, open_ended


def parameters(args):
    positional = [(a, "POSITIONAL_ONLY") for a in args.posonlyargs]
    positional += [(a, "POSITIONAL_OR_KEYWORD") for a in args.args]
    defaults = [None] * (len(positional) - len(args.defaults)) + args.defaults
    rows = [(a, kind, default) for (a, kind), default in zip(positional, defaults)]
    if args.vararg:
        rows.append((args.vararg, "VAR_POSITIONAL", None))
    rows += [(a, "KEYWORD_ONLY", default) for a, default in zip(args.kwonlyargs, args.kw_defaults)]
    if args.kwarg:
        rows.append((args.kwarg, "VAR_KEYWORD", None))
    return [
        {"name": a.arg, "kind": kind, "annotation": source_of(a.annotation), "default": source_of(default)}
        for a, kind, default in rows
    ]


def source_of(node):
    if node is None:
        return None
    if hasattr(ast, "unparse"):
        if not isinstance(node, ast.arguments):
            return ast.unparse(node)
        parts, last = [], None
        for row in parameters(node):
            if last == "POSITIONAL_ONLY" and row["kind"] != last:
                parts.append("/")
            if row["kind"] == "KEYWORD_ONLY" and last not in ("KEYWORD_ONLY", "VAR_POSITIONAL"):
                parts.append("*")
            last = row["kind"]
            text = {"VAR_POSITIONAL": "*", "VAR_KEYWORD": "**"}.get(last, "") + row["name"]
            if row["annotation"] is not None:
                text += ": " + row["annotation"]
            if row["default"] is not None:
                text += (" = " if row["annotation"] is not None else "=") + row["default"]
            parts.append(text)
        if last == "POSITIONAL_ONLY":
            parts.append("/")
        return ", ".join(parts)
    # Python 3.8 cannot write source
    return ", ".join(row["name"] for row in parameters(node)) if isinstance(node, ast.arguments) else "..."


main(*sys.argv[1:4])
