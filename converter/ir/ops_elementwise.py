"""Operators on single values that are rarer than those of `ops.py`, and two normalizations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from edgekit.converter.ir.ops_base import Activation, Op
from edgekit.converter.ir.ops_detection import DetectionPostProcess
from edgekit.converter.ir.ops_functions import Ceil, Cos, FloorDiv, Pow, Round, Sign, Sin
from edgekit.converter.ir.ops_logic import AddN, Cumsum


@dataclass(frozen=True, slots=True)
class Abs(Op):
    """|x|."""

    NAME: ClassVar[str] = "ABS"


@dataclass(frozen=True, slots=True)
class Rsqrt(Op):
    """1 / sqrt(x)."""

    NAME: ClassVar[str] = "RSQRT"


@dataclass(frozen=True, slots=True)
class Exp(Op):
    """exp(x)."""

    NAME: ClassVar[str] = "EXP"


@dataclass(frozen=True, slots=True)
class Log(Op):
    """Natural logarithm."""

    NAME: ClassVar[str] = "LOG"


@dataclass(frozen=True, slots=True)
class Sqrt(Op):
    """Square root."""

    NAME: ClassVar[str] = "SQRT"


@dataclass(frozen=True, slots=True)
class Square(Op):
    """x * x."""

    NAME: ClassVar[str] = "SQUARE"


@dataclass(frozen=True, slots=True)
class Neg(Op):
    """-x."""

    NAME: ClassVar[str] = "NEG"


@dataclass(frozen=True, slots=True)
class Floor(Op):
    """The largest integer that is not above x."""

    NAME: ClassVar[str] = "FLOOR"


@dataclass(frozen=True, slots=True)
class Div(Op):
    """Elementwise quotient with broadcasting."""

    NAME: ClassVar[str] = "DIV"
    INPUTS: ClassVar[tuple[str, ...]] = ("a", "b")
    activation: Activation = Activation.NONE


@dataclass(frozen=True, slots=True)
class SquaredDifference(Op):
    """(a - b)^2 with broadcasting."""

    NAME: ClassVar[str] = "SQUARED_DIFFERENCE"
    INPUTS: ClassVar[tuple[str, ...]] = ("a", "b")


@dataclass(frozen=True, slots=True)
class LogSoftmax(Op):
    """x less the logarithm of the sum of exp(x), along the last axis."""

    NAME: ClassVar[str] = "LOG_SOFTMAX"


@dataclass(frozen=True, slots=True)
class L2Normalization(Op):
    """x over the root of the sum of squares along the last axis."""

    NAME: ClassVar[str] = "L2_NORMALIZATION"


@dataclass(frozen=True, slots=True)
class ReduceMin(Op):
    """Minimum over the axes in the constant second operand."""

    NAME: ClassVar[str] = "REDUCE_MIN"
    INPUTS: ClassVar[tuple[str, ...]] = ("input", "axes")
    keep_dims: bool = False


FLOAT_ONLY: tuple[type[Op], ...] = (
    *(Square, Floor, Ceil, Round, Sign, Sin, Cos, Pow, FloorDiv),
    *(Cumsum, AddN, DetectionPostProcess),
)
"""Operators that the references have for float32 alone."""
