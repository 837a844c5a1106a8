"""Model files that are not what they should be: one error each, and nothing left behind."""

from __future__ import annotations

import random
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.ir import ops
from edgekit.converter.ir.ops import BY_NAME, Padding
from edgekit.converter.tflite import write_tflite
from edgekit.converter.tflite.support import REWRITES
from tests.helpers.command_line import ROOT, edgekit, fails, nothing_left_in, succeeds
from tests.helpers.float_graphs import FloatGraph
from tests.helpers.odd_tflite import changed, operator_becomes, tensor_has

SHAPES = ROOT / "samples" / "shapes" / "shapes.keras"
CONVERT = ["-t", "virtual-m4", "-o", "build/new", "--calibration", "data.npz"]
H5_HEAD = b"\x89HDF\r\n\x1a\n"

Make = Callable[[Path, bytes], None]


def _cut(path: Path, good: bytes) -> None:
    path.write_bytes(good[: len(good) // 2])


def _empty(path: Path, good: bytes) -> None:
    path.write_bytes(b"")


def _text(path: Path, good: bytes) -> None:
    path.write_text("This is not a model.\n", encoding="utf-8")


def _noise(path: Path, good: bytes) -> None:
    path.write_bytes(random.Random(0).randbytes(5000))


def _tflite(path: Path, good: bytes) -> None:
    shutil.copy("model.tflite", path)


def _keras(path: Path, good: bytes) -> None:
    shutil.copy(SHAPES, path)


def _archive(path: Path, good: bytes) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("notes.txt", "nothing")


BAD = [
    ("x.tflite", _empty, "empty-model", "the file is empty"),
    ("x.keras", _empty, "empty-model", "the file is empty"),
    ("x.h5", _empty, "empty-model", "the file is empty"),
    ("x.tflite", _cut, "damaged-model", "outside the file"),
    ("x.keras", _cut, "damaged-model", "ends too early"),
    ("x.h5", lambda path, _: path.write_bytes(H5_HEAD + bytes(80)), "weights-only", "weights"),
    ("x.h5", lambda path, _: path.write_bytes(H5_HEAD), "damaged-model", "bytes of"),
    ("x.tflite", _text, "unknown-format", "a text file"),
    ("x.keras", _text, "unknown-format", "a text file"),
    ("x.h5", _text, "unknown-format", "a text file"),
    ("x.tflite", _noise, "unknown-format", "not a model"),
    ("x.keras", _tflite, "wrong-suffix", "holds a TFLite file"),
    ("x.h5", _tflite, "wrong-suffix", "holds a TFLite file"),
    ("x.tflite", _keras, "wrong-suffix", "holds a Keras 3 file"),
    ("x.keras", _archive, "unknown-format", "zip archive that is no .keras file"),
]


@pytest.mark.parametrize(("name", "make", "code", "words"), BAD)
@pytest.mark.parametrize("command", ["inspect", "convert"])
def test_bad_files(command: str, name: str, make: Make, code: str, words: str, desk: Path) -> None:
    good = Path("model.tflite") if name == "x.tflite" else SHAPES
    make(desk / name, good.read_bytes())
    with nothing_left_in(desk, desk.parent / "temporary"):
        more = CONVERT if command == "convert" else []
        error = fails(command, name, *more, exit_code=1, code=code)
    assert error["subject"] == name
    assert words in error["found"]


@pytest.mark.parametrize(
    ("name", "exit_code", "code"),
    [
        ("missing.tflite", 1, "model-missing"),
        ("folder/missing.keras", 1, "model-missing"),
        ("mobilenet_v7", 2, "unknown-model"),
        (".", 1, "no-saved-model"),
    ],
)
def test_what_is_not_there(name: str, exit_code: int, code: str, desk: Path) -> None:
    with nothing_left_in(desk):
        fails("convert", name, *CONVERT, exit_code=exit_code, code=code)
        fails("inspect", name, exit_code=exit_code, code=code)


def test_mutated_files_convert_or_are_refused_by_a_rule(desk: Path) -> None:
    """Whatever bytes change: no bug of ours, no traceback, no half bundle."""
    good, rng = Path("model.tflite").read_bytes(), random.Random(5)
    for _ in range(40):
        data = bytearray(good)
        for _ in range(rng.choice((1, 2, 8))):
            data[rng.randrange(len(data))] = rng.choice((0, 1, 0x7F, 0x80, 0xFF))
        Path("mutant.tflite").write_bytes(data[: rng.choice((len(data), rng.randrange(len(data))))])
        done = edgekit("convert", "mutant.tflite", *CONVERT, "--json")
        assert done.code in (0, 1, 3), done
        assert (desk / "build").exists() == (done.code == 0)
        if done.code:
            assert done.record["error"]["code"] not in ("internal", "failure")
        shutil.rmtree("build", ignore_errors=True)


def test_an_unsupported_operator_is_named_with_a_way_out(desk: Path) -> None:
    Path("odd.tflite").write_bytes(
        changed(Path("model.tflite").read_bytes(), operator_becomes(4, "TOPK_V2"))
    )
    with nothing_left_in(desk):
        error = fails("convert", "odd.tflite", *CONVERT, exit_code=1, code="unsupported-operator")
    assert "TOPK_V2" in error["found"]
    assert "softmax_4" in error["subject"] + error["found"]  # the node
    assert "CONV_2D" in error["allowed"]
    assert "`rpi`" in error["hint"]  # where it would run
    listed = succeeds("inspect", "odd.tflite", "-t", "virtual-m4", "--json").record
    assert listed["layers"][4]["operator"] == "TOPK_V2"
    assert listed["layers"][4]["runs_as_c"].startswith("no: ")
    (told,) = (note for note in listed["notes"] if note["code"] == "target")
    assert (told["level"], "TOPK_V2" in told["message"]) == ("warning", True)
    assert "docs/supported_ops.md" in told["advice"]


def test_an_unsupported_operator_comes_with_its_cheapest_rewrite(desk: Path) -> None:
    name, rewrite = next((k, v) for k, v in REWRITES.items() if k not in BY_NAME)
    Path("odd.tflite").write_bytes(
        changed(Path("model.tflite").read_bytes(), operator_becomes(4, name))
    )
    error = fails("convert", "odd.tflite", *CONVERT, exit_code=1, code="unsupported-operator")
    assert name in error["found"]
    assert rewrite in error["hint"].lower() + error["hint"]


def test_a_custom_operator_is_named(desk: Path) -> None:
    odd = changed(Path("model.tflite").read_bytes(), operator_becomes(4, "CUSTOM", "Mystery"))
    Path("odd.tflite").write_bytes(odd)
    error = fails("convert", "odd.tflite", *CONVERT, exit_code=1, code="unsupported-operator")
    assert "Mystery" in error["found"]


def test_a_dynamic_shape_is_named(desk: Path) -> None:
    shape = np.array([1, -1, 12, 3], np.int32)
    odd = changed(
        Path("model.tflite").read_bytes(), tensor_has(0, shape=shape, shapeSignature=shape)
    )
    Path("odd.tflite").write_bytes(odd)
    with nothing_left_in(desk):
        done = edgekit("convert", "odd.tflite", *CONVERT, "--json")
    error = done.record["error"]
    assert done.code == 1
    assert error["code"] in ("dynamic-shape", "shapes-known"), error
    assert "x" in error["subject"]


def test_several_inputs_are_refused_by_name(desk: Path) -> None:
    g = FloatGraph("two")
    a, b = g.input((1, 4, 4, 2), "a"), g.input((1, 4, 4, 2), "b")
    pooled = g.node(ops.AveragePool2D(Padding.VALID, 2, 2, 2, 2), [g.node(ops.Add(), [a, b])])
    Path("two.tflite").write_bytes(write_tflite(g.graph(pooled)))
    np.savez("two.npz", x=np.random.default_rng(0).normal(size=(8, 4, 4, 2)).astype(np.float32))
    with nothing_left_in(desk):
        done = edgekit(
            "convert", "two.tflite", "-t", "virtual-m4", "-o", "new", "--calibration", "two.npz",
            "--json",
        )  # fmt: skip
    error = done.record["error"]
    assert (done.code, error["exit_code"]) == (1, 1)
    assert "input" in error["found"]


def test_options_that_belong_to_other_models(desk: Path) -> None:
    words = ("convert", "model.tflite", *CONVERT)
    error = fails(*words, "--alpha", "0.5", exit_code=2, code="zoo-options")
    assert "zoo" in error["found"]
    fails(*words, "--weights", "w.h5", exit_code=2, code="zoo-options")
    fails(*words, "--input-size", "8", exit_code=2, code="input-size")
