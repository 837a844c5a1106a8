"""A network, labelled data and a place to work in; trials that convert nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from edgekit.artifacts.figures import Figure, Provenance
from edgekit.converter.quantize.execute import outputs_real
from edgekit.deploy.sweep import pools
from edgekit.deploy.sweep.axes import Point
from edgekit.deploy.sweep.outcome import Outcome
from tests.helpers.float_graphs import samples
from tests.helpers.small_bundles import small_network, write_model

COSTS = {"int8": (0.90, 2000.0), "int4": (0.80, 3000.0), "int16": (0.95, 5000.0)}
"""Accuracy and instructions of made-up trials, by precision."""


def made_up(point: Point) -> Outcome:
    """Figures that follow from the combination alone; binary fails."""
    if point["precision"] == "binary":
        error = {"code": "unsupported", "subject": "net", "found": "has no signs", "hint": "none"}
        return Outcome(error=error)
    accuracy, instructions = COSTS[point["precision"]]
    accuracy += 0.01 * (point.get("rounding") == "gptq")
    rows = {
        "accuracy": (accuracy, "fraction", Provenance.MEASURED),
        "accuracy_before": (0.96, "fraction", Provenance.MEASURED),
        "instructions": (instructions, "instructions", Provenance.ESTIMATED),
        "flash": (instructions / 10, "B", Provenance.ESTIMATED),
    }
    figures = {name: Figure(*row, basis="made up") for name, row in rows.items()}
    return Outcome(figures, "top1", seconds=0.1, files={"edgekit.json": b"{}\n"})


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with model.tflite and 40 labelled samples in data.npz."""
    graph = small_network()
    write_model(tmp_path / "model.tflite", graph)
    x = samples(graph, 40)
    y = outputs_real(graph, x, graph.outputs)[graph.outputs[0]].argmax(1)
    np.savez(tmp_path / "data.npz", x=x, y=y)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[Point]:
    """Trials of this process are made up; the combinations that were tried."""
    found: list[Point] = []

    def run(parcel: object, points: Sequence[Point]) -> tuple[Outcome, ...]:
        found.extend(points)
        return tuple(map(made_up, points))

    monkeypatch.setattr(pools, "run_parcel", run)
    return found
