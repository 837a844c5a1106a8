"""Detection heads: one kernel, whatever boxes compete by."""

from __future__ import annotations

from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.ir.ops_detection import DetectionPostProcess
from edgekit.converter.lower.calls import Array, Call, Result, Value
from edgekit.converter.lower.program import Params, ParamsArg
from edgekit.converter.lower.variants import Request, ScratchSize

BYTES_PER_BOX = 24
"""Four corners, and a candidate's score and index."""


def detections(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_detections_f32` or `ek_detections_by_class_f32`."""
    op = node.op
    assert isinstance(op, DetectionPostProcess)
    boxes, scores, anchors = (graph.input(node, index) for index in range(3))
    params = Params(
        "ek_detections_f32_t",
        (
            ("boxes", boxes.shape[1]),
            ("values", boxes.shape[2]),
            ("classes", op.num_classes),
            ("columns", scores.shape[2]),
            ("max_detections", op.max_detections),
            ("classes_per_box", op.max_classes_per_detection),
            ("per_class", op.detections_per_class),
            ("score_threshold", op.nms_score_threshold),
            ("iou_threshold", op.nms_iou_threshold),
            ("y_scale", op.y_scale),
            ("x_scale", op.x_scale),
            ("h_scale", op.h_scale),
            ("w_scale", op.w_scale),
        ),
    )
    outputs = tuple(Result(name, "float") for name in node.outputs)
    args: tuple[ParamsArg | Value | Array | Result, ...] = (
        ParamsArg(),
        Value(boxes.name, "float"),
        Value(scores.name, "float"),
        Array("anchors", "anchors", "float", anchors.values),
        *outputs,
    )
    family = "detections_by_class_f32" if op.use_regular_nms else "detections_f32"
    return (Call(family, args, params),)


def room(request: Request) -> int:
    """24 bytes a box."""
    return BYTES_PER_BOX * request.number("boxes")


SCRATCHES: dict[str, ScratchSize] = {"detections": room}
