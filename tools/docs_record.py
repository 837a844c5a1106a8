"""docs/report-fields.md: every class and field of the record, from the classes themselves.

`pytest tests/docs/test_generated_pages.py --update-golden` writes it.
"""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import EnumType
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from edgekit.artifacts.report import Report
from edgekit.artifacts.report_migrations import MIGRATIONS

HEAD = """# The record, field by field

All of `report.json`, from the outside in; [the record](report-schema.md) says what it is for, and
how it is checked. A field with a default may be missing. Units stand in the names: `_s` seconds,
`_j` joules, `_w` watt, `_v` volt, `_hz` hertz, `_db` decibel, `_bytes` bytes. A list of fixed
length is written as [integer, integer], one of any length as [integer, ...]. "None" in a sentence
is JSON's `null`.
"""

REVISIONS = """## Revisions

A record of an older revision is brought to the present one when it is read.
"""

JSON_TYPES = {
    str: "string", int: "integer", float: "number", bool: "boolean", NoneType: "null",
    Ellipsis: "...", Any: "anything",
}  # fmt: skip


def record_markdown() -> str:
    """The page: a table for each class, in the order in which the record reaches them, and what the
    revisions added."""
    return "\n".join([HEAD, *map(_section, _reached(Report)), _revisions()])


def _revisions() -> str:
    rows = [f"| {left + 1} | {each.sentence} |\n" for left, each in sorted(MIGRATIONS.items())]
    return f"{REVISIONS}\n| revision | what it added |\n|---|---|\n{''.join(rows)}"


def _reached(root: type) -> list[type]:
    """The dataclasses below one, each once, breadth first."""
    found = [root]
    for each in found:
        hints = get_type_hints(each)
        for member in fields(each):
            found += [part for part in _classes(hints[member.name]) if part not in found]
    return found


def _classes(hint: Any) -> list[type]:
    inside = [part for each in get_args(hint) for part in _classes(each)]
    return [hint, *inside] if isinstance(hint, type) and is_dataclass(hint) else inside


def _section(each: type) -> str:
    words, hints = _docstrings(each), get_type_hints(each)
    rows = [
        f"| `{member.name}` | {_type(hints[member.name])} | {_default(member)} |"
        f" {words.get(member.name, '')} |\n"
        for member in fields(each)
    ]
    table = f"| field | type | default | |\n|---|---|---|---|\n{''.join(rows)}"
    return f"## {each.__name__}\n\n{_prose(inspect.getdoc(each) or '')}\n\n{table}"


def _docstrings(each: type) -> dict[str, str]:
    """Field -> the string that stands below it in the class."""
    [body] = ast.parse(textwrap.dedent(inspect.getsource(each))).body
    assert isinstance(body, ast.ClassDef)
    found = {}
    for member, below in zip(body.body, body.body[1:], strict=False):
        if isinstance(member, ast.AnnAssign) and isinstance(below, ast.Expr):
            assert isinstance(member.target, ast.Name)
            assert isinstance(below.value, ast.Constant)
            found[member.target.id] = _prose(inspect.cleandoc(below.value.value)).replace("\n", " ")
    return found


def _type(hint: Any) -> str:
    """As JSON has it: tuples are lists, dictionaries objects."""
    origin, parts = get_origin(hint), [_type(part) for part in get_args(hint)]
    if origin is tuple:
        return f"[{', '.join(parts)}]"
    if origin is dict:
        return f"{{{': '.join(parts)}}}"
    if parts:
        return " or ".join(parts)
    if isinstance(hint, type) and is_dataclass(hint):
        return f"[{hint.__name__}](#{hint.__name__.lower()})"
    if isinstance(hint, EnumType):
        return " or ".join(f"`{member.value}`" for member in hint)
    return JSON_TYPES[hint]


def _default(member: Field[Any]) -> str:
    if member.default_factory is not MISSING or member.default in ((), ""):
        return "empty"
    return "" if member.default is MISSING else f"`{json.dumps(member.default)}`"


def _prose(text: str) -> str:
    """A docstring as Markdown, in which `*` between blanks and `|` would be markup."""
    return text.replace("|", "\\|").replace("<", "\\<")
