"""Commands and options that texts name in words, held against the real command line.

A command stands in backticks: `edgekit convert MODEL -t TARGET`. Words in capitals stand for
something of the user's. The command and each option must exist, and take as many words.
Options without a command (--scale) must be some command's.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from typing import Any

import typer.main

from edgekit.cli.main import app

COMMAND = re.compile(r"`edgekit ([^`]*)`")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")


def wrong_commands(text: str) -> Iterator[str]:
    """What is wrong with each `edgekit ...` in a text; nothing when all exist."""
    for line in COMMAND.findall(text):
        fault = _fault(shlex.split(line))
        if fault:
            yield f"edgekit {line}: {fault}"


def unknown_options(text: str) -> set[str]:
    """Options in a text that no command of ours has; those of other programs stand in backticks."""
    return set(OPTION.findall(re.sub(r"`[^`]*`", "", text))) - _options()


def _fault(words: list[str]) -> str:
    """What the program would not take of these words."""
    command, words = _command(words)
    if hasattr(command, "commands") and not (words and words[0].startswith("-")):
        known = not words or words[0].isupper() or words[0] == "..."  # any command
        return "" if known else f"no command {words[0]}"
    options = {name: each for each in command.params for name in (*each.opts, *each.secondary_opts)}
    places = sum(each.nargs for each in _arguments(command))
    unlimited = any(each.nargs < 0 for each in _arguments(command))
    while words:
        word, _, value = words.pop(0).partition("=")
        if word in ("-h", "--help"):
            continue
        if not word.startswith("-"):
            places -= 1
        elif word not in options:
            return f"no option {word}"
        elif not options[word].is_flag and not value:
            del words[: options[word].nargs]  # the last one may be named without its value
    return "" if places >= 0 or unlimited else "too many words"


def _command(words: list[str]) -> tuple[Any, list[str]]:
    """The command, or the group, that the first words lead to; the other words."""
    found = _program()
    while words and words[0] in getattr(found, "commands", {}):
        found, words = found.commands[words[0]], words[1:]
    return found, list(words)


def _arguments(command: Any) -> list[Any]:
    """What a command takes by place."""
    return [each for each in command.params if each.param_type_name == "argument"]


@cache
def _program() -> Any:
    """The whole program; typer's classes, which it has of its own since it left click."""
    return typer.main.get_command(app)


@cache
def _options() -> frozenset[str]:
    """Every long option of every command."""
    found, waiting = {"--help"}, [_program()]
    while waiting:
        command = waiting.pop()
        waiting += getattr(command, "commands", {}).values()
        found |= {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
    return frozenset(found)
