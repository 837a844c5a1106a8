"""Rules about tree ensembles."""

from __future__ import annotations

import numpy as np

from edgekit.converter.ir.graph import DType, Graph, Node
from edgekit.converter.ir.ops_trees import TreeEnsemble
from edgekit.converter.ir.rule import node_rule

_PARTS = {
    "features": DType.INT16,
    "children": DType.INT16,
    "trees": DType.INT32,
    "leaves": DType.FLOAT32,
}


@node_rule("tree-formats", TreeEnsemble)
def tree_formats(graph: Graph, node: Node) -> str:
    """An EdgekitTreeEnsemble reads float32, int8 or int16, its thresholds have the input's element
    type and scale, its output is float32; features and children are int16, trees int32, leaves
    float32."""
    x, y = graph.input(node), graph.output(node)
    if x.dtype not in (DType.FLOAT32, DType.INT8, DType.INT16):
        return f"input {x.dtype}"
    if y.dtype is not DType.FLOAT32:
        return f"output {y.dtype}"
    for at, role in enumerate(node.op.INPUTS[1:], start=1):
        dtype = graph.input(node, at).dtype
        if dtype is not _PARTS.get(role, x.dtype):
            return f"{role} {dtype}"
    if graph.input(node, 2).quant != x.quant:
        return "thresholds of another scale"
    return ""


@node_rule("tree-walks", TreeEnsemble)
def tree_walks(graph: Graph, node: Node) -> str:
    """Every walk through a tree of an EdgekitTreeEnsemble ends: trees follow one another without a
    gap, a node's children are later nodes of its tree or leaves that exist, and it asks for a
    feature that the input has."""
    op, count = node.op, graph.input(node).shape[1]
    assert isinstance(op, TreeEnsemble)
    features, children, trees = (graph.input(node, at).values.astype(np.int64) for at in (1, 3, 4))
    leaves = graph.input(node, 5)
    starts = trees[:, 0]
    ends = np.append(starts[1:], len(features))
    if starts[0] != 0 or (ends <= starts).any():
        return "a tree without a node"
    outside = features[(features < 0) | (features >= count)]
    if len(outside):
        return f"feature {int(outside[0])} of {count}"
    tree = np.repeat(np.arange(len(trees)), ends - starts)
    place = np.arange(len(features)) - starts[tree]
    inner = children >= 0
    sizes = (ends - starts)[tree]
    if (inner & ((children <= place[:, None]) | (children >= sizes[:, None]))).any():
        return "a child that is no later node of its tree"
    rows = trees[tree, 1][:, None] + ~children
    if (~inner & ((rows < 0) | (rows >= leaves.shape[0]))).any():
        return "a leaf that does not exist"
    last = op.outputs - 1 if leaves.shape[1] == 1 else 0
    if (trees[:, 2] < 0).any() or (trees[:, 2] > last).any():
        return f"output {int(trees[:, 2].max())} of {op.outputs}"
    return ""
