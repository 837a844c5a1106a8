"""Rules about detection heads."""

from __future__ import annotations

import math

import numpy as np

from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.ir.ops_detection import DetectionPostProcess
from edgekit.converter.ir.rule import node_rule

_SCALES = ("y_scale", "x_scale", "h_scale", "w_scale")


@node_rule("detection-options", DetectionPostProcess)
def detection_options(graph: Graph, node: Node) -> str:
    """A TFLite_Detection_PostProcess counts from 1, its nms_iou_threshold lies above 0 and at most
    at 1, its nms_score_threshold is a number, and its scales are positive and finite."""
    op = node.op
    assert isinstance(op, DetectionPostProcess)
    counts = ("max_detections", "max_classes_per_detection", "num_classes", "detections_per_class")
    for name in counts:
        if getattr(op, name) < 1:
            return f"{name} {getattr(op, name)}"
    for name in _SCALES:
        if not (math.isfinite(getattr(op, name)) and getattr(op, name) > 0):
            return f"{name} {getattr(op, name)}"
    if math.isnan(op.nms_score_threshold):
        return f"nms_score_threshold {op.nms_score_threshold}"
    return "" if 0 < op.nms_iou_threshold <= 1 else f"nms_iou_threshold {op.nms_iou_threshold}"


@node_rule(
    "detection-anchors",
    DetectionPostProcess,
    supported=True,
    hint="export the model with constant anchors, in the order y, x, height, width",
)
def detection_anchors(graph: Graph, node: Node) -> str:
    """The anchors of a TFLite_Detection_PostProcess are constant, with heights and widths not below
    0."""
    anchors = graph.input(node, 2)
    if not anchors.constant:
        return f"anchors {anchors.name} are computed at run time"
    least = float(np.min(anchors.values[:, 2:], initial=0.0))
    return f"a height or width of {least:.6g}" if least < 0 else ""
