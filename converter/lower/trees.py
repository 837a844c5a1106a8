"""Ensembles of decision trees: one kernel per type of the input."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.ir.graph import DType, Graph, Node
from edgekit.converter.ir.ops_trees import TreeEnsemble
from edgekit.converter.lower.calls import Array, Call, Result, Value, c_type
from edgekit.converter.lower.program import Params, ParamsArg
from edgekit.converter.lower.variants import Cost, Request

FAMILIES = {
    DType.FLOAT32: "tree_ensemble_f32",
    DType.INT8: "tree_ensemble_s8_f32",
    DType.INT16: "tree_ensemble_s16_f32",
}


def tree_ensemble(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_tree_ensemble_f32`, `ek_tree_ensemble_s8_f32` or `ek_tree_ensemble_s16_f32`."""
    op, x = node.op, graph.input(node)
    assert isinstance(op, TreeEnsemble)
    features, thresholds, children, trees, leaves = (graph.input(node, at) for at in range(1, 6))
    params = Params(
        "ek_tree_ensemble_t",
        (
            ("batches", x.shape[0]),
            ("inputs", x.shape[1]),
            ("outputs", op.outputs),
            ("trees", trees.shape[0]),
            ("width", leaves.shape[1]),
            ("divisor", float(trees.shape[0]) if op.averaged else 1.0),
        ),
    )
    args = (
        ParamsArg(),
        Value(x.name, c_type(x)),
        Array("features", "features", "int16_t", features.values),
        Array("thresholds", "thresholds", c_type(thresholds), thresholds.values),
        Array("children", "children", "int16_t", children.values),
        Array("trees", "trees", "int32_t", trees.values),
        Array("leaves", "leaves", "float", leaves.values),
        Result(graph.output(node).name, "float"),
    )
    return (Call(FAMILIES[x.dtype], args, params),)


def walked(request: Request) -> int:
    """12 instructions a node on the way, 24 a tree, 6 a value of its leaf, 12 an output; a way is
    as long as those of all leaves are on average."""
    children = request.array("children").values
    trees = request.array("trees").values
    depth = float(np.mean(mean_depths(children, trees[:, 0])))
    tree = 24 + 12 * depth + 6 * request.number("width")
    one = request.number("trees") * tree + 12 * request.number("outputs")
    return int(request.number("batches") * one)


def mean_depths(children: NDArray[np.generic], starts: NDArray[np.generic]) -> list[float]:
    """Inner nodes on the way to a leaf, of each tree, averaged over its leaves."""
    found = []
    ends = [*starts.tolist()[1:], len(children)]
    for first, end in zip(starts.tolist(), ends, strict=True):
        depth = np.ones(end - first, np.int64)
        leaves, total = 0, 0
        for place, pair in enumerate(children[first:end].tolist()):
            for child in pair:
                if child >= 0:
                    depth[child] = depth[place] + 1
                else:
                    leaves, total = leaves + 1, total + int(depth[place])
        found.append(total / leaves)
    return found


COSTS: dict[str, Cost] = {"ref_trees": walked}
