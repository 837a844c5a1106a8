"""Choosing a kernel: a call and the target's ISA list in, the cheapest variant that may run out.

kernels.toml   which C functions exist, and by which names the rest is found
REQUIRES       what a variant needs of a call, with the sentence that says so
COSTS          estimated instructions of a call; BASES says what the estimates of an ISA rest on
PACKINGS       weights and factors in a variant's own layout
SCRATCHES      bytes of scratch
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

from edgekit.artifacts.bundle import Refusal
from edgekit.converter.lower import (
    detections,
    packing_any,
    packing_c32,
    packing_dsp,
    packing_dsp_wide,
    packing_mve,
    packing_neon,
    packing_x86,
    trees,
    variants_any,
    variants_b1,
    variants_b1_lanes,
    variants_c32,
    variants_dsp,
    variants_dsp_wide,
    variants_mve,
    variants_mve_b1,
    variants_neon,
    variants_phases,
    variants_recurrent,
    variants_ref,
    variants_w8,
    variants_x86,
)
from edgekit.converter.lower.program import Params
from edgekit.converter.lower.variants import Cost, Packing, Request, Requirement, ScratchSize

REQUIRES: dict[str, Requirement] = {
    **variants_b1.REQUIRES,
    **variants_any.REQUIRES,
    **variants_dsp.REQUIRES,
    **variants_dsp_wide.REQUIRES,
    **variants_mve.REQUIRES,
    **variants_mve_b1.REQUIRES,
    **variants_neon.REQUIRES,
    **variants_phases.REQUIRES,
    **variants_recurrent.REQUIRES,
}
COSTS: dict[str, Cost] = {
    **variants_ref.COSTS,
    **trees.COSTS,
    **variants_b1.COSTS,
    **variants_b1_lanes.COSTS,
    **variants_any.COSTS,
    **variants_c32.COSTS,
    **variants_dsp.COSTS,
    **variants_dsp_wide.COSTS,
    **variants_mve.COSTS,
    **variants_mve_b1.COSTS,
    **variants_neon.COSTS,
    **variants_phases.COSTS,
    **variants_recurrent.COSTS,
    **variants_w8.COSTS,
    **variants_x86.COSTS,
}
PACKINGS: dict[str, Packing] = {
    **variants_b1.PACKINGS,
    **variants_b1_lanes.PACKINGS,
    **packing_any.PACKINGS,
    **packing_c32.PACKINGS,
    **packing_dsp.PACKINGS,
    **packing_dsp_wide.PACKINGS,
    **packing_mve.PACKINGS,
    **variants_mve_b1.PACKINGS,
    **packing_neon.PACKINGS,
    **packing_x86.PACKINGS,
    **variants_phases.PACKINGS,
    **variants_recurrent.PACKINGS,
}
BASES: dict[str, str] = {
    "ref": variants_ref.BASIS,
    "any": variants_any.BASIS,
    "c32": variants_c32.BASIS,
    "dsp": variants_dsp.BASIS,
    "mve": variants_mve.BASIS,
    "neon": variants_neon.BASIS,
    "neondot": variants_neon.BASIS,
    "x86": variants_b1_lanes.BASIS,
}
SCRATCHES: dict[str, ScratchSize] = {
    "none": lambda request: 0,
    **detections.SCRATCHES,
    **variants_any.SCRATCHES,
    **variants_c32.SCRATCHES,
    **variants_dsp.SCRATCHES,
    **variants_dsp_wide.SCRATCHES,
    **variants_mve.SCRATCHES,
    **variants_mve_b1.SCRATCHES,
    **variants_neon.SCRATCHES,
    **variants_b1.SCRATCHES,
    **variants_b1_lanes.SCRATCHES,
    **variants_phases.SCRATCHES,
    **variants_w8.SCRATCHES,
    **variants_x86.SCRATCHES,
}


@dataclass(frozen=True, slots=True)
class Kernel:
    """One C function: ek_<family>__<isa>, or with a variant's name ek_<op>_<name>_<types>__<isa>.

    `requires`, `cost`, `packing` and `scratch` are keys of the registries above. Without a
    packing the kernel takes weights, bias and factors as the model has them.
    """

    family: str
    isa: str
    name: str = ""
    in_place: bool = False
    requires: tuple[str, ...] = ()
    cost: str = ""
    packing: str = ""
    scratch: str = "none"
    needs_room: bool = False
    """Whether it is taken only where an arena has room for its scratch anyway."""
    helpers: tuple[str, ...] = ()
    """Stems of functions of the same ISA that the kernel calls: "block_s8"."""

    @property
    def helper_functions(self) -> tuple[str, ...]:
        """The C functions the kernel calls."""
        return tuple(f"ek_{stem}__{self.isa}" for stem in self.helpers)

    @property
    def function(self) -> str:
        """The C function's name.

        >>> Kernel("conv2d_s8", "dsp", "pointwise").function
        'ek_conv2d_pointwise_s8__dsp'
        """
        operation, _, types = self.family.rpartition("_")
        stem = f"{operation}_{self.name}_{types}" if self.name else self.family
        return f"ek_{stem}__{self.isa}"


KernelTable = Mapping[str, tuple[Kernel, ...]]
"""family -> its kernels, the portable one first."""


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """The call a step was made from, and the kernel chosen for it."""

    request: Request
    kernel: Kernel

    def suits(self, params: Params | None) -> bool:
        """Whether the kernel may be called with other parameters."""
        return broken(self.kernel, self.request.with_params(params)) is None


@dataclass(frozen=True, slots=True)
class Choice:
    """The kernel for a call, its estimated instructions, and why each other one is not it."""

    kernel: Kernel
    cost: int
    refused: tuple[Refusal, ...] = ()


@cache
def kernel_table() -> KernelTable:
    """The shipped table: `kernels.toml`; `kernels_<isa>.toml` adds the variants of an ISA,
    `kernels_<format>.toml` the families of another number format."""
    here = Path(__file__).parent
    return parse_kernels(
        (here / "kernels.toml").read_text(encoding="utf-8"),
        *(path.read_text(encoding="utf-8") for path in sorted(here.glob("kernels_*.toml"))),
    )


def parse_kernels(text: str, *more: str) -> KernelTable:
    """A kernel table from TOML text in the form of `kernels.toml`; `more` adds families (those
    with `operators`) and variants of families to it."""
    added = [tomllib.loads(extra) for extra in more]
    own = [{f: rows for f, rows in t.items() if "operators" in rows} for t in added]
    families = dict(chain(tomllib.loads(text).items(), *(t.items() for t in own)))
    return {
        family: _family(family, rows, [t.get(family, {}).get("variants", []) for t in added])
        for family, rows in families.items()
    }


def _family(
    family: str, rows: dict[str, Any], more: Sequence[list[dict[str, Any]]]
) -> tuple[Kernel, ...]:
    in_place = bool(rows.get("in_place", False))
    own = ("cost", "scratch", "helpers")
    portable: dict[str, Any] = {"isa": "ref"} | {n: rows[n] for n in own if n in rows}
    listed = [portable, *rows.get("variants", ()), *chain.from_iterable(more)]
    return tuple(_kernel(family, {"in_place": in_place, **row}) for row in listed)


def _kernel(family: str, row: dict[str, Any]) -> Kernel:
    lists = {name: tuple(row.get(name, ())) for name in ("requires", "helpers")}
    return Kernel(family, **{**row, **lists})


def choose(table: KernelTable, request: Request, isas: Sequence[str], room: int = 0) -> Choice:
    """The cheapest kernel of the target's ISAs whose requirements hold; `ref` has none.

    Kernels that need room have to do with `room` bytes of scratch. Between equal costs the ISA
    listed first wins, then the row listed first.
    """
    ranks = [*isas, *(["ref"] if "ref" not in isas else [])]
    known = [kernel for kernel in table[request.call.family] if kernel.isa in ranks]
    known.sort(key=lambda kernel: ranks.index(kernel.isa))
    wrong = {kernel: broken(kernel, request) for kernel in known}
    costs = {k: cost(k, request) for k, why in wrong.items() if why is None}
    wrong |= {k: _too_large(k, request, room) for k in costs if k.needs_room}
    best = min((k for k, why in wrong.items() if why is None), key=lambda kernel: costs[kernel])
    refused = tuple(
        Refusal(k.function, why or "is slower by estimate", costs.get(k, 0))
        for k, why in wrong.items()
        if k != best
    )
    return Choice(best, costs[best], refused)


def _too_large(kernel: Kernel, request: Request, room: int) -> str | None:
    """Says so if a kernel's scratch is more than there is room for."""
    size = SCRATCHES[kernel.scratch](request)
    return f"needs room in the arena for {size:,} B of scratch" if size > room else None


def broken(kernel: Kernel, request: Request) -> str | None:
    """The sentence of the first requirement that does not hold."""
    rules = (REQUIRES[name] for name in kernel.requires)
    return next((rule.sentence for rule in rules if not rule.holds(request)), None)


def cost(kernel: Kernel, request: Request) -> int:
    """Estimated instructions of a call; 0 without an estimate."""
    return COSTS[kernel.cost](request) if kernel.cost else 0


def bases(functions: Iterable[str]) -> dict[str, str]:
    """What the cost estimates of these kernels rest on, by ISA.

    >>> list(bases(["ek_conv2d_s8__ref", "ek_add_s8__mve", "ek_mul_s8__ref"]))
    ['mve', 'ref']
    """
    used = {function.rpartition("__")[2] for function in functions}
    return {isa: BASES[isa] for isa in sorted(used)}


def source_path(function: str) -> str:
    """Where a kernel function lives below kernels/.

    >>> source_path("ek_conv2d_s8__ref")
    'ref/conv2d_s8.c'
    """
    family, isa = function.removeprefix("ek_").split("__")
    return f"{isa}/{family}.c"
