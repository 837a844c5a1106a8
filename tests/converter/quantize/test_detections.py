"""Quantizing SSD networks: the head stays float32, and so do its outputs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgekit.artifacts.bundle import Preprocess
from edgekit.converter.data.open import open_dataset
from edgekit.converter.interpret import run
from edgekit.converter.ir.graph import DType, Graph, Node, Tensor
from edgekit.converter.ir.ops import Abs
from edgekit.converter.ir.verify import verify
from edgekit.converter.quantize.evaluate import compare
from edgekit.converter.quantize.int8 import is_quantized, quantize_int8
from edgekit.converter.quantize.params import quantize_input
from edgekit.converter.quantize.sqnr import culprits
from edgekit.converter.quantize.tasks import Task, fitting_labels, head, judged
from edgekit.converter.tflite import read_tflite, write_tflite
from edgekit.errors import DataError, UnsupportedError
from tests.converter.interpret.test_detections import assert_same
from tests.helpers import oracle
from tests.helpers.detection_graphs import OUTPUTS, images, small_ssd
from tests.helpers.generated_c import build, generate, run_c


def quantized(*, by_class: bool = False) -> Graph:
    return quantize_int8(small_ssd(by_class=by_class), [images(32)]).graph


@pytest.mark.parametrize("by_class", [False, True])
def test_an_int8_network_ends_in_float_detections(by_class: bool, tmp_path: Path) -> None:
    graph = quantized(by_class=by_class)
    verify(graph)
    names = [node.op.NAME for node in graph.nodes]
    assert names[-3:].count("DEQUANTIZE") == 2
    assert "QUANTIZE" not in names
    assert [graph[name].dtype for name in graph.outputs] == [DType.FLOAT32] * 4
    made = generate(graph, "ssd")
    library = build([made], tmp_path, "-fsanitize=undefined", "-fno-sanitize-recover=all")
    model = write_tflite(graph)
    for seed in range(6):
        x = quantize_input(images(1, seed), graph["image"])
        found = run(graph, x)
        mine = [found[name] for name in OUTPUTS]
        assert mine[3][0] > 0
        for theirs, name in zip(run_c(library, made, [x]), OUTPUTS, strict=True):
            np.testing.assert_array_equal(theirs, found[name])
        assert_same(graph, mine, oracle.run_tflm(model, [x]))


def test_detections_of_int8_and_float_mostly_agree() -> None:
    graph, real = quantized(), small_ssd()
    x = images(24, 9)
    exact = run(real, x)
    found = run(graph, quantize_input(x, graph["image"]))
    same = exact["found_classes"][:, 0] == found["found_classes"][:, 0]
    assert same.mean() > 0.7
    apart = np.abs(exact["found_boxes"][:, 0] - found["found_boxes"][:, 0]).max(axis=1)
    assert np.median(apart[same]) < 0.05


def test_a_quantized_ssd_is_not_quantized_again() -> None:
    graph = read_tflite(write_tflite(quantized()), "ssd")
    assert is_quantized(graph)
    assert not is_quantized(small_ssd())


def test_what_computes_with_detections_is_named() -> None:
    graph = small_ssd()
    extra = Tensor("size", graph["found_scores"].shape, DType.FLOAT32)
    node = Node("size", Abs(), ("found_scores",), ("size",))
    graph = replace(graph.with_tensors(extra), nodes=(*graph.nodes, node), outputs=("size",))
    with pytest.raises(UnsupportedError, match="ABS size computes with its detections") as caught:
        quantize_int8(graph, [images(2)])
    assert caught.value.code == "computed-detections"
    assert caught.value.hint == "leave what follows to the application"


def test_outputs_that_nobody_reads_have_room_in_the_arena(tmp_path: Path) -> None:
    graph = replace(quantized(), outputs=("found_scores",))
    made = generate(graph, "scores")
    x = quantize_input(images(1), graph["image"])
    [found] = run_c(build([made], tmp_path), made, [x])
    np.testing.assert_array_equal(found, run(graph, x)["found_scores"])


def test_noise_is_measured_in_front_of_the_head() -> None:
    real = small_ssd()
    assert judged(real, head(real)) == ("box_rows", "scores")
    assert head(real).task is Task.DETECTIONS
    data = open_dataset(images(32))
    summary = compare(real, quantized(), data, Preprocess(resize="none"))
    assert summary.metric == "sqnr"
    assert summary.sqnr_db is not None
    assert summary.sqnr_db > 30
    layers = {"box_map": 37.0, "found_boxes": 5.0, "box_rows": 37.0}
    assert all(name != "found_boxes" for name, *_ in culprits(real, layers))


def test_class_labels_do_not_fit_detections() -> None:
    data = replace(open_dataset(images(4)), labels=(0, 1, 2, 0))
    assert fitting_labels(data, small_ssd(), required=False) is None
    with pytest.raises(DataError, match="class labels, and the model gives boxes") as caught:
        fitting_labels(data, small_ssd(), required=True)
    assert caught.value.allowed == "data without class labels"
    assert "in one folder" in caught.value.hint
