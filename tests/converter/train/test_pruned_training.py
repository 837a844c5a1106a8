"""`train --start --prune`: zeros grow and stay exact, channels go first; all of it resumes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.load.load import load_model
from edgekit.converter.prune.spec import Amount, parse_prune
from edgekit.converter.quantize.int8 import quantize_int8
from edgekit.converter.train.options import TrainOptions
from edgekit.converter.train.pruning import Gradual, partly
from edgekit.errors import EdgeKitError, UsageError
from tests.helpers.colour_networks import write_colour_network
from tests.helpers.fine_tuning import fine_tuned

pytestmark = pytest.mark.tensorflow
pytest.importorskip("tensorflow")


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A float .tflite that knows its colours."""
    return write_colour_network(tmp_path_factory.mktemp("start") / "start.tflite")


def weights_of(path: Path) -> dict[str, np.ndarray]:
    graph = load_model(path).graph
    layers = [node for node in graph.nodes if "weights" in node.op.INPUTS]
    return {node.name: np.asarray(graph.input(node, 1).values) for node in layers}


def test_the_share_grows_along_a_cubic_and_then_stays() -> None:
    zeros = Gradual(parse_prune("0.8"), {}, steps=100)
    due = [step for step in range(300) if zeros.due(step)]
    assert due == list(range(0, 101, 5))
    assert [round(zeros.grown(step), 4) for step in (0, 50, 100, 200)] == [0, 0.875, 1, 1]
    assert [step for step in range(9) if Gradual(parse_prune("0.8"), {}, 0).due(step)] == [0]
    assert Gradual(parse_prune("0.8"), {}, 0).grown(0) == 1


def test_parts_of_a_pattern_are_patterns() -> None:
    spec = parse_prune("1:4,head=0")
    kept = [partly(spec, part).amount for part in (0, 0.4, 0.7, 1)]
    assert kept == [Amount(keep=n, of=4) for n in (4, 3, 2, 1)]
    assert partly(spec, 0.5).exceptions == spec.exceptions


@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_zeros_are_as_many_as_asked_for_and_exact(
    ema: float, colours: Path, start: Path, tmp_path: Path
) -> None:
    found = fine_tuned(colours, start, tmp_path / "a.tflite", prune="layer:0.5", ema=ema)
    assert found.top1 is not None
    assert found.top1 >= 0.8
    assert found.pruning is not None
    stored = weights_of(tmp_path / "a.tflite")
    for layer in found.pruning.layers:
        assert layer.zeros == round(layer.weights / 2) == (stored[layer.layer] == 0).sum()
        assert len(np.unique(stored[layer.layer])) > layer.weights // 3


def test_a_pattern_holds_in_what_is_written(colours: Path, start: Path, tmp_path: Path) -> None:
    found = fine_tuned(colours, start, tmp_path / "a.tflite", prune="2:4")
    assert found.pruning is not None
    pruned = {layer.layer for layer in found.pruning.layers if layer.zeros}
    assert pruned
    for name, values in weights_of(tmp_path / "a.tflite").items():
        if name in pruned:
            assert ((values.reshape(-1, 4) == 0).sum(axis=1) == 2).all()


def test_channels_go_before_the_first_step(colours: Path, start: Path, tmp_path: Path) -> None:
    found = fine_tuned(
        colours, start, tmp_path / "a.tflite", prune="channels:0.5", teachers=(start,)
    )
    assert found.pruning is not None
    before, after = found.pruning.macs
    assert after < 0.7 * before
    sizes = [sum(w.size for w in weights_of(path).values()) for path in (start, found.model)]
    assert found.pruning.weights == tuple(sizes)
    assert found.top1 is not None
    assert found.top1 >= 0.8


@pytest.mark.parametrize("prune", ["layer:0.6", "channels:0.5"])
def test_resumed_equals_uninterrupted(
    prune: str, colours: Path, start: Path, tmp_path: Path
) -> None:
    more = {"prune": prune, "prune_ramp": 0.8, "ema": 0.9}
    whole = fine_tuned(colours, start, tmp_path / "whole.tflite", **more)

    def stop(*row: object) -> None:
        raise KeyboardInterrupt

    place = tmp_path / "part.tflite"
    with pytest.raises(KeyboardInterrupt):
        fine_tuned(colours, start, place, on_epoch=stop, **more)
    resumed = fine_tuned(colours, start, place, resume=True, **more)
    assert resumed.resumed_after == 1
    assert resumed.model.read_bytes() == whole.model.read_bytes()
    assert resumed.pruning == whole.pruning


def test_zeros_and_channels_go_with_rounding(colours: Path, start: Path, tmp_path: Path) -> None:
    """With --qat the zeros are those of the integers as well."""
    found = fine_tuned(colours, start, tmp_path / "a.tflite", prune="layer:0.5", qat="int8")
    assert found.pruning is not None
    for layer in found.pruning.layers:
        assert layer.zeros >= round(layer.weights / 2)
    narrow = fine_tuned(colours, start, tmp_path / "b.tflite", prune="channels:0.5", qat="int8")
    assert narrow.pruning is not None
    assert narrow.pruning.macs[1] < 0.7 * narrow.pruning.macs[0]
    for name in ("a", "b"):
        graph = load_model(tmp_path / f"{name}.tflite").graph
        batch = np.zeros((2, *graph[graph.inputs[0]].shape[1:]), np.float32)
        integers = quantize_int8(graph, [batch]).graph
        for node in graph.nodes:
            if "weights" in node.op.INPUTS:
                exact = graph.input(node, 1).values
                stored = next(n for n in integers.nodes if n.name == node.name)
                assert not integers.input(stored, 1).values[exact == 0].any()


def test_another_pruning_does_not_resume(colours: Path, start: Path, tmp_path: Path) -> None:
    def stop(*row: object) -> None:
        raise KeyboardInterrupt

    place = tmp_path / "part.tflite"
    with pytest.raises(KeyboardInterrupt):
        fine_tuned(colours, start, place, on_epoch=stop, prune="0.5")
    with pytest.raises(EdgeKitError, match=r"--prune was 0\.5, now it is 0\.6"):
        fine_tuned(colours, start, place, resume=True, prune="0.6")


def test_what_cannot_be(colours: Path, start: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        TrainOptions(prune="0.5")
    assert caught.value.code == "prune-start"
    with pytest.raises(UsageError, match="3:2 keeps 3 of 2"):
        TrainOptions(prune="3:2", start=start)
    with pytest.raises(UsageError, match="--prune-ramp"):
        TrainOptions(prune="0.5", start=start, prune_ramp=0.95)
    with pytest.raises(UsageError, match="no layer of start is called 'nowhere'"):
        fine_tuned(colours, start, tmp_path / "a.tflite", prune="0.5,nowhere=0")
