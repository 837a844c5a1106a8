"""Generated C against the NumPy interpreter: lowering, planning, emission and kernels at once."""

from __future__ import annotations

import ctypes
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import tests.conformance.graphs  # noqa: F401 - registers the generators
from edgekit.converter.interpret import run
from edgekit.converter.ir.ops import BY_NAME, DetectionPostProcess
from edgekit.converter.ir.ops_binary import BINARY
from edgekit.converter.ir.ops_functions import FUNCTIONS, PAIRS
from edgekit.converter.ir.ops_logic import MIXED, SUMS, TURNED
from edgekit.converter.ir.ops_trees import TreeEnsemble
from tests.conformance import registry
from tests.helpers.generated_c import Generated, build, generate, run_c
from tests.helpers.random_graphs import random_graph, random_inputs

GRAPHS = 80
SAMPLES = 3


@pytest.fixture(scope="module")
def models() -> list[Generated]:
    return [generate(random_graph(seed), f"random_{seed}") for seed in range(GRAPHS)]


@pytest.fixture(scope="module")
def library(models: list[Generated], tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    return build(models, tmp_path_factory.mktemp("random"))


ELSEWHERE = {
    *("ABS", "DIV", "EXP", "FLOOR", "L2_NORMALIZATION", "LOG", "LOG_SOFTMAX", "NEG", "REDUCE_MIN"),
    *("RSQRT", "SQRT", "SQUARE", "SQUARED_DIFFERENCE", "SVDF", "UNIDIRECTIONAL_SEQUENCE_LSTM"),
    *(operator.NAME for operator in (*FUNCTIONS, *PAIRS, *MIXED, *SUMS, *TURNED)),
}
"""Operators that the graphs of tests/conformance run through the generated C."""

CUSTOM = {*(operator.NAME for operator in (*BINARY, DetectionPostProcess, TreeEnsemble))}
"""Custom operators have tests of their own."""


def test_random_graphs_use_every_operator(models: list[Generated]) -> None:
    used = Counter(node.op.NAME for model in models for node in model.graph.nodes)
    assert set(used) == set(BY_NAME) - ELSEWHERE - CUSTOM
    assert {made.operator for made in registry.GENERATORS} >= ELSEWHERE


def test_random_graphs_use_in_place_steps_and_aliases(models: list[Generated]) -> None:
    assert sum(len(model.memory.in_place) for model in models) > GRAPHS / 4
    assert any(len(m.program.steps) < len(m.graph.nodes) for m in models)


@pytest.mark.parametrize("seed", range(GRAPHS))
def test_equals_the_interpreter(models: list[Generated], library: ctypes.CDLL, seed: int) -> None:
    model = models[seed]
    rng = np.random.default_rng(seed)
    for sample in range(SAMPLES):
        inputs = random_inputs(model.graph, rng)
        expected = run(model.graph, inputs)
        found = run_c(library, model, inputs, poison=sample)
        for name, value in zip(model.graph.outputs, found, strict=True):
            np.testing.assert_array_equal(value, expected[name], err_msg=name)


def test_random_outputs_are_not_constant(models: list[Generated], library: ctypes.CDLL) -> None:
    """Else the comparison above would compare saturated values only."""
    lively = 0
    for model in models:
        inputs = random_inputs(model.graph, np.random.default_rng(7))
        lively += any(np.unique(out).size > 2 for out in run_c(library, model, inputs))
    assert lively > GRAPHS * 0.6


def test_a_dirty_arena_changes_nothing(models: list[Generated], library: ctypes.CDLL) -> None:
    for model in models[:20]:
        inputs = random_inputs(model.graph, np.random.default_rng(3))
        first, second = (run_c(library, model, inputs, poison=poison) for poison in (1, 2))
        for a, b in zip(first, second, strict=True):
            np.testing.assert_array_equal(a, b)


def test_sanitizers_find_nothing(models: list[Generated], tmp_path: Path) -> None:
    """The example program under AddressSanitizer and UBSan, on three models."""
    from tests.helpers.example_program import build_example, run_example

    for model in models[:3]:
        program = build_example(model, tmp_path / model.name, "-fsanitize=address,undefined")
        inputs = random_inputs(model.graph, np.random.default_rng(5))
        expected = run(model.graph, inputs)
        found = run_example(program, model, [inputs])
        assert found == b"".join(expected[name].tobytes() for name in model.graph.outputs)
