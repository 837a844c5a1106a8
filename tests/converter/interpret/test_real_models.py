"""Whole models of the test data: outputs and every layer, on random and on real inputs."""

from __future__ import annotations

import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.interpret import run
from edgekit.converter.ir.graph import DType, Graph, Tensor
from edgekit.converter.tflite.reader import read_tflite
from tests.helpers import oracle
from tests.helpers.oracle import Array

pytestmark = pytest.mark.data

INT8 = (
    "mlperf_ad01_int8",
    "mlperf_dscnn_kws_int8",
    "mlperf_mobilenetv1_vww96_int8",
    "mlperf_resnet8_cifar10_int8",
    "mlperf_streaming_wakeword_int8",
    "tflm_hello_world_int8",
    "tflm_micro_speech_int8",
)
FLOAT = (
    "mlperf_ad01_float",
    "mlperf_resnet8_cifar10_float",
    "mlperf_vww_96_float",
    "mobilenet_v1_0.25_128_float",
)
LAYERED = (
    "mlperf_ad01_int8",
    "mlperf_dscnn_kws_int8",
    "mlperf_mobilenetv1_vww96_int8",
    "mlperf_resnet8_cifar10_int8",
)
WORKER = Path(__file__).with_name("tflite_layers_worker.py")


def model_path(test_data: Path, name: str) -> Path:
    path = test_data / "models" / f"{name}.tflite"
    if not path.exists():
        pytest.skip(f"{path.name} is not in the test data")
    return path


def load(path: Path) -> Graph:
    return read_tflite(path.read_bytes(), path.name)


def random_samples(graph: Graph, count: int) -> Array:
    [name] = graph.inputs
    rng = np.random.default_rng(2026)
    shape = (count, *graph[name].shape[1:])
    if graph[name].dtype.value == "float32":
        return rng.uniform(-1, 1, shape).astype(np.float32)
    return rng.integers(-128, 128, shape).astype(np.int8)


def real_samples(test_data: Path, name: str, count: int) -> Array | None:
    """Samples of the data set the model was made for, quantized; None where there is none."""
    if "kws" in name:
        with np.load(test_data / "datasets" / "kws01" / "kws01.npz") as data:
            return np.array(data["x"][:count])
    if "resnet8" in name:
        return (cifar10(test_data, count).astype(np.int16) - 128).astype(np.int8)
    if "vww" in name:
        return (photographs(test_data, count).astype(np.int16) - 128).astype(np.int8)
    return None


def cifar10(test_data: Path, count: int) -> Array:
    from PIL import Image

    with np.load(test_data / "datasets/cifar10_lossless/test_webp_lossless.npz") as data:
        blob, ends = data["data"].tobytes(), data["offsets"]
        files = [io.BytesIO(blob[ends[i] : ends[i + 1]]) for i in range(count)]
    return np.stack([np.asarray(Image.open(file).convert("RGB")) for file in files])


def photographs(test_data: Path, count: int) -> Array:
    from PIL import Image

    paths = sorted((test_data / "datasets/coco256_person/images").iterdir())[:count]
    return np.stack([np.asarray(Image.open(p).convert("RGB").resize((96, 96))) for p in paths])


def samples(test_data: Path, name: str, graph: Graph, count: int) -> Array:
    """`count` random samples and as many real ones, where there are some."""
    real = real_samples(test_data, name, count)
    random = random_samples(graph, count)
    return random if real is None else np.concatenate([random, real])


@pytest.mark.parametrize("name", INT8)
def test_int8_outputs_equal_tflite_micro(test_data: Path, name: str) -> None:
    path = model_path(test_data, name)
    graph = load(path)
    x = samples(test_data, name, graph, 20)
    found = run(graph, x)
    model = path.read_bytes()
    for index, sample in enumerate(x):
        for output, expected in zip(
            graph.outputs, oracle.run_tflm(model, [sample[None]]), strict=True
        ):
            np.testing.assert_array_equal(found[output][index : index + 1], expected)


@pytest.mark.parametrize("name", LAYERED)
def test_every_int8_layer_equals_tflite_runtime(test_data: Path, tmp_path: Path, name: str) -> None:
    path = model_path(test_data, name)
    graph = load(path)
    x = samples(test_data, name, graph, 5)
    every = run(graph, x, keep="all")
    layers = tflite_layers(path, x, tmp_path)
    assert len(layers) == len(graph.nodes)
    for node, expected in zip(graph.nodes, layers, strict=True):
        if any(consumer.op.NAME == "ADD" for consumer in graph.consumers(node.output)):
            # ADD runs in place there; a difference here would show in its sum.
            continue
        np.testing.assert_array_equal(every[node.output], expected, err_msg=node.name)


def tflite_layers(path: Path, x: Array, folder: Path) -> list[Array]:
    oracle.skip_without("tflite_runtime")
    np.save(folder / "x.npy", x)
    command = [sys.executable, WORKER, path, folder / "x.npy", folder / "y.npz"]
    subprocess.run(list(map(str, command)), check=True, capture_output=True)
    with np.load(folder / "y.npz") as found:
        return [found[str(index)] for index in range(len(found.files))]


@pytest.mark.parametrize("name", FLOAT)
def test_float_outputs_equal_litert(test_data: Path, name: str) -> None:
    oracle.skip_without("ai_edge_litert")
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    path = model_path(test_data, name)
    graph = load(path)
    x = random_samples(graph, 3)
    found = run(graph, x)[graph.outputs[0]]
    interpreter = Interpreter(
        model_path=str(path), experimental_op_resolver_type=OpResolverType.BUILTIN_REF
    )
    interpreter.allocate_tensors()
    for index, sample in enumerate(x):
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], sample[None])
        interpreter.invoke()
        expected = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
        largest = np.abs(expected).max()
        np.testing.assert_allclose(
            found[index : index + 1], expected, rtol=1e-5, atol=1e-5 * largest
        )


def test_int8_weights_under_float_activations_count_as_real_numbers(test_data: Path) -> None:
    """This file is called float, but four of its convolutions have int8 weights."""
    path = model_path(test_data, "mlperf_kws_float")
    graph = load(path)
    x = random_samples(graph, 3)
    found = run(graph, x)[graph.outputs[0]]
    widened = replace(
        graph,
        tensors={name: _widened(tensor) for name, tensor in graph.tensors.items()},
    )
    assert {t.dtype for t in widened.tensors.values() if t.constant} <= {"float32", "int32"}
    np.testing.assert_allclose(found, run(widened, x)[graph.outputs[0]], rtol=1e-5, atol=1e-6)


def _widened(tensor: Tensor) -> Tensor:
    if not tensor.constant or tensor.dtype is not DType.INT8:
        return tensor
    assert tensor.quant is not None
    assert tensor.quant.axis in (None, 0)
    scales = np.array(tensor.quant.scales, np.float32).reshape(-1, *[1] * (len(tensor.shape) - 1))
    real = tensor.values.astype(np.float32) * scales
    return replace(tensor, dtype=DType.FLOAT32, quant=None, data=real)
