"""Where the C sources of the kernels are, so that a bundle can carry the few that a model calls.

A kernel is named by its function: `ek_<operator>_<types>__<isa>` lives in
`kernels/<isa>/<operator>_<types>.c`. Everything is found by file name; there is no list to keep.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from pathlib import Path

from edgekit.errors import UnsupportedError, UsageError

ROOT = Path(__file__).parent
INCLUDE = ROOT / "include"
KERNELS = ROOT / "kernels"

_FUNCTION = re.compile(r"ek_([a-z0-9]+(?:_[a-z0-9]+)*)__([a-z0-9]+)")
_INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def include_files() -> tuple[Path, ...]:
    """Every public header, sorted by name."""
    return tuple(sorted(INCLUDE.glob("*.h")))


def kernel_functions(isa: str = "*") -> tuple[str, ...]:
    """Names of all kernels of one ISA folder, or of all folders, sorted."""
    sources = KERNELS.glob(f"{isa}/*.c")
    return tuple(sorted(f"ek_{path.stem}__{path.parent.name}" for path in sources))


def kernel_source(function_name: str) -> Path:
    """The file that defines `function_name`.

    `kernel_source("ek_conv2d_s8__ref")` is `kernels/ref/conv2d_s8.c`. Raises UsageError for a name
    of another form and UnsupportedError for a kernel that does not exist, naming the likely ones.
    """
    match = _FUNCTION.fullmatch(function_name)
    if match is None:
        raise UsageError(
            repr(function_name),
            "not the name of a kernel",
            allowed="ek_<operator>_<types>__<isa>",
            hint="ask for a function such as ek_conv2d_s8__ref",
            code="kernel-name",
        )
    path = KERNELS / match[2] / f"{match[1]}.c"
    if not path.is_file():
        raise UnsupportedError(
            function_name,
            f"there is no kernels/{match[2]}/{match[1]}.c",
            allowed=", ".join(_candidates(function_name, match[1])),
            hint="use one of these kernels, or add the missing file",
            code="kernel-missing",
        )
    return path


def headers_for(function_name: str) -> tuple[Path, ...]:
    """The headers that a kernel's source includes, directly or through others, sorted by name."""
    found: set[Path] = set()
    pending = [kernel_source(function_name)]
    while pending:
        text = pending.pop().read_text(encoding="utf-8")
        fresh = {INCLUDE / name for name in _INCLUDE.findall(text)} - found
        found |= fresh
        pending += fresh
    return tuple(sorted(found))


def _candidates(function_name: str, operation: str) -> list[str]:
    """The same operation on other ISAs; else names that look alike; else all of them."""
    everything = kernel_functions()
    same = [name for name in everything if name.startswith(f"ek_{operation}__")]
    return same or get_close_matches(function_name, everything, n=3) or list(everything)
