"""Text from models and devices as it may be shown: what steers a terminal, a text's direction or
a parser is written out instead."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from typing import TypeVar, cast

_T = TypeVar("_T")

_STEERING = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # control characters, ANSI escapes begin with one
    "\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"  # invisible, and direction
    "\ufff9-\uffff\ud800-\udfff"  # no text of their own, or none in XML
    "\U000e0000-\U000e007f]"  # tags
)
_SPACE = {"\n": " ", "\r": " ", "\t": " "}


def visible(text: str) -> str:
    """One line in which nothing is invisible: "a\\x1b[31mb" shows its escape as four letters."""
    return _STEERING.sub(_written, text)


def _written(found: re.Match[str]) -> str:
    letter = found.group()
    code = ord(letter)
    return _SPACE.get(letter) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def cleaned(value: _T) -> _T:
    """A record with every text in it made visible; views begin with this."""
    return cast(_T, _cleaned(value))


def _cleaned(value: object) -> object:
    if type(value) is str:
        return visible(value)
    if isinstance(value, dict):
        return {_cleaned(key): _cleaned(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        if value and isinstance(value[0], int | float):
            return value  # a million samples hold no text
        return type(value)(map(_cleaned, value))
    if is_dataclass(value) and not isinstance(value, type):
        named = ((part.name, getattr(value, part.name)) for part in fields(value))
        changed = {name: _cleaned(inner) for name, inner in named}
        return replace(value, **changed)
    return value
