"""float16 weights: what is halved, the file, LiteRT, and what TensorFlow writes for the model."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.interpret import run
from edgekit.converter.ir.graph import DType, Graph
from edgekit.converter.ir.ops import Activation, Dequantize
from edgekit.converter.load.dequantize import fold_stored_weights
from edgekit.converter.precision import precision_of, widths_of
from edgekit.converter.quantize.halves import float_constants, half_weights, has_halves
from edgekit.converter.tflite.raw import read_raw
from edgekit.converter.tflite.reader import read_tflite
from edgekit.converter.tflite.writer import write_tflite
from edgekit.litert import open_interpreter
from tests.helpers.float_graphs import FloatGraph
from tests.helpers.oracle import skip_without
from tests.helpers.tensorflow_quantize import store_smaller_with_tensorflow


def network() -> Graph:
    """Layers of more than 64 weights each: constants up to that size are folded when read."""
    rng = np.random.default_rng(0)
    g = FloatGraph("net")
    y = g.conv(
        g.input((1, 8, 8, 3)),
        rng.normal(0, 0.4, (8, 3, 3, 3)),
        rng.normal(0, 0.1, 8),
        activation=Activation.RELU,
        name="conv",
    )
    y = g.depthwise(y, rng.normal(0, 0.4, (1, 3, 3, 8)), rng.normal(0, 0.1, 8), name="depthwise")
    weights = rng.normal(0, 0.2, (10, 512)) * np.exp2(rng.integers(-18, 1, (10, 512)))
    return g.graph(g.dense(y, weights, rng.normal(0, 0.5, 10), name="logits"))


def halved(graph: Graph) -> Graph:
    made, notes = half_weights(graph)
    assert notes == ()
    return made


def inputs(graph: Graph) -> np.ndarray:
    shape = graph[graph.inputs[0]].shape
    return np.random.default_rng(3).normal(0, 1, shape).astype(np.float32)


def litert(model: bytes, x: np.ndarray, kernels: str = "reference") -> np.ndarray:
    return open_interpreter(model, kernels=kernels).run([x])[0]


def test_all_constants_are_halved() -> None:
    graph = network()
    made = halved(graph)
    assert has_halves(made)
    assert not has_halves(graph)
    assert (precision_of(made), widths_of(made)) == ("float16", "W16A32")
    found = float_constants(graph)
    assert len(found) == 6
    for real in found:
        half = made[f"{real.name}_half"]
        assert half.dtype is DType.FLOAT16
        np.testing.assert_array_equal(half.values, real.values.astype(np.float16))
        producer = made.producer(real.name)
        assert producer is not None
        assert producer.inputs == (half.name,)
    assert not any(t.constant and t.dtype is DType.FLOAT32 for t in made.tensors.values())


def test_the_file_holds_half_the_bytes_and_is_read_back() -> None:
    graph = network()
    made = halved(graph)
    data = write_tflite(made)
    again = read_tflite(data, graph.name)
    stored = {t.name for t in again.tensors.values() if t.dtype is DType.FLOAT16}
    assert len(stored) == 3, "smaller ones are widened by the reader"
    assert len(data) < 0.6 * len(write_tflite(graph))
    x = inputs(graph)
    [ours], [read] = run(made, x).values(), run(again, x).values()
    np.testing.assert_array_equal(ours, read)
    widened, notes = fold_stored_weights(again)
    assert not any(isinstance(node.op, Dequantize) for node in widened.nodes)
    assert "float16 weight tensors expanded to float32" in notes[0]
    np.testing.assert_array_equal(next(iter(run(widened, x).values())), ours)


@pytest.mark.parametrize("kernels", ["reference", "default"])
def test_litert_computes_the_same(kernels: str) -> None:
    skip_without("ai_edge_litert")
    graph = halved(network())
    x = inputs(graph)
    [ours] = run(graph, x).values()
    np.testing.assert_allclose(litert(write_tflite(graph), x, kernels), ours, rtol=2e-5)


def test_magnitudes_without_a_half_stay_float32() -> None:
    graph = network()
    first = float_constants(graph)[0]
    far = first.values.copy()
    far.flat[0] = 70_000
    made, [note] = half_weights(graph.with_tensors(replace(first, data=far)))
    assert made[first.name].dtype is DType.FLOAT32
    assert made[first.name].constant
    assert note.code == "half-range"
    assert str(note.message) == (
        "holds magnitudes above 65,504, which no float16 has, and stays float32"
    )


@pytest.mark.tensorflow
def test_the_file_equals_tensorflows(tmp_path: Path) -> None:
    """Which tensors are float16, their bytes, and LiteRT's outputs to the last bit."""
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("needs tensorflow: pip install -e '.[convert]'")
    exact, theirs = store_smaller_with_tensorflow("float16", tmp_path)
    graph = halved(read_tflite(exact, "net"))
    model = write_tflite(graph)
    assert float16_bytes(model) == float16_bytes(theirs)
    x = inputs(graph)
    np.testing.assert_array_equal(litert(model, x), litert(theirs, x))


def float16_bytes(data: bytes) -> list[bytes]:
    """The float16 constants of a file, in the order of their bytes."""
    model = read_raw(data, "net")
    spans = [model.buffers[t.buffer] for t in model.main.tensors if t.dtype == "FLOAT16"]
    return sorted(data[start : start + size] for start, size in spans)
