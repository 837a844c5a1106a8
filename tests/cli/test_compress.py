"""`edgekit compress`: convert's model.tflite without a target, with its price."""

from __future__ import annotations

import gzip
import inspect
import lzma
from pathlib import Path

import numpy as np
import pytest

import edgekit
from edgekit.cli import compress, convert
from edgekit.converter.options import ConvertOptions
from edgekit.converter.precision import widths_of
from edgekit.converter.tflite.reader import read_tflite
from edgekit.errors import UsageError
from tests.helpers.command_line import fails, succeeds

WORDS = ("compress", "model.tflite", "-o", "small.tflite")
DATA = ("--calibration", "data.npz")


def test_the_file_is_the_one_that_convert_writes(desk: Path) -> None:
    options = (*DATA, "--precision", "int4", "--rounding", "gptq", "--prune", "0.3", "--no-gate")
    succeeds(*WORDS, *options)
    succeeds("convert", "model.tflite", "-t", "virtual-m4", *options, "-o", "out")
    assert Path("small.tflite").read_bytes() == Path("out/model.tflite").read_bytes()


def test_the_price_is_bytes_packed_bytes_and_accuracy(desk: Path) -> None:
    record = succeeds(*WORDS, *DATA, "--json").record
    before, after = (Path(name).read_bytes() for name in ("model.tflite", "small.tflite"))
    assert record["before"]["format"] == "W32A32"
    assert record["after"]["format"] == "W8A8"
    assert record["before"]["bytes"] == len(before)
    assert record["after"] == {
        "format": "W8A8",
        "bytes": len(after),
        "gzip": len(gzip.compress(after, 9, mtime=0)),
        "xz": len(lzma.compress(after, preset=9 | lzma.PRESET_EXTREME)),
    }
    assert record["accuracy"]["metric"] == "agreement"
    text = succeeds(*WORDS, *DATA).out
    for word in ("before", "after", "left", "W32A32", "W8A8", "gzip", "xz", "agreement 100.00 %"):
        assert word in text
    assert "model: small.tflite" in text


def test_half_floats_need_no_data_and_are_judged_with_labels(desk: Path) -> None:
    x = np.load("data.npz")["x"]
    np.savez("labelled.npz", x=x, y=np.arange(len(x)) % 4)
    record = succeeds(*WORDS, "--precision", "float16", "--eval", "labelled.npz", "--json").record
    assert record["after"]["format"] == "W16A32"
    assert record["after"]["bytes"] < record["before"]["bytes"]
    assert record["accuracy"]["metric"] == "top1"


def test_formats_by_layer_make_the_weights_small(desk: Path) -> None:
    text = succeeds(*WORDS, *DATA, "--precision", "auto").out
    assert "precision by layer" in text
    record = succeeds(*WORDS, *DATA, "--precision", "auto", "--json").record
    assert record["formats"]["prefer"] == "flash"
    graph = read_tflite(Path("small.tflite").read_bytes(), "small")
    assert record["after"]["format"] == widths_of(graph)


def test_channels_that_went_are_told(desk: Path) -> None:
    text = succeeds(*WORDS, *DATA, "--prune", "0.5", "--no-gate").out
    assert "weights are 0" in text


def test_a_refusal_is_exit_3_and_writes_nothing(desk: Path) -> None:
    words = (*WORDS, *DATA, "--prune", "0.95", "--min-agreement", "1")
    fails(*words, exit_code=3, code="accuracy-gate")
    assert not Path("small.tflite").exists()


@pytest.mark.parametrize(
    ("place", "found"),
    [("small.bin", "is no .tflite file"), ("model.tflite", "is the model itself")],
)
def test_places_that_are_refused(desk: Path, place: str, found: str) -> None:
    before = Path("model.tflite").read_bytes()
    words = ("compress", "model.tflite", *DATA, "-o", place)
    error = fails(*words, exit_code=2, code="bad-option")
    assert found in error["found"]
    assert Path("model.tflite").read_bytes() == before


def test_what_is_about_c_is_refused_from_python(desk: Path) -> None:
    options = ConvertOptions(calibration="data.npz", compress_weights="layer")
    with pytest.raises(UsageError, match="compress writes neither") as caught:
        edgekit.compress("model.tflite", output="small.tflite", options=options)
    assert caught.value.code == "compress-without-c"
    assert "edgekit convert --target" in str(caught.value)


def test_every_option_of_convert_is_there_but_those_of_a_target() -> None:
    ours, theirs = (set(inspect.signature(each.command).parameters) for each in (compress, convert))
    assert theirs - ours == set(compress.OWN)
    assert ours - theirs == {"out_file"}
