"""--precision int4 and int16, --rounding: what the bundle says and that its C is proved."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from edgekit.cli.main import main
from edgekit.converter.options import ConvertOptions
from edgekit.converter.tflite.reader import read_tflite
from edgekit.converter.tflite.writer import write_tflite
from edgekit.deploy.convert import convert
from edgekit.deploy.verify import verify
from edgekit.errors import UsageError
from tests.helpers.float_graphs import classifier, samples


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "floats.tflite"
    path.write_bytes(write_tflite(classifier()))
    return path


@pytest.mark.parametrize(
    ("precision", "widths", "kinds"),
    [
        ("int8", "W8A8", {"int8", "int32"}),
        ("int4", "W4/8A8", {"int4", "int8", "int32"}),
        ("int16", "W8A16", {"int8", "int16", "int32", "int64"}),
    ],
)
@pytest.mark.parametrize("rounding", ["nearest", "gptq"])
def test_widths_are_recorded_and_the_c_is_proved(
    model: Path, tmp_path: Path, precision: str, widths: str, kinds: set[str], rounding: str
) -> None:
    options = ConvertOptions(
        precision=precision, rounding=rounding, calibration=samples(classifier(), 32), gate=False
    )
    done = convert(model, target="host", output_dir=tmp_path / "out", options=options)
    recipe = done.manifest.recipe
    assert recipe["widths"] == widths
    assert recipe.get("rounding", "nearest") == rounding
    graph = read_tflite((done.bundle / "model.tflite").read_bytes(), "back")
    assert {tensor.dtype.value for tensor in graph.tensors.values()} == kinds
    notes = [note.code for note in done.manifest.warnings]
    assert ("adaptive-rounding" in notes) == (rounding == "gptq")
    assert ("bias-correction" in notes) == (rounding == "nearest")
    assert verify(done.bundle, samples=5).proved


def test_equal_inputs_give_equal_bytes(model: Path, tmp_path: Path) -> None:
    options = ConvertOptions(
        precision="int4", rounding="adaround", calibration=samples(classifier(), 16), gate=False
    )
    made = [
        convert(model, target="host", output_dir=tmp_path / name, options=options)
        for name in ("one", "two")
    ]
    files = [(each.bundle / "model.tflite").read_bytes() for each in made]
    assert files[0] == files[1]


def test_the_summary_names_the_widths(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    x = samples(classifier(), 40)
    np.savez(tmp_path / "data.npz", x=x, y=np.arange(40) % 4)
    words = f"convert {model} --target host --calibration {tmp_path / 'data.npz'} --no-gate"
    assert main([*words.split(), "--precision", "int4", "-o", str(tmp_path / "out")]) == 0
    assert "W4/8A8 (data.npz" in capsys.readouterr().out
    manifest = json.loads((tmp_path / "out" / "edgekit.json").read_text(encoding="utf-8"))
    assert manifest["recipe"]["precision"] == "int8"


def test_an_unknown_rounding_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError) as caught:
        ConvertOptions(rounding="up")
    assert caught.value.code == "bad-option"
    assert "nearest, gptq, adaround" in str(caught.value)
