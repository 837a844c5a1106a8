"""`convert --precision binary|auto` and --layer-precision, as users type them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgekit
from edgekit.converter.options import ConvertOptions
from edgekit.converter.tflite import write_tflite
from tests.helpers.command_line import edgekit as command
from tests.helpers.command_line import fails, succeeds
from tests.helpers.mixed_networks import depthwise_network, inputs_of, labelled, mixed_network

GIVEN = ("model.tflite", "-t", "virtual-m4", "--calibration", "data.npz")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """model.tflite, thin.tflite, labelled data.npz and bare.npz in the current folder."""
    graph = mixed_network()
    (tmp_path / "model.tflite").write_bytes(write_tflite(graph))
    (tmp_path / "thin.tflite").write_bytes(write_tflite(depthwise_network()))
    x, y = labelled(graph, 160)
    np.savez(tmp_path / "data.npz", x=x, y=y)
    np.savez(tmp_path / "bare.npz", x=inputs_of(graph, 120))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_binary_prints_int8_beside_it_for_every_layer(place: Path) -> None:
    done = succeeds("convert", *GIVEN, "--precision", "binary", "--no-gate", "-o", "out")
    for name in ("first", "narrow", "wide", "deep", "second", "dense", "W8A8", "W1A1 *"):
        assert name in done.out
    assert "estimated by the cost model" in done.out
    assert "measured with that layer alone" in done.out
    manifest = edgekit.read_manifest(place / "out")
    found = manifest.precision
    assert found is not None
    assert {layer.layer: layer.format for layer in found.layers} == {
        "first": "W8A8", "narrow": "W1A1", "wide": "W1A1", "deep": "W8A8", "second": "W1A1",
        "dense": "W8A8",
    }  # fmt: skip
    by_name = {layer.layer: layer for layer in found.layers}
    assert by_name["first"].reason.startswith("the first layer")
    assert by_name["dense"].reason.startswith("the last layer")
    assert "depthwise" in by_name["deep"].reason
    for layer in by_name.values():
        price = layer.price("W1A1")
        assert (price is None) == (layer.layer == "deep")
        if price is not None:
            assert price.accuracy is not None
            assert price.instructions > 0
    assert manifest.recipe["widths"] == found.after.format == "W8A8+W1A1"
    assert manifest.operators["LceBconv2d"] == 3
    codes = {note.code for note in manifest.warnings}
    assert "binary-accuracy" in codes
    assert "binary-loses" in codes  # layers as small as these


def test_a_refusal_shows_the_table_and_is_in_the_json(place: Path) -> None:
    done = record_of("--precision", "binary", "--max-drop", "0")
    assert done["error"]["code"] == "accuracy-gate"
    assert done["error"]["exit_code"] == 3
    assert {layer["format"] for layer in done["precision"]["layers"]} == {"W8A8", "W1A1"}
    assert not (place / "out").exists()


def record_of(*more: str) -> dict[str, Any]:
    """What a conversion prints for machines."""
    return command("convert", *GIVEN, *more, "-o", "out", "--json").record


def test_auto_saves_flash_within_the_drop(place: Path) -> None:
    found = record_of("--precision", "auto", "--prefer", "flash", "--max-drop", "0.05")
    summary = found["manifest"]["precision"]
    assert summary["held"]
    assert summary["asked"] == "auto"
    assert summary["after"]["flash_bytes"] < summary["before"]["flash_bytes"]
    assert summary["reference"] - summary["after"]["accuracy"] <= 0.05
    assert 0 < summary["evaluations"] <= summary["most"]
    accuracy = found["manifest"]["accuracy"]
    assert accuracy["before"] - accuracy["after"] <= 0.05
    assert summary["limit"] == "a drop of at most 5.0 percentage points"


def test_an_int4_depthwise_layer_of_int16_is_refused_with_the_reason(place: Path) -> None:
    words = ("convert", "thin.tflite", "-t", "virtual-m4", "--calibration", "bare.npz")
    error = fails(
        *words, "--layer-precision", "deep=w4a16", "-o", "out", exit_code=2, code="layer-precision"
    )
    assert "LiteRT computes it wrongly, without an error" in error["found"]
    assert error["allowed"] == "int8, int4, int16 for DEPTHWISE_CONV_2D deep"


def test_without_a_limit_the_gates_own_is_kept_and_shown(place: Path) -> None:
    done = succeeds("convert", *GIVEN, "--precision", "auto", "--prefer", "flash", "-o", "out")
    found = edgekit.read_manifest(place / "out").precision
    assert found is not None
    assert "layers alone on 64 of them" in found.data
    assert re.fullmatch(
        r"a drop of at most [2-9]\.\d percentage points \(2 and what chance moves on 160 samples\)",
        found.limit,
    )
    assert f"limit: {found.limit}" in " ".join(done.out.split())


def test_without_labels_the_limit_is_an_agreement(place: Path) -> None:
    bare = ("model.tflite", "-t", "virtual-m4", "--calibration", "bare.npz")
    succeeds("convert", *bare, "--precision", "auto", "--min-agreement", "0.9", "-o", "out")
    found = edgekit.read_manifest(place / "out").precision
    assert found is not None
    assert found.limit == "an agreement of at least 90.0%"


def test_the_bundle_is_the_same_from_python_and_twice(place: Path) -> None:
    options = ConvertOptions(
        precision="auto", prefer="flash", max_drop=0.05, calibration="data.npz"
    )
    steps: list[tuple[str, int, int]] = []
    first = edgekit.convert(
        "model.tflite", target="virtual-m4", output_dir="one", options=options,
        progress=lambda *step: steps.append(step),
    )  # fmt: skip
    second = edgekit.convert("model.tflite", target="virtual-m4", output_dir="two", options=options)
    assert first.manifest == second.manifest
    assert first.manifest.precision is not None
    assert any(stage == "compare formats" and done <= most for stage, done, most in steps)
    html = (place / "one" / "report.html").read_text(encoding="utf-8")
    assert "Precision by layer" in html
    report = json.loads((place / "one" / "report.json").read_text(encoding="utf-8"))
    assert len(report["bundle"]["formats"]["layers"]) == 6


def test_no_mix_is_exit_3_with_the_best_there_is(place: Path) -> None:
    rng = np.random.default_rng(0)  # labels at random: every change of an answer may cost
    data = np.load("data.npz")
    labels = data["y"].copy()
    np.savez("data.npz", x=data["x"] * rng.choice([1e-3, 1], (len(labels), 1, 1, 1)), y=labels)
    done = command(
        "convert", *GIVEN, "--precision", "auto", "--layer-precision", "first=binary",
        "--max-drop", "0", "-o", "out", "--json",
    )  # fmt: skip
    error = done.record["error"]
    assert (done.code, error["exit_code"], error["code"]) == (3, 3, "no-mix")
    assert done.record["precision"]["held"] is False
    assert "the best found" in str(error["found"])
    assert "--max-drop" in str(error["hint"])
    assert not (place / "out").exists()


def test_single_layers(place: Path) -> None:
    (place / "layers.txt").write_text("second=W4A8\n", encoding="utf-8")
    succeeds(
        "convert", *GIVEN, "--layer-precision", "layers.txt", "--layer-precision",
        "wide=int16,narrow=int4", "--no-gate", "-o", "out",
    )  # fmt: skip
    manifest = edgekit.read_manifest(place / "out")
    assert manifest.precision is not None
    formats = {layer.layer: layer.format for layer in manifest.precision.layers}
    assert formats == {
        "first": "W8A8", "narrow": "W4A8", "wide": "W8A16", "deep": "W8A8", "second": "W4A8",
        "dense": "W8A8",
    }  # fmt: skip
    assert manifest.recipe["layer_precision"] == ["second=int4", "wide=int16", "narrow=int4"]
    kernels = {step.layer: step.kernel for step in manifest.steps}
    assert "_s8w4__" in kernels["second"]
    assert "_s16w8__" in kernels["wide"]


def test_rounding_joins_in(place: Path) -> None:
    succeeds(
        "convert", *GIVEN, "--layer-precision", "second=int4", "--rounding", "gptq", "--no-gate",
        "-o", "out",
    )  # fmt: skip
    assert edgekit.read_manifest(place / "out").recipe["rounding"] == "gptq"


def test_no_layer_to_binarize(place: Path) -> None:
    given = ("thin.tflite", "-t", "virtual-m4", "--calibration", "data.npz")
    error = fails(
        "convert", *given, "--precision", "binary", "-o", "out", exit_code=1, code="no-binary-layer"
    )
    for part in ("first: the first layer", "deep: a depthwise sum", "dense: the last layer"):
        assert part in str(error["found"])
    assert "--precision int8" in str(error["hint"])


def test_layers_that_do_not_exist_or_cannot(place: Path) -> None:
    for rule, code in (("sceond=int4", "unknown-layer"), ("deep=binary", "layer-precision")):
        fails("convert", *GIVEN, "--layer-precision", rule, "-o", "out", exit_code=2, code=code)
    fails("convert", *GIVEN, "--layer-precision", "deep", "-o", "out", exit_code=2,
          code="bad-option")  # fmt: skip
    fails("convert", *GIVEN, "--prefer", "speed", "-o", "out", exit_code=2, code="bad-option")


def test_a_limit_that_the_data_cannot_show(place: Path) -> None:
    given = ("model.tflite", "-t", "virtual-m4", "--calibration", "bare.npz")
    fails(
        "convert", *given, "--precision", "auto", "--max-drop", "0.01", "-o", "out",
        exit_code=2, code="limit-unchecked",
    )  # fmt: skip
    succeeds("convert", *given, "--precision", "auto", "--min-agreement", "0.9", "-o", "out")


def test_without_data_and_with_a_quantized_model(place: Path) -> None:
    bare = ("model.tflite", "-t", "virtual-m4")
    fails("convert", *bare, "--precision", "auto", "-o", "out", exit_code=1, code="no-calibration")
    succeeds("convert", *GIVEN, "--no-gate", "-o", "int8")
    fails(
        "convert", "int8/model.tflite", "-t", "virtual-m4", "--precision", "auto", "-o", "out",
        exit_code=2, code="precision-quantized",
    )  # fmt: skip
