#!/usr/bin/env python3
"""Checks what the formatter does not: the size of files and functions, and words that end the process.

A file of Sources has at most 500 lines and is named here from 300 on; a function has at most 60 lines (style.md §5.2).
A force unwrap and try! are the formatter's (NeverForceUnwrap, NeverUseForceTry).
"""

import re
import sys

from swiftsource import code_only, functions, shown, sources

MAX_FILE_LINES = 500
LOOK_AGAIN_LINES = 300
MAX_FUNCTION_LINES = 60

FORBIDDEN = [
    (re.compile(r"\bfatalError\s*\("), "fatalError: throw, or precondition for a programmer's error"),
    (re.compile(r"\bas!"), "as!: use as? and say what to do otherwise"),
    (re.compile(r"\btry!"), "try!: handle the error"),
    (re.compile(r"\bDispatchQueue\b"), "DispatchQueue: use BlockingPool (style.md P13)"),
    (re.compile(r"^\s*(?:package |public |private )?import Foundation\s*$", re.MULTILINE), "Foundation: import FoundationEssentials"),
]


def main():
    problems = []
    lengths = []
    paths = sources("Sources", suffixes=(".swift", ".c", ".h"))
    for path in paths:
        text = path.read_text(encoding="utf-8")
        lines = text.count("\n")
        if lines > MAX_FILE_LINES:
            problems.append(f"{shown(path)}: {lines} lines; split it, {MAX_FILE_LINES} is the limit")
        elif lines > LOOK_AGAIN_LINES:
            print(f"note: {shown(path)} has {lines} lines")
        if path.suffix != ".swift":
            continue
        code = code_only(text)
        for pattern, message in FORBIDDEN:
            for match in pattern.finditer(code):
                problems.append(f"{shown(path)}:{code.count(chr(10), 0, match.end()) + 1}: {message}")
        for name, first, count in functions(code):
            lengths.append(count)
            if count > MAX_FUNCTION_LINES:
                problems.append(f"{shown(path)}:{first}: {name} has {count} lines; {MAX_FUNCTION_LINES} is the limit")
    for problem in problems:
        print(problem, file=sys.stderr)
    lengths.sort()
    if lengths:
        print(
            f"{len(paths)} files; {len(lengths)} functions: median {lengths[len(lengths) // 2]} lines, "
            f"9 of 10 at most {lengths[len(lengths) * 9 // 10]}, longest {lengths[-1]}"
        )
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
