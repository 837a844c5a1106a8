"""The official models in our firmware give what the reference gives, through the official commands.

That covers what the board does to the bytes of `db`: pixels become int8, windows of float32 are
quantized, and the anomaly score is a distance in real numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from edgekit.converter.interpret import run
from edgekit.converter.ir.graph import Graph
from edgekit.converter.quantize.params import dequantize_array, quantize_input
from edgekit.deploy.bundles import open_bundle
from edgekit.deploy.mlperf_rig import emulated_rig
from edgekit.runtime.link.transport import SerialTransport
from edgekit.runtime.mlperf.benchmarks import BENCHMARKS
from edgekit.runtime.mlperf.device import Device
from tests.helpers.command_line import succeeds
from tests.helpers.virtual_firmware import needs_qemu

pytestmark = [pytest.mark.qemu, needs_qemu]


def keywords(data: Path) -> Iterator[bytes]:
    with np.load(data / "datasets/kws01/kws01.npz") as found:
        for x in found["x"][[0, 500, 999]]:
            yield np.ascontiguousarray(x).tobytes()


def photographs(size: int, count: int) -> Callable[[Path], Iterator[bytes]]:
    def read(data: Path) -> Iterator[bytes]:
        paths = sorted((data / "datasets/coco256_person/images").iterdir())
        for path in paths[:count]:
            with Image.open(path) as image:
                yield ImageOps.fit(image.convert("RGB"), (size, size)).tobytes()

    return read


def spectrograms(data: Path) -> Iterator[bytes]:
    rng = np.random.default_rng(3)
    for _ in range(3):
        yield rng.normal(-20, 8, 640).astype("<f4").tobytes()


SAMPLES: dict[str, tuple[str, Callable[[Path], Iterator[bytes]]]] = {
    "kws01": ("mlperf_dscnn_kws_int8.tflite", keywords),
    "vww01": ("mlperf_mobilenetv1_vww96_int8.tflite", photographs(96, 1)),
    "ic01": ("mlperf_resnet8_cifar10_int8.tflite", photographs(32, 3)),
    "ad01": ("mlperf_ad01_int8.tflite", spectrograms),
}


def reference(graph: Graph, model_id: str, sample: bytes) -> list[float]:
    """Results of the NumPy interpreter, before they are rounded to three decimals."""
    tensor = graph[graph.inputs[0]]
    real = np.zeros(0, np.float32)
    if model_id == "ad01":
        real = np.frombuffer(sample, "<f4")
        x = quantize_input(real, tensor)
    elif model_id == "kws01":
        x = np.frombuffer(sample, np.int8)
    else:
        x = (np.frombuffer(sample, np.uint8).astype(np.int16) - 128).astype(np.int8)
    found = run(graph, {graph.inputs[0]: x.reshape(tensor.shape)})[graph.outputs[0]]
    quant = graph[graph.outputs[0]].quant
    assert quant is not None
    y = dequantize_array(found.reshape(-1), quant)
    return [float(np.mean((y - real) ** 2))] if model_id == "ad01" else list(map(float, y))


@pytest.mark.parametrize("model_id", SAMPLES)
def test_results_are_those_of_the_reference(model_id: str, test_data: Path, tmp_path: Path) -> None:
    model, samples = SAMPLES[model_id]
    succeeds("convert", test_data / "models" / model, "-t", "virtual-m4", "-o", tmp_path / "b")
    graph = open_bundle(tmp_path / "b").graph
    with (
        emulated_rig(tmp_path / "b", mode="accuracy") as rig,
        Device(SerialTransport(rig.ports["dut"])) as device,
    ):
        assert device.connect().model_id == model_id
        for sample in samples(test_data):
            assert len(sample) == BENCHMARKS[model_id].sample_bytes
            device.load(sample)
            found = device.infer(1, 0, timeout=60.0).results
            wanted = reference(graph, model_id, sample)
            assert len(found) == BENCHMARKS[model_id].results
            scale = max(1.0, *wanted) * 1e-5 if model_id == "ad01" else 0.0
            assert found == pytest.approx(wanted, abs=5.1e-4 + scale)
