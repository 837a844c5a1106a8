"""Comparisons, logic, selection and CAST; sums along an axis and of several operands."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.fixed_point import compare_requant, multiply_by_quantized_multiplier
from edgekit.converter.interpret.elementwise import look_up
from edgekit.converter.interpret.kernel import (
    Array,
    Build,
    Kernel,
    quant_of,
    same_quantization,
)
from edgekit.converter.ir import ops_logic as logic
from edgekit.converter.ir.graph import DType, Graph, Node, Quant
from edgekit.converter.ir.ops import Op
from edgekit.converter.ir.slicing import ints

_RELATIONS: dict[type[Op], Callable[[Array, Array], Array]] = {
    logic.Equal: np.equal,
    logic.NotEqual: np.not_equal,
    logic.Greater: np.greater,
    logic.GreaterEqual: np.greater_equal,
    logic.Less: np.less,
    logic.LessEqual: np.less_equal,
}


def compare(graph: Graph, node: Node) -> Kernel:
    """Values as they are; int8 ones in 256ths of 1, rounded, as both references compare them."""
    relation = _RELATIONS[type(node.op)]
    a, b = graph.input(node), graph.input(node, 1)
    if a.dtype is not DType.INT8:
        return relation
    first, second = scaled_codes(quant_of(node, a)), scaled_codes(quant_of(node, b))
    return lambda a, b: relation(look_up(first, a), look_up(second, b))


def scaled_codes(quant: Quant) -> NDArray[np.int32]:
    """What each of the 256 codes counts in a comparison."""
    codes = (np.arange(-128, 128, dtype=np.int32) - np.int32(quant.zero_point)) << 8
    factor = compare_requant(quant)
    return multiply_by_quantized_multiplier(codes, factor.multiplier, factor.shift)


def select(graph: Graph, node: Node) -> Kernel:
    """a where the condition holds, else b."""
    same_quantization(graph, node)
    return np.where


def cast(graph: Graph, node: Node) -> Kernel:
    """To another element type; float32 is cut off, what is beyond int32 becomes its end."""
    source, target = graph.input(node).dtype, graph.output(node).dtype
    if source is DType.FLOAT32 and target is DType.INT32:
        info = np.iinfo(np.int32)
        return lambda x: np.clip(
            np.trunc(np.nan_to_num(x).astype(np.float64)), info.min, info.max
        ).astype(np.int32)
    return lambda x: x.astype(target.numpy)


def cumsum(graph: Graph, node: Node) -> Kernel:
    """Running sums in float32."""
    op = node.op
    assert isinstance(op, logic.Cumsum)
    [axis] = ints(graph.input(node, 1))

    def kernel(x: Array, *_: Array) -> Array:
        turned = np.flip(x, axis) if op.reverse else x
        sums = np.cumsum(turned, axis=axis, dtype=np.float32)
        if op.exclusive:
            sums = sums - turned
        return np.flip(sums, axis) if op.reverse else sums

    return kernel


def add_n(graph: Graph, node: Node) -> Kernel:
    """One operand after the other."""
    return lambda *operands: reduce(np.add, operands)


BUILDS: dict[type[Op], Build] = {
    **dict.fromkeys(logic.COMPARISONS, compare),
    logic.LogicalAnd: lambda graph, node: np.logical_and,
    logic.LogicalOr: lambda graph, node: np.logical_or,
    logic.LogicalNot: lambda graph, node: np.logical_not,
    **dict.fromkeys(logic.SELECTIONS, select),
    logic.Cast: cast,
    logic.Cumsum: cumsum,
    logic.AddN: add_n,
}
