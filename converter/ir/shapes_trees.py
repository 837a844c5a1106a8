"""Shape inference of tree ensembles."""

from __future__ import annotations

from typing import Any

from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.ir.slicing import Shape, need


def tree_ensemble(graph: Graph, node: Node, op: Any) -> tuple[Shape, ...]:
    """One number per sample and output."""
    x, features, thresholds, children, trees, leaves = (
        graph.input(node, at).shape for at in range(6)
    )
    need(len(x) == 2, f"input {list(x)}")
    need(len(features) == 1 and thresholds == features, f"thresholds {list(thresholds)}")
    need(children == (*features, 2), f"children {list(children)} of {features[0]} nodes")
    need(len(trees) == 2 and trees[0] > 0 and trees[1] == 3, f"trees {list(trees)}")
    wide = len(leaves) == 2 and leaves[1] in (1, op.outputs)
    need(wide, f"leaves {list(leaves)} for {op.outputs} outputs")
    return ((x[0], op.outputs),)
