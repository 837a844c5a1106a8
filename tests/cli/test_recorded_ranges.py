"""Models that bring the ranges of their activations: taken as they are, and not narrowed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from tests.helpers.command_line import fails, succeeds
from tests.helpers.small_bundles import small_network, write_model


def _with_ranges(path: Path) -> Path:
    graph = small_network()
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
    error = fails(*words, exit_code=2, code="ranges-recorded")
    assert "minmax, which keeps them" in str(error)
    assert not (desk / "out").exists()
