"""`load_model` on .tflite files, and the options it refuses."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Quant
from edgekit.converter.load import Format, ZooOptions, load_model
from edgekit.converter.load.clock import Clock
from edgekit.converter.load.load import folder_sha256, packed_labels
from edgekit.converter.load.model import quantized_input_range
from edgekit.converter.tflite import write_tflite
from edgekit.errors import EdgeKitError, ModelError, UsageError
from tests.helpers.int8_graphs import GraphBuilder


def model_file(folder: Path, name: str = "my net.tflite", *, tail: bytes = b"") -> Path:
    g = GraphBuilder("any")
    x = g.input((1, 6), Quant.per_tensor(1.0, -128))
    y = g.dense(x, np.ones((4, 6), np.int8), Quant.per_tensor(0.2, 0), name="scores")
    path = folder / name
    path.write_bytes(write_tflite(g.graph(y)) + tail)
    return path


def failure(*args: object, **options: object) -> EdgeKitError:
    with pytest.raises(EdgeKitError) as caught:
        load_model(*args, **options)  # type: ignore[arg-type]
    return caught.value


def test_a_loaded_model_says_where_it_came_from(tmp_path: Path) -> None:
    path = model_file(tmp_path)
    loaded = load_model(path)
    assert loaded.graph.name == "my_net"
    assert loaded.graph.metadata["source"] == loaded.source == "my net.tflite"
    assert loaded.format is Format.TFLITE
    assert loaded.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert list(loaded.timings) == ["read"]
    assert loaded.quantized
    assert loaded.input_range == (0.0, 255.0)
    assert (loaded.labels, loaded.notes, loaded.architecture) == ((), (), "")


def test_the_name_can_be_chosen(tmp_path: Path) -> None:
    assert load_model(str(model_file(tmp_path)), name="kws").graph.name == "kws"
    assert load_model(model_file(tmp_path, "0.25.tflite")).graph.name == "model_0_25"


def test_requantize_gives_a_float_graph(tmp_path: Path) -> None:
    loaded = load_model(model_file(tmp_path), requantize=True)
    assert loaded.graph["scores"].dtype is DType.FLOAT32
    assert not loaded.quantized
    assert loaded.input_range is None


def test_labels_packed_behind_the_model(tmp_path: Path) -> None:
    tail = io.BytesIO()
    with zipfile.ZipFile(tail, "w") as archive:
        archive.writestr("labels.txt", "cat\n\n dog \n")
    assert load_model(model_file(tmp_path, tail=tail.getvalue())).labels == ("cat", "dog")
    assert packed_labels(b"no archive") == ()


def test_input_ranges_need_one_int8_input() -> None:
    g = GraphBuilder("float")
    x = g.input((1, 6), None, DType.FLOAT32)
    y = g.node(ops.Relu(), [x], (1, 6), None, dtype=DType.FLOAT32)
    assert quantized_input_range(g.graph(y)) is None


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"zoo": ZooOptions(alpha=0.5)}, "zoo-options"),
        ({"input_size": (96, 96)}, "input-size"),
        ({"input_size": (0, 96)}, "input-size"),
    ],
)
def test_options_that_do_not_apply(tmp_path: Path, options: dict[str, object], code: str) -> None:
    error = failure(model_file(tmp_path), **options)
    assert (type(error), error.code) == (UsageError, code)


def test_damaged_files_name_the_path(tmp_path: Path) -> None:
    path = model_file(tmp_path)
    path.write_bytes(path.read_bytes()[:200])
    error = failure(path)
    assert (type(error), error.code, error.subject) == (ModelError, "damaged-model", str(path))


def test_weights_only_files_say_what_to_do(test_data: Path) -> None:
    error = failure(test_data / "models" / "mobilenet_v1_0.25_128_keras.weights.h5")
    assert error.code == "weights-only"
    assert (
        "edgekit convert mobilenet_v1 --alpha 0.25 --input-size 128 "
        "--weights mobilenet_v1_0.25_128_keras.weights.h5" in error.hint
    )


def test_real_files_load_with_their_ranges_and_labels(test_data: Path) -> None:
    models = test_data / "models"
    vww = load_model(models / "mlperf_mobilenetv1_vww96_int8.tflite")
    assert vww.input_range == pytest.approx((0, 1), abs=1e-5)
    hybrid = load_model(models / "mlperf_kws_float.tflite")
    assert hybrid.notes == ("5 int8 weight tensors expanded to float32",)
    assert not hybrid.quantized
    coral = load_model(models / "coral_mobilenet_v1_0.25_128_uint8.tflite", requantize=True)
    assert len(coral.labels) == 1001
    assert not coral.quantized


def test_folder_hashes_see_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    first = folder_sha256(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    second = folder_sha256(tmp_path)
    (tmp_path / "b").write_bytes(b"2")
    assert len({first, second, folder_sha256(tmp_path)}) == 3


def test_the_clock_adds_up_steps_in_order() -> None:
    clock = Clock()
    with clock.step("b"), clock.step("a"):
        pass
    before = clock.seconds["b"]
    with clock.step("b"):
        pass
    assert list(clock.seconds) == ["b", "a"]
    assert clock.seconds["b"] >= before
