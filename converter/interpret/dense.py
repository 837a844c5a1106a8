"""FULLY_CONNECTED."""

from __future__ import annotations

from edgekit.converter.interpret.accumulate import accumulation
from edgekit.converter.interpret.kernel import Array, Kernel, in_blocks
from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.ir.ops import FullyConnected


def fully_connected(graph: Graph, node: Node) -> Kernel:
    """y[r, o] = finish(sum over i of x[r, i] * w[o, i]); leading axes are rows."""
    op = node.op
    assert isinstance(op, FullyConnected)
    sums = accumulation(graph, node, channel_axis=0, activation=op.activation)
    width = len(sums.weights)

    def block(rows: Array) -> Array:
        return sums.finish(rows.astype(sums.weights.dtype, copy=False) @ sums.weights)

    def kernel(x: Array, *_: Array | None) -> Array:
        result = in_blocks(block, x.reshape(-1, width), width)
        return result.reshape(*x.shape[:-1], -1) if op.keep_num_dims else result

    return kernel
