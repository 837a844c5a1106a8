"""Detection heads alone, and at the end of a small SSD network."""

from __future__ import annotations

import numpy as np

from edgekit.converter.ir.graph import DType, Graph, Node, Tensor
from edgekit.converter.ir.ops import (
    Conv2D,
    DetectionPostProcess,
    Logistic,
    Padding,
    Reshape,
)
from tests.helpers.oracle import Array

Rng = np.random.Generator
OUTPUTS = ("found_boxes", "found_classes", "found_scores", "found")


def f32(value: float) -> float:
    """The nearest float32."""
    return float(np.float32(value))


def random_operator(rng: Rng, *, by_class: bool, per_box: int = 1) -> DetectionPostProcess:
    """Any thresholds and counts, the usual scales."""
    return DetectionPostProcess(
        max_detections=int(rng.integers(1, 12)),
        max_classes_per_detection=per_box,
        num_classes=int(rng.integers(1, 6)),
        nms_score_threshold=f32(rng.choice([1e-8, 0.3, 0.6])),
        nms_iou_threshold=f32(rng.choice([0.2, 0.5, 1.0])),
        y_scale=10.0,
        x_scale=10.0,
        h_scale=5.0,
        w_scale=f32(rng.choice([5.0, 4.9])),
        detections_per_class=int(rng.integers(1, 8)),
        use_regular_nms=by_class,
    )


def anchors(rng: Rng, count: int) -> Array:
    """Centres in the unit square, sizes up to half of it."""
    centres, sizes = rng.random((count, 2)), rng.random((count, 2)) * 0.5 + 0.05
    return np.concatenate([centres, sizes], axis=1).astype(np.float32)


def finish(
    op: DetectionPostProcess, tensors: list[Tensor], nodes: list[Node], names: tuple[str, str, str]
) -> Graph:
    """The graph with the head behind what there is; inputs are what no node writes."""
    shapes = ((1, op.rows, 4), (1, op.rows), (1, op.rows), (1,))
    made = [Tensor(n, s, DType.FLOAT32) for n, s in zip(OUTPUTS, shapes, strict=True)]
    all_nodes = (*nodes, Node("detect", op, names, OUTPUTS))
    written = {name for node in nodes for name in node.outputs}
    inputs = tuple(t.name for t in tensors if not t.constant and t.name not in written)
    return Graph("ssd", {t.name: t for t in (*tensors, *made)}, all_nodes, inputs, OUTPUTS)


def head(seed: int, *, by_class: bool, per_box: int = 1) -> Graph:
    """A head over two inputs: encodings of 4 or 7 values, scores with or without background."""
    rng = np.random.default_rng(seed)
    op = random_operator(rng, by_class=by_class, per_box=per_box)
    count, values = int(rng.integers(1, 60)), int(rng.choice([4, 7]))
    columns = op.num_classes + int(rng.integers(2))
    tensors = [
        Tensor("boxes", (1, count, values), DType.FLOAT32),
        Tensor("scores", (1, count, columns), DType.FLOAT32),
        Tensor("anchors", (count, 4), DType.FLOAT32, None, anchors(rng, count)),
    ]
    return finish(op, tensors, [], ("boxes", "scores", "anchors"))


def head_inputs(graph: Graph, seed: int, *, ties: bool = False) -> list[Array]:
    """Encodings, and scores between 0 and 1; with `ties` of seven values only."""
    rng = np.random.default_rng([seed, 1])
    boxes = (rng.standard_normal(graph["boxes"].shape) * 2).astype(np.float32)
    scores = rng.random(graph["scores"].shape)
    return [boxes, (np.round(scores * 6) / 6 if ties else scores).astype(np.float32)]


def small_ssd(*, by_class: bool = False) -> Graph:
    """Float: 8x8 images, one convolution for boxes and one, with a logistic, for scores; 3 classes
    and the background over 4x4 anchors."""
    rng = np.random.default_rng(5)
    op = DetectionPostProcess(6, 1, 3, f32(0.3), 0.5, 10.0, 10.0, 5.0, 5.0, 4, by_class)

    def weights(name: str, outputs: int, scale: float) -> list[Tensor]:
        values = (rng.standard_normal((outputs, 3, 3, 3)) * scale).astype(np.float32)
        bias = (rng.standard_normal(outputs) * 0.5).astype(np.float32)
        return [
            Tensor(f"{name}_w", values.shape, DType.FLOAT32, None, values),
            Tensor(f"{name}_b", bias.shape, DType.FLOAT32, None, bias),
        ]

    def real(name: str, *shape: int) -> Tensor:
        return Tensor(name, shape, DType.FLOAT32)

    def shape(name: str, *extents: int) -> Tensor:
        return Tensor(name, (3,), DType.INT32, None, np.array(extents, np.int32))

    tensors = [
        real("image", 1, 8, 8, 3),
        *weights("box", 4, 1.0),
        *weights("class", 4, 0.25),
        *(real("box_map", 1, 4, 4, 4), real("class_map", 1, 4, 4, 4)),
        *(shape("box_shape", 1, 16, 4), shape("class_shape", 1, 16, 4)),
        *(real("box_rows", 1, 16, 4), real("class_rows", 1, 16, 4), real("scores", 1, 16, 4)),
        Tensor("anchors", (16, 4), DType.FLOAT32, None, anchors(rng, 16)),
    ]
    conv = Conv2D(Padding.SAME, stride_h=2, stride_w=2)
    nodes = [
        Node("box_map", conv, ("image", "box_w", "box_b"), ("box_map",)),
        Node("class_map", conv, ("image", "class_w", "class_b"), ("class_map",)),
        Node("box_rows", Reshape(), ("box_map", "box_shape"), ("box_rows",)),
        Node("class_rows", Reshape(), ("class_map", "class_shape"), ("class_rows",)),
        Node("scores", Logistic(), ("class_rows",), ("scores",)),
    ]
    return finish(op, tensors, nodes, ("box_rows", "scores", "anchors"))


def images(count: int, seed: int = 0) -> Array:
    """Inputs of `small_ssd`."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((count, 8, 8, 3)).astype(np.float32)
