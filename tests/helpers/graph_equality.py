"""Graphs compared part by part, because Graph and Tensor have no equality of their own."""

from __future__ import annotations

from edgekit.converter.ir.graph import Graph, Tensor


def assert_same_graph(a: Graph, b: Graph) -> None:
    """Names, nodes, tensors and constants are equal; the order of tensors too."""
    assert a.nodes == b.nodes
    assert (a.inputs, a.outputs) == (b.inputs, b.outputs)
    assert list(a.tensors) == list(b.tensors)
    for name in a.tensors:
        assert_same_tensor(a[name], b[name])


def assert_same_tensor(a: Tensor, b: Tensor) -> None:
    """Everything but the arrays' identity is equal, NaN included."""
    assert (a.name, a.shape, a.dtype, a.quant) == (b.name, b.shape, b.dtype, b.quant)
    assert a.range == b.range, a.name
    assert (a.data is None) == (b.data is None), a.name
    if a.data is not None and b.data is not None:
        assert a.data.tobytes() == b.data.tobytes(), a.name
