"""Programs with coded weights compute what they computed, in arenas that checkers agree with."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.coding.program import OPERATOR, coded_program
from edgekit.converter.interpret import run
from edgekit.converter.ir.graph import Graph, Quant
from edgekit.converter.lower.lower import lower
from edgekit.converter.lower.program import BufferKind, ConstArg, Program
from edgekit.converter.plan.plan import memory_summary, plan
from edgekit.converter.plan.trace import misread
from edgekit.converter.quantize.cluster import cluster_weights
from edgekit.targets.reader import load_target
from tests.helpers.generated_c import Generated, build, generate, run_c
from tests.helpers.int8_graphs import GraphBuilder
from tests.helpers.random_graphs import random_inputs
from tests.helpers.striped import mobile, random_chain, striped

BOARDS = {name: load_target(name) for name in ("virtual-m0", "virtual-m4", "virtual-m55")}
SEEDS = range(8)
CHECKS = ("-fsanitize=undefined", "-fno-sanitize-recover=all")


def few(graph: Graph, clusters: int = 4) -> Graph:
    return cluster_weights(graph, clusters).graph


def coded(mode: str, board: str) -> Callable[[Program], Program]:
    return lambda program: coded_program(program, BOARDS[board], mode)


def cut(mode: str, board: str, seed: int) -> Callable[[Program], Program]:
    return lambda program: striped(coded(mode, board)(program), seed)


def made(board: str) -> list[Generated]:
    """Every graph with weights as they are, coded in both ways, and that in stripes."""
    found = []
    for seed in SEEDS:
        graph, name = few(random_chain(seed, most=20)), f"{board.replace('-', '_')}_{seed}"
        make = partial(generate, graph, target=BOARDS[board])
        found.append(make(name=f"{name}_plain"))
        for mode in ("layer", "boot"):
            found.append(make(name=f"{name}_{mode}", rewrite=coded(mode, board)))
            found.append(make(name=f"{name}_{mode}_cut", rewrite=cut(mode, board, seed)))
        halves = [("one", 0.75), ("two", 0.75)]
        found.append(make(name=f"{name}_two", rewrite=coded("boot", board), memories=halves))
    return found


@pytest.fixture(scope="module")
def models() -> dict[str, list[Generated]]:
    return {board: made(board) for board in BOARDS}


@pytest.fixture(scope="module")
def library(
    models: dict[str, list[Generated]], tmp_path_factory: pytest.TempPathFactory
) -> ctypes.CDLL:
    every = [model for board in models.values() for model in board]
    return build(every, tmp_path_factory.mktemp("coded"), *CHECKS)


@pytest.mark.parametrize("board", BOARDS)
def test_equal_bit_for_bit(
    board: str, models: dict[str, list[Generated]], library: ctypes.CDLL
) -> None:
    rng, used = np.random.default_rng(1), 0
    for model in models[board]:
        inputs = random_inputs(model.graph, rng)
        expected = run(model.graph, inputs)
        found = run_c(library, model, inputs, poison=int(rng.integers(1 << 20)))
        for name, array in zip(model.graph.outputs, found, strict=True):
            np.testing.assert_array_equal(array, expected[name], err_msg=model.name)
        used += sum(stored.form != "raw" for stored in model.program.stored)
    assert used > 30
    assert any(model.program.cascades and model.program.stored for model in models[board])
    assert any(len(model.memory.block_bytes) > 1 for model in models[board])


@pytest.mark.parametrize("mode", ["layer", "boot"])
def test_the_byte_by_byte_check_agrees(mode: str) -> None:
    for seed in SEEDS:
        program = lower(few(random_chain(seed, most=20)), BOARDS["virtual-m4"])
        done = coded(mode, "virtual-m4")(program)
        assert misread(done, memory_summary(plan(done))) == ()


def test_layers_share_the_bytes_and_a_step_comes_before_each() -> None:
    plain = lower(few(mobile()), BOARDS["virtual-m4"])
    program = coded("layer", "virtual-m4")(plain)
    decoders = [i for i, step in enumerate(program.steps) if step.operator == OPERATOR]
    assert decoders
    for index in decoders:
        [buffer] = program.steps[index].writes
        placed = plan(program).placement(buffer)
        assert (placed.first, placed.last) == (index, index + 1)
        assert program.buffer(buffer).kind is BufferKind.SCRATCH
        assert buffer in program.steps[index + 1].touches
    assert program.states == ()
    assert program.constant_bytes < plain.constant_bytes
    assert program.macs == plain.macs


def test_at_boot_they_stay() -> None:
    plain = lower(few(mobile()), BOARDS["virtual-m4"])
    program = coded("boot", "virtual-m4")(plain)
    assert [step.name for step in program.steps] == [step.name for step in plain.steps]
    assert len(program.decoders) == len(program.states) > 0
    memory = plan(program)
    for state in program.states:
        placed = memory.placement(state.buffer)
        assert (placed.first, placed.last) == (0, len(program.steps) - 1)
    assert memory.arena_bytes >= plan(plain).lower_bound
    assert sum(s.weight_bytes for s in program.steps) == program.constant_bytes


@pytest.mark.parametrize("mode", ["layer", "boot"])
def test_constants_are_all_used_and_all_placed(mode: str) -> None:
    program = coded(mode, "virtual-m4")(lower(few(mobile()), BOARDS["virtual-m4"]))
    calls = (*program.steps, *program.decoders)
    used = {arg.array for step in calls for arg in step.args if isinstance(arg, ConstArg)}
    assert used == {array.name for array in program.constants}
    listed = [name for step in program.steps for name in step.constants]
    assert sorted(listed) == sorted(used)


def test_weights_that_gain_nothing_stay_as_they_are() -> None:
    plain = lower(random_chain(3, most=20), BOARDS["virtual-m4"])
    program = coded("layer", "virtual-m4")(plain)
    assert {stored.form for stored in program.stored} == {"raw"}
    assert program.steps == plain.steps
    assert program.constants == plain.constants


def tied() -> Graph:
    """Two layers with the same weights, and what is made of both."""
    g, quant = GraphBuilder("tied"), Quant.per_tensor(0.1, 3)
    weights = np.random.default_rng(0).choice([-9, 0, 4, 7], (32, 32)).astype(np.int8)
    x = g.input((1, 32), quant)
    for _ in range(2):
        x = g.dense(x, weights, quant, bias=np.zeros(32, np.int32))
    return g.graph(x)


@pytest.mark.parametrize("mode", ["layer", "boot"])
def test_tied_weights_are_stored_once(mode: str, tmp_path: Path) -> None:
    graph = tied()
    model = generate(graph, f"tied_{mode}", target=BOARDS["virtual-m4"],
                     rewrite=coded(mode, "virtual-m4"))  # fmt: skip
    assert len(model.program.stored) == 1
    assert len(model.program.decoders or model.program.steps) == (1 if mode == "boot" else 4)
    inputs = random_inputs(graph, np.random.default_rng(2))
    [found] = run_c(build([model], tmp_path, *CHECKS), model, inputs)
    np.testing.assert_array_equal(found, run(graph, inputs)[graph.outputs[0]])
