"""Shape inference of detection heads."""

from __future__ import annotations

from typing import Any

from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.ir.slicing import Shape, need


def detections(graph: Graph, node: Node, op: Any) -> tuple[Shape, ...]:
    """Boxes, classes, scores, and how many there are."""
    boxes, scores, anchors = (graph.input(node, at).shape for at in range(3))
    need(len(node.outputs) == 4, f"{len(node.outputs)} outputs instead of 4")
    need(len(boxes) == 3 and boxes[0] == 1 and boxes[2] >= 4, f"boxes {list(boxes)}")
    need(anchors == (boxes[1], 4), f"anchors {list(anchors)} for boxes {list(boxes)}")
    columns = (op.num_classes, op.num_classes + 1)
    fits = len(scores) == 3 and scores[:2] == boxes[:2] and scores[2] in columns
    need(fits, f"scores {list(scores)} for {op.num_classes} classes of boxes {list(boxes)}")
    return (1, op.rows, 4), (1, op.rows), (1, op.rows), (1,)
