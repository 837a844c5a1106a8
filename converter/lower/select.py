"""Choosing a kernel: family and target's ISA list in, function and its preparations out."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.lower.program import Params

Packing = Callable[[NDArray[np.generic]], NDArray[np.generic]]
"""Weights in the model's layout to weights in the kernel's, at conversion time."""
ScratchSize = Callable[[Params], int]
"""Bytes of scratch one call needs."""

PACKINGS: dict[str, Packing] = {"as_is": lambda values: values}
SCRATCHES: dict[str, ScratchSize] = {"none": lambda params: 0}


@dataclass(frozen=True, slots=True)
class Kernel:
    """One C function: `ek_<family>__<isa>`, in kernels/<isa>/<family>.c."""

    family: str
    isa: str
    in_place: bool = False
    packing: str = "as_is"
    scratch: str = "none"

    @property
    def function(self) -> str:
        """The C function's name."""
        return f"ek_{self.family}__{self.isa}"


KernelTable = Mapping[str, Mapping[str, Kernel]]
"""family -> ISA -> kernel."""

_COMMON = ("operators", "in_place")


@cache
def kernel_table() -> KernelTable:
    """The shipped table, `kernels.toml`."""
    return parse_kernels(Path(__file__).with_name("kernels.toml").read_text(encoding="utf-8"))


def parse_kernels(text: str) -> KernelTable:
    """A kernel table from TOML text in the form of `kernels.toml`."""
    return {family: _family(family, rows) for family, rows in tomllib.loads(text).items()}


def _family(family: str, rows: dict[str, Any]) -> dict[str, Kernel]:
    in_place = bool(rows.get("in_place", False))
    return {
        isa: Kernel(family, isa, in_place=in_place, **row)
        for isa, row in rows.items()
        if isa not in _COMMON
    }


def select(table: KernelTable, family: str, isas: Sequence[str]) -> Kernel:
    """The kernel of the first ISA in `isas` (best first) that has one; "ref" always has."""
    rows = table[family]
    return next(rows[isa] for isa in (*isas, "ref") if isa in rows)


def source_path(function: str) -> str:
    """Where a kernel function lives below kernels/.

    >>> source_path("ek_conv2d_s8__ref")
    'ref/conv2d_s8.c'
    """
    family, isa = function.removeprefix("ek_").split("__")
    return f"{isa}/{family}.c"
