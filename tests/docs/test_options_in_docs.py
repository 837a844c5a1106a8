"""Every command and every option of the command line stands somewhere in the documentation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import typer.main

from edgekit.cli.main import app

ROOT = Path(__file__).parents[2]
EVERYWHERE = {"--json", "--quiet", "--verbose", "--version"}
"""What every command has, or the program itself."""


@cache
def _text() -> str:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return "\n".join(page.read_text(encoding="utf-8") for page in pages)


def _commands(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    below = getattr(command, "commands", {})
    for name, each in below.items():
        yield from _commands(each, (*words, name))
    if not below:
        yield " ".join(words), command


def _said(option: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", _text()) is not None


def test_every_command_and_option_is_documented() -> None:
    missing = []
    for name, command in _commands(typer.main.get_command(app)):
        if not re.search(rf"edgekit {name}\b", _text()):
            missing.append(name)
        for each in command.params:
            names = (*each.opts, *each.secondary_opts)
            if each.param_type_name == "option" and not EVERYWHERE & set(names):
                missing += [] if any(map(_said, names)) else [f"{name} {names[0]}"]
    assert not missing, "say on a page of docs/ what it is for"


def test_the_search_takes_whole_words() -> None:
    assert _said("--cold")
    assert not _said("--col")
