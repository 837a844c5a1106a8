"""Calibration, evaluation and input data that would mislead: refused, or warned about."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.helpers.command_line import edgekit, fails, nothing_left_in, succeeds
from tests.helpers.float_graphs import samples
from tests.helpers.small_bundles import small_network

CONVERT = ("convert", "model.tflite", "-t", "virtual-m4", "-o", "new/bundle")


def _samples(count: int = 120) -> NDArray[np.float32]:
    return samples(small_network(), count)


def _one_nan() -> NDArray[np.float32]:
    values = _samples()
    values[7, 0, 0, 0] = np.nan
    return values


ARRAYS = [
    (lambda: np.zeros((40, 12, 12, 3), np.float32), "all-zero", "every sample is zero"),
    (lambda: np.full((40, 12, 12, 3), 0.5, np.float32), "constant", "every sample is constant"),
    (lambda: np.repeat(_samples(1), 40, axis=0), "all-same", "all 40 samples are the same"),
    (_one_nan, "not-finite", "NaN or infinite"),
    (lambda: _samples()[:, :8], "sample-shape", "shape [8, 12, 3]"),
    (lambda: _samples()[:0], "no-samples", "holds no sample"),
    (lambda: np.clip(_samples() * 50 + 128, 0, 255), "wrong-scale", "expect 0..1"),
    (lambda: _samples() / 255, "wrong-scale", "expect 0..255"),
]


@pytest.mark.parametrize(("make", "code", "words"), ARRAYS)
def test_samples_that_cannot_calibrate(make: Any, code: str, words: str, desk: Path) -> None:
    np.savez("bad.npz", x=make())
    with nothing_left_in(desk, desk.parent / "temporary"):
        error = fails(*CONVERT, "--calibration", "bad.npz", exit_code=1, code=code)
    assert error["subject"].startswith("bad.npz")
    assert words in error["found"]


def _damaged_npz(path: Path) -> None:
    np.savez(path, x=_samples(4))
    path.write_bytes(path.read_bytes()[:600])


def _bad_header(path: Path) -> None:
    """A NumPy header with an open bracket, which its reader trips over."""
    np.save("ok.npy", np.zeros(4))
    path.write_bytes(Path("ok.npy").read_bytes().replace(b"(4,), }", b"(4,), ("))


def _terabytes(path: Path) -> None:
    np.save("ok.npy", np.zeros(4))
    data = Path("ok.npy").read_bytes().replace(b"(4,), }            ", b"(4000000000000,), }")
    path.write_bytes(data)


def _locked(path: Path) -> None:
    """An archive whose entry says that it is encrypted."""
    np.savez(path, x=_samples(2))
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.find(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)


def _objects(path: Path) -> None:
    np.savez(path, x=np.array([{}, 1], dtype=object))


def _no_arrays(path: Path) -> None:
    with zipfile.ZipFile(path, "w"):
        pass


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("bad.npz", _damaged_npz),
        ("bad.npz", _locked),
        ("bad.npz", _objects),
        ("bad.npz", lambda path: path.write_bytes(b"")),
        ("bad.npz", lambda path: path.write_text("no archive", encoding="utf-8")),
        ("bad.npy", _bad_header),
        ("bad.npy", _terabytes),
        ("bad.npy", lambda path: path.write_bytes(b"\x93NUMPY")),
    ],
)
def test_array_files_that_cannot_be_read(name: str, make: Any, desk: Path) -> None:
    make(desk / name)
    with nothing_left_in(desk, desk.parent / "temporary"):
        error = fails(*CONVERT, "--calibration", name, exit_code=1, code="array-unreadable")
    assert error["subject"] == name


def _picture_cut_short(folder: Path) -> None:
    folder.mkdir()
    Image.new("RGB", (40, 40), "red").save(folder / "a.png")
    data = (folder / "a.png").read_bytes()
    (folder / "a.png").write_bytes(data[: len(data) // 2])


def _text_named_png(folder: Path) -> None:
    folder.mkdir()
    (folder / "a.png").write_text("no picture", encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "make", "code"),
    [
        ("missing.npz", lambda path: None, "data-missing"),
        ("folder", lambda path: path.mkdir(), "no-images"),
        ("notes.txt", lambda path: path.write_text("x", encoding="utf-8"), "bad-data"),
        ("empty.npz", _no_arrays, None),
        ("pictures", _picture_cut_short, "image-unreadable"),
        ("pictures", _text_named_png, "image-unreadable"),
        ("list.csv", lambda path: path.write_text("gone.png,0\n", encoding="utf-8"), None),
        ("labels.json", lambda path: path.write_text("{", encoding="utf-8"), "bad-labels"),
    ],
)
def test_data_that_are_not_there(name: str, make: Any, code: str | None, desk: Path) -> None:
    make(desk / name)
    with nothing_left_in(desk, desk.parent / "temporary"):
        done = edgekit(*CONVERT, "--calibration", name, "--json")
    error = done.record["error"]
    assert done.code == 1
    assert error["code"] not in ("internal", "failure")
    assert code is None or error["code"] == code
    assert error["hint"]


def test_no_calibration_says_what_to_add(desk: Path) -> None:
    with nothing_left_in(desk):
        error = fails(*CONVERT, exit_code=1, code="no-calibration")
    assert error["hint"].startswith("add --calibration DATA")


def test_evaluation_data_that_are_missing(desk: Path) -> None:
    words = (*CONVERT, "--calibration", "data.npz", "--eval", "gone")
    fails(*words, exit_code=1, code="data-missing")


def test_few_samples_are_warned_about(desk: Path) -> None:
    np.savez("few.npz", x=_samples(5))
    done = succeeds(*CONVERT, "--calibration", "few.npz", "--no-gate")
    assert "warning: few.npz (5 samples): only 5 samples" in done.err


def test_labels_of_other_classes_are_refused(desk: Path) -> None:
    np.savez("labelled.npz", x=_samples(8), y=np.arange(8))
    words = (*CONVERT, "--calibration", "data.npz", "--eval", "labelled.npz")
    error = fails(*words, exit_code=1, code="class-mismatch")
    assert "4 classes" in error["found"]


def test_the_gate_refuses_and_names_the_layers(desk: Path) -> None:
    """Ranges of tiny samples clip everything else: the gate sees it on other data."""
    np.savez("tiny.npz", x=_samples() * 0.2)
    words = (*CONVERT, "--calibration", "tiny.npz", "--eval", "data.npz")
    with nothing_left_in(desk, desk.parent / "temporary"):
        error = fails(*words, "--min-agreement", "1", exit_code=3, code="accuracy-gate")
    assert "of data.npz" in error["found"]
    assert error["allowed"] == "at least 100.0%"
    assert "conv_2d_0" in error["hint"]
    assert "--no-gate" in error["hint"]


def test_without_the_gate_the_verdict_is_a_warning(desk: Path) -> None:
    np.savez("tiny.npz", x=_samples() * 0.2)
    words = (*CONVERT, "--calibration", "tiny.npz", "--eval", "data.npz", "--min-agreement", "1")
    done = succeeds(*words, "--no-gate", "--json")
    assert "accuracy-gate" in [note["code"] for note in done.record["manifest"]["warnings"]]


def test_the_drop_in_accuracy_is_gated_where_labels_exist(desk: Path) -> None:
    from edgekit.converter.quantize.execute import outputs_real

    graph, values = small_network(), _samples()
    labels = outputs_real(graph, values)[graph.outputs[0]].argmax(axis=1)
    np.savez("labelled.npz", x=values, y=labels)
    np.savez("tiny.npz", x=values * 0.2)
    words = (*CONVERT, "--calibration", "tiny.npz", "--eval", "labelled.npz")
    error = fails(*words, "--max-drop", "0", exit_code=3, code="accuracy-gate")
    assert error["found"].startswith("top-1 falls from 100.00% to ")


@pytest.mark.parametrize("option", ["--max-drop", "--min-agreement"])
def test_limits_that_say_nothing_about_an_int8_file(
    option: str, desk: Path, small_bundle: Path
) -> None:
    words = ("convert", small_bundle / "model.tflite", "-t", "virtual-m4", "-o", "new", option)
    error = fails(*words, "0.5", exit_code=2, code="limit-unchecked")
    assert (error["subject"], "came quantized" in error["found"]) == (option, True)


def test_a_drop_without_labels_cannot_be_checked(desk: Path) -> None:
    words = (*CONVERT, "--calibration", "data.npz", "--max-drop", "0.5")
    error = fails(*words, exit_code=2, code="limit-unchecked")
    assert "no labels" in error["found"]


def test_evaluation_data_for_an_int8_file_are_said_to_be_unused(
    desk: Path, small_bundle: Path
) -> None:
    words = ("convert", small_bundle / "model.tflite", "-t", "virtual-m4", "-o", "new")
    done = succeeds(*words, "--eval", "data.npz", "--json")
    assert "not-evaluated" in [note["code"] for note in done.record["manifest"]["warnings"]]


def test_an_int8_file_needs_no_calibration(desk: Path, small_bundle: Path) -> None:
    succeeds("convert", small_bundle / "model.tflite", "-t", "virtual-m4", "-o", "again")
    assert Path("again/model.tflite").exists()


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        (["gone.png"], "data-missing"),
        (["small.npy"], "sample-shape"),
        (["data.npz", "gone.npy"], "data-missing"),
        (["model.tflite"], "bad-data"),
    ],
)
def test_inputs_of_run(inputs: list[str], code: str, desk: Path, small_bundle: Path) -> None:
    np.save("small.npy", np.zeros((4, 5, 5, 3), np.float32))
    fails("run", small_bundle, *inputs, exit_code=1, code=code)


@pytest.mark.parametrize("command", ["bench {} --data gone", "verify {} --data gone"])
def test_data_of_bench_and_verify(command: str, desk: Path, small_bundle: Path) -> None:
    fails(*command.format(small_bundle).split(), exit_code=1, code="data-missing")
