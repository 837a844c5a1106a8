"""What a quantized graph takes on a target, layer by layer, before anything ran there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from edgekit.converter.ir.graph import Graph
from edgekit.converter.lower.lower import lower
from edgekit.converter.lower.program import Program, Step
from edgekit.converter.lower.select import bases
from edgekit.converter.plan.plan import plan
from edgekit.errors import UnsupportedError
from edgekit.targets.model import Target

PREFER = ("instructions", "flash", "ram")


@dataclass(frozen=True, slots=True)
class Take:
    """Instructions (estimated), bytes of constants, bytes of RAM."""

    instructions: int = 0
    flash: int = 0
    ram: int = 0

    def of(self, prefer: str) -> int:
        """The one that is to be small."""
        return {"instructions": self.instructions, "flash": self.flash, "ram": self.ram}[prefer]


@dataclass(frozen=True, slots=True)
class Prices:
    """A whole graph's (RAM is the arena) and each layer's; None where there is no C for it."""

    whole: Take
    layers: Mapping[str, Take]
    basis: str = ""


def prices(graph: Graph, target: Target, layers: Collection[str]) -> Prices | None:
    """The prices of a verified graph. A step belongs to the layer it is named after, or to the one
    before the slash where a pass added it for that."""
    try:
        program = lower(graph, target)
    except UnsupportedError:
        return None
    steps: dict[str, list[Step]] = defaultdict(list)
    for step in program.steps:
        steps[owner(step.layer, layers)].append(step)
    whole = Take(program.cost, program.constant_bytes, plan(program).arena_bytes)
    each = {name: _layer(program, steps.get(name, [])) for name in layers}
    used = bases(step.kernel for step in program.steps)
    return Prices(whole, each, "; ".join(f"{isa}: {text}" for isa, text in used.items()))


def owner(node: str, layers: Collection[str]) -> str:
    """The layer that a node stands for: itself, or the longest name before a slash.

    >>> owner("block/conv/signs", {"block", "block/conv"})
    'block/conv'
    """
    while node not in layers and "/" in node:
        node = node.rpartition("/")[0]
    return node


def _layer(program: Program, steps: list[Step]) -> Take:
    sizes = {buffer.name: buffer.bytes for buffer in program.buffers}
    most = max((sum(sizes[name] for name in set(step.touches)) for step in steps), default=0)
    return Take(sum(step.cost for step in steps), sum(step.weight_bytes for step in steps), most)
