"""Reads Swift source as far as the checks beside this file need it: what is code, and where functions are."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

_OPENING = re.compile(r'(?P<line>//)|(?P<block>/\*)|(?P<hashes>#*)(?P<quote>"""|")')
_FUNCTION = re.compile(r"\b(?:func\s+(?P<name>`?\w+`?|[-+*/<>=!&|^~%.]+)|(?P<init>init[?!]?|deinit|subscript))\s*[<({]")


def sources(*folders, suffixes=(".swift",)):
    """The files below folders of the repository, sorted."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in suffixes)


def shown(path):
    """A path as messages name it."""
    return path.relative_to(ROOT).as_posix()


def code_only(text):
    """The text with comments and the content of literals blanked; code inside \\( ) stays. Lines keep their numbers."""
    out = []
    _code(text, 0, out, nested=False)
    return "".join(out)


def _code(text, at, out, nested):
    """Copies code up to the end, or to the ) that closes an interpolation."""
    depth = 0
    while at < len(text):
        match = _OPENING.match(text, at)
        if match is None:
            character = text[at]
            if nested:
                depth += (character == "(") - (character == ")")
                if depth < 0:
                    return at
            out.append(character)
            at += 1
        elif match["line"]:
            at = _blank(text, at, _end(text.find("\n", at), text), out)
        elif match["block"]:
            at = _blank(text, at, _comment_end(text, at), out)
        else:
            at = _literal(text, match, out)
    return at


def _literal(text, match, out):
    closing = match["quote"] + match["hashes"]
    escape = "\\" + match["hashes"]
    at = _blank(text, match.start(), match.end(), out)
    while at < len(text):
        if text.startswith(closing, at):
            return _blank(text, at, at + len(closing), out)
        if text.startswith(escape + "(", at):
            at = _blank(text, at, at + len(escape) + 1, out)
            at = _code(text, at, out, nested=True)
            at = _blank(text, at, at + 1, out)
        elif text.startswith(escape, at):
            at = _blank(text, at, at + len(escape) + 1, out)
        else:
            at = _blank(text, at, at + 1, out)
    return at


def _comment_end(text, at):
    """Behind the */ that belongs to the /* here; they nest."""
    depth = 0
    for mark in re.compile(r"/\*|\*/").finditer(text, at):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return mark.end()
    return len(text)


def _blank(text, start, end, out):
    out.append(re.sub(r"[^\n]", " ", text[start:end]))
    return end


def _end(found, text):
    return len(text) if found < 0 else found


def functions(code):
    """Yields name, first line and number of lines of each function with a body; `code` is what code_only gave."""
    for match in _FUNCTION.finditer(code):
        if code[:match.start()].endswith("."):  # A call of an initialiser.
            continue
        body = _body_start(code, match.end() - 1)
        if body is None:
            continue
        first = code.count("\n", 0, match.start()) + 1
        yield match["name"] or match["init"], first, code.count("\n", 0, _closing(code, body)) + 2 - first


def _body_start(code, at):
    """Where the { of a declaration is; nil for a requirement of a protocol, which ends with its line."""
    depth = 0
    while at < len(code):
        character = code[at]
        if character == "{" and depth == 0:
            return at
        depth += (character in "([{") - (character in ")]}")
        if depth < 0:
            return None
        if character == "\n" and depth == 0 and not re.match(r"\s*(->|where\b|throws\b|async\b|\{|[:&,])", code[at:]):
            return None
        at += 1
    return None


def _closing(code, opening):
    depth = 0
    for mark in re.compile(r"[{}]").finditer(code, opening):
        depth += 1 if mark[0] == "{" else -1
        if depth == 0:
            return mark.start()
    return len(code)
