"""Engines of `verify` that refuse a model are listed with their reason, not raised."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Quant
from edgekit.converter.ir.ops import Padding
from edgekit.converter.tflite import write_tflite
from edgekit.deploy.convert import convert
from edgekit.deploy.verify import EngineResult, verify
from edgekit.errors import ModelError
from tests.helpers.int8_graphs import GraphBuilder

Q = Quant.per_tensor(0.1, 3)


def _engines(folder: Path, model: bytes) -> dict[str, EngineResult]:
    (folder / "m.tflite").write_bytes(model)
    convert(folder / "m.tflite", target="virtual-m4", output_dir=folder / "bundle")
    found = verify(folder / "bundle", samples=2)
    assert found.verdict() is None
    assert found.proved
    return {result.engine: result for result in found.engines}


def test_an_operator_that_tflite_micro_lacks_is_its_reason(tmp_path: Path) -> None:
    pytest.importorskip("tflite_micro")
    g = GraphBuilder("tile")
    x = g.input((1, 2, 3, 4), Q)
    times = g.constant(np.array([1, 2, 1, 1], np.int32))
    y = g.node(ops.Tile(), [x, times], (1, 4, 3, 4), Q)
    engines = _engines(tmp_path, write_tflite(g.graph(y)))
    micro = engines["TensorFlow Lite Micro"]
    assert micro.skipped == "tflite-micro: Didn't find op for builtin opcode 'TILE'"
    assert not micro.equal


def test_tflite_micro_gets_room_for_large_activations_of_small_files(tmp_path: Path) -> None:
    """Its own default for the arena is ten times the file."""
    pytest.importorskip("tflite_micro")
    g = GraphBuilder("wide")
    x = g.input((1, 64, 64, 1), Q)
    weights = np.ones((8, 1, 1, 1), np.int8)
    y = g.conv(x, weights, Padding.SAME, Q)
    engines = _engines(tmp_path, write_tflite(g.graph(y)))
    assert all(result.equal for name, result in engines.items() if "micro" in name)
    assert any("micro" in name for name in engines)


def test_a_refusal_of_tflite_micro_is_an_error_of_the_family() -> None:
    from edgekit.deploy.verify import _refusing

    def work() -> None:
        raise RuntimeError("no room")

    with pytest.raises(ModelError, match="no room") as caught:
        _refusing(work)
    assert (caught.value.code, caught.value.subject) == ("not-for-micro", "tflite-micro")
