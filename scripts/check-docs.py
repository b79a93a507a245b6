#!/usr/bin/env python3
"""Checks that every declaration of Sources that is not private has a /// comment (style.md §5.9).

The formatter's AllPublicDeclarationsHaveDocumentation sees only public ones, and this package has none.

Needs no comment: a case; what implements a requirement of a protocol, whose comment is the requirement's; an option
of the command line, whose help is its comment; anything inside a body or inside a private type.
"""

import re
import sys

from swiftsource import code_only, shown, sources

TYPES = {"struct", "enum", "class", "actor", "protocol", "extension"}
HIDDEN = {"private", "fileprivate"}
OPTIONS = {"@Option", "@Flag", "@Argument", "@OptionGroup"}

# What the protocols of other packages require, as far as we implement them.
REQUIREMENTS = {
    "AsyncParsableCommand": {"configuration", "run", "validate"},
    "AsyncSequence": {"makeAsyncIterator", "AsyncIterator", "Element", "Failure"},
    "AsyncIteratorProtocol": {"next"},
    "CaseIterable": {"allCases"},
    "Collection": {"startIndex", "endIndex", "index", "subscript", "count", "isEmpty"},
    "Comparable": {"<"},
    "CustomStringConvertible": {"description"},
    "CustomDebugStringConvertible": {"debugDescription"},
    "Decodable": {"init"},
    "Encodable": {"encode"},
    "Codable": {"init", "encode"},
    "Equatable": {"=="},
    "ExpressibleByArrayLiteral": {"init"},
    "ExpressibleByBooleanLiteral": {"init"},
    "ExpressibleByDictionaryLiteral": {"init"},
    "ExpressibleByFloatLiteral": {"init"},
    "ExpressibleByIntegerLiteral": {"init"},
    "ExpressibleByNilLiteral": {"init"},
    "ExpressibleByStringLiteral": {"init"},
    "Hashable": {"==", "hash"},
    "IteratorProtocol": {"next", "Element"},
    "LogHandler": {"log", "metadata", "logLevel", "metadataProvider", "subscript"},
    "OptionSet": {"rawValue", "init"},
    "ParsableArguments": {"validate"},
    "ParsableCommand": {"configuration", "run", "validate"},
    "RawRepresentable": {"rawValue", "init"},
    "Sequence": {"makeIterator", "Iterator", "Element"},
}

ATTRIBUTE = re.compile(r"@\w+(?:\.\w+)*")
MODIFIER = re.compile(
    r"(?:(?:public|package|internal|private|fileprivate|open|unowned|nonisolated)(?:\([\w ]+\))?|static|final|mutating"
    r"|nonmutating|override|required|convenience|lazy|weak|indirect|isolated|borrowing|consuming|prefix|postfix|infix"
    r"|dynamic|distributed|class(?=\s+(?:func|var|let|subscript)\b))\s+"
)
KEYWORD = re.compile(
    r"(?P<keyword>struct|enum|class|actor|protocol|extension|func|var|let|typealias|associatedtype)\s+"
    r"(?P<name>`?[\w.]+`?|[-+*/<>=!&|^~%.]+)|(?P<member>init|subscript)\b"
)


class Declaration:
    """One declaration outside of any body."""

    def __init__(self, code, start, attributes, modifiers, match):
        self.keyword = match["keyword"] or match["member"]
        self.name = (match["name"] or match["member"]).strip("`")
        self.line = code.count("\n", 0, match.start()) + 1
        self.first_line = code.count("\n", 0, start) + 1
        self.attributes = attributes
        self.hidden = bool(HIDDEN & set(modifiers))
        self.overrides = "override" in modifiers
        self.end = match.end()
        self.parent = None

    def base_name(self):
        """The type's name without the types it is in, which extensions may spell out."""
        return self.name.rpartition(".")[2]

    def is_hidden(self):
        return self.hidden or (self.parent is not None and self.parent.is_hidden())


def main():
    files = [(path, path.read_text(encoding="utf-8")) for path in sources("Sources")]
    parsed = [(path, text, list(declarations(code_only(text)))) for path, text in files]
    requirements = dict(REQUIREMENTS)
    conformances = {}
    for _, text, found in parsed:
        code = code_only(text)
        for declaration in found:
            if declaration.keyword in TYPES:
                named = conformances.setdefault(declaration.base_name(), set())
                named |= inherited(code, declaration.end)
            if declaration.parent is not None and declaration.parent.keyword == "protocol":
                requirements.setdefault(declaration.parent.name, set()).add(declaration.name)

    count = missing = 0
    for path, text, found in parsed:
        lines = text.splitlines()
        hidden_types = {item.base_name() for item in found if item.keyword in TYPES and item.is_hidden()}
        for declaration in found:
            if is_exempt(declaration, hidden_types, conformances, requirements):
                continue
            count += 1
            if not is_documented(lines, declaration.first_line):
                missing += 1
                place = f"{declaration.parent.name}." if declaration.parent else ""
                print(f"{shown(path)}:{declaration.line}: {declaration.keyword} {place}{declaration.name} has no /// comment", file=sys.stderr)
    print(f"{count} declarations, {missing} without a comment")
    return 1 if missing else 0


def declarations(code):
    """Yields the declarations of a file that are in no body."""
    scopes = []  # A Declaration for a type's braces, None for any other.
    pending = None
    depth = 0
    at = 0
    line_start = True
    while at < len(code):
        if line_start and depth == 0 and None not in scopes and not code[at].isspace():
            line_start = False
            found = declaration_at(code, at)
            if found is not None:
                found.parent = scopes[-1] if scopes else None
                yield found
                pending = found if found.keyword in TYPES else None
                at = found.end
                continue
        character = code[at]
        if character == "{":
            scopes.append(pending if depth == 0 else None)
            pending = None
        elif character == "}" and scopes:
            scopes.pop()
        elif character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
        elif character == "\n":
            line_start = True
        elif not character.isspace():
            line_start = False
        at += 1


def declaration_at(code, start):
    at = start
    attributes = []
    while match := ATTRIBUTE.match(code, at):
        attributes.append(match[0])
        at = match.end()
        if code.startswith("(", at):
            at = closing_parenthesis(code, at) + 1
        at = skip_space(code, at)
    modifiers = []
    while match := MODIFIER.match(code, at):
        modifiers.append(match[0].strip())
        at = match.end()
    match = KEYWORD.match(code, at)
    return Declaration(code, start, attributes, modifiers, match) if match else None


def closing_parenthesis(code, at):
    depth = 0
    for mark in re.compile(r"[()]").finditer(code, at):
        depth += 1 if mark[0] == "(" else -1
        if depth == 0:
            return mark.start()
    return len(code)


def skip_space(code, at):
    while at < len(code) and code[at].isspace():
        at += 1
    return at


def inherited(code, at):
    """The names between a type's colon and its brace."""
    header = re.split(r"\bwhere\b", code[at:code.find("{", at)])[0]
    _, colon, clause = re.sub(r"<[^<>]*>", "", header).partition(":")
    return set(re.findall(r"\w+", clause)) if colon else set()


def is_exempt(declaration, hidden_types, conformances, requirements):
    if declaration.keyword == "extension" or declaration.overrides or declaration.is_hidden():
        return True
    if OPTIONS & set(declaration.attributes):
        return True
    parent = declaration.parent
    if parent is None or parent.keyword == "protocol":
        return False
    if parent.keyword == "extension" and parent.base_name() in hidden_types:
        return True
    return any(
        declaration.name in requirements.get(protocol, ()) for protocol in conformances.get(parent.base_name(), ())
    )


def is_documented(lines, first_line):
    """Whether a /// comment stands right above; a // comment may be between."""
    index = first_line - 2
    while index >= 0 and re.match(r"\s*//(?!/)", lines[index]):
        index -= 1
    return index >= 0 and re.match(r"\s*///\s*\S", lines[index]) is not None


if __name__ == "__main__":
    sys.exit(main())
