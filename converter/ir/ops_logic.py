"""Comparisons, logic, selection and conversion, and movement that goes with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from edgekit.converter.ir.ops_base import Op


@dataclass(frozen=True, slots=True)
class Comparison(Op):
    """What all comparisons share: two operands that broadcast, bool as result."""

    INPUTS: ClassVar[tuple[str, ...]] = ("a", "b")


@dataclass(frozen=True, slots=True)
class Equal(Comparison):
    """Whether a is b."""

    NAME: ClassVar[str] = "EQUAL"


@dataclass(frozen=True, slots=True)
class NotEqual(Comparison):
    """Whether a is not b."""

    NAME: ClassVar[str] = "NOT_EQUAL"


@dataclass(frozen=True, slots=True)
class Greater(Comparison):
    """Whether a is above b."""

    NAME: ClassVar[str] = "GREATER"


@dataclass(frozen=True, slots=True)
class GreaterEqual(Comparison):
    """Whether a is b or above."""

    NAME: ClassVar[str] = "GREATER_EQUAL"


@dataclass(frozen=True, slots=True)
class Less(Comparison):
    """Whether a is below b."""

    NAME: ClassVar[str] = "LESS"


@dataclass(frozen=True, slots=True)
class LessEqual(Comparison):
    """Whether a is b or below."""

    NAME: ClassVar[str] = "LESS_EQUAL"


@dataclass(frozen=True, slots=True)
class LogicalAnd(Op):
    """Whether both hold, with broadcasting."""

    NAME: ClassVar[str] = "LOGICAL_AND"
    INPUTS: ClassVar[tuple[str, ...]] = ("a", "b")


@dataclass(frozen=True, slots=True)
class LogicalOr(Op):
    """Whether one holds, with broadcasting."""

    NAME: ClassVar[str] = "LOGICAL_OR"
    INPUTS: ClassVar[tuple[str, ...]] = ("a", "b")


@dataclass(frozen=True, slots=True)
class LogicalNot(Op):
    """Whether the operand does not hold."""

    NAME: ClassVar[str] = "LOGICAL_NOT"


@dataclass(frozen=True, slots=True)
class Select(Op):
    """a where the condition holds, else b; all of one shape."""

    NAME: ClassVar[str] = "SELECT"
    INPUTS: ClassVar[tuple[str, ...]] = ("condition", "a", "b")
    SOURCE: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class SelectV2(Op):
    """a where the condition holds, else b, with broadcasting."""

    NAME: ClassVar[str] = "SELECT_V2"
    INPUTS: ClassVar[tuple[str, ...]] = ("condition", "a", "b")
    SOURCE: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class Cast(Op):
    """The number in another element type; from float32 to int32 cut off."""

    NAME: ClassVar[str] = "CAST"


@dataclass(frozen=True, slots=True)
class BroadcastTo(Op):
    """The input repeated to the constant shape."""

    NAME: ClassVar[str] = "BROADCAST_TO"
    INPUTS: ClassVar[tuple[str, ...]] = ("input", "shape")


@dataclass(frozen=True, slots=True)
class ReverseV2(Op):
    """Back to front along the constant axes."""

    NAME: ClassVar[str] = "REVERSE_V2"
    INPUTS: ClassVar[tuple[str, ...]] = ("input", "axes")


@dataclass(frozen=True, slots=True)
class Cumsum(Op):
    """Sums of all values up to each one along the constant axis, itself left out if `exclusive`,
    from the end on if `reverse`."""

    NAME: ClassVar[str] = "CUMSUM"
    INPUTS: ClassVar[tuple[str, ...]] = ("input", "axis")
    exclusive: bool = False
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class AddN(Op):
    """The sum of operands of one shape."""

    NAME: ClassVar[str] = "ADD_N"
    INPUTS: ClassVar[tuple[str, ...]] = ("values...",)


COMPARISONS: tuple[type[Op], ...] = (Equal, NotEqual, Greater, GreaterEqual, Less, LessEqual)
LOGIC: tuple[type[Op], ...] = (LogicalAnd, LogicalOr, LogicalNot)
SELECTIONS: tuple[type[Op], ...] = (Select, SelectV2)
MIXED: tuple[type[Op], ...] = (*COMPARISONS, *LOGIC, *SELECTIONS, Cast)
"""Operators whose operands and results have several element types."""
SUMS: tuple[type[Op], ...] = (Cumsum, AddN)
TURNED: tuple[type[Op], ...] = (BroadcastTo, ReverseV2)
"""Operators that only move values."""
