"""What the operator files share: types, checks, and work in blocks that fit the cache.

An operator is a function `build(graph, node)` that reads the constants and parameters once and
returns a kernel. A kernel takes the operands in TFLite's order, constants included and None for
an absent one, with any leading extent, and returns the output.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.ir.graph import DType, Graph, Node, Quant, Tensor
from edgekit.converter.ir.ops import Activation
from edgekit.errors import UnsupportedError

Array = NDArray[Any]
Kernel = Callable[..., Array]
Results = Array | tuple[Array, ...]
"""The output; a tuple of outputs where the operator may have several."""
Build = Callable[[Graph, Node], Callable[..., Results]]

BLOCK_ELEMENTS = 1 << 19
"""Elements of the largest intermediate array of a block: 2 MiB of float32."""


def in_blocks(kernel: Callable[[Array], Array], x: Array, elements_per_sample: int) -> Array:
    """`kernel` over slices of the leading axis, so that intermediates stay small."""
    step = max(1, BLOCK_ELEMENTS // max(1, elements_per_sample))
    if len(x) <= step:
        return kernel(x)
    return np.concatenate([kernel(x[start : start + step]) for start in range(0, len(x), step)])


def number_format(graph: Graph, node: Node) -> DType:
    """FLOAT32, INT8 or INT16: what the operator computes in.

    Raises UnsupportedError for anything else, or when input and output differ.
    """
    found = graph.source(node).dtype, graph.output(node).dtype
    for dtype in (DType.FLOAT32, DType.INT8, DType.INT16):
        if found == (dtype, dtype):
            return dtype
    raise unsupported(
        node, f"computes from {found[0]} to {found[1]}", "float32, int8 or int16", "interpret-dtype"
    )


def constant(graph: Graph, node: Node, index: int) -> Tensor:
    """The constant operand at `index`. Raises UnsupportedError when it is computed instead."""
    tensor = graph.input(node, index)
    if not tensor.constant:
        role = node.op.INPUTS[index]
        raise unsupported(node, f"{role} computed at run time", "a constant", "interpret-constant")
    return tensor


def quant_of(node: Node, tensor: Tensor) -> Quant:
    """The tensor's scale and zero point. Raises UnsupportedError when it has none."""
    if tensor.quant is None:
        raise unsupported(node, f"{tensor.name} has no scale", "a scale", "interpret-no-scale")
    return tensor.quant


def same_quantization(graph: Graph, node: Node) -> None:
    """Raise UnsupportedError unless int8 inputs and output share scale and zero point."""
    output = graph.output(node).quant
    for name in (*node.inputs, *node.outputs):
        quant = graph[name].quant if name is not None else None
        if quant is not None and output is not None and not _alike(quant, output):
            word = "input" if name in node.inputs else "output"
            found = f"{word} {name} and the output have different scales or zero points"
            raise unsupported(node, found, "the same", "interpret-scales")


def _alike(a: Quant, b: Quant) -> bool:
    """Equal but for the rounding of a scale, which TFLite forgives too."""
    return a.zero_points == b.zero_points and np.allclose(a.scales, b.scales, rtol=1e-6, atol=0)


def unsupported(node: Node, found: str, allowed: str, code: str) -> UnsupportedError:
    """An error about `node`."""
    hint = "`edgekit inspect MODEL --graph` prints the layer; quantize the float model again"
    subject = f"{node.op.NAME} {node.name}"
    return UnsupportedError(subject, found, allowed=allowed, hint=hint, code=code)


_FLOAT_RANGE: dict[Activation, tuple[float, float]] = {
    Activation.RELU: (0.0, np.inf),
    Activation.RELU6: (0.0, 6.0),
    Activation.RELU_N1_TO_1: (-1.0, 1.0),
}


def activate(x: Array, activation: Activation) -> Array:
    """The fused activation of a float operator, in place."""
    if activation is Activation.NONE:
        return x
    low, high = _FLOAT_RANGE[activation]
    return np.clip(x, np.float32(low), np.float32(high), out=x)
