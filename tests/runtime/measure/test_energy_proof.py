"""The computation of energy on sampled signals of known energy.

A signal is continuous: idle and active power with edges anywhere between two samples, a ripple, a
start-up peak. It is sampled as a meter would, and what comes out is compared with its integral.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.artifacts.power import Mark, PowerTrace
from edgekit.runtime.measure.energy import energy_per_inference
from edgekit.runtime.measure.idle import measure_idle
from edgekit.runtime.measure.integral import integrate
from edgekit.runtime.measure.windows import Span
from tests.helpers.power_traces import trace_of

SOURCES = ("trigger", "marks", "plateau")


@dataclass(frozen=True)
class Signal:
    """Five windows; `scatter` is that of a window's power, `noise` that of a sample."""

    rate: float = 5000.0
    window_s: float = 0.5
    idle_s: float = 0.25
    active_w: float = 0.04
    idle_w: float = 0.01
    ripple: float = 0.0
    peak_w: float = 0.0
    scatter: float = 0.0
    noise: float = 0.0
    lost: float = 0.0
    idle_scatter: float = 0.0
    """Standard deviation of the idle power from one stretch to the next, share of it."""
    mark_s: float = 0.0
    """Standard deviation of the host's marks."""

    def sampled(self, source: str, seed: int) -> tuple[PowerTrace, float]:
        """The trace with this evidence of windows, and the true median energy of a window."""
        rng = np.random.default_rng(seed)
        jitter = rng.uniform(0, 1, (5, 2)) * 0.02
        starts = self.idle_s + np.arange(5) * (self.window_s + self.idle_s) + jitter[:, 0]
        ends = starts + self.window_s
        powers = self.active_w * (1 + self.scatter * rng.standard_normal(5))
        t = np.arange(round((ends[-1] + self.idle_s) * self.rate)) / self.rate
        stretch = np.searchsorted(ends, t)
        levels = self.idle_w * (1 + self.idle_scatter * rng.standard_normal(6))
        watts, low = levels[stretch], np.zeros(len(t), bool)
        for start, end, power in zip(starts, ends, powers, strict=True):
            inside = (t >= start) & (t < end)
            since = t[inside] - start
            watts[inside] = power * (1 + self.ripple * np.sin(2 * np.pi * 730 * since))
            watts[inside] += self.peak_w * np.exp(-since / 0.01)
            low |= inside
        watts = watts * (1 + self.noise * rng.standard_normal(len(t)))
        kept = rng.random(len(t)) >= self.lost
        kept[[0, -1]] = True
        trace = trace_of(t[kept], watts[kept], ~low[kept], self.rate)
        if source == "marks":
            off = self.mark_s * rng.standard_normal((5, 2))
            marks = [
                Mark(float(at + off[k, n]), "host", f"window-{('start', 'end')[n]}")
                for k, pair in enumerate(zip(starts, ends, strict=True))
                for n, at in enumerate(pair)
            ]
            trace = replace(trace, marks=tuple(marks))
        if source == "plateau":
            trace = replace(trace, marks=())
        # The true power is active_w: what a window has of its own is what repeats differently.
        truth = self.active_w * self.window_s + self.peak_w * 0.01 * (
            1 - math.exp(-self.window_s / 0.01)
        )
        return trace, truth


def measured(signal: Signal, source: str, seed: int) -> tuple[float, float, float, float]:
    """(gross, low, high, truth) joules."""
    trace, truth = signal.sampled(source, seed)
    result = energy_per_inference(trace, [1] * 5)
    assert {window.source for window in result.windows} == {source}
    return result.gross_j, result.low_j, result.high_j, truth


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    "signal",
    [Signal(), Signal(ripple=0.2), Signal(peak_w=0.05), Signal(active_w=0.011), Signal(rate=2000)],
    ids=["plain", "ripple", "peak", "nearly-idle", "slow"],
)
def test_noiseless_signals_to_a_thousandth(signal: Signal, source: str) -> None:
    for seed in range(3):
        gross, low, high, truth = measured(signal, source, seed)
        assert gross == pytest.approx(truth, rel=1e-3)
        assert low <= truth <= high


@pytest.mark.parametrize("source", SOURCES)
def test_unbiased_under_noise_jitter_and_loss(source: str) -> None:
    """Mean error of 60 measurements: zero within four standard errors and half a sample an edge."""
    signal = Signal(noise=0.05, scatter=0.01, lost=0.02, mark_s=0.0005)
    errors = []
    for seed in range(60):
        gross, _, _, truth = measured(signal, source, seed)
        errors.append(gross / truth - 1)
    edges = 1 / signal.rate / signal.window_s
    assert abs(np.mean(errors)) < 4 * np.std(errors) / math.sqrt(60) + edges
    assert abs(np.mean(errors)) < 2e-3


@pytest.mark.parametrize("source", SOURCES)
def test_the_interval_covers_the_truth_at_least_at_its_rate(source: str) -> None:
    """300 measurements: 95 % less three binomial standard deviations (3.8 points), whatever the
    evidence; what edges and gaps may hide only widens it."""
    signal = Signal(rate=1000, window_s=0.2, idle_s=0.1, noise=0.03, scatter=0.02, lost=0.01)
    signal = replace(signal, mark_s=0.002)
    covered = 0
    for seed in range(300):
        _, low, high, truth = measured(signal, source, seed)
        covered += low <= truth <= high
    assert covered / 300 >= 0.95 - 0.038


@pytest.mark.parametrize("idle_scatter", [0.0, 0.05])
@pytest.mark.parametrize("source", SOURCES)
def test_the_net_interval_covers_the_truth_too(source: str, idle_scatter: float) -> None:
    """The same for net energy where idle power is no constant: what is taken off is in doubt."""
    signal = Signal(rate=1000, window_s=0.2, idle_s=0.1, noise=0.02, scatter=0.005, lost=0.01)
    signal = replace(signal, idle_scatter=idle_scatter)
    covered, widths = 0, []
    for seed in range(300):
        trace, truth = signal.sampled(source, seed)
        result = energy_per_inference(trace, [1] * 5)
        assert result.net_low_j is not None
        assert result.net_high_j is not None
        covered += result.net_low_j <= truth - signal.idle_w * signal.window_s <= result.net_high_j
        widths.append((result.net_high_j - result.net_low_j) / (result.high_j - result.low_j))
    assert covered / 300 >= 0.95 - 0.038
    if idle_scatter and source == "trigger":
        assert np.median(widths) > 1.3


def test_idle_power_that_is_given_has_no_doubt() -> None:
    trace, _ = replace(Signal(), idle_scatter=0.1).sampled("trigger", 0)
    result = energy_per_inference(trace, [1] * 5, idle_w=0.01)
    assert result.net_j is not None
    assert result.net_high_j is not None
    found = energy_per_inference(trace, [1] * 5)
    assert found.net_j is not None
    assert found.net_high_j is not None
    assert result.net_high_j - result.net_j < 0.5 * (found.net_high_j - found.net_j)


def test_a_lone_stretch_of_idling_is_cut_up() -> None:
    rng = np.random.default_rng(0)
    t = np.arange(4000) / 1000
    low = (t >= 2) & (t < 3.99999)
    watts = np.where(low, 0.04, 0.01) * (1 + 0.05 * rng.standard_normal(len(t)))
    trace = trace_of(t, watts, ~low, 1000)
    trace = replace(trace, marks=(*trace.marks, Mark(3.999, "trigger-rise")))
    idle = measure_idle(trace, watts, (Span(2.0, 3.999),), (Span(2.0, 3.999),))
    assert idle is not None
    assert idle.doubt_w == pytest.approx(2.093 * 0.05 * 0.01 / math.sqrt(1000), rel=0.5)


def test_no_idling_no_net_interval() -> None:
    t = np.arange(2000) / 1000
    trace = trace_of(t, np.full(2000, 0.04), rate=1000)
    marks = (Mark(0.0, "trigger-fall"), Mark(1.999, "trigger-rise"))
    result = energy_per_inference(replace(trace, marks=marks), [10])
    assert (result.net_j, result.net_low_j, result.net_high_j) == (None, None, None)


def test_a_coarse_meter_widens_the_interval() -> None:
    """Steps of 1 mA: the error is systematic, and the interval says so."""
    trace, truth = Signal().sampled("trigger", 0)
    step = 1e-3
    coarse = replace(trace, amps=np.rint(trace.amps / step) * step, range_a=(step, 1.0))
    result = energy_per_inference(coarse, [1] * 5)
    assert abs(result.gross_j - truth) > 1e-3 * truth
    assert result.low_j <= truth <= result.high_j


POWERS = st.lists(st.floats(0, 10), min_size=12, max_size=60)


@given(POWERS, st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=100, deadline=None)
def test_cutting_a_window_in_two_neither_adds_nor_loses(
    powers: list[float], a: float, b: float, c: float
) -> None:
    watts = np.array(powers)
    t = np.arange(len(watts)) / 100
    start, middle, end = sorted(x * t[-1] for x in (a, b, c))
    if middle - start < 1e-6 or end - middle < 1e-6:
        return
    whole = integrate(t, watts, start, end, 0.01).joules
    parts = [integrate(t, watts, *span, 0.01).joules for span in ((start, middle), (middle, end))]
    assert whole == pytest.approx(sum(parts), rel=1e-9, abs=1e-12)


@given(POWERS, st.data())
@settings(max_examples=100, deadline=None)
def test_energy_lies_between_the_least_and_the_most_power(
    powers: list[float], data: st.DataObject
) -> None:
    """Whatever is lost, no energy is invented beyond what the samples that are left allow."""
    watts = np.array(powers)
    t = np.arange(len(watts)) / 100
    kept = np.array(data.draw(st.lists(st.booleans(), min_size=len(t), max_size=len(t))))
    kept[:2] = kept[-2:] = True
    found = integrate(t[kept], watts[kept], 0.0, float(t[-1]), 0.01)
    seconds = found.seconds
    assert watts[kept].min() * seconds <= found.joules * (1 + 1e-9) + 1e-12
    assert found.joules <= watts[kept].max() * seconds * (1 + 1e-9) + 1e-12
    assert 0 <= found.gap_s < seconds


@given(st.integers(2, 40), POWERS)
@settings(max_examples=60, deadline=None)
def test_more_samples_of_the_same_signal_change_nothing(times: int, powers: list[float]) -> None:
    """Between samples the power is a straight line; sampling that line more often is the same."""
    watts = np.array(powers)
    t = np.arange(len(watts)) / 100
    fine = np.linspace(0, t[-1], (len(t) - 1) * times + 1)
    once = integrate(t, watts, 0.0, float(t[-1]), 0.01).joules
    often = integrate(fine, np.interp(fine, t, watts), 0.0, float(t[-1]), 0.01 / times).joules
    assert often == pytest.approx(once, rel=1e-9, abs=1e-12)
