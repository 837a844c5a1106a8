"""A float graph put together node by node, for models that are no network files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node, Tensor

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Affine:
    """x * factor + shift, feature by feature, in float64: what scalers do."""

    factor: Array
    shift: Array

    @classmethod
    def identity(cls, features: int) -> Affine:
        """Features as they are."""
        return cls(np.ones(features), np.zeros(features))

    def __call__(self, x: Array) -> Array:
        """Samples (n, features) as the estimator behind the scalers sees them."""
        return np.asarray(x, np.float64) * self.factor + self.shift

    def back(self, x: Array) -> Array:
        """Samples in front of the scalers; a factor of 0 counts as 1."""
        safe = np.where(self.factor == 0, 1.0, self.factor)
        return np.asarray((x - self.shift) / safe)

    def then(self, factor: Array, shift: Array) -> Affine:
        """The map followed by another one."""
        return Affine(self.factor * factor, self.shift * factor + shift)


@dataclass(slots=True)
class Stack:
    """Nodes one behind the other over one vector of `features` numbers."""

    name: str
    features: int
    tensors: list[Tensor] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    top: Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.top = Tensor("features", (1, self.features), DType.FLOAT32)
        self.tensors.append(self.top)

    def constant(self, name: str, values: Array) -> str:
        """A constant of the array's own element type."""
        made = Tensor(name, values.shape, DType(values.dtype.name), None, values)
        self.tensors.append(made)
        return name

    def apply(
        self,
        name: str,
        op: ops.Op,
        *more: str,
        width: int | None = None,
        dtype: DType = DType.FLOAT32,
    ) -> None:
        """The operator on what the last one gave; `more` are its further operands."""
        size = self.top.shape[1] if width is None else width
        made = Tensor(name, (1, size), dtype)
        self.nodes.append(Node(name, op, (self.top.name, *more), (name,)))
        self.tensors.append(made)
        self.top = made

    def dense(
        self,
        name: str,
        weights: Array,
        bias: Array,
        activation: ops.Activation = ops.Activation.NONE,
    ) -> None:
        """FULLY_CONNECTED with weights (outputs, inputs) and bias (outputs,)."""
        rows = self.constant(f"{name}/weights", np.asarray(weights).astype(np.float32))
        shift = self.constant(f"{name}/bias", np.asarray(bias).astype(np.float32))
        self.apply(name, ops.FullyConnected(activation), rows, shift, width=len(weights))

    def graph(self, metadata: dict[str, str]) -> Graph:
        """The finished graph."""
        tensors = {tensor.name: tensor for tensor in self.tensors}
        names: Sequence[str] = ("features",)
        return Graph(
            self.name, tensors, tuple(self.nodes), tuple(names), (self.top.name,), metadata
        )
