"""The search for cascades: within the budget, cheap before small, the smallest if none fits."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.converter.load import load_model
from edgekit.converter.lower.lower import lower
from edgekit.converter.lower.program import Program
from edgekit.converter.plan.budget import busiest, plan_within
from edgekit.converter.plan.plan import plan
from edgekit.targets.reader import load_target
from tests.helpers.generated_c import TARGET
from tests.helpers.striped import mobile, random_chain


@pytest.fixture(scope="module")
def program() -> Program:
    return lower(mobile(), load_target("virtual-m4"))


def test_a_program_that_fits_stays_as_it_is(program: Program) -> None:
    size = plan(program).arena_bytes
    found = plan_within(program, size)
    assert found.program is program
    assert found.memory.cascades == ()


@pytest.mark.parametrize("budget", [20_000, 16_000, 12_000, 9_000])
def test_within_the_budget(program: Program, budget: int) -> None:
    assert plan(program).arena_bytes > budget
    found = plan_within(program, budget)
    assert found.memory.arena_bytes <= budget
    assert found.memory.cascades
    assert 0 < abs(found.program.cost - program.cost) < 0.3 * program.cost


def test_a_smaller_budget_costs_no_less(program: Program) -> None:
    costs = [plan_within(program, budget).program.cost for budget in (18_000, 12_000, 9_000)]
    assert costs == sorted(costs)


def test_nothing_fits_into_nothing(program: Program) -> None:
    found = plan_within(program, 1000)
    assert 1000 < found.memory.arena_bytes < 9_000
    assert found.program.steps[busiest(found)].name in {"first", "deep", "wide"}


def test_equal_calls_give_equal_plans(program: Program) -> None:
    assert plan_within(program, 9_000).memory == plan_within(program, 9_000).memory


def test_a_chain_of_equal_layers_does_not_drift(test_data: Path) -> None:
    """Each in-place cascade shifts its output; taking every other one upward shifts back."""
    graph = load_model(test_data / "models" / "mlperf_dscnn_kws_int8.tflite").graph
    found = plan_within(lower(graph, load_target("virtual-m4")), 12 * 1024 + 512)
    assert any(cascade.upward for cascade in found.memory.cascades)
    assert found.memory.arena_bytes == found.memory.lower_bound


@given(st.integers(0, 10_000), st.floats(0.4, 0.95))
@settings(max_examples=15, deadline=None)
def test_random_chains(seed: int, share: float) -> None:
    """Every plan is proved sound by `plan`; none is larger than without a budget."""
    program = lower(random_chain(seed), TARGET)
    before = plan(program).arena_bytes
    found = plan_within(program, int(before * share))
    assert found.memory.arena_bytes <= before
    assert found.memory.arena_bytes >= found.memory.lower_bound


@pytest.mark.parametrize(
    ("file", "budget", "most"),
    [
        ("mlperf_mobilenetv1_vww96_int8.tflite", 36 * 1024, 1.02),
        ("mlperf_resnet8_cifar10_int8.tflite", 24 * 1024, 1.03),
        ("mlperf_dscnn_kws_int8.tflite", 13 * 1024, 1.02),
    ],
)
def test_official_models(test_data: Path, file: str, budget: int, most: float) -> None:
    """Budgets of 0.65, 0.47 and 0.8 times their arenas, and the most they may cost."""
    graph = load_model(test_data / "models" / file).graph
    program = lower(graph, load_target("virtual-m4"))
    found = plan_within(program, budget)
    assert found.memory.arena_bytes <= budget < plan(program).arena_bytes
    assert found.program.cost < most * program.cost
