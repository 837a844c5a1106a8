"""What all operators share; read `ops.py`, which has them all."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class Padding(StrEnum):
    """TFLite's two padding schemes; SAME puts the odd element at the bottom and right."""

    SAME = "SAME"
    VALID = "VALID"


class Activation(StrEnum):
    """The fused activation of an operator."""

    NONE = "NONE"
    RELU = "RELU"
    RELU_N1_TO_1 = "RELU_N1_TO_1"
    RELU6 = "RELU6"


@dataclass(frozen=True, slots=True)
class Op:
    """Base of all operators."""

    NAME: ClassVar[str] = ""
    INPUTS: ClassVar[tuple[str, ...]] = ("input",)
    SOURCE: ClassVar[int] = 0
    """Position of the operand whose values the operator works on."""
    SEVERAL: ClassVar[bool] = False
    """Whether there is any number of outputs rather than one."""
    STATES: ClassVar[tuple[int, ...]] = ()
    """Positions of operands that are states; what they become are the outputs after the first."""
