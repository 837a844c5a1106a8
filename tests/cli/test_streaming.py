"""`convert --stream`: a window network becomes one that takes new time steps alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.ir.ops import Padding
from edgekit.converter.tflite.writer import write_tflite
from tests.helpers.command_line import edgekit, fails, succeeds
from tests.helpers.temporal_graphs import Temporal


def network(padding: Padding = Padding.VALID, stride: int = 2) -> bytes:
    t = Temporal(7, 30, 3, 2)
    t.conv(6, 4, wide=2, stride=stride, padding=padding)
    t.depthwise(3, padding=padding)
    t.conv(6, 1)
    return write_tflite(t.mean())


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("stream") / "words.tflite"
    path.write_bytes(network())
    return path


def test_the_summary_and_the_record(model: Path, tmp_path: Path) -> None:
    options = (model, "--target", "virtual-m4", "--stream", "auto", "-o", tmp_path / "out")
    assert "2 new of 30 time steps a call; the window is full after 15 calls" in (
        succeeds("convert", *options).out
    )
    record = succeeds("convert", *options, "--json").record["manifest"]
    found = record["streaming"]
    assert (found["axis"], found["window"], found["hop"], found["warm_up"]) == (1, 30, 2, 15)
    assert found["macs"][1] * 4 < found["macs"][0]
    assert found["instructions"][1] * 2 < found["instructions"][0]
    assert found["edge_macs"] == 0
    assert found["ends"][0]["operator"] == "MEAN"
    assert record["inputs"][0]["shape"] == [1, 2, 3, 2]
    assert (tmp_path / "out" / "window.tflite").read_bytes() == model.read_bytes()
    assert "words_reset(" in (tmp_path / "out" / "c" / "words.h").read_text()


def test_layers_are_explained(model: Path, tmp_path: Path) -> None:
    place = ("--target", "virtual-m4", "-o", tmp_path / "out")
    out = succeeds("convert", model, *place, "--stream", "2", "--explain").out
    assert "rows of a call" in out
    assert "mean_3 (MEAN) reduces all 12 rows to one: computed in full" in out


def test_edges_are_told(tmp_path: Path) -> None:
    path = tmp_path / "same.tflite"
    path.write_bytes(network(Padding.SAME))
    done = succeeds(
        "convert", path, "--target", "virtual-m4", "--stream", "2", "-o", tmp_path / "s"
    )
    assert "rows at the window's ends" in done.out + done.err


def test_hops_that_do_not_go(model: Path, tmp_path: Path) -> None:
    place = ("--target", "virtual-m4", "-o", tmp_path / "no")
    fails("convert", model, *place, "--stream", "3", exit_code=2, code="stream-hop")
    for wrong in ("some", "0"):
        fails("convert", model, *place, "--stream", wrong, exit_code=2, code="bad-option")
    again = ("--stream", "2", "--stream-axis", "7")
    fails("convert", model, *place, *again, exit_code=2, code="stream-axis")
    assert not (tmp_path / "no").exists()


def test_verify_plays_windows(model: Path, tmp_path: Path) -> None:
    """Random rows and windows of data, against the network of the whole window among others."""
    bundle = tmp_path / "bundle"
    succeeds("convert", model, "--target", "host", "--stream", "2", "-o", bundle)
    windows = np.random.default_rng(0).normal(size=(3, 30, 3, 2)).astype(np.float32)
    np.savez(tmp_path / "windows.npz", x=windows)
    data = ("--data", tmp_path / "windows.npz", "--samples", "12")
    done = succeeds("verify", bundle, *data)
    assert "in rows of 1 to 4, or 16 and more inferences" in done.out
    engines = {row["engine"]: row for row in succeeds("verify", bundle, *data, "--json").record[
        "engines"
    ]}  # fmt: skip
    whole = engines["whole window, NumPy interpreter"]
    assert (whole["must_equal"], whole["inputs"], whole["inputs_equal"]) == (True, 15, 15)
    assert any(row["generated"] and row["inputs_equal"] == 15 for row in engines.values())


def test_verify_tells_of_another_window_network(model: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    succeeds("convert", model, "--target", "host", "--stream", "2", "-o", bundle)
    (bundle / "window.tflite").write_bytes(network(Padding.SAME))
    done = edgekit("verify", bundle, "--samples", "10")
    assert done.code == 3
    assert "words, whole window, NumPy interpreter: " in done.err
    (bundle / "window.tflite").unlink()
    fails("verify", bundle, "--samples", "2", exit_code=1, code="bundle-incomplete")


def test_run_answers_call_by_call(model: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    succeeds("convert", model, "--target", "host", "--stream", "10", "-o", bundle)
    np.save(tmp_path / "window.npy", np.zeros((30, 3, 2), np.float32))
    done = succeeds("run", bundle, tmp_path / "window.npy")
    assert "call 1" in done.out
    assert "call 3" in done.out
