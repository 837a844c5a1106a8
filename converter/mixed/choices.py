"""What users call the number formats of a layer, and rules that give layers one.

int8    W8A8   weights and activations of 8 bits
int4    W4A8   weights of 4 bits
int16   W8A16  activations of 16 bits, in and out
w4a16   W4A16  the same with weights of 4 bits
binary  W1A1   signs, 1 bit each
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from edgekit.errors import UsageError

BASE = "int8"
NAMES: Mapping[str, str] = MappingProxyType(
    {"int8": "W8A8", "int4": "W4A8", "int16": "W8A16", "w4a16": "W4A16", "binary": "W1A1"}
)
"""What each is called in reports, by what users type."""


@dataclass(frozen=True, slots=True)
class LayerChoice:
    """A rule of --layer-precision: layers whose name matches get the format."""

    pattern: str
    format: str


def parse_choices(option: str, texts: Iterable[str]) -> tuple[LayerChoice, ...]:
    """'conv_1=int4,dense=W8A8', or files with such lines (# begins a comment), as rules; of two
    that match a layer the later one counts. Raises UsageError."""
    lines = (line.partition("#")[0] for text in texts for line in _lines(option, text))
    parts = (part.strip() for line in lines for part in line.split(","))
    return tuple(_choice(option, part) for part in parts if part)


def _lines(option: str, text: str) -> list[str]:
    if "=" in text or not Path(text).is_file():
        return text.splitlines()
    try:
        return Path(text).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            option,
            f"{text} cannot be read: {error}",
            allowed="a text file",
            hint="a line for each choice, such as conv1*=int16, in UTF-8",
            code="bad-option",
        ) from None


def _choice(option: str, text: str) -> LayerChoice:
    pattern, equals, asked = (part.strip() for part in text.rpartition("="))
    known = {**{name: name for name in NAMES}, **{short.lower(): n for n, short in NAMES.items()}}
    name = known.get(asked.lower())
    if not equals or not pattern or name is None:
        raise UsageError(
            option,
            f"not understood: {text!r}",
            allowed=f"NAME=FORMAT, with FORMAT one of {', '.join([*NAMES, *NAMES.values()])}",
            hint="separate several with commas, or give a file with one on each line",
            code="bad-option",
        )
    return LayerChoice(pattern, name)
