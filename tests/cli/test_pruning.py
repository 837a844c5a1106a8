"""`convert --prune`: what goes is told, stays zero in every precision, and pays off where said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.tflite.reader import read_tflite
from edgekit.converter.tflite.writer import write_tflite
from tests.helpers.command_line import fails, succeeds
from tests.helpers.mixed_networks import depthwise_network, inputs_of
from tests.helpers.small_bundles import small_network, write_data

WORDS = ("convert", "small.tflite", "-o", "new", "-t", "virtual-m4", "--no-gate")
DATA = ("--calibration", "data.npz")


@pytest.fixture
def model(desk: Path) -> Path:
    """A network with enough channels to lose some."""
    Path("small.tflite").write_bytes(write_tflite(small_network(channels=24)))
    write_data(Path("data.npz"))
    return desk


def weights_of(path: str) -> dict[str, np.ndarray]:
    graph = read_tflite(Path(path).read_bytes(), "net")
    layers = [node for node in graph.nodes if "weights" in node.op.INPUTS]
    return {node.name: graph.input(node, 1).values for node in layers}


def test_zeros_are_told_and_kept_and_coded_in_fewer_bytes(model: Path) -> None:
    coded = (*WORDS, *DATA, "--compress-weights", "layer", "--json")
    plain = succeeds(*coded).record["manifest"]
    made = succeeds(*coded, "--prune", "layer:0.75").record["manifest"]
    pruning = made["pruning"]
    assert plain["pruning"] is None
    assert (pruning["asked"], pruning["criterion"]) == ("layer:0.75", "data")
    assert made["recipe"]["prune"] == "layer:0.75"
    assert made["coding"]["weight_bytes"] < 0.8 * plain["coding"]["weight_bytes"]
    stored = weights_of("new/model.tflite")
    for layer in pruning["layers"]:
        assert layer["zeros"] == round(0.75 * layer["weights"])
        assert (stored[layer["layer"]] == 0).sum() >= layer["zeros"]


def test_channels_go_and_so_do_instructions(model: Path) -> None:
    plain = succeeds(*WORDS, *DATA, "--json").record["manifest"]
    made = succeeds(*WORDS, *DATA, "--prune", "channels:0.5", "--json").record["manifest"]
    assert made["macs"] == made["pruning"]["macs"][1] < 0.6 * plain["macs"]
    assert made["outputs"][0]["shape"] == plain["outputs"][0]["shape"]
    estimates = [sum(step["estimate"] for step in each["steps"]) for each in (plain, made)]
    assert estimates[1] < 0.8 * estimates[0]
    assert made["sizes"]["weights"] < 0.6 * plain["sizes"]["weights"]


def test_the_summary_reads_well(model: Path) -> None:
    text = succeeds(*WORDS, *DATA, "--prune", "channels:0.5", "--explain").out
    assert "channels:0.5, by what" in text
    assert "weights are left" in text
    assert "pruned layers" in text
    text = succeeds(*WORDS, *DATA, "--prune", "0.5", "--prune-by", "magnitude").out
    assert "0.5, by magnitude" in text
    assert "weights are 0 (50" in text


@pytest.mark.parametrize(
    "words",
    [
        ("--precision", "int4"),
        ("--precision", "int16"),
        ("--precision", "float32"),
        ("--rounding", "gptq"),
        ("--cluster", "8", "--rounding", "gptq"),
        ("--precision", "auto", "--min-agreement", "0.1"),
    ],
)
def test_every_precision_keeps_the_zeros(words: tuple[str, ...], model: Path) -> None:
    made = succeeds(*WORDS, *DATA, "--prune", "layer:0.5", *words, "--json").record["manifest"]
    stored = weights_of("new/model.tflite")
    for layer in made["pruning"]["layers"]:
        assert (stored[layer["layer"]] == 0).mean() >= 0.49, layer["layer"]


def test_float32_is_judged_against_the_model_that_was_given(model: Path) -> None:
    words = (*WORDS[:-1], *DATA, "--precision", "float32", "--prune", "0.9")
    error = fails(*words, "--min-agreement", "0.9999", exit_code=3, code="accuracy-gate")
    assert error["hint"].startswith("prune less than --prune 0.9, or train the pruned network")


@pytest.mark.parametrize(
    ("words", "exit_code", "code"),
    [
        (("--prune", "3:2"), 2, "bad-prune"),
        (("--prune", "1.0"), 2, "bad-prune"),
        (("--prune", "0.5,nowhere=0"), 2, "prune-unknown-layer"),
        (("--prune", "0.5", "--prune-by", "chance"), 2, "bad-option"),
        (("--prune", "macs:0.99"), 1, "prune-out-of-reach"),
        (("--prune", "0.5,*=0"), 1, "nothing-to-prune"),
    ],
)
def test_what_cannot_be(words: tuple[str, ...], exit_code: int, code: str, model: Path) -> None:
    fails(*WORDS, *DATA, *words, exit_code=exit_code, code=code)
    assert not Path("new").exists()


def test_pruning_by_data_needs_data(model: Path) -> None:
    words = (*WORDS, "--precision", "float32", "--prune", "0.5", "--prune-by", "data")
    fails(*words, exit_code=1, code="no-calibration")


def test_a_quantized_model_is_refused(model: Path) -> None:
    succeeds(*WORDS, *DATA)
    words = ("convert", "new/model.tflite", "-o", "newer", "-t", "virtual-m4", "--prune", "0.5")
    error = fails(*words, exit_code=1, code="prune-quantized")
    assert "--requantize" in error["hint"]


def test_groups_of_a_depthwise_layer(model: Path) -> None:
    """Asked for, they are refused with the reason; as part of all layers, left out and told."""
    graph = depthwise_network()
    Path("thin.tflite").write_bytes(write_tflite(graph))
    np.savez("thin.npz", x=inputs_of(graph, 40))
    words = ("convert", "thin.tflite", "-o", "new", "-t", "virtual-m4", "--no-gate")
    data = ("--calibration", "thin.npz")
    error = fails(*words, *data, "--prune", "2:4,deep=2:4", exit_code=1, code="prune-pattern")
    assert "a depthwise convolution sums over no input channels" in error["found"]
    assert error["hint"] == "leave it out (deep=0)"
    notes = succeeds(*words, *data, "--prune", "2:4", "--json").record["manifest"]["warnings"]
    [found] = [note["message"] for note in notes if note["code"] == "prune-left-whole"]
    assert found.startswith("left whole: first (3 inputs are no multiple of 4); deep (a depthwise")
