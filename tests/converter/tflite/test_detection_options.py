"""TFLite_Detection_PostProcess in files: its options and its outputs' shapes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from flatbuffers import flexbuffers

from edgekit.converter.ir.graph import Graph
from edgekit.converter.ir.ops import DetectionPostProcess
from edgekit.converter.tflite import read_tflite, write_tflite
from edgekit.converter.tflite.custom import custom_options
from edgekit.errors import ModelError
from tests.helpers.detection_graphs import head
from tests.helpers.graph_equality import assert_same_graph
from tests.helpers.odd_tflite import Change, changed

GRAPH = head(3, by_class=True)


def operator(graph: Graph) -> DetectionPostProcess:
    op = graph.nodes[-1].op
    assert isinstance(op, DetectionPostProcess)
    return op


STORED = flexbuffers.Loads(custom_options(operator(GRAPH)))


def options_are(values: dict[str, Any]) -> Change:
    def change(module: Any, model: Any) -> None:
        data = bytes(flexbuffers.Dumps(values))
        model.subgraphs[0].operators[0].customOptions = np.frombuffer(data, np.uint8)

    return change


def with_options(**values: Any) -> bytes:
    left = {key: value for key, value in {**STORED, **values}.items() if value is not None}
    return changed(write_tflite(GRAPH), options_are(left))


@pytest.mark.parametrize("seed", range(8))
def test_graphs_come_back_equal(seed: int) -> None:
    graph = head(seed, by_class=seed % 2 == 0, per_box=1 + seed % 3)
    data = write_tflite(graph)
    found = read_tflite(data, "ssd")
    assert operator(found) == operator(graph)
    assert write_tflite(found) == data
    assert_same_graph(found, read_tflite(write_tflite(found), "ssd"))


def test_options_that_files_may_leave_out_have_the_kernels_values() -> None:
    found = operator(
        read_tflite(with_options(detections_per_class=None, use_regular_nms=None), "g")
    )
    wanted = replace(operator(GRAPH), detections_per_class=100, use_regular_nms=False)
    assert found == wanted


def test_whole_numbers_and_wide_ones_are_read_alike() -> None:
    data = with_options(y_scale=10, max_detections=7.0, use_regular_nms=0, _more=1 << 40)
    wanted = replace(operator(GRAPH), y_scale=10.0, max_detections=7, use_regular_nms=False)
    assert operator(read_tflite(data, "g")) == wanted
    narrow = operator(read_tflite(with_options(nms_iou_threshold=0.6), "g"))
    assert narrow.nms_iou_threshold == float(np.float32(0.6))


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"num_classes": None}, "has no num_classes in its options"),
        ({"max_detections": 0}, "has max_detections 0"),
        ({"max_detections": float("nan")}, "has max_detections nan"),
        ({"w_scale": "5"}, "has no w_scale in its options"),
    ],
)
def test_options_that_do_not_fit_are_named(values: dict[str, Any], found: str) -> None:
    with pytest.raises(ModelError, match=f"operator 0 .TFLite_Detection_PostProcess. {found}"):
        read_tflite(with_options(**values), "g")


def test_outputs_stored_without_shapes_get_theirs() -> None:
    def bare(module: Any, model: Any) -> None:
        main = model.subgraphs[0]
        for index in main.outputs:
            main.tensors[index].shape = []

    found = read_tflite(changed(write_tflite(GRAPH), bare), "g")
    assert [found[n].shape for n in found.outputs] == [GRAPH[n].shape for n in GRAPH.outputs]
