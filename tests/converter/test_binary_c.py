"""Generated C of binarized graphs against the interpreter, bit for bit, for every ISA."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.interpret import run
from edgekit.converter.ir.graph import DType, Graph
from edgekit.converter.ir.ops import LceDequantize
from edgekit.converter.ir.ops_binary import BINARY
from edgekit.converter.ir.ops_logic import Cast, GreaterEqual
from tests.helpers.binary_graphs import (
    Case,
    bconv_graph,
    pool_graph,
    quantized,
    random_case,
    random_values,
)
from tests.helpers.generated_c import TARGET, Generated, build, generate, run_c
from tests.helpers.int8_graphs import GraphBuilder

GRAPHS = 48
ISAS = (("ref",), ("dsp", "ref"), ("any", "ref"), ("neon", "ref"), ("mve", "ref"), ("x86", "ref"))


def graph_of(seed: int) -> Graph:
    rng = np.random.default_rng(seed)
    if seed % 6 == 5:
        return pool_graph(rng, (DType.FLOAT32, DType.INT8)[seed % 4 // 2])
    return bconv_graph(random_case(rng, batch=1 + seed % 2), rng)


@pytest.fixture(scope="module", params=ISAS, ids=lambda isas: isas[0])
def models(request: pytest.FixtureRequest) -> list[Generated]:
    cpu = TARGET.cpu.model_copy(update={"isa": request.param})
    target = TARGET.model_copy(update={"cpu": cpu})
    return [generate(graph_of(n), f"binary_{n}", target=target) for n in range(GRAPHS)]


@pytest.fixture(scope="module")
def library(models: list[Generated], tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    return build(models, tmp_path_factory.mktemp("binary"), "-fsanitize=undefined")


def test_every_operator_and_output_is_there(models: list[Generated]) -> None:
    assert {type(node.op) for m in models for node in m.graph.nodes} == set(BINARY)
    kernels = {step.kernel.partition("__")[0] for m in models for step in m.program.steps}
    assert kernels >= {"ek_conv2d_b1", "ek_conv2d_b1_s8", "ek_conv2d_b1_f32", "ek_max_pool2d_b1"}


@pytest.mark.parametrize("seed", range(GRAPHS))
def test_equals_the_interpreter(models: list[Generated], library: ctypes.CDLL, seed: int) -> None:
    model = models[seed]
    for sample in range(2):
        x = random_values(model.graph, np.random.default_rng(100 * seed + sample))
        expected = run(model.graph, x)
        found = run_c(library, model, [x], poison=sample)
        for name, value in zip(model.graph.outputs, found, strict=True):
            np.testing.assert_array_equal(value, expected[name], err_msg=str(model.graph.nodes))


def test_bools_are_packed_and_unpacked(tmp_path: Path) -> None:
    """As true for +1 and false for -1, in one byte each."""
    g = GraphBuilder("bools")
    x = g.input((2, 3, 37), None, DType.FLOAT32)
    shape = g.tensors[x].shape
    above = g.node(GreaterEqual(), [x, g.constant(np.zeros(1, np.float32))], shape, None,
                   dtype=DType.BOOL)  # fmt: skip
    signs = g.node(LceDequantize(), [quantized(g, above)], shape, None, dtype=DType.BOOL)
    graph = g.graph(g.node(Cast(), [signs], shape, None, dtype=DType.FLOAT32))
    model = generate(graph, "bools")
    kernels = [step.kernel for step in model.program.steps]
    assert kernels[1:3] == ["ek_sign_s8_b1__ref", "ek_unpack_b1_s8__ref"]
    library = build([model], tmp_path)
    values = random_values(graph, np.random.default_rng(0))
    [found] = run_c(library, model, [values], poison=1)
    np.testing.assert_array_equal(found, run(graph, values)[graph.outputs[0]])
    np.testing.assert_array_equal(found, values >= 0)


def test_weights_take_one_bit_each_and_are_written_in_hexadecimal() -> None:
    graph = bconv_graph(
        Case(channels=128, outputs=128, output=DType.INT32), np.random.default_rng(0)
    )
    generated = generate(graph, "sizes")
    bits = 128 * 128 * 9
    assert bits / 8 <= generated.program.constant_bytes <= 1.05 * bits / 8
    text = next(t for p, t in generated.source.files.items() if p.endswith("_weights.c"))
    assert "const uint32_t sizes_lcebconv2d_1_w[4608]" in text
    assert "0x" in text
