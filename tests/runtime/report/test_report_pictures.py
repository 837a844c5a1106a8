"""Pictures: axes, and the odd cases that must not break a page."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.artifacts.bundle import ArenaBlock, CascadeInfo, MemorySummary, PlacedBuffer
from edgekit.artifacts.power import EnergyResult
from edgekit.runtime.report import svg
from edgekit.runtime.report.html import html
from edgekit.runtime.report.layers import layers
from edgekit.runtime.report.svg_latency import histogram, sequence
from edgekit.runtime.report.svg_layers import columns, kind
from edgekit.runtime.report.svg_memory import memory_plan
from edgekit.runtime.report.svg_trace import power_trace
from tests.helpers import sample_report as sample


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6), st.integers(2, 8))
def test_ticks_are_round_few_and_inside(low: float, span: float, count: int) -> None:
    high = low + span
    found = svg.ticks(low, high, count)
    slack = 1e-6 * max(abs(low), abs(high), span)
    assert all(low - slack <= tick <= high + slack for tick in found)
    assert len(found) <= 2 * count + 2
    assert list(found) == sorted(found)


def test_ticks_of_a_known_axis() -> None:
    assert svg.ticks(0, 10, 5) == (0, 2, 4, 6, 8, 10)
    assert svg.ticks(38.9, 49, 5) == (40, 42, 44, 46, 48)


def test_an_empty_axis_gets_a_width() -> None:
    axis = svg.axis(3.0, 3.0, str)
    assert (axis.place(3.0), axis.place(6.0)) == (0, 1)


def test_elements_escape_their_attributes() -> None:
    assert svg.element("a", title='"<&', class_="x") == '<a title="&quot;&lt;&amp;" class="x"/>'


@pytest.mark.parametrize(
    "samples", [(1.0,), (2.0,) * 50, (1e-6, 1.0), tuple(1e-3 + 1e-9 * i for i in range(40))]
)
def test_a_histogram_holds_all_samples_it_does_not_name_as_slower(
    samples: tuple[float, ...],
) -> None:
    drawing = histogram(samples)
    ElementTree.fromstring(drawing)
    assert "median" in drawing
    assert drawing.count('class="bar"') >= 1


def test_slower_samples_are_counted_at_the_edge() -> None:
    samples = (*(1 + 0.001 * i for i in range(200)), 50.0, 60.0)
    assert "2 slower, up to 60.0 s" in histogram(samples)


def test_no_samples_no_picture() -> None:
    assert histogram(()) == ""
    assert sequence((1.0,) * 29) == ""


@pytest.mark.parametrize(
    ("operator", "colour"),
    [
        ("CONV_2D", "conv"),
        ("DEPTHWISE_CONV_2D", "depth"),
        ("TRANSPOSE_CONV", "conv"),
        ("FULLY_CONNECTED", "dense"),
        ("ADD", "other"),
        ("", "other"),
    ],
)
def test_operators_have_colours(operator: str, colour: str) -> None:
    assert kind(operator) == colour


@pytest.mark.parametrize("count", [3, 24, 25, 200])
def test_a_column_per_layer_and_few_numbers(count: int) -> None:
    rows = layers(sample.board_report(count)).rows
    drawing = columns(rows, [float(row.macs) for row in rows], name="MACs", form=str)
    tree = ElementTree.fromstring(drawing)
    assert len(list(tree.iter("rect"))) == count
    assert len(re.findall(r'class="tick"', drawing)) <= 24 + 6


def test_columns_without_a_value_draw_nothing() -> None:
    rows = layers(sample.board_report(3)).rows
    assert columns(rows, [None] * 3, name="x", form=str) == ""
    assert columns(rows, [0.0] * 3, name="x", form=str) == ""


def test_gaps_interrupt_the_power_trace() -> None:
    report = sample.board_report()
    assert report.trace is not None
    assert power_trace(report.trace, report.energy).count('class="band"') == 2
    whole = replace(report.trace, high_w=(1.0,) * 5, low_w=(0.5,) * 5, mean_w=(0.7,) * 5)
    assert power_trace(whole, None).count('class="band"') == 1


def test_many_windows_are_shaded_but_not_numbered() -> None:
    report = sample.board_report()
    assert report.trace is not None
    assert isinstance(report.energy, EnergyResult)
    first = report.energy.windows[0]
    narrow = tuple(replace(first, start_s=0.01 * i, end_s=0.01 * i + 0.005) for i in range(100))
    drawing = power_trace(report.trace, replace(report.energy, windows=narrow))
    assert drawing.count('class="window"') == 100
    assert ">100</text>" not in drawing


def test_a_trace_without_samples_draws_nothing() -> None:
    report = sample.board_report()
    assert report.trace is not None
    nothing = (None,) * 3
    empty = replace(report.trace, low_w=nothing, mean_w=nothing, high_w=nothing)
    assert power_trace(empty, report.energy) == ""


def test_a_memory_plan_of_one_buffer_and_of_none() -> None:
    assert memory_plan(MemorySummary(0, 0)) == ""
    one = MemorySummary(16, 16, (PlacedBuffer("x", 0, 16, 0, 0, "novel kind"),))
    ElementTree.fromstring(memory_plan(one))
    assert 'class="box activation"' in memory_plan(one)


def test_a_memory_plan_for_each_memory() -> None:
    """Each has its own height, and all the steps of the whole."""
    report = sample.board_report()
    buffers = (PlacedBuffer("x", 0, 48, 0, 3), PlacedBuffer("y", 0, 16, 1, 1, block=1))
    blocks = (ArenaBlock("DTCM", 48, 48, 64, 300), ArenaBlock("SRAM", 16, 16, 32, 100))
    memory = MemorySummary(64, 64, buffers, blocks=blocks)
    page = html(replace(report, bundle=replace(report.bundle, memory=memory)))
    assert "Memory plan: DTCM" in page
    assert "In DTCM, which has 64 B for it: 75.0 % of the bytes that an inference touches" in page
    assert "Memory plan: SRAM" in page
    fast, slow = memory.parts()
    assert [b.name for b in slow.buffers] == ["y"]
    assert "arena 48 B" in memory_plan(fast, 4)
    assert 'x="25%"' in memory_plan(slow, 4)


def test_a_memory_plan_shades_the_steps_that_run_in_stripes() -> None:
    buffers = (PlacedBuffer("x", 0, 16, 0, 3),)
    picture = memory_plan(MemorySummary(16, 16, buffers, (CascadeInfo(1, 2, 6, 4),)))
    ElementTree.fromstring(picture)
    assert picture.count('class="stripes"') == 1
    assert "steps 1 to 2 run in 6 stripes of 4 rows" in picture


def test_each_timed_run_has_its_distribution_up_to_four() -> None:
    runs = tuple(replace(sample.host_run(60), threads=n) for n in range(1, 7))
    text = html(replace(sample.host_report(), runs=runs))
    assert text.count("<h3>Latency: ") == 4
    assert text.count("<h3>In the order of the samples") == 1


def test_a_buffer_is_named_only_where_its_name_has_room() -> None:
    long = "a_rather_long_name_of_a_buffer"
    buffers = (
        PlacedBuffer("wide", 0, 40_000, 0, 14),
        PlacedBuffer(long, 40_000, 20_000, 3, 3),
        PlacedBuffer(f"{long}_in_all", 40_000, 20_000, 4, 14),
    )
    drawing = memory_plan(MemorySummary(60_000, 60_000, buffers))
    named = re.findall(r'class="inside"[^>]*>([^<]+)<', drawing)
    assert named == ["wide", f"{long}_in_all"]
    assert f"{long}: 20,000 bytes at 40,000" in drawing, "it keeps its tip"
