"""The custom operator at the end of SSD networks: anchors and scores in, detections out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from edgekit.converter.ir.ops_base import Op


@dataclass(frozen=True, slots=True)
class DetectionPostProcess(Op):
    """Decodes boxes against anchors (heights and widths through exp), then keeps the best boxes
    that overlap no better one by more than `nms_iou_threshold` of their union.

    Boxes (1, n, 4 or more) are encoded as y, x, height, width, anchors (n, 4) centre and size;
    scores are (1, n, classes), or one column more, the first one for the background. The outputs
    are boxes (1, m, 4) as top, left, bottom, right; classes and scores (1, m); how many are found
    (1,); m is max_detections * max_classes_per_detection. What is not found is 0.

    Boxes compete by their best class, and each one kept takes max_classes_per_detection rows; with
    `use_regular_nms` they compete class by class, at most `detections_per_class` of each, and the
    best of all classes remain.
    """

    NAME: ClassVar[str] = "TFLite_Detection_PostProcess"
    INPUTS: ClassVar[tuple[str, ...]] = ("boxes", "scores", "anchors")
    SEVERAL: ClassVar[bool] = True
    max_detections: int
    max_classes_per_detection: int
    num_classes: int
    nms_score_threshold: float
    nms_iou_threshold: float
    y_scale: float
    x_scale: float
    h_scale: float
    w_scale: float
    detections_per_class: int = 100
    use_regular_nms: bool = False

    @property
    def rows(self) -> int:
        """Detections that the outputs have room for."""
        return self.max_detections * self.max_classes_per_detection
