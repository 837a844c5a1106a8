"""Small graphs built by hand, so that the interpreter's tests need no model file."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.ir.graph import DType, Graph, Node, Quant, Tensor
from edgekit.converter.ir.ops import Op

Array = NDArray[Any]
Q = Quant.per_tensor(0.05, -3)


def activation(name: str, *shape: int, quant: Quant | None = Q) -> Tensor:
    """An int8 activation, or with `quant=None` a float32 one."""
    return Tensor(name, shape, DType.INT8 if quant else DType.FLOAT32, quant)


def fixed(name: str, values: Array, quant: Quant | None = None) -> Tensor:
    """A constant of the values' dtype."""
    return Tensor(name, values.shape, DType(values.dtype.name), quant, values)


def chain(
    *links: tuple[Op, list[Tensor | None], Tensor], outputs: list[str] | None = None
) -> Graph:
    """A graph of (operator, operands, output) in order; what nothing writes is an input."""
    tensors = {t.name: t for _, operands, to in links for t in (*operands, to) if t is not None}
    nodes = tuple(
        Node(to.name, op, tuple(t.name if t else None for t in operands), (to.name,))
        for op, operands, to in links
    )
    written = {node.output for node in nodes}
    inputs = tuple(n for n, t in tensors.items() if n not in written and not t.constant)
    return Graph("tiny", tensors, nodes, inputs, tuple(outputs or [nodes[-1].output]))


def random_input(tensor: Tensor, samples: int, seed: int = 0) -> Array:
    """Values for an activation, with `samples` times its leading extent."""
    rng = np.random.default_rng(seed)
    shape = (samples * tensor.shape[0], *tensor.shape[1:])
    if tensor.dtype is DType.FLOAT32:
        return rng.standard_normal(shape).astype(np.float32)
    return rng.integers(-128, 128, shape).astype(np.int8)
