"""Ensembles of decision trees: all samples walk a tree together."""

from __future__ import annotations

import numpy as np

from edgekit.converter.interpret.kernel import Array
from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.ir.ops_trees import TreeEnsemble


def tree_ensemble(graph: Graph, node: Node) -> Trees:
    """The sum of the leaves reached, per output."""
    assert isinstance(node.op, TreeEnsemble)
    return Trees(node.op)


class Trees:
    """The kernel of one node."""

    def __init__(self, op: TreeEnsemble) -> None:
        self._op = op

    def __call__(
        self,
        x: Array,
        features: Array,
        thresholds: Array,
        children: Array,
        trees: Array,
        leaves: Array,
    ) -> Array:
        """Samples (n, features) of any type that `thresholds` has; float32 (n, outputs)."""
        sums = np.zeros((len(x), self._op.outputs), np.float32)
        whole = leaves.shape[1] == self._op.outputs
        for first, leaf, output in trees.tolist():
            reached = leaf + walk(x, features[first:], thresholds[first:], children[first:])
            if whole:
                sums += leaves[reached]
            else:
                sums[:, output] += leaves[reached, 0]
        return sums / np.float32(len(trees)) if self._op.averaged else sums


def walk(x: Array, features: Array, thresholds: Array, children: Array) -> Array:
    """The leaf (n,) of one tree that each sample reaches; its nodes are the first ones given."""
    node = np.zeros(len(x), np.int64)
    walking = np.arange(len(x))
    while len(walking):
        at = node[walking]
        left = x[walking, features[at]] <= thresholds[at]
        node[walking] = children[at, np.where(left, 0, 1)]
        walking = walking[node[walking] >= 0]
    return ~node
