"""Random ensembles of decision trees as graphs of one node."""

from __future__ import annotations

import numpy as np

from edgekit.converter.ir.graph import DType, Graph, Node, Quant, Tensor
from edgekit.converter.ir.ops import TreeEnsemble
from tests.helpers.oracle import Array

QUANT = {DType.FLOAT32: None, DType.INT8: Quant.per_tensor(0.5, 3)}
QUANT[DType.INT16] = Quant.per_tensor(0.002, 0)
RANGES = {DType.FLOAT32: 4, DType.INT8: 128, DType.INT16: 32768}
"""Inputs and thresholds lie within this of 0."""


def random_tree(rng: np.random.Generator, nodes: int, leaves: int) -> Array:
    """Children (nodes, 2) of one tree: each node hangs below an earlier one, free places are
    leaves."""
    children = -1 - rng.integers(0, leaves, (nodes, 2))
    free = [(0, 0), (0, 1)]
    for node in range(1, nodes):
        parent, side = free.pop(int(rng.integers(len(free))))
        children[parent, side] = node
        free += [(node, 0), (node, 1)]
    return children.astype(np.int16)


def values(rng: np.random.Generator, dtype: DType, shape: tuple[int, ...]) -> Array:
    """Inputs or thresholds; floats are few, so that equal ones meet."""
    if dtype is DType.FLOAT32:
        return (rng.integers(-16, 17, shape) / 4).astype(np.float32)
    limit = RANGES[dtype]
    return rng.integers(-limit, limit, shape).astype(dtype.numpy)


def ensemble(seed: int, dtype: DType = DType.FLOAT32, *, batch: int = 1) -> Graph:
    """1 to 6 trees of 1 to 20 splits over 1 to 9 features, 1 to 4 outputs, narrow or wide
    leaves."""
    rng = np.random.default_rng(seed)
    features, outputs = int(rng.integers(1, 10)), int(rng.integers(1, 5))
    sizes = rng.integers(1, 21, int(rng.integers(1, 7)))
    leaves = rng.integers(1, 8, len(sizes))
    width = outputs if rng.random() < 0.5 else 1
    children = [random_tree(rng, n, m) for n, m in zip(sizes, leaves, strict=True)]
    firsts = np.cumsum([0, *sizes])[:-1], np.cumsum([0, *leaves])[:-1]
    target = rng.integers(0, outputs, len(sizes)) if width == 1 else np.zeros(len(sizes))
    count, quant = int(sizes.sum()), QUANT[dtype]
    parts = {
        "features": rng.integers(0, features, count).astype(np.int16),
        "thresholds": values(rng, dtype, (count,)),
        "children": np.concatenate(children),
        "trees": np.stack([*firsts, target], axis=1).astype(np.int32),
        "leaves": rng.normal(size=(int(leaves.sum()), width)).astype(np.float32),
    }
    constants = [
        Tensor(n, v.shape, DType(v.dtype.name), quant if n == "thresholds" else None, v)
        for n, v in parts.items()
    ]
    x = Tensor("x", (batch, features), dtype, quant)
    y = Tensor("y", (batch, outputs), DType.FLOAT32)
    op = TreeEnsemble(outputs, averaged=bool(rng.random() < 0.5))
    node = Node("y", op, ("x", *parts), ("y",))
    return Graph("trees", {t.name: t for t in (x, *constants, y)}, (node,), ("x",), ("y",))


def one_by_one(graph: Graph, x: Array) -> Array:
    """What the ensemble gives for samples (n, features), read off its formula."""
    node = graph.nodes[0]
    op = node.op
    assert isinstance(op, TreeEnsemble)
    features, thresholds, children, trees, leaves = (
        graph.input(node, at).values for at in range(1, 6)
    )
    found = np.zeros((len(x), op.outputs), np.float32)
    for row, sample in enumerate(x):
        for first, leaf, output in trees.tolist():
            at = 0
            while at >= 0:
                i = first + at
                at = int(children[i, 0 if sample[features[i]] <= thresholds[i] else 1])
            reached = leaves[leaf - at - 1]
            if len(reached) == op.outputs:
                found[row] += reached
            else:
                found[row, output] += reached[0]
    return found / np.float32(len(trees)) if op.averaged else found
