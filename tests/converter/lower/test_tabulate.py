"""Float parts between int8 ones become tables with the interpreter's very bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edgekit.converter.interpret import run
from edgekit.converter.ir import ops, ops_functions, ops_logic
from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.lower.tabulate import CODES, tabulate
from edgekit.converter.quantize.int8 import quantize_int8
from tests.helpers.float_graphs import FloatGraph, samples
from tests.helpers.generated_c import build, generate, run_c

RNG = np.random.default_rng(11)
WIDE = (1, 2, 12)


def level(g: FloatGraph, x: str) -> str:
    """log(x^2 + 0.01) behind a reshape."""
    square = g.node(ops.Square(), [x], "square")
    power = g.node(ops.Add(), [square, g.constant(np.float32(0.01))], "power")
    flat = g.node(ops.Reshape(), [power, g.constant([1, 24], dtype="int32")], "flat", (1, 24))
    return g.node(ops.Log(), [flat], "level")


def wave(g: FloatGraph, x: str) -> str:
    """Where sin x is above its cube, |x| to the power 0.3, else exp x: one value in, two ways."""
    sine = g.node(ops_functions.Sin(), [x], "sine")
    cube = g.node(ops_functions.Pow(), [sine, g.constant(np.float32(3))], "cube")
    above = g.node(ops_logic.Greater(), [sine, cube], "above", dtype="bool")
    first = g.node(ops.Exp(), [x], "first")
    size = g.node(ops.Abs(), [x], "size")
    root = g.node(ops_functions.Pow(), [size, g.constant(np.float32(0.3))], "root")
    return g.node(ops_logic.SelectV2(), [above, root, first], "wave")


def graph_of(*parts: str) -> Graph:
    g = FloatGraph("islands")
    x = g.dense(g.input((1, 8)), RNG.normal(0, 0.5, (24, 8)), RNG.normal(0, 0.1, 24))
    shaped = g.node(ops.Reshape(), [x, g.constant(WIDE, dtype="int32")], "shaped", WIDE)
    made = {"level": level, "wave": wave}
    graph = g.graph(*(made[part](g, shaped) for part in parts))
    return quantize_int8(graph, [samples(graph, 80)]).graph


def test_c_has_tables_and_the_interpreter_s_bits(tmp_path: Path) -> None:
    graph = graph_of("level")
    made = generate(graph, "level")
    kernels = {step.kernel for step in made.program.steps}
    assert not any("_f32" in kernel for kernel in kernels)
    library = build([made], tmp_path)
    for seed in range(4):
        x = np.random.default_rng(seed).integers(-128, 128, (1, 8)).astype(np.int8)
        [found] = run_c(library, made, [x])
        np.testing.assert_array_equal(found, run(graph, x)[graph.outputs[0]])


def test_a_table_is_what_its_nodes_compute_one_after_the_other() -> None:
    graph = graph_of("level", "wave")
    made = tabulate(graph)
    assert made.tables
    for name, values in made.tables.items():
        [x] = (node.inputs[0] for node in made.graph.nodes if node.name == name)
        assert x is not None
        source, target = graph[x], graph.output(next(n for n in graph.nodes if n.name == name))
        codes = np.resize(CODES, source.size * 11).reshape(-1, *source.shape[1:])
        whole = Graph("part", graph.tensors, graph.nodes, (x,), (target.name,))
        part = whole.with_nodes(_between(whole))
        found = run(part, codes)[target.name]
        np.testing.assert_array_equal(found.ravel(), values[codes.ravel().astype(int) + 128])


def _between(part: Graph) -> list[Node]:
    """The nodes from the part's input to its output."""
    needed = set(part.outputs)
    kept: list[Node] = []
    for node in reversed(part.nodes):
        if needed.intersection(node.outputs):
            kept.append(node)
            needed |= {n for n in node.inputs if n is not None and n not in part.inputs}
    return kept[::-1]


def test_two_sources_or_a_vector_are_no_table() -> None:
    g = FloatGraph("apart")
    x = g.dense(g.input((1, 8)), RNG.normal(0, 0.5, (6, 8)), RNG.normal(0, 0.1, 6))
    y = g.dense("x", RNG.normal(0, 0.5, (6, 8)), RNG.normal(0, 0.1, 6))
    ratio = g.node(ops.Div(), [x, g.node(ops.Exp(), [y], "power")], "ratio")
    scaled = g.node(ops_functions.Pow(), [y, g.constant(np.full((1, 6), 2.0))], "scaled")
    graph = g.graph(ratio, scaled)
    done = quantize_int8(graph, [samples(graph, 80)]).graph
    assert not tabulate(done).tables
