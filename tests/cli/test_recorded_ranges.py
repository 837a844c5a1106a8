"""Models that bring the ranges of their activations: taken as they are, and not narrowed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from edgekit.converter.tflite.reader import TRAINED_FOR
from tests.helpers.command_line import fails, succeeds
from tests.helpers.small_bundles import small_network, write_model


def _with_ranges(path: Path, trained_for: str = "") -> Path:
    graph = replace(small_network(), metadata={TRAINED_FOR: trained_for})
    known = (replace(graph[name], range=(-1.0, 3.0)) for name in graph.activations())
    return write_model(path, graph.with_tensors(*known))


def test_ranges_of_the_file_need_no_data(desk: Path) -> None:
    model = _with_ranges(desk / "trained.tflite")
    succeeds("convert", model, "-t", "virtual-m4", "--no-gate", "-o", "out")
    recipe = json.loads((desk / "out" / "edgekit.json").read_text(encoding="utf-8"))["recipe"]
    assert recipe["ranges"] == "recorded in quantization-aware training"


def test_ranges_of_the_file_are_not_narrowed(desk: Path) -> None:
    model = _with_ranges(desk / "trained.tflite")
    words = ("convert", model, "-t", "virtual-m4", "--ranges", "mse", "-o", "out")
    error = fails(*words, exit_code=2, code="ranges-trained")
    assert "minmax, which keeps them" in str(error)
    assert not (desk / "out").exists()


@pytest.mark.parametrize(
    ("trained_for", "precision", "warned"),
    [
        ("int4", "int8", True),
        ("int8", "int4", True),
        ("int16", "int8", True),
        ("int4", "int4", False),
        ("", "int8", False),
        ("no precision", "int8", False),
    ],
)
def test_another_precision_than_the_training_was_for_is_warned_of(
    desk: Path, trained_for: str, precision: str, warned: bool
) -> None:
    model = _with_ranges(desk / "trained.tflite", trained_for)
    words = ("convert", model, "-t", "virtual-m4", "--precision", precision, "--no-gate")
    said = succeeds(*words, "-o", "out")
    manifest = json.loads((desk / "out" / "edgekit.json").read_text(encoding="utf-8"))
    notes = [note for note in manifest["warnings"] if note["code"] == "trained-for-other"]
    assert len(notes) == warned
    if warned:
        assert f"training was for {trained_for}, and it is converted to {precision}" in str(notes)
        assert f"pass --precision {trained_for}, or train it on" in str(notes)
        assert f"--precision {trained_for}" in str(said)
