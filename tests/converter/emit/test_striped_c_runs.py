"""Generated C in stripes: equal to the interpreter and to the same model without stripes."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.interpret import run
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Graph, Quant
from edgekit.converter.ir.ops import Padding
from edgekit.converter.lower.cascade import Choice, cascaded
from edgekit.converter.lower.program import Program
from tests.helpers.example_program import build_example, run_example
from tests.helpers.generated_c import Generated, build, generate, run_c
from tests.helpers.int8_graphs import UNIT, GraphBuilder
from tests.helpers.random_graphs import random_graph, random_inputs
from tests.helpers.striped import random_chain, striped

CHAINS, GRAPHS = 60, 30


def make(kind: str, seed: int) -> Generated:
    graph = random_chain(seed) if kind == "chain" else random_graph(seed)
    return generate(graph, f"{kind}_{seed}", rewrite=partial(striped, seed=seed))


@pytest.fixture(scope="module")
def models() -> list[Generated]:
    chains = [make("chain", seed) for seed in range(CHAINS)]
    return [*chains, *(make("graph", seed) for seed in range(GRAPHS))]


@pytest.fixture(scope="module")
def library(models: list[Generated], tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    plain = [generate(model.graph, f"plain_{model.name}") for model in models]
    return build([*models, *plain], tmp_path_factory.mktemp("striped"))


def test_the_models_have_what_stripes_are_about(models: list[Generated]) -> None:
    steps = [step for model in models for step in model.program.steps if step.stripes]
    calls = [call for step in steps if step.stripes for call in step.stripes.calls]
    cascades = [cascade for model in models for cascade in model.program.cascades]
    assert len(cascades) > 150
    assert sum(cascade.last > cascade.first + 1 for cascade in cascades) > 40
    assert sum(cascade.upward for cascade in cascades) > 10
    assert sum(call.kept > 0 for call in calls) > 50
    assert sum(call.rows == 0 for call in calls) > 20
    assert sum(pair.by_rows for model in models for pair in model.memory.in_place) > 50


@pytest.mark.parametrize("index", range(CHAINS + GRAPHS))
def test_equals_interpreter_and_unstriped_c(
    models: list[Generated], library: ctypes.CDLL, index: int
) -> None:
    model = models[index]
    plain = generate(model.graph, f"plain_{model.name}")
    rng = np.random.default_rng(index)
    for sample in range(2):
        inputs = random_inputs(model.graph, rng)
        expected = run(model.graph, inputs)
        found = run_c(library, model, inputs, poison=sample)
        whole = run_c(library, plain, inputs, poison=sample + 7)
        for name, value, other in zip(model.graph.outputs, found, whole, strict=True):
            np.testing.assert_array_equal(value, expected[name], err_msg=name)
            np.testing.assert_array_equal(value, other, err_msg=name)


def test_sanitizers_find_nothing(models: list[Generated], tmp_path: Path) -> None:
    for model in models[:4]:
        program = build_example(model, tmp_path / model.name, "-fsanitize=address,undefined")
        inputs = random_inputs(model.graph, np.random.default_rng(5))
        expected = run(model.graph, inputs)
        found = run_example(program, model, [inputs])
        assert found == b"".join(expected[name].tobytes() for name in model.graph.outputs)


def test_one_tensor_as_two_operands_of_which_one_is_broadcast(tmp_path: Path) -> None:
    g = GraphBuilder("twice")
    quant = Quant.per_tensor(0.02, 0)
    x = g.input((1, 5, 8, 1), quant)
    row = g.reshape(x, (1, 40))
    graph = g.graph(g.node(ops.Minimum(), [row, x], (1, 5, 8, 40), quant))

    def halved(program: Program) -> Program:
        found = cascaded(program, [Choice(0, 0, 2)])
        assert found is not None
        return found

    model = generate(graph, "twice", rewrite=halved)
    inputs = random_inputs(graph, np.random.default_rng(1))
    [found] = run_c(build([model], tmp_path), model, inputs)
    np.testing.assert_array_equal(found, run(graph, inputs)[graph.outputs[0]])


def small_model() -> Graph:
    """Two windows, and a sum with a table, on 8 rows."""
    g = GraphBuilder("small")
    x = g.input((1, 8, 4, 2), Quant.per_tensor(0.02, 0))
    half = Quant.per_tensor(0.04, -5)
    a = g.conv(x, np.arange(36, dtype=np.int8).reshape(2, 3, 3, 2), Padding.SAME, half, name="a")
    b = g.depthwise(a, np.ones((1, 3, 3, 2), np.int8), Padding.SAME, half, stride=(2, 2), name="b")
    c = g.unary(ops.Logistic(), b, UNIT, "c")
    return g.graph(g.conv(c, np.ones((2, 1, 1, 2), np.int8), Padding.SAME, half, name="d"))


def in_stripes(program: Program) -> Program:
    """All but the last step a row at a time, the last one upward."""
    found = cascaded(program, [Choice(0, 2, 1), Choice(3, 3, 2, upward=True)])
    assert found is not None
    return found


def test_the_text(golden: Callable[[str, str], None]) -> None:
    source = generate(small_model(), "small", rewrite=in_stripes).source
    golden("emit/stripes.c", source.files["small.c"])
    for line in source.files["small.c"].splitlines():
        assert len(line) <= 100
        assert line == line.rstrip()
