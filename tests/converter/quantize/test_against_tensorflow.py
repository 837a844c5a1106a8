"""The quantizer against TensorFlow's converter, given the same model and the same samples.

Two float interpreters differ in the last bits of their ranges (2e-7), and such a scale now and
then moves a value to the next step. So the ranges are compared with a tolerance, and everything
after them is compared exactly: from TensorFlow's own ranges the same bytes must come out.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from edgekit.artifacts.bundle import Preprocess
from edgekit.converter.data.batches import batches
from edgekit.converter.data.open import open_dataset
from edgekit.converter.ir.graph import Graph, Tensor
from edgekit.converter.ir.ops import Add, Mul
from edgekit.converter.quantize.execute import iterate
from edgekit.converter.quantize.int8 import quantize_int8, quantize_ranges
from edgekit.converter.quantize.params import quantize_input
from edgekit.converter.quantize.scheme import INT8, INT16, Scheme
from edgekit.converter.tflite.reader import read_tflite
from tests.helpers.tensorflow_quantize import quantize_with_tensorflow

pytestmark = [pytest.mark.slow, pytest.mark.tensorflow]


@pytest.fixture(autouse=True)
def _tensorflow() -> None:
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("needs tensorflow: pip install -e '.[convert]'")


def check(model: str | Path, samples: np.ndarray, folder: Path, scheme: Scheme = INT8) -> None:
    """Convert with both and compare ranges, constants and outputs, which are within one step; from
    TensorFlow's ranges int8 is equal (biases of int16 it rounds from float32 scales)."""
    exact, theirs = quantize_with_tensorflow(model, samples, folder, scheme.name)
    graph, reference = read_tflite(exact, "float"), read_tflite(theirs, scheme.name)
    ours = quantize_int8(graph, [samples], scheme=scheme).graph
    assert [n.op.NAME for n in ours.nodes] == [n.op.NAME for n in reference.nodes]
    assert_same_quantization(ours, reference)
    again = quantize_ranges(graph, ranges_of(graph, reference, scheme), scheme).graph
    assert_same_constants(again, reference)
    expected = output(reference, samples)
    assert np.abs(output(again, samples) - expected).max() <= (0 if scheme is INT8 else 1)
    assert np.abs(output(ours, samples) - expected).max() <= 1


def ranges_of(graph: Graph, reference: Graph, scheme: Scheme) -> dict[str, tuple[float, float]]:
    """The real range of each activation that the reference's scales stand for."""
    form = scheme.activation
    found = {}
    for name, other in zip(graph.activations(), reference.activations(), strict=True):
        quant = reference[other].quant
        assert quant is not None
        ends = (quant.scale * (end - quant.zero_point) for end in (form.low, form.high))
        found[name] = (next(ends), next(ends))
    return found


def assert_same_constants(ours: Graph, reference: Graph) -> None:
    """Equal quantization and bytes of everything but near-dead channels' biases.

    Those are of the order of 2^30 and computed from unrounded scales there: equal to 1e-6.
    """
    for mine, other in zip(ours.nodes, reference.nodes, strict=True):
        assert ours.output(mine).quant == reference.output(other).quant
        for index in range(1, len(mine.inputs)):
            stored, expected = ours.input(mine, index), reference.input(other, index)
            if stored.constant and index == 1:
                np.testing.assert_array_equal(stored.values, expected.values, stored.name)
            elif stored.constant:
                np.testing.assert_allclose(stored.values, expected.values, rtol=1e-6, atol=0.5)


def assert_same_quantization(ours: Graph, reference: Graph) -> None:
    """Equal weights byte for byte, equal zero points, scales within float rounding.

    Operands of ADD and MUL are left out: TensorFlow's calibrator runs these operators in place
    and counts the result in the range of the operand that it overwrote.
    """
    overwritten = {n for node in ours.nodes if isinstance(node.op, Add | Mul) for n in node.inputs}
    for mine, other in zip(ours.nodes, reference.nodes, strict=True):
        if mine.output not in overwritten:
            assert_same_quant(ours.output(mine), reference.output(other))
        for index, name in enumerate(mine.inputs[1:], start=1):
            stored, expected = ours.operand(mine, index), reference.operand(other, index)
            if stored is None or expected is None or not stored.constant or not stored.quant:
                continue
            if index == 1:
                np.testing.assert_array_equal(stored.values, expected.values, str(name))
                assert_same_quant(stored, expected)


def assert_same_quant(mine: Tensor, other: Tensor) -> None:
    assert mine.quant is not None
    assert other.quant is not None
    assert mine.quant.zero_points == other.quant.zero_points, mine.name
    np.testing.assert_allclose(mine.quant.scales, other.quant.scales, rtol=2e-6, err_msg=mine.name)


def output(graph: Graph, samples: np.ndarray) -> np.ndarray:
    stored = quantize_input(samples, graph[graph.inputs[0]])
    found = {k: v for _, results in iterate(graph, stored) for k, v in results.items()}
    return found[graph.outputs[0]].astype(int)


def test_visual_wake_words(test_data: Path, tmp_path: Path) -> None:
    photos = open_dataset(test_data / "datasets" / "coco256_person", limit=48)
    unit = Preprocess("stretch", "rgb", (0.0,), (1 / 255,))
    samples = np.concatenate(list(batches(photos, unit, (96, 96, 3))))
    check(test_data / "models" / "mlperf_vww_96.h5", samples, tmp_path)


def test_residual_network(test_data: Path, tmp_path: Path) -> None:
    packed = test_data / "datasets" / "cifar10_lossless" / "train_webp_lossless.npz"
    data = open_dataset(packed, limit=100)
    samples = np.concatenate(list(batches(data, Preprocess(), (32, 32, 3))))
    check(test_data / "models" / "mlperf_resnet8_cifar10.h5", samples, tmp_path)


def test_branches_that_join(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).normal(0, 1, (40, 12, 12, 3)).astype(np.float32)
    check("branches", samples, tmp_path)


def test_int16_activations(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).normal(0, 1, (24, 16, 16, 3)).astype(np.float32)
    check("wide", samples, tmp_path, INT16)
