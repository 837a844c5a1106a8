"""Detection heads over uint8 tensors, as legacy SSD files have them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from edgekit.converter.interpret import run
from edgekit.converter.ir.graph import DType
from edgekit.converter.ir.verify import verify
from edgekit.converter.load.load import prepare
from edgekit.converter.quantize.int8 import is_quantized
from edgekit.converter.tflite import read_tflite, write_tflite
from tests.converter.interpret.test_detections import assert_same, run_litert
from tests.helpers import oracle
from tests.helpers.detection_graphs import OUTPUTS, head
from tests.helpers.generated_c import build, generate, run_c
from tests.helpers.odd_tflite import changed

SCALES = {"boxes": (0.06, 120), "scores": (1 / 256, 0), "anchors": (1 / 255, 3)}


def legacy(seed: int, *, by_class: bool) -> bytes:
    """A head whose three operands are uint8."""
    rng = np.random.default_rng(seed)

    def change(module: Any, model: Any) -> None:
        for tensor in model.subgraphs[0].tensors:
            name = tensor.name.decode()
            if name not in SCALES:
                continue
            scale, zero = SCALES[name]
            tensor.type = module.TensorType.UINT8
            tensor.quantization = module.QuantizationParametersT()
            tensor.quantization.scale = np.array([scale], np.float32)
            tensor.quantization.zeroPoint = np.array([zero], np.int64)
            if name == "anchors":
                stored = rng.integers(10, 256, tensor.shape).astype(np.uint8)
                model.buffers[tensor.buffer].data = stored.ravel()

    return changed(write_tflite(head(seed, by_class=by_class)), change)


def test_equal_to_litert_on_the_same_bytes(tmp_path: Path) -> None:
    for seed in range(16):
        data = legacy(seed, by_class=seed % 2 == 0)
        read = read_tflite(data, "legacy")
        graph, notes = prepare(read)
        verify(graph)
        assert any("subtract 128" in note for note in notes)
        rng = np.random.default_rng(seed)
        bytes_ = [rng.integers(0, 256, read[name].shape).astype(np.uint8) for name in read.inputs]
        expected = run_litert(data, bytes_)
        inputs = [(x.astype(np.int16) - 128).astype(np.int8) for x in bytes_]
        found = run(graph, inputs)
        mine = [found[name] for name in OUTPUTS]
        assert_same(graph, mine, expected)
        folder = tmp_path / str(seed)
        folder.mkdir()
        made = generate(graph, "legacy")
        for theirs, name in zip(run_c(build([made], folder), made, inputs), OUTPUTS, strict=True):
            np.testing.assert_array_equal(theirs, found[name])
        assert_same(graph, mine, oracle.run_tflm(write_tflite(graph), inputs))


def test_quantized_operands_come_through_dequantize() -> None:
    graph, _ = prepare(read_tflite(legacy(1, by_class=False), "legacy"))
    assert [node.op.NAME for node in graph.nodes] == [
        "DEQUANTIZE",
        "DEQUANTIZE",
        "TFLite_Detection_PostProcess",
    ]
    assert graph["anchors/real"].dtype is DType.FLOAT32
    assert is_quantized(graph)
    real, _ = prepare(read_tflite(legacy(1, by_class=False), "legacy"), requantize=True)
    assert [node.op.NAME for node in real.nodes] == ["TFLite_Detection_PostProcess"]
    np.testing.assert_array_equal(real["anchors"].values, graph["anchors/real"].values)
