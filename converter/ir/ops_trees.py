"""Decision trees: EdgeKit's own custom operator, for what networks have none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from edgekit.converter.ir.ops_base import Op


@dataclass(frozen=True, slots=True)
class TreeEnsemble(Op):
    """The sum of the leaves that a vector reaches in a number of binary trees, float32.

    At inner node i of a tree the input goes to children[i][0] if input[features[i]] <=
    thresholds[i], else (also as NaN) to children[i][1]. A child c >= 0 is an inner node of the same
    tree, c < 0 its leaf ~c. Inner nodes of all trees follow one another: features (n,) int16,
    thresholds (n,) of the input's element type and scale, children (n, 2) int16. A row of `trees`
    (t, 3) int32 is a tree: its first inner node, its first leaf, and the output that its leaves are
    added to. Leaves (l, w) float32 are as wide as the output, or 1 wide.

    The input is (batch, features), in float32, int8 or int16; the output (batch, outputs) starts
    at 0, is added to in the order of the trees, and with `averaged` divided by their number.
    """

    NAME: ClassVar[str] = "EdgekitTreeEnsemble"
    INPUTS: ClassVar[tuple[str, ...]] = (
        "input",
        "features",
        "thresholds",
        "children",
        "trees",
        "leaves",
    )
    outputs: int
    averaged: bool = False
