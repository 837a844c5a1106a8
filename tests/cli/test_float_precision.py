"""--precision float32 from a .tflite to instructions on a board."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.convert import convert_model
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Quant
from edgekit.converter.options import ConvertOptions
from edgekit.converter.precision import is_mixed, precision_of, soft_float_note
from edgekit.converter.tflite.reader import read_tflite
from edgekit.converter.tflite.writer import write_tflite
from edgekit.deploy.bench import bench
from edgekit.deploy.bench_options import BenchOptions
from edgekit.deploy.convert import convert
from edgekit.deploy.verify import verify
from edgekit.errors import UsageError
from edgekit.targets.reader import load_target
from tests.helpers.float_graphs import classifier
from tests.helpers.int8_graphs import GraphBuilder
from tests.helpers.virtual_firmware import needs_qemu

FLOAT = ConvertOptions(precision="float32")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "floats.tflite"
    path.write_bytes(write_tflite(classifier()))
    return path


def quantized() -> Graph:
    g = GraphBuilder("codes")
    x = g.input((1, 12), Quant.per_tensor(0.1, 3))
    weights = np.random.default_rng(0).integers(-99, 99, (4, 12)).astype(np.int8)
    return g.graph(g.dense(x, weights, Quant.per_tensor(0.5, 0), name="fc"))


def mixed() -> Graph:
    """An int8 layer, then a softmax in float32."""
    g = GraphBuilder("mixed")
    x = g.input((1, 12), Quant.per_tensor(0.1, 3))
    weights = np.random.default_rng(0).integers(-99, 99, (4, 12)).astype(np.int8)
    y = g.dense(x, weights, Quant.per_tensor(0.5, 0), name="fc")
    real = g.node(ops.Dequantize(), [y], (1, 4), None, dtype=DType.FLOAT32)
    return g.graph(g.node(ops.Softmax(), [real], (1, 4), None, dtype=DType.FLOAT32))


def test_a_float_model_stays_float(model: Path, tmp_path: Path) -> None:
    done = convert(model, target="virtual-m4", output_dir=tmp_path / "out", options=FLOAT)
    manifest = done.manifest
    assert manifest.recipe["precision"] == "float32"
    assert (manifest.inputs[0].dtype, manifest.outputs[0].dtype) == ("float32", "float32")
    assert manifest.accuracy is None
    assert not manifest.warnings
    graph = read_tflite((done.bundle / "model.tflite").read_bytes(), "floats")
    assert {t.dtype for t in graph.tensors.values()} <= {DType.FLOAT32, DType.INT32}
    assert {step.kernel.rpartition("__")[0][-4:] for step in manifest.steps} == {"_f32"}
    assert (done.bundle / "c" / "include" / "ek_kernels_f32.h").is_file()


def test_the_generated_c_is_verified_within_the_tolerance(model: Path, tmp_path: Path) -> None:
    done = convert(model, target="host", output_dir=tmp_path / "out", options=FLOAT)
    result = verify(done.bundle, samples=5)
    assert result.proved
    assert result.floats
    assert result.equality == "within 1e-05 of the largest output"


@needs_qemu
@pytest.mark.qemu
@pytest.mark.parametrize("board", ["virtual-m0", "virtual-m4"])
def test_a_board_gives_the_same_outputs(board: str, model: Path, tmp_path: Path) -> None:
    done = convert(model, target=board, output_dir=tmp_path / "out", options=FLOAT)
    report = bench(done.bundle, options=BenchOptions(samples=2, quick=True))
    assert report.runs[0].outputs_equal == report.runs[0].outputs_checked == 2


def test_a_processor_without_an_fpu_gets_a_note(model: Path, tmp_path: Path) -> None:
    notes = {}
    for board in ("virtual-m0", "virtual-m3", "virtual-m4", "virtual-m55"):
        made = convert_model(model, load_target(board), FLOAT, tool_version="0.0.test")
        notes[board] = [note.code for note in made.manifest.warnings]
    slow, fast = ["soft-float"], list[str]()
    assert notes == {
        "virtual-m0": slow, "virtual-m3": slow, "virtual-m4": fast, "virtual-m55": fast
    }  # fmt: skip


def test_borders_alone_are_no_float_kernels() -> None:
    soft = ("-mfloat-abi=soft",)
    borders = ("ek_dequantize_s8_f32__ref", "ek_quantize_f32_s8__ref", "ek_conv2d_s8__ref")
    assert soft_float_note("m0", soft, borders) is None
    note = soft_float_note("m0", soft, (*borders, "ek_softmax_f32__ref"))
    assert note is not None
    assert "1 float32 kernels run in software" in note.message


def test_float32_of_a_quantized_model_asks_for_requantize(tmp_path: Path) -> None:
    path = tmp_path / "codes.tflite"
    path.write_bytes(write_tflite(quantized()))
    with pytest.raises(UsageError) as caught:
        convert(path, target="host", output_dir=tmp_path / "out", options=FLOAT)
    assert caught.value.code == "precision-quantized"
    assert "codes came quantized (int8)" in str(caught.value)
    assert "--requantize" in caught.value.hint
    again = ConvertOptions(precision="float32", requantize=True)
    done = convert(path, target="host", output_dir=tmp_path / "out", options=again)
    assert done.manifest.recipe["precision"] == "float32"


def test_an_unknown_precision_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        ConvertOptions(precision="int7")
    assert str(caught.value).startswith("--precision: unknown value 'int7' (allowed: int8, int4, ")


def test_data_that_nothing_is_done_with_are_named(model: Path, tmp_path: Path) -> None:
    data = np.random.default_rng(0).random((20, 8, 8, 3)).astype(np.float32)
    options = ConvertOptions(precision="float32", calibration=data)
    done = convert(model, target="host", output_dir=tmp_path / "out", options=options)
    [note] = [n for n in done.manifest.warnings if n.code == "not-evaluated"]
    assert "nothing was quantized" in note.message
    assert "calibration" not in done.manifest.recipe
    limited = ConvertOptions(precision="float32", calibration=data, min_agreement=0.9)
    with pytest.raises(UsageError) as caught:
        convert(model, target="host", output_dir=tmp_path / "more", options=limited)
    assert "nothing was quantized" in str(caught.value)


def test_a_mixed_model_is_used_as_it_is(tmp_path: Path) -> None:
    graph = mixed()
    assert is_mixed(graph)
    assert precision_of(graph) == "float32+int8"
    path = tmp_path / "mixed.tflite"
    path.write_bytes(write_tflite(graph))
    done = convert(path, target="virtual-m4", output_dir=tmp_path / "out")
    assert done.manifest.recipe["precision"] == "float32+int8"
    assert [n.code for n in done.manifest.warnings] == ["mixed-precision"]
    assert verify(done.bundle, samples=5).proved


def test_the_record_names_the_precision(model: Path, tmp_path: Path) -> None:
    done = convert(model, target="host", output_dir=tmp_path / "out", options=FLOAT)
    record = json.loads((done.bundle / "edgekit.json").read_text())
    assert record["recipe"]["precision"] == "float32"
