"""Cascades: which rows each call computes, what stays in a rolling buffer, what is refused."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Graph, Quant
from edgekit.converter.ir.ops import Padding
from edgekit.converter.lower.cascade import MOVE, Choice, cascaded
from edgekit.converter.lower.headers import operation
from edgekit.converter.lower.lower import lower
from edgekit.converter.lower.program import Program, Step, StripeCall
from edgekit.converter.lower.rowwise import _MAPS
from edgekit.converter.lower.select import kernel_table
from tests.helpers.generated_c import TARGET
from tests.helpers.int8_graphs import GraphBuilder
from tests.helpers.striped import random_chain, striped

Q = Quant.per_tensor(0.1, 3)


def ones(*shape: int) -> np.ndarray:
    return np.ones(shape, np.int8)


def two_windows() -> Graph:
    """A 3x3 convolution, then a 3x3 depthwise one of stride 2."""
    g = GraphBuilder()
    x = g.input((1, 12, 4, 2), Q)
    a = g.conv(x, ones(4, 3, 3, 2), Padding.SAME, Q, name="a")
    b = g.depthwise(a, ones(1, 3, 3, 4), Padding.SAME, Q, stride=(2, 2), name="b")
    return g.graph(b)


def cut(program: Program, *choices: Choice) -> Program:
    found = cascaded(program, choices)
    assert found is not None
    return found


def calls(step: Step) -> tuple[StripeCall, ...]:
    assert step.stripes is not None
    return step.stripes.calls


def spans(step: Step) -> list[tuple[int, int]]:
    return [(call.first, call.end) for call in calls(step)]


def test_every_row_is_computed_once_as_late_as_possible() -> None:
    a, b = cut(lower(two_windows(), TARGET), Choice(0, 1, 2)).steps
    assert spans(b) == [(0, 2), (2, 4), (4, 6)]
    assert spans(a) == [(0, 5), (5, 9), (9, 12)]


def test_rows_of_a_window_stay_in_the_rolling_buffer() -> None:
    program = cut(lower(two_windows(), TARGET), Choice(0, 1, 2))
    a, b = program.steps
    assert program.buffer("a_y").shape == (1, 5, 4, 4)
    assert [(call.kept, call.kept_from, call.write) for call in calls(a)] == [
        (0, 0, 0),
        (1, 4, 1),
        (1, 4, 1),
    ]
    assert [call.reads for call in calls(b)] == [(0,), (0,), (0,)]
    assert MOVE in a.helpers
    assert program.cascades[0].held == ("a_y", "input", "output")


def test_padding_goes_to_the_first_and_the_last_stripe() -> None:
    a, b = cut(lower(two_windows(), TARGET), Choice(0, 1, 2)).steps
    fields = [dict(call.params.fields) for call in calls(a) if call.params]
    assert [(f["input_h"], f["output_h"], f["pad_top"]) for f in fields] == [
        (6, 5, 1),
        (6, 4, 0),
        (4, 3, 0),
    ]
    fields = [dict(call.params.fields) for call in calls(b) if call.params]
    assert [(f["input_h"], f["output_h"], f["pad_top"]) for f in fields] == [
        (5, 2, 0),
        (5, 2, 0),
        (4, 2, 0),
    ]


def test_rows_that_nobody_reads_are_left_out() -> None:
    g = GraphBuilder()
    a = g.conv(g.input((1, 9, 4, 2), Q), ones(3, 3, 3, 2), Padding.SAME, Q, name="a")
    b = g.conv(a, ones(2, 1, 1, 3), Padding.SAME, Q, stride=(3, 1), name="b")
    first, _ = cut(lower(g.graph(b), TARGET), Choice(0, 1, 1)).steps
    assert spans(first) == [(0, 1), (3, 4), (6, 7)]


def test_a_residual_keeps_the_rows_that_the_sum_still_needs() -> None:
    g = GraphBuilder()
    a = g.conv(g.input((1, 8, 4, 2), Q), ones(2, 1, 1, 2), Padding.SAME, Q, name="a")
    b = g.conv(a, ones(2, 3, 3, 2), Padding.SAME, Q, name="b")
    c = g.conv(b, ones(2, 3, 3, 2), Padding.SAME, Q, name="c")
    y = g.node(ops.Add(), [a, c], (1, 8, 4, 2), Q, name="y")
    program = cut(lower(g.graph(y), TARGET), Choice(0, 3, 2))
    assert spans(program.steps[0]) == [(0, 4), (4, 6), (6, 8), (8, 8)]
    assert spans(program.steps[1]) == [(0, 3), (3, 5), (5, 7), (7, 8)]
    assert [call.reads for call in calls(program.steps[3])] == [(0, 0)] * 4
    assert [program.buffer(name).shape[1] for name in ("a_y", "b_y", "c_y")] == [4, 4, 2]


def test_a_step_that_is_ahead_is_not_called() -> None:
    g = GraphBuilder()
    a = g.unary(ops.Relu(), g.input((1, 4, 4, 2), Q), name="a")
    b = g.conv(a, ones(2, 3, 3, 2), Padding.SAME, Q, name="b")
    first, second = cut(lower(g.graph(b), TARGET), Choice(0, 1, 1)).steps
    assert spans(first) == [(0, 2), (2, 3), (3, 4), (4, 4)]
    assert [call.rows for call in calls(second)] == [1, 1, 1, 1]


def test_what_is_read_later_stays_whole() -> None:
    g = GraphBuilder()
    a = g.conv(g.input((1, 8, 4, 2), Q), ones(2, 1, 1, 2), Padding.SAME, Q, name="a")
    b = g.unary(ops.Relu(), a, Quant.per_tensor(0.2, 0), "b")
    mean = g.node(ops.Mean(True), [a, g.constant(np.array([1, 2], np.int32))], (1, 1, 1, 2), Q)
    program = cut(lower(g.graph(b, mean), TARGET), Choice(0, 1, 3))
    assert program.buffer("a_y").shape == (1, 8, 4, 2)


def test_upward_takes_the_lowest_stripe_first() -> None:
    g = GraphBuilder()
    a = g.conv(g.input((1, 7, 4, 2), Q), ones(2, 3, 3, 2), Padding.SAME, Q, name="a")
    [step] = cut(lower(g.graph(a), TARGET), Choice(0, 0, 3, upward=True)).steps
    assert spans(step) == [(6, 7), (3, 6), (0, 3)]


def test_not_upward_where_stripes_build_on_one_another() -> None:
    program = lower(two_windows(), TARGET)
    assert cascaded(program, [Choice(0, 1, 2, upward=True)]) is None


def test_no_cascade_of_a_single_stripe_or_of_other_operators() -> None:
    g = GraphBuilder()
    a = g.conv(g.input((1, 8, 4, 2), Q), ones(2, 1, 1, 2), Padding.SAME, Q, name="a")
    mean = g.node(ops.Mean(True), [a, g.constant(np.array([1, 2], np.int32))], (1, 1, 1, 2), Q)
    program = lower(g.graph(mean), TARGET)
    assert cascaded(program, [Choice(0, 0, 8)]) is None
    assert cascaded(program, [Choice(0, 1, 1)]) is None


def test_no_cascade_over_two_views_of_one_buffer() -> None:
    g = GraphBuilder()
    a = g.conv(g.input((1, 8, 4, 2), Q), ones(2, 1, 1, 2), Padding.SAME, Q, name="a")
    b = g.conv(g.reshape(a, (1, 4, 8, 2)), ones(2, 1, 1, 2), Padding.SAME, Q, name="b")
    assert cascaded(lower(g.graph(b), TARGET), [Choice(0, 1, 1)]) is None


def test_no_cascade_of_several_images() -> None:
    g = GraphBuilder()
    a = g.conv(g.input((2, 8, 4, 2), Q), ones(2, 1, 1, 2), Padding.SAME, Q, name="a")
    assert cascaded(lower(g.graph(a), TARGET), [Choice(0, 0, 2)]) is None


@given(st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_rows_of_outputs_are_complete_and_in_order(seed: int) -> None:
    program = striped(lower(random_chain(seed), TARGET), seed)
    outside = {port.buffer for port in program.outputs}
    for step in program.steps:
        if step.stripes is None or step.writes[0] not in outside:
            continue
        rows = sorted(spans(step))
        height = lower(random_chain(seed), TARGET).buffer(step.writes[0]).shape[1]
        covered = [row for first, end in rows for row in range(first, end)]
        assert covered == list(range(height))


def test_the_operations_that_work_by_rows_are_families_of_kernels() -> None:
    """A family that is renamed would silently lose its stripes."""
    known = {operation(family) for family in kernel_table()}
    assert set(_MAPS) <= known
