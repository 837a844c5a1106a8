"""`convert --binary-format`, and a binarized bundle on virtual boards."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.ir.graph import DType, Graph, Quant
from edgekit.converter.tflite import read_tflite, write_tflite
from tests.helpers.binary_graphs import Case, bconv, quantized
from tests.helpers.command_line import fails, succeeds
from tests.helpers.int8_graphs import GraphBuilder
from tests.helpers.random_graphs import random_graph
from tests.helpers.virtual_firmware import needs_qemu


def network(pad_values: int = 1) -> Graph:
    """Two binarized layers, int8 at both ends."""
    g, rng = GraphBuilder("net"), np.random.default_rng(0)
    y = quantized(g, g.input((1, 8, 8, 64), Quant.per_tensor(0.05, -4), DType.INT8))
    y = bconv(g, y, Case(channels=64, outputs=64, output=DType.INT32), rng)
    case = Case(channels=64, outputs=40, output=DType.INT8, pad_values=pad_values, stride=(2, 2))
    return g.graph(bconv(g, y, case, rng))


@pytest.fixture
def model(desk: Path) -> Path:
    (desk / "net.tflite").write_bytes(write_tflite(network()))
    return desk


def operators(bundle: str) -> list[str]:
    return [
        node.op.NAME for node in read_tflite(Path(bundle, "model.tflite").read_bytes(), "m").nodes
    ]


def test_lce_is_the_default_and_portable_says_so_in_the_recipe(model: Path) -> None:
    plain = succeeds("convert", "net.tflite", "-t", "virtual-m4", "-o", "lce", "--json").record
    assert operators("lce") == ["LceQuantize", "LceBconv2d", "LceBconv2d"]
    assert "binary_format" not in plain["manifest"]["recipe"]
    words = ("-o", "portable", "--binary-format", "portable", "--json")
    other = succeeds("convert", "net.tflite", "-t", "virtual-m4", *words).record
    assert other["manifest"]["recipe"]["binary_format"] == "portable"
    assert {"QUANTIZE", "CAST", "GATHER", "CONV_2D"} <= set(operators("portable"))
    codes = [sorted(p.name for p in Path(b, "c").rglob("*.c")) for b in ("lce", "portable")]
    assert codes[0] == codes[1]


def test_another_word_is_named(model: Path) -> None:
    words = ("convert", "net.tflite", "-t", "virtual-m4", "-o", "x", "--binary-format", "larq")
    error = fails(*words, exit_code=2, code="bad-option")
    assert (error["subject"], error["allowed"]) == ("--binary-format", "lce, portable")


def test_padding_of_zeros_has_a_portable_form(model: Path) -> None:
    (model / "zeros.tflite").write_bytes(write_tflite(network(pad_values=0)))
    words = ("convert", "zeros.tflite", "-t", "virtual-m4", "-o", "x", "--binary-format")
    succeeds(*words, "portable")
    assert "DEPTHWISE_CONV_2D" in operators("x")


def test_sums_that_stay_float32_have_no_portable_form(model: Path) -> None:
    g, rng = GraphBuilder("net"), np.random.default_rng(0)
    x = quantized(g, g.input((1, 8, 8, 64), None, DType.FLOAT32))
    graph = g.graph(bconv(g, x, Case(), rng))
    (model / "float.tflite").write_bytes(write_tflite(graph))
    words = ("float.tflite", "-t", "virtual-m4", "-o", "x", "--binary-format", "portable")
    error = fails("convert", *words, "--precision", "float32", exit_code=1, code="portable-binary")
    assert error["found"] == "float32 output has no form in TFLite's own operators"
    assert error["hint"] == "quantize the model"


def test_tensorflow_lite_micro_takes_the_portable_form(model: Path) -> None:
    words = ("convert", "net.tflite", "-t", "virtual-m4", "-o", "x", "--format", "tflm")
    error = fails(*words, exit_code=1, code="tflm-operator")
    assert error["found"].startswith("LceBconv2d, LceQuantize in a model")
    assert error["hint"].endswith("or write TFLite's own operators: --binary-format portable")
    succeeds(*words, "--binary-format", "portable")
    resolver = Path("x", "tflm", "net", "net_op_resolver.h").read_text()
    for method in ("AddAdd", "AddCast", "AddConv2D", "AddGather", "AddQuantize", "AddReshape"):
        assert f"{method}()" in resolver


def warnings(*words: object) -> dict[tuple[str, str], tuple[str, str]]:
    """Findings and advice of a conversion's warnings, by code and subject."""
    record = succeeds("convert", *words, "-t", "virtual-m4", "-o", "x", "--json").record
    rows = record["manifest"]["warnings"]
    return {(row["code"], row["subject"]): (row["message"], row["advice"]) for row in rows}


def test_a_form_for_binarized_layers_without_any_changes_nothing(desk: Path) -> None:
    (desk / "tiny.tflite").write_bytes(write_tflite(random_graph(1)))
    key = ("binary-format-unused", "tiny")
    assert key not in warnings("tiny.tflite")
    message, advice = warnings("tiny.tflite", "--binary-format", "portable")[key]
    assert message == "--binary-format portable changes nothing: no layer is binarized"
    assert "BinaryConv2D" in advice


def test_explain_names_the_kernels_of_packed_signs(model: Path) -> None:
    done = succeeds("convert", "net.tflite", "-t", "virtual-m4", "-o", "x", "--explain")
    assert "conv2d_tiles_b1__dsp" in done.out
    assert "conv2d_b1__ref: is slower by estimate" in " ".join(done.out.split())


@needs_qemu
@pytest.mark.qemu
@pytest.mark.parametrize("board", ["virtual-m0", "virtual-m4", "virtual-m7", "virtual-m55"])
def test_outputs_on_boards_equal_the_interpreter(model: Path, board: str) -> None:
    succeeds("convert", "net.tflite", "-t", board, "-o", "net")
    words = ("--target", board, "--samples", 2, "--quick", "-o", "report", "--json")
    record = succeeds("bench", "net", *words).record
    [run] = record["runs"]
    assert (run["outputs_checked"], run["outputs_equal"]) == (2, 2)
