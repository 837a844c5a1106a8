"""A model with two inputs and two outputs along the whole road."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edgekit.converter.ir import ops
from edgekit.converter.tflite import write_tflite
from tests.helpers.command_line import fails, succeeds
from tests.helpers.float_graphs import FloatGraph

RNG = np.random.default_rng(8)


def _model(path: Path) -> Path:
    g = FloatGraph("two")
    image, meta = g.input((1, 6, 6, 1), "image"), g.input((1, 3), "meta")
    seen = g.conv(image, RNG.normal(0, 0.4, (4, 3, 3, 1)), RNG.normal(0, 0.1, 4), name="seen")
    pooled = g.node(ops.Mean(), [seen, g.constant([1, 2], dtype="int32")], "pooled")
    joined = g.node(ops.Concatenation(1), [pooled, meta], "joined")
    scores = g.dense(joined, RNG.normal(0, 1, (3, 7)), name="scores")
    path.write_bytes(write_tflite(g.graph(g.node(ops.Softmax(), [scores], "classes"), pooled)))
    return path


def test_two_inputs_convert_verify_and_bench(desk: Path) -> None:
    model = _model(desk / "two.tflite")
    images, facts = RNG.normal(0, 1, (120, 6, 6, 1)), RNG.normal(0, 1, (120, 3))
    np.savez(desk / "d.npz", image=images.astype(np.float32), meta=facts.astype(np.float32))
    line = ("convert", model, "-t", "virtual-m4", "--calibration", "d.npz", "-o", "two")
    record = succeeds(*line, "--json").record
    manifest = record["manifest"]
    assert [row["name"] for row in manifest["inputs"]] == ["image", "meta"]
    assert manifest["accuracy"]["agreement"] > 0.9
    done = succeeds("verify", "two", "--samples", "4", "--data", "d.npz")
    assert "the generated C equals the reference bit for bit" in done.out
    error = fails(*line[:5], model.parent, *line[6:], exit_code=1, code="several-inputs")
    assert "image [6, 6, 1], meta [3]" in error["allowed"]
