"""Functions of one real value, or of two, that TFLite computes in float32 (GELU also in int8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from edgekit.converter.ir.ops_base import Op


@dataclass(frozen=True, slots=True)
class Gelu(Op):
    """x times the share of a normal distribution below x; `approximate` takes tanh for it."""

    NAME: ClassVar[str] = "GELU"
    approximate: bool = False


@dataclass(frozen=True, slots=True)
class Ceil(Op):
    """The smallest integer that is not below x."""

    NAME: ClassVar[str] = "CEIL"


@dataclass(frozen=True, slots=True)
class Round(Op):
    """The nearest integer, the even one of two."""

    NAME: ClassVar[str] = "ROUND"


@dataclass(frozen=True, slots=True)
class Sign(Op):
    """-1, 0 or 1."""

    NAME: ClassVar[str] = "SIGN"


@dataclass(frozen=True, slots=True)
class Sin(Op):
    """Sine of an angle in radians."""

    NAME: ClassVar[str] = "SIN"


@dataclass(frozen=True, slots=True)
class Cos(Op):
    """Cosine of an angle in radians."""

    NAME: ClassVar[str] = "COS"


@dataclass(frozen=True, slots=True)
class Pow(Op):
    """a to the power b, with broadcasting."""

    NAME: ClassVar[str] = "POW"
    INPUTS: ClassVar[tuple[str, ...]] = ("a", "b")


@dataclass(frozen=True, slots=True)
class FloorDiv(Op):
    """The largest integer that is not above a / b, with broadcasting."""

    NAME: ClassVar[str] = "FLOOR_DIV"
    INPUTS: ClassVar[tuple[str, ...]] = ("a", "b")


FUNCTIONS: tuple[type[Op], ...] = (Gelu, Ceil, Round, Sign, Sin, Cos)
"""Of one value."""
PAIRS: tuple[type[Op], ...] = (Pow, FloorDiv)
"""Of two values."""
