"""Activation functions as operators of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from edgekit.converter.ir.ops_base import Op


@dataclass(frozen=True, slots=True)
class Logistic(Op):
    """1 / (1 + exp(-x))."""

    NAME: ClassVar[str] = "LOGISTIC"


@dataclass(frozen=True, slots=True)
class Relu(Op):
    """max(x, 0)."""

    NAME: ClassVar[str] = "RELU"


@dataclass(frozen=True, slots=True)
class Relu6(Op):
    """min(max(x, 0), 6)."""

    NAME: ClassVar[str] = "RELU6"


@dataclass(frozen=True, slots=True)
class ReluN1To1(Op):
    """min(max(x, -1), 1)."""

    NAME: ClassVar[str] = "RELU_N1_TO_1"


@dataclass(frozen=True, slots=True)
class Relu0To1(Op):
    """min(max(x, 0), 1)."""

    NAME: ClassVar[str] = "RELU_0_TO_1"


@dataclass(frozen=True, slots=True)
class LeakyRelu(Op):
    """x, or alpha * x where x is negative."""

    NAME: ClassVar[str] = "LEAKY_RELU"
    alpha: float = 0.0


@dataclass(frozen=True, slots=True)
class Elu(Op):
    """x, or exp(x) - 1 where x is negative."""

    NAME: ClassVar[str] = "ELU"


@dataclass(frozen=True, slots=True)
class Tanh(Op):
    """Hyperbolic tangent."""

    NAME: ClassVar[str] = "TANH"


@dataclass(frozen=True, slots=True)
class HardSwish(Op):
    """x * min(max(x + 3, 0), 6) / 6."""

    NAME: ClassVar[str] = "HARD_SWISH"
