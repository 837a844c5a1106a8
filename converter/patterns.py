"""Names of layers in rules of the command line."""

from __future__ import annotations

from fnmatch import fnmatchcase


def matches(pattern: str, name: str) -> bool:
    """Whether a layer's name is the one of a rule: itself, or by * and ?.

    >>> matches("block[1]", "block[1]"), matches("conv_?", "conv_1"), matches("conv", "conv_1")
    (True, True, False)
    """
    return name == pattern or fnmatchcase(name, pattern)
