"""What changed between two reports: beyond noise or not, and never across unlike conditions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.artifacts.figures import Figure, Provenance
from edgekit.artifacts.report import Report
from edgekit.runtime.measure.stats import median_interval, median_ratio_interval
from edgekit.runtime.report.change_views import markdown, record, rows, sentences
from edgekit.runtime.report.changes import Changes, Finding, changes
from tests.helpers.sample_report import board_report

NAMES = ("old", "new")


def timed(samples: list[float], base: Report | None = None) -> Report:
    """A report whose latency was measured with these samples, in seconds."""
    base = base or board_report()
    run = replace(base.runs[0], latency_s=tuple(samples), provenance=Provenance.MEASURED)
    middle = float(np.median(samples))
    figure = Figure(middle, "s", Provenance.MEASURED, "a board", len(samples))
    return replace(base, runs=(run,), figures={**base.figures, "latency": figure})


def with_figure(name: str, value: float, **facts: object) -> Report:
    base = board_report()
    figure = replace(base.figures[name], value=value, **facts)
    return replace(base, figures={**base.figures, name: figure})


def change(before: Report, after: Report, subject: str):
    found = changes(before, after, NAMES).named(subject)
    assert found is not None
    return found


def around(middle: float, count: int = 40, spread: float = 0.02) -> list[float]:
    noise = np.random.default_rng(7).normal(1.0, spread, count)
    return [float(middle * each) for each in noise]


def test_a_slower_model_is_worse_beyond_noise() -> None:
    found = change(timed(around(0.010)), timed(around(0.012)), "latency")
    assert found.finding is Finding.WORSE
    assert found.interval is not None
    assert found.interval[0] < 0.2 < found.interval[1]
    assert found.samples == (40, 40)


def test_spreads_of_means_are_held_against_none_of_single_inferences() -> None:
    """Without samples the spreads tell the noise, when they are of one kind."""
    figure = Figure(0.01, "s", Provenance.MEASURED, "a board", 9, 0.009, 0.011, "p5..p95")
    before, after = (
        replace(board_report(), figures={"latency": each})
        for each in (figure, replace(figure, spread="p5..p95 of means"))
    )
    found = changes(before, after, NAMES)
    (told,) = [line for line in found.besides if line.startswith("Latency: ")]
    assert "p5..p95 of old; p5..p95 of means of new" in told
    latency = found.named("latency")
    assert latency is not None
    assert (latency.low, latency.high) == (None, None)


def test_what_noise_explains_is_no_change() -> None:
    found = change(timed(around(0.010, spread=0.2)), timed(around(0.0101, spread=0.2)), "latency")
    assert found.finding is Finding.NOISE
    assert "within noise" in rows([found])[0]


def test_one_measured_sample_tells_nothing_of_noise() -> None:
    found = change(timed([0.010]), timed([0.011]), "latency")
    assert found.finding is Finding.UNSURE
    assert "not known" in rows([found])[0]


@pytest.mark.parametrize(
    ("name", "value", "finding"),
    [
        ("flash", 1.0, Finding.BETTER),
        ("flash", 9e9, Finding.WORSE),
        ("accuracy", 0.99, Finding.BETTER),
        ("accuracy", 0.10, Finding.WORSE),
        ("instructions", 9e9, Finding.WORSE),
    ],
)
def test_what_repeats_exactly_needs_no_interval(name: str, value: float, finding: Finding) -> None:
    found = change(board_report(), with_figure(name, value), name)
    assert found.finding is finding
    assert "exact" in rows([found])[0]
    assert change(board_report(), board_report(), name).finding is Finding.EQUAL


def test_unlike_conditions_are_named_and_not_judged() -> None:
    fast = board_report()
    fast = replace(fast, target=replace(fast.target, clock_hz=480_000_000))
    found = change(board_report(), fast, "latency")
    assert found.finding is Finding.UNLIKE
    assert any("clock (64.0 MHz, 480 MHz)" in text for text in found.unlike)
    across = changes(board_report(), fast, NAMES, across=["clock"]).named("latency")
    assert across is not None
    assert across.finding is not Finding.UNLIKE


def test_layers_are_paired_by_name() -> None:
    old = board_report()
    steps = list(old.bundle.steps)
    steps[2] = replace(steps[2], macs=2 * steps[2].macs)
    steps[3] = replace(steps[3], name="another")
    new = replace(old, bundle=replace(old.bundle, steps=tuple(steps)))
    found = changes(old, new, NAMES)
    macs = found.named(f"layer:{steps[2].name}.macs")
    assert macs is not None
    assert macs.relative == pytest.approx(1.0)
    assert found.only_before == (old.bundle.steps[3].name,)
    assert found.only_after == ("another",)
    assert any("another" in line for line in sentences(found))


def test_costs_of_layers_on_other_processors_are_unlike() -> None:
    other = board_report()
    other = replace(other, target=replace(other.target, cpu="cortex-m0"))
    found = changes(board_report(), other, NAMES)
    costs = [row for row in found.layers if row.subject.endswith(".instructions")]
    assert costs
    assert {row.finding for row in costs} == {Finding.UNLIKE}


def test_what_else_differs_is_said() -> None:
    new = board_report()
    new = replace(new, tool="edgekit 9.9")
    assert any("edgekit 9.9" in line for line in changes(board_report(), new, NAMES).besides)


def built_with(**environment: str) -> Report:
    base = board_report()
    return replace(base, runs=(replace(base.runs[0], environment=environment),))


@pytest.mark.parametrize(
    ("after", "line"),
    [
        (built_with(toolchain="gcc 13", optimization="-Os"), "compiler: gcc 12, then gcc 13"),
        (built_with(toolchain="gcc 12", optimization="-O2"), "optimization: -Os, then -O2"),
    ],
)
def test_another_compiler_is_told(after: Report, line: str) -> None:
    before = built_with(toolchain="gcc 12", optimization="-Os")
    found = changes(before, after, NAMES)
    assert found.besides == (line,)
    assert f"- {line}" in markdown([found], [])
    assert changes(built_with(), after, NAMES).besides == (), "what one does not tell is no change"


def test_another_profile_or_emulator_of_one_target_is_told() -> None:
    base = board_report()
    old = replace(base, target=replace(base.target, profile_sha256="a" * 64))
    new = replace(old, target=replace(old.target, profile_sha256="b" * 64))
    assert changes(old, new, NAMES).besides == (f"profile: {'a' * 12}, then {'b' * 12}",)
    run = replace(old.runs[0], device="QEMU 8.2 mps2-an386")
    [told] = changes(old, replace(old, runs=(run,)), NAMES).besides
    assert told == f"run on: {old.runs[0].device}, then QEMU 8.2 mps2-an386"
    other = replace(new, target=replace(new.target, name="another"), runs=(run,))
    assert changes(old, other, NAMES).besides == (f"target: {old.target.name}, then another",)


def test_markdown_shows_no_name_raw() -> None:
    found = changes(board_report(), with_figure("flash", 5.0), ("old|*", "<b>new</b>"))
    text = markdown([found], [])
    assert "<b>" not in text.replace("\\<b\\>", "")
    assert "| Flash |" in text


def test_the_record_is_plain() -> None:
    kept: Changes = changes(board_report(), board_report(), NAMES)
    assert {row["finding"] for row in record(kept)["metrics"]} <= {each.value for each in Finding}


@settings(deadline=None)
@given(
    st.lists(st.floats(0.5, 2.0), min_size=2, max_size=60),
    st.lists(st.floats(0.5, 2.0), min_size=2, max_size=60),
)
def test_the_interval_holds_the_ratio(before: list[float], after: list[float]) -> None:
    low, high = median_ratio_interval(before, after)
    assert low <= np.median(after) / np.median(before) <= high
    assert (low, high) == median_ratio_interval(before, after)


def test_of_a_sample_without_noise_the_interval_is_that_of_the_other() -> None:
    samples = around(1.0)
    low, high = median_ratio_interval([1.0, 1.0], samples)
    own = median_interval(samples)
    assert low == pytest.approx(own[0], rel=0.01)
    assert high == pytest.approx(own[1], rel=0.01)


def test_nothing_is_divided_by_nothing() -> None:
    with pytest.raises(ValueError, match="not positive"):
        median_ratio_interval([0.0, 1.0], [1.0])
