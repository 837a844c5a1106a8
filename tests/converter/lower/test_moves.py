"""Views as loops: what merges, what is refused, what takes several calls."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.interpret import run
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Quant
from edgekit.converter.lower.lower import lower
from edgekit.converter.lower.moves import strided
from edgekit.converter.lower.program import Program
from edgekit.errors import UnsupportedError
from tests.helpers.generated_c import TARGET, build, generate, run_c
from tests.helpers.int8_graphs import GraphBuilder

Q = Quant.per_tensor(0.1, 3)
WHOLE = np.arange(2 * 3 * 4 * 5, dtype=np.int32).reshape(2, 3, 4, 5)


@pytest.mark.parametrize(
    ("part", "extents", "strides", "offset"),
    [
        (WHOLE, (120,), (1,), 0),
        (WHOLE[:, :, 1:3], (6, 10), (20, 1), 5),
        (WHOLE.transpose(0, 2, 3, 1), (2, 20, 3), (60, 1, 20), 0),
        (WHOLE[:, ::-1], (2, 3, 20), (60, -20, 1), 40),
        (WHOLE[:1, 1:2, 2:3, 3:4], (), (), 33),
        (np.broadcast_to(WHOLE[:1], (3, 3, 4, 5)), (3, 60), (0, 1), 0),
    ],
)
def test_axes_that_step_as_one_are_one_loop(
    part: np.ndarray, extents: tuple[int, ...], strides: tuple[int, ...], offset: int
) -> None:
    found = strided(part, WHOLE)
    assert (found.extents, found.strides, found.offset) == (extents, strides, offset)


def transposed(shape: tuple[int, ...], perm: list[int]) -> Program:
    g = GraphBuilder()
    x = g.input(shape, Q)
    axes = g.constant(np.array(perm, np.int32))
    y = g.node(ops.Transpose(), [x, axes], tuple(shape[axis] for axis in perm), Q, name="turn")
    return lower(g.graph(y), TARGET)


def test_five_axes_move_where_two_stay_together() -> None:
    [step] = transposed((1, 2, 3, 4, 5), [0, 1, 3, 4, 2]).steps
    assert step.kernel == "ek_strided_copy_s8__ref"


def test_more_than_four_loops_are_refused() -> None:
    with pytest.raises(UnsupportedError) as caught:
        transposed((2, 3, 2, 3, 2), [4, 3, 2, 1, 0])
    assert caught.value.code == "no-kernel"
    assert "moves along 5 axes that do not merge" in str(caught.value)
    assert "split it into two" in caught.value.hint


def test_a_tile_with_more_loops_goes_axis_by_axis(tmp_path: Path) -> None:
    g = GraphBuilder()
    x = g.input((1, 2, 3, 4), Q)
    multiples = g.constant(np.array([1, 2, 2, 3], np.int32))
    model = generate(g.graph(g.node(ops.Tile(), [x, multiples], (1, 4, 6, 12), Q)), "tiled")
    assert [step.kernel for step in model.program.steps] == ["ek_take_s8__ref"] * 3
    values = np.random.default_rng(0).integers(-128, 128, (1, 2, 3, 4)).astype(np.int8)
    [found] = run_c(build([model], tmp_path), model, [values])
    np.testing.assert_array_equal(found, np.tile(values, (1, 2, 2, 3)))


def test_outputs_that_nobody_reads_are_not_written() -> None:
    g = GraphBuilder()
    x = g.input((1, 2, 2, 6), Q)
    g.node(ops.Split(), [g.constant(np.array(3, np.int32)), x], (1, 2, 2, 3), Q, name="first")
    g.tensors["second"] = replace(g.tensors["first"], name="second")
    g.nodes[-1] = replace(g.nodes[-1], outputs=("first", "second"))
    graph = g.graph("second")
    lowered = lower(graph, TARGET)
    assert [step.writes for step in lowered.steps] == [("output",)]
    values = np.arange(24, dtype=np.int8).reshape(1, 2, 2, 6)
    np.testing.assert_array_equal(run(graph, [values])["second"], values[..., 3:])
