"""`convert --cluster --compress-weights`: what it saves and costs is told, the results stay."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import edgekit as sdk
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Quant, State, Tensor
from edgekit.converter.options import ConvertOptions
from edgekit.converter.quantize.scheme import WEIGHTED
from edgekit.converter.tflite.reader import read_tflite
from edgekit.converter.tflite.writer import write_tflite
from edgekit.deploy.bench_options import BenchOptions
from tests.helpers.command_line import fails, succeeds
from tests.helpers.int8_graphs import GraphBuilder
from tests.helpers.small_bundles import small_network, write_data
from tests.helpers.virtual_firmware import needs_qemu

WORDS = ("convert", "small.tflite", "-o", "new", "--calibration", "data.npz", "--no-gate")
CLUSTERED = (*WORDS, "-t", "virtual-m4", "--cluster", "4")
TOLERANCE = 1.3
"""Counted and estimated instructions of decoding differ by at most this factor."""


@pytest.fixture
def model(desk: Path) -> Path:
    """A network with enough weights to be worth it."""
    Path("small.tflite").write_bytes(write_tflite(small_network(channels=24)))
    write_data(Path("data.npz"))
    return desk


def test_the_price_is_told(model: Path) -> None:
    plain = succeeds(*CLUSTERED, "--json").record["manifest"]
    made = succeeds(*CLUSTERED, "--compress-weights", "layer", "--json").record["manifest"]
    coding, sizes = made["coding"], made["sizes"]
    assert plain["coding"] is None
    assert coding["mode"] == made["recipe"]["compress_weights"] == "layer"
    assert coding["weight_bytes"] == sizes["weights"] < 0.5 * coding["raw_bytes"]
    assert coding["raw_bytes"] == plain["sizes"]["weights"]
    assert coding["flash"] == [
        plain["sizes"]["weights"] + plain["sizes"]["constants"],
        sizes["weights"] + sizes["constants"],
    ]
    assert coding["arena"] == [plain["sizes"]["arena"], sizes["arena"]]
    decoding = [step["estimate"] for step in made["steps"] if step["operator"] == "DECODE"]
    assert coding["decode_instructions"] == sum(decoding) > 0
    assert sum(array["flash_bytes"] for array in coding["arrays"]) == coding["weight_bytes"]
    assert made["recipe"]["cluster"] == plain["recipe"]["cluster"] == 4
    assert set(coding["baselines"]) == {"gzip", "bz2", "xz"}
    assert made["model_sha256"] == plain["model_sha256"]


def test_the_price_is_read(model: Path) -> None:
    text = succeeds(*CLUSTERED, "--compress-weights", "layer", "--explain").out
    assert re.search(r"coded weights +[\d,]+ B instead of [\d,]+ B \([\d.]+ % less\)", text)
    assert re.search(r"decoding takes about [\d,]+ instructions in each inference", text)
    assert re.search(r"for comparison: gzip [\d,]+ B, bz2 [\d,]+ B, xz [\d,]+ B", text)
    assert "no code by frequencies takes less" in text
    assert "Stored weights" in text
    assert re.search(r"decode_(rans|palette)_w8__ref", text)
    shown = succeeds("inspect", "new", "--explain").out
    assert "Stored weights" in shown
    record = succeeds("inspect", "new", "--explain", "--json").record
    assert record["coding"]["mode"] == "layer"
    text = succeeds(*CLUSTERED, "--compress-weights", "boot").out
    assert "once, at start-up (estimated)" in text
    assert re.search(r"RAM [\d,]+ B more", text)


def test_nothing_gained_is_said(model: Path) -> None:
    done = succeeds(*WORDS, "-t", "virtual-m4", "--compress-weights", "layer")
    assert "no form takes less than the 1,5" in done.out + done.err
    assert "--cluster 16 makes weights compressible" in done.out + done.err


@pytest.mark.parametrize("mode", ["layer", "boot"])
def test_the_generated_c_is_proved(mode: str, model: Path) -> None:
    succeeds(*CLUSTERED, "--compress-weights", mode)
    assert sdk.verify("new", samples=4).proved


@pytest.mark.parametrize("layout", ["arduino", "zephyr", "platformio"])
def test_every_layout_has_the_decoders(layout: str, model: Path) -> None:
    succeeds(*CLUSTERED, "--compress-weights", "layer", "--format", layout)
    names = {path.name for path in Path("new/c").rglob("*") if path.is_file()}
    assert {"decode_rans_w8.c", "decode_palette_w8.c"} & names
    assert {"ek_kernels_w8.h", "ek_stored.h"} <= names


@needs_qemu
@pytest.mark.qemu
@pytest.mark.parametrize("board", ["virtual-m0", "virtual-m4", "virtual-m55"])
@pytest.mark.parametrize("mode", ["layer", "boot"])
def test_boards_agree(mode: str, board: str, model: Path) -> None:
    words = (*WORDS, "-t", board, "--cluster", "4", "--compress-weights", mode)
    made = succeeds(*words, "--json").record["manifest"]
    report = sdk.bench("new", options=BenchOptions(quick=True, samples=2))
    [run] = report.runs
    assert run.outputs_equal == run.outputs_checked > 0
    assert report.bundle.coding is not None
    estimate = made["coding"]["decode_instructions"]
    if mode == "layer":
        counted = sum(step.count for step in run.steps if step.operator == "DECODE")
    else:
        counted = run.startup_count
    if board == "virtual-m4":
        assert counted == pytest.approx(estimate, rel=TOLERANCE - 1)
    assert counted is not None
    assert counted > 0


def keeping() -> Graph:
    """y = W (x + state), and x + state is the next state: weights and a state in one arena."""
    g, quant = GraphBuilder("keeping"), Quant.per_tensor(0.05, 3)
    x = g.input((1, 48), quant)
    g.tensors["kept"] = Tensor("kept", (1, 48), DType.INT8, quant)
    total = g.node(ops.Add(), [x, "kept"], (1, 48), quant)
    g.states.append(State("kept", "kept", total, np.full((1, 48), 3, np.int8)))
    weights = np.random.default_rng(0).choice([-90, 0, 40, 70], (20, 48)).astype(np.int8)
    return g.graph(g.dense(total, weights, Quant.per_tensor(0.5, 0), bias=np.zeros(20, np.int32)))


@pytest.mark.parametrize("mode", ["layer", "boot"])
def test_a_streaming_model(mode: str, desk: Path) -> None:
    Path("keeping.tflite").write_bytes(write_tflite(keeping()))
    options = ConvertOptions(compress_weights=mode)
    made = sdk.convert("keeping.tflite", target="virtual-m4", output_dir="new", options=options)
    assert made.manifest.coding is not None
    assert made.manifest.coding.saved > 0.4
    assert sdk.verify("new", samples=6).proved
    text = Path("new/c/keeping.c").read_text(encoding="utf-8")
    assert text.count("static void restart") == text.count("static void expand") == (mode == "boot")
    assert "void keeping_reset(uint8_t *arena);" in Path("new/c/keeping.h").read_text("utf-8")


def test_a_target_without_c_says_so(model: Path) -> None:
    done = succeeds(*WORDS, "-t", "android-arm64", "--compress-weights", "layer", "--json")
    coding = done.record["manifest"]["coding"]
    codes = [note["code"] for note in done.record["manifest"]["warnings"]]
    assert (coding is None) == ("not-compressed" in codes)


def test_equal_inputs_give_equal_bytes(model: Path) -> None:
    words = (*CLUSTERED, "--compress-weights", "layer")
    succeeds(*words)
    first = {p.name: p.read_bytes() for p in Path("new/c").glob("*") if p.is_file()}
    succeeds(*words)
    assert first == {p.name: p.read_bytes() for p in Path("new/c").glob("*") if p.is_file()}


@pytest.mark.parametrize(
    ("words", "subject", "found"),
    [
        (("--cluster", "1"), "--cluster", "1 different weights"),
        (("--cluster", "200"), "--cluster", "200 different weights"),
        (("--cluster", "16", "--cluster-per", "row"), "--cluster-per", "unknown value 'row'"),
        (("--compress-weights", "never"), "--compress-weights", "unknown value 'never'"),
        (
            ("--cluster", "16", "--precision", "float32"),
            "--cluster",
            "clusters the weights of integer layers, and --precision float32 has none",
        ),
    ],
)
def test_what_cannot_be(words: tuple[str, ...], subject: str, found: str, model: Path) -> None:
    error = fails(*WORDS, "-t", "virtual-m4", *words, exit_code=2, code="bad-option")
    assert (error["subject"], error["found"]) == (subject, found)
    assert not Path("new").exists()


def test_the_gate_holds_for_clustered_weights(model: Path) -> None:
    words = ("convert", "small.tflite", "-o", "new", "--calibration", "data.npz")
    words = (*words, "-t", "virtual-m4", "--cluster", "2", "--min-agreement", "0.999")
    error = fails(*words, exit_code=3, code="accuracy-gate")
    assert error["hint"].startswith("more clusters than 2, or --cluster-per channel; ")


def test_with_gptq_the_palette_stays(model: Path) -> None:
    words = ("--rounding", "gptq", "--compress-weights", "layer", "--json")
    made = succeeds(*CLUSTERED, *words).record["manifest"]
    graph = read_tflite(Path("new/model.tflite").read_bytes(), "small")
    nodes = [node for node in graph.nodes if type(node.op) in WEIGHTED]
    assert {len(np.unique(graph.input(node, 1).values)) for node in nodes} == {4}
    assert made["coding"]["weight_bytes"] < 0.6 * made["coding"]["raw_bytes"]
    codes = [note["code"] for note in made["warnings"]]
    assert {"clustered", "adaptive-rounding"} <= set(codes)
    assert "bias-correction" not in codes


def test_a_model_that_came_quantized(model: Path) -> None:
    """It is clustered too, and held against what it was; without data that is said."""
    succeeds(*WORDS, "-t", "virtual-m4")
    Path("int8.tflite").write_bytes(Path("new/model.tflite").read_bytes())
    again = ("convert", "int8.tflite", "-o", "again", "-t", "virtual-m4", "--cluster", "3")
    done = succeeds(*again, "--calibration", "data.npz", "--no-gate")
    assert "of answers equal those of the model before" in done.out
    record = succeeds(*again, "--json").record["manifest"]
    assert record["accuracy"] is None
    assert "not-judged" in [note["code"] for note in record["warnings"]]
    assert record["model_bytes"] == Path("int8.tflite").stat().st_size
