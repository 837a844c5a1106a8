"""The preprocessing: what flags say, what the model and the data reveal, and how it is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgekit.artifacts.bundle import Preprocess
from edgekit.converter.data.candidates import (
    BYTES,
    CANDIDATES,
    SIGNED,
    STANDARD,
    UNIT,
    Candidate,
    Confidence,
)
from edgekit.converter.data.dataset import Dataset
from edgekit.converter.data.guess import choose_preprocess, describe
from edgekit.converter.data.open import open_dataset
from edgekit.converter.data.response import first_layer_spread
from edgekit.converter.data.trial import information
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Quant
from edgekit.converter.load.load import load_model
from tests.helpers.float_graphs import FloatGraph, classifier


def photos(count: int = 60, *, size: int = 8, labels: bool = False) -> Dataset:
    """Images of random brightness; the label says whether they are bright."""
    rng = np.random.default_rng(3)
    level = rng.integers(20, 236, count)
    noise = rng.integers(-20, 21, (count, size, size, 3))
    pixels = (level[:, None, None, None] + noise).astype(np.uint8)
    if not labels:
        return open_dataset(pixels)
    return open_dataset(
        [(image, int(mean > 128)) for image, mean in zip(pixels, level, strict=True)]
    )


def brightness(candidate: Candidate, classes: int = 2) -> Graph:
    """A classifier of bright and dark for images scaled as `candidate` does."""
    low, high = candidate.low, candidate.high
    middle, gain = (low + high) / 2, 10 / (high - low)
    g = FloatGraph("brightness")
    x = g.input((1, 8, 8, 3))
    mean = g.conv(x, np.full((4, 1, 1, 3), gain / 3), np.full(4, -gain * middle), name="first")
    mean = g.node(ops.Mean(), [mean, g.constant([1, 2], dtype="int32")])
    rows = np.linspace(-1, 1, classes)[:, None] * np.ones((classes, 4))
    return g.graph(g.node(ops.Softmax(), [g.dense(mean, rows)], "softmax"))


def scaling(preprocess: Preprocess) -> tuple[object, object]:
    return preprocess.mean, preprocess.scale


def quantized_input(scale: float, zero_point: int, dtype: DType = DType.INT8) -> Graph:
    graph = classifier()
    tensor = replace(graph["x"], dtype=dtype, quant=Quant.per_tensor(scale, zero_point))
    return graph.with_tensors(tensor)


# -------------------------------------------------------------------------------------- flags


def test_flags_stand_as_given() -> None:
    guess = choose_preprocess(
        classifier(), photos(), resize="crop", color="bgr", mean=(1.0,), scale=(2.0,)
    )
    assert guess.preprocess == Preprocess("crop", "bgr", (1.0,), (2.0,), "flag")
    assert guess.confidence is Confidence.CERTAIN


def test_some_flags_leave_the_rest_to_be_guessed() -> None:
    chosen = choose_preprocess(brightness(UNIT), photos(), scale=(1 / 255,)).preprocess
    assert scaling(chosen) == ((0.0,), (1 / 255,))
    assert chosen.resize == "stretch"
    assert chosen.source.startswith("flag (scale); guessed: ")
    chosen = choose_preprocess(brightness(UNIT), photos(labels=True), resize="crop").preprocess
    assert chosen.resize == "crop"
    assert scaling(chosen) == (UNIT.mean, UNIT.scale)


# -------------------------------------------------------------------------------- static rules


@pytest.mark.parametrize(
    ("scale", "zero_point", "dtype", "expected"),
    [
        (1.0, -128, DType.INT8, BYTES),
        (1 / 255, -128, DType.INT8, UNIT),
        (0.0077, -1, DType.INT8, SIGNED),
        (1 / 127.5, 0, DType.INT8, SIGNED),
        (0.0187, -15, DType.INT8, STANDARD),
        (1 / 128, 128, DType.UINT8, SIGNED),
    ],
)
def test_a_quantized_input_settles_the_scale(
    scale: float, zero_point: int, dtype: DType, expected: Candidate
) -> None:
    guess = choose_preprocess(quantized_input(scale, zero_point, dtype), photos())
    assert scaling(guess.preprocess) == (expected.mean, expected.scale)
    assert guess.confidence is Confidence.CERTAIN
    assert "quantized input spans" in guess.reason


def test_an_unusual_quantized_range_is_filled_by_pixels_and_doubted() -> None:
    guess = choose_preprocess(quantized_input(0.1, 20), photos())
    mean, scale = guess.preprocess.mean[0], guess.preprocess.scale[0]
    assert (0 - mean) * scale == pytest.approx(-14.8)
    assert (255 - mean) * scale == pytest.approx(10.7)
    assert guess.confidence is Confidence.UNSURE
    assert guess.note.code == "preprocess-unsure"
    assert guess.note.level == "warning"


def test_integers_like_the_quantized_input_are_undone_exactly() -> None:
    data = open_dataset(np.arange(-96, 96, dtype=np.int8).reshape(1, 8, 8, 3))
    chosen = choose_preprocess(quantized_input(0.25, 7), data).preprocess
    assert scaling(chosen) == ((7.0,), (0.25,))
    assert chosen.resize == "none"


@pytest.mark.parametrize(("factor", "offset"), [(1 / 255, None), (1 / 127.5, -1.0)])
def test_a_rescaling_inside_takes_bytes(factor: float, offset: float | None) -> None:
    g = FloatGraph()
    y = g.node(ops.Mul(), [g.input((1, 8, 8, 3)), g.constant(factor)])
    if offset is not None:
        y = g.node(ops.Add(), [y, g.constant(offset)])
    graph = g.graph(g.conv(y, np.ones((2, 1, 1, 3))))
    guess = choose_preprocess(graph, photos())
    assert scaling(guess.preprocess) == (BYTES.mean, BYTES.scale)
    assert guess.confidence is Confidence.CERTAIN
    assert "rescales" in guess.reason


def test_a_multiplication_that_is_no_rescaling_decides_nothing() -> None:
    g = FloatGraph()
    y = g.node(ops.Mul(), [g.input((1, 8, 8, 3)), g.constant(2.0)])
    graph = g.graph(g.conv(y, np.full((2, 1, 1, 3), 0.4), name="first"))
    assert "rescales" not in choose_preprocess(graph, photos()).reason


def test_without_data_there_is_nothing_to_go_by() -> None:
    guess = choose_preprocess(classifier(), None)
    assert guess.confidence is Confidence.UNSURE
    assert "--scale" in guess.note.advice


def test_arrays_are_taken_as_they_are() -> None:
    guess = choose_preprocess(classifier(), open_dataset(np.ones((4, 8, 8, 3), np.float32)))
    assert describe(guess.preprocess) == "values as they are"


# ------------------------------------------------------------------------------------ by trial


@pytest.mark.parametrize("candidate", [BYTES, UNIT, SIGNED])
def test_labels_decide(candidate: Candidate) -> None:
    guess = choose_preprocess(brightness(candidate), photos(labels=True))
    assert scaling(guess.preprocess) == (candidate.mean, candidate.scale)
    # ImageNet's mean and deviation tell bright from dark nearly as well as -1..1.
    sure = Confidence.LIKELY if candidate is SIGNED else Confidence.CERTAIN
    assert guess.confidence is sure
    assert "labelled samples" in guess.reason


def test_labels_of_another_model_do_not_decide() -> None:
    data = replace(photos(labels=True), classes=("dark", "bright"))
    guess = choose_preprocess(brightness(BYTES, classes=7), data)
    assert "labelled samples" not in guess.reason
    assert guess.preprocess.scale == BYTES.scale


@pytest.mark.parametrize("candidate", [BYTES, UNIT, SIGNED])
def test_without_labels_the_response_decides(candidate: Candidate) -> None:
    guess = choose_preprocess(brightness(candidate), photos())
    found = scaling(guess.preprocess)
    if candidate is BYTES:
        assert found == (BYTES.mean, BYTES.scale)
    else:
        assert found in [(UNIT.mean, UNIT.scale), (SIGNED.mean, SIGNED.scale)]
    assert "first layer's response" in guess.reason


def test_a_model_without_layers_is_a_guess_in_the_dark() -> None:
    g = FloatGraph()
    graph = g.graph(g.node(ops.Softmax(), [g.input((1, 8, 8, 3))]))
    assert choose_preprocess(graph, photos()).confidence is Confidence.UNSURE


def test_imagenet_classifiers_are_cropped_and_gray_models_get_gray() -> None:
    graph = classifier(classes=1000)
    assert choose_preprocess(graph, photos()).preprocess.resize == "crop"
    gray = classifier(channels=1)
    assert choose_preprocess(gray, photos()).preprocess.color == "gray"


# ------------------------------------------------------------------------------ building blocks


def test_information_is_high_for_decided_and_varied_predictions() -> None:
    varied = np.eye(4)
    assert information(varied) == pytest.approx(np.log(4))
    assert information(np.tile([1.0, 0, 0, 0], (4, 1))) == pytest.approx(0)
    assert information(np.full((4, 4), 0.25)) == pytest.approx(0)
    assert information(20 * varied) == pytest.approx(np.log(4), abs=1e-6)  # logits
    assert information(np.array([[0.0], [1.0]])) == pytest.approx(np.log(2))  # one probability


def test_the_spread_ignores_bias_and_activation() -> None:
    g = FloatGraph()
    x = g.input((1, 8, 8, 1))
    y = g.conv(x, np.full((1, 1, 1, 1), 3.0), np.array([-50.0]), activation=ops.Activation.RELU6)
    inputs = np.random.default_rng(0).normal(0, 2, (50, 8, 8, 1)).astype(np.float32)
    assert first_layer_spread(g.graph(y), inputs) == pytest.approx(6, rel=0.05)


@pytest.mark.parametrize(
    ("preprocess", "text"),
    [
        (Preprocess("crop", "rgb", UNIT.mean, UNIT.scale), "crop, rgb, 0..1"),
        (Preprocess("stretch", "bgr", (1.0, 2.0, 3.0), (0.5,)), "stretch, bgr, (x - 1,2,3) * 0.5"),
    ],
)
def test_descriptions(preprocess: Preprocess, text: str) -> None:
    assert describe(preprocess) == text


def refitted(graph: Graph, own: Candidate, wanted: Candidate) -> Graph:
    """The network with its first convolution changed so that it wants other pixels: up to the
    border, where padding stands for another colour, it computes the same."""
    conv = next(node for node in graph.nodes if isinstance(node.op, ops.Conv2D))
    weights, bias = graph.input(conv, 1), graph.role(conv, "bias")
    assert bias is not None

    def channels(values: tuple[float, ...], order: str) -> np.ndarray:
        three = np.broadcast_to(np.array(values), (3,))
        return three[::-1] if order == "bgr" else three

    mean, scale = (channels(values, wanted.color) for values in (wanted.mean, wanted.scale))
    factor = np.array(own.scale) / scale
    offset = (mean - np.array(own.mean)) * np.array(own.scale)
    moved = bias.values + (weights.values * offset).sum(axis=(1, 2, 3))
    scaled = weights.values * factor
    scaled = scaled[..., ::-1] if wanted.color == "bgr" else scaled
    return graph.with_tensors(
        replace(weights, data=scaled.astype(np.float32)),
        replace(bias, data=moved.astype(np.float32)),
    )


# ---------------------------------------------------------------------------------- real models


@pytest.mark.data
@pytest.mark.parametrize(
    ("model", "data", "expected"),
    [
        ("mlperf_vww_96_float.tflite", "coco256_person", UNIT),
        ("mlperf_mobilenetv1_vww96_int8.tflite", "coco256_person", UNIT),
        ("mlperf_resnet8_cifar10_float.tflite", "cifar10_lossless/test_webp_lossless.npz", BYTES),
        ("mlperf_resnet8_cifar10_int8.tflite", "cifar10_lossless/test_webp_lossless.npz", BYTES),
        ("mobilenet_v1_0.25_128_float.tflite", "coco256_person", SIGNED),
    ],
)
def test_published_models(test_data: Path, model: str, data: str, expected: Candidate) -> None:
    graph = load_model(test_data / "models" / model).graph
    dataset = open_dataset(test_data / "datasets" / data, limit=48)
    guess = choose_preprocess(graph, dataset)
    assert scaling(guess.preprocess) == (expected.mean, expected.scale)
    assert guess.confidence is not Confidence.UNSURE


@pytest.mark.data
@pytest.mark.parametrize("wanted", CANDIDATES, ids=lambda candidate: candidate.name)
@pytest.mark.parametrize("labelled", [True, False])
def test_every_known_scaling_is_found(test_data: Path, wanted: Candidate, labelled: bool) -> None:
    """One published network, refitted to each."""
    graph = load_model(test_data / "models" / "mlperf_resnet8_cifar10_float.tflite").graph
    packed = test_data / "datasets" / "cifar10_lossless" / "train_webp_lossless.npz"
    dataset = open_dataset(packed, limit=48)
    if not labelled:
        dataset = replace(dataset, labels=None, classes=None)
    guess = choose_preprocess(refitted(graph, BYTES, wanted), dataset)
    assert scaling(guess.preprocess) == (wanted.mean, wanted.scale)
    assert guess.preprocess.color == wanted.color


@pytest.mark.parametrize("color", ["rgb", "bgr"])
def test_a_given_order_of_channels_stands(color: str) -> None:
    guess = choose_preprocess(brightness(UNIT), photos(labels=True), color=color)
    assert guess.preprocess.color == color


def test_black_images_decide_nothing() -> None:
    data = open_dataset(np.zeros((10, 8, 8, 3), np.uint8))
    guess = choose_preprocess(brightness(UNIT), data)
    assert guess.confidence is Confidence.UNSURE
    assert "no known scaling" in guess.reason


def test_a_few_images_leave_a_guess_unsure() -> None:
    assert choose_preprocess(brightness(UNIT), photos(4)).confidence is Confidence.UNSURE


def test_a_model_right_with_several_scales_takes_the_best() -> None:
    """Black and white are told apart however they are scaled."""
    pixels = [np.full((8, 8, 3), value, np.uint8) for value in (0, 255) * 30]
    data = open_dataset([(image, int(image.max() > 0)) for image in pixels])
    guess = choose_preprocess(brightness(UNIT), data)
    assert scaling(guess.preprocess) == (UNIT.mean, UNIT.scale)
    assert guess.confidence is Confidence.LIKELY
    assert "hardly less" in guess.reason
