"""int4 weights under int16 activations: interpreter, generated C and LiteRT's reference kernels.

tflite-micro refuses such files, and so does tflite-runtime 2.14, which would compute them wrongly
under a lower operator version.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.ir.graph import DType, Graph
from edgekit.converter.ir.ops import Activation
from edgekit.converter.ir.verify import verify
from edgekit.converter.mixed.choices import LayerChoice
from edgekit.converter.mixed.formats import given_mix
from edgekit.converter.options import ConvertOptions
from edgekit.converter.quantize.int8 import quantize_int8
from edgekit.converter.quantize.scheme import INT4_WEIGHTS, INT16, W4A16
from edgekit.converter.tflite import writer
from edgekit.converter.tflite.reader import read_tflite
from edgekit.converter.tflite.writer import write_tflite
from edgekit.deploy.convert import convert
from edgekit.deploy.verify import verify as verify_bundle
from edgekit.errors import UnsupportedError, UsageError
from edgekit.litert import open_interpreter
from tests.helpers.float_graphs import FloatGraph, classifier, samples
from tests.helpers.oracle import skip_without
from tests.helpers.three_engines import Case, compiled, interpreted

REPEATS = 12
Rng = np.random.Generator


def convolution(rng: Rng) -> Graph:
    g = FloatGraph("net")
    height, width, depth, out = (int(n) for n in rng.integers([5, 5, 1, 1], [10, 10, 6, 9]))
    kernel = tuple(int(n) for n in rng.integers(1, 4, 2))
    y = g.conv(
        g.input((1, height, width, depth)),
        rng.normal(0, 0.4, (out, *kernel, depth)),
        rng.normal(0, 0.3, out),
        activation=Activation(str(rng.choice(["NONE", "RELU", "RELU6"]))),
        name="conv",
    )
    return g.graph(y)


def fully_connected(rng: Rng) -> Graph:
    g = FloatGraph("net")
    depth, out = (int(n) for n in rng.integers([1, 1], [50, 12]))
    weights = rng.normal(0, 0.4, (out, depth))
    return g.graph(g.dense(g.input((1, depth)), weights, rng.normal(0, 0.3, out), name="fc"))


MAKERS = {"conv": convolution, "fully_connected": fully_connected}


def cases(operator: str) -> list[Case]:
    found = []
    for seed in range(REPEATS):
        rng = np.random.default_rng(seed)
        graph = MAKERS[operator](rng)
        shape = graph[graph.inputs[0]].shape
        made = quantize_int8(graph, [rng.normal(0, 1, (16, *shape[1:])).astype(np.float32)],
                             scheme=W4A16).graph  # fmt: skip
        assert made.input(made.nodes[0], 1).dtype is DType.INT4
        x = rng.integers(-32768, 32768, shape).astype(np.int16)
        found.append(Case(f"{operator}-{seed}", write_tflite(made), [x]))
    return found


@pytest.mark.parametrize("operator", MAKERS)
def test_c_and_litert_equal_the_interpreter(operator: str, tmp_path: Path) -> None:
    """LiteRT rounds FULLY_CONNECTED once instead of twice: there the last bit may differ."""
    made = cases(operator)
    strict = ("-fsanitize=undefined", "-fno-sanitize-recover=all")
    wanted = [interpreted(case) for case in made]
    for case, expected, found in zip(made, wanted, compiled(made, tmp_path, *strict), strict=True):
        np.testing.assert_array_equal(found, expected, err_msg=case.name)
    assert len(np.unique(np.concatenate([array.ravel() for array in wanted]))) > 50
    skip_without("ai_edge_litert")
    for case, expected in zip(made, wanted, strict=True):
        [found] = open_interpreter(case.model, kernels="reference").run(case.inputs)
        apart = np.abs(found.astype(int) - expected).max()
        assert apart <= (operator == "fully_connected"), case.name


@pytest.mark.parametrize("operator", MAKERS)
def test_a_runtime_that_would_compute_it_wrongly_refuses_the_file(
    operator: str, tmp_path: Path
) -> None:
    skip_without("tflite_runtime")
    path = tmp_path / "m.tflite"
    path.write_bytes(cases(operator)[0].model)
    code = (
        "import sys, tflite_runtime.interpreter as t\n"
        "t.Interpreter(sys.argv[1], experimental_op_resolver_type=t.OpResolverType.BUILTIN_REF)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "Didn't find op for builtin opcode" in done.stderr


def wide_depthwise() -> Graph:
    rng = np.random.default_rng(0)
    g = FloatGraph("net")
    weights = rng.normal(0, 0.4, (1, 3, 3, 4))
    y = g.depthwise(g.input((1, 6, 6, 4)), weights, rng.normal(0, 0.1, 4), name="dw")
    x = rng.normal(0, 1, (8, 6, 6, 4)).astype(np.float32)
    return quantize_int8(g.graph(y), [x], scheme=replace(INT16, weights=INT4_WEIGHTS)).graph


def test_depthwise_is_refused_because_litert_computes_it_wrongly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writer, "operator_version", lambda graph, node: 1)
    graph = wide_depthwise()
    with pytest.raises(UnsupportedError) as caught:
        verify(read_tflite(write_tflite(graph), "net"))
    told = "weights int4 with int16 activations: LiteRT computes it wrongly, without an error"
    assert caught.value.found.startswith(told)
    assert "convert the float model" in caught.value.hint
    skip_without("ai_edge_litert")
    weights = graph.input(graph.nodes[0], 1)
    right = graph.with_tensors(replace(weights, dtype=DType.INT8))
    x = np.random.default_rng(1).integers(-9999, 9999, (1, 6, 6, 4)).astype(np.int16)
    [wrong] = open_interpreter(write_tflite(graph), kernels="reference").run([x])
    [expected] = open_interpreter(write_tflite(right), kernels="reference").run([x])
    assert (wrong != expected).mean() > 0.5


def test_a_rule_for_a_depthwise_layer_is_refused_with_the_reason() -> None:
    with pytest.raises(UsageError) as caught:
        given_mix(classifier(), [LayerChoice("depthwise", "w4a16")])
    assert "LiteRT computes it wrongly, without an error" in caught.value.found
    assert "int8, int4, int16 for DEPTHWISE_CONV_2D depthwise" in caught.value.allowed


@pytest.mark.parametrize("rules", [(), ("*=w4a16",), ("logits=w4a16", "conv=int8")])
def test_from_a_float_model_to_proved_c(rules: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "floats.tflite"
    path.write_bytes(write_tflite(classifier()))
    options = ConvertOptions(
        precision="w4a16",
        layer_precision=rules,
        calibration=samples(classifier(), 32),
        gate=False,
    )
    done = convert(path, target="host", output_dir=tmp_path / "out", options=options)
    formats = done.manifest.recipe["widths"]
    if "conv=int8" not in rules:
        assert {step.kernel for step in done.manifest.steps} >= {
            "ek_conv2d_s16w4__ref",
            "ek_fully_connected_s16w4__ref",
        }
        assert formats in ("W4/8A16", "W8A16+W4A16")
    else:
        assert formats == "W8A8+W8A16+W4A16"
    assert "newer-runtime" in [note.code for note in done.manifest.warnings]
    assert verify_bundle(done.bundle, samples=4).proved
