"""Which function grows a graph by which operator.

    @generator("CONV_2D", "int8", "int16", "float32")
    def conv2d(m: Maker) -> bool: ...

A generator adds one node of its operator to the graph and returns True, or returns False where the
graph offers no operand that fits. A generator of an operator that the IR does not have yet waits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edgekit.converter.ir.graph import DType
from edgekit.converter.ir.ops import BY_NAME
from tests.conformance.maker import Maker

Grow = Callable[[Maker], bool]


@dataclass(frozen=True, slots=True)
class Generator:
    """A way to add one operator, in the number formats it has."""

    operator: str
    formats: tuple[DType, ...]
    grow: Grow


GENERATORS: list[Generator] = []


def generator(operator: str, *formats: str) -> Callable[[Grow], Grow]:
    """Registers the function below it; without formats the operator is one of all formats."""
    kinds = tuple(map(DType, formats or ("int8", "int16", "float32")))

    def register(grow: Grow) -> Grow:
        GENERATORS.append(Generator(operator, kinds, grow))
        return grow

    return register


def generators(dtype: DType) -> tuple[Generator, ...]:
    """Those of the operators the IR has, for graphs in one number format."""
    return tuple(g for g in GENERATORS if g.operator in BY_NAME and dtype in g.formats)


def without_generator() -> tuple[str, ...]:
    """Operators of the IR that no generator adds."""
    return tuple(sorted(set(BY_NAME) - {g.operator for g in GENERATORS}))
