"""What the program says of its own command line, for the man page and docs/."""

import json
import subprocess
from dataclasses import dataclass

# On every command, and said once.
COMMON = {"--help", "--version"}


@dataclass
class Option:
    """One argument of a command; `name` is empty for one without dashes, which `value` then names."""

    name: str
    value: str
    text: str
    section: str
    repeats: bool
    may_be_left_out: bool

    @property
    def usage(self):
        """How it is written."""
        if not self.name:
            word = self.value.upper() + (" …" if self.repeats else "")
            return f"[{word}]" if self.may_be_left_out else word
        return f"{self.name} {self.value}" if self.value else self.name


@dataclass
class Command:
    """One command; `aliases` do the same."""

    name: str
    aliases: list
    abstract: str
    discussion: str
    options: list


def commands(program):
    """Asks the program for its commands, the program itself first."""
    dumped = subprocess.run([program, "--experimental-dump-help"], check=True, stdout=subprocess.PIPE)
    root = json.loads(dumped.stdout)["command"]
    return [_command(root), *(_command(entry) for entry in root["subcommands"] if entry["commandName"] != "help")]


def version(program):
    """The program's version."""
    return subprocess.run([program, "--version"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def _command(entry):
    options = [_option(argument) for argument in entry.get("arguments", []) if argument.get("shouldDisplay")]
    return Command(
        entry["commandName"],
        entry.get("aliases") or [],
        entry.get("abstract", ""),
        entry.get("discussion", ""),
        [option for option in options if option.name not in COMMON],
    )


def _option(argument):
    preferred = argument.get("preferredName")
    name = f"--{preferred['name']}" if preferred else ""
    value = "" if argument["kind"] == "flag" else argument["valueName"]
    text, section = argument.get("abstract", ""), argument.get("sectionTitle", "")
    return Option(name, value, text, section, argument["isRepeating"], argument["isOptional"])
