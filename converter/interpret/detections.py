"""Detection heads, after TFLite's and tflite-micro's kernels: of equals the first is better.

Boxes are decoded in float64 with an exp of our own, so that generated C has the same bits.
"""

from __future__ import annotations

import math

import numpy as np

from edgekit.converter.interpret.kernel import Array, Results
from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.ir.ops_detection import DetectionPostProcess

Detection = tuple[float, int, int]
"""Score, box, class."""


def detections(graph: Graph, node: Node) -> Detections:
    """Boxes, classes, scores and their number, sample by sample."""
    assert isinstance(node.op, DetectionPostProcess)
    return Detections(node.op)


class Detections:
    """The kernel of one node."""

    def __init__(self, op: DetectionPostProcess) -> None:
        self._op = op
        self._pick = by_class if op.use_regular_nms else by_box

    def __call__(self, encodings: Array, scores: Array, anchors: Array) -> Results:
        """Encodings (n, boxes, 4 or more) and scores (n, boxes, classes), float32."""
        samples = [self._one(*pair, anchors) for pair in zip(encodings, scores, strict=True)]
        return tuple(np.stack(parts) for parts in zip(*samples, strict=True))

    def _one(self, encodings: Array, scores: Array, anchors: Array) -> tuple[Array, ...]:
        op = self._op
        corners = decode(op, encodings, anchors)
        picked, found = self._pick(op, corners, scores[:, -op.num_classes :])
        boxes = np.zeros((op.rows, 4), np.float32)
        classes, chosen = np.zeros(op.rows, np.float32), np.zeros(op.rows, np.float32)
        for row, (score, box, label) in picked.items():
            boxes[row], classes[row], chosen[row] = corners[box], label, score
        return boxes, classes, chosen, np.array(found, np.float32)


def decode(op: DetectionPostProcess, encodings: Array, anchors: Array) -> Array:
    """Top, left, bottom, right (n, 4) of encoded boxes; centres and halves are rounded to float32
    before they are added."""
    wide, sizes = encodings[:, :4].astype(np.float64), anchors[:, 2:].astype(np.float64)
    centre_scale = np.array([op.y_scale, op.x_scale], np.float32).astype(np.float64)
    size_scale = np.array([op.h_scale, op.w_scale], np.float32).astype(np.float64)
    with np.errstate(over="ignore"):
        centres = (wide[:, :2] / centre_scale * sizes + anchors[:, :2]).astype(np.float32)
        halves = (0.5 * exp(wide[:, 2:] / size_scale) * sizes).astype(np.float32)
    return np.concatenate([centres - halves, centres + halves], axis=1)


def exp(x: Array) -> Array:
    """exp in float64, operation by operation as ek_exp_f64.h; 0 below -700, infinite above 700."""
    with np.errstate(invalid="ignore", over="ignore"):
        inner = np.where(np.abs(x) <= 700, x, 0.0)
        n = np.trunc(inner * 1.4426950408889634 + np.where(inner < 0, -0.5, 0.5))
        r = (inner - n * 0.693147180369123816490) - n * 1.90821492927058770002e-10
        power = np.full_like(r, 1.0 / math.factorial(13))
        for k in range(12, -1, -1):
            power = power * r + 1.0 / math.factorial(k)
        found = np.ldexp(power, n.astype(np.int32))
        outside = np.where(x < 0, 0.0, x * np.inf)
        return np.asarray(np.where(np.abs(x) <= 700, found, outside))


def by_box(
    op: DetectionPostProcess, corners: Array, scores: Array
) -> tuple[dict[int, Detection], int]:
    """Boxes compete by their best class: detections by row, and how many boxes remain."""
    kept = suppress(op, corners, scores.max(axis=1), op.max_detections)
    rows: dict[int, Detection] = {}
    for place, box in enumerate(kept):
        order = np.argsort(-scores[box], kind="stable")[: op.max_classes_per_detection]
        for column, label in enumerate(order.tolist()):
            row = place * op.max_classes_per_detection + column
            rows[row] = (float(scores[box, label]), box, label)
    return rows, len(kept)


def by_class(
    op: DetectionPostProcess, corners: Array, scores: Array
) -> tuple[dict[int, Detection], int]:
    """Boxes compete class by class, then the best of all classes remain."""
    best: list[Detection] = []
    for label in range(op.num_classes):
        own = scores[:, label]
        kept = suppress(op, corners, own, op.detections_per_class)
        best += [(float(own[box]), box, label) for box in kept]
    best.sort(key=lambda detection: -detection[0])
    return dict(enumerate(best[: op.max_detections])), min(len(best), op.max_detections)


def suppress(op: DetectionPostProcess, corners: Array, scores: Array, most: int) -> list[int]:
    """Indices of at most `most` boxes, best score first, none of which overlaps a better one too
    far."""
    above = np.flatnonzero(scores >= np.float32(op.nms_score_threshold))
    left = above[np.argsort(-scores[above], kind="stable")]
    kept: list[int] = []
    while len(left) and len(kept) < most:
        kept.append(int(left[0]))
        shared = overlap(corners[left[0]], corners[left[1:]])
        left = left[1:][~(shared > np.float32(op.nms_iou_threshold))]
    return kept


def overlap(box: Array, others: Array) -> Array:
    """What a box shares with each of the others (n, 4), over their union; 0 where one has no
    area."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    sides = np.maximum(high - low, np.float32(0))
    shared = sides[:, 0] * sides[:, 1]
    own, areas = area(box[None]), area(others)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = shared / (own + areas - shared)
    return np.where((own > 0) & (areas > 0), share, np.float32(0))


def area(boxes: Array) -> Array:
    """Height times width (n,)."""
    return np.asarray((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))
