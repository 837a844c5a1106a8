"""Energy per inference on traces of known energy."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.artifacts.figures import Provenance
from edgekit.artifacts.power import Mark, PowerTrace
from edgekit.errors import MeterError
from edgekit.runtime.measure.duty import Duty
from edgekit.runtime.measure.energy import MEDIAN_FACTOR, energy_per_inference
from edgekit.runtime.measure.integral import integrate
from edgekit.runtime.measure.metered import measure_energy
from edgekit.runtime.measure.windows import Span, Windows
from edgekit.runtime.power.load import LoadProfile
from edgekit.runtime.power.meter import MeterIdentity
from edgekit.runtime.power.virtual_meter import VirtualMeter
from tests.helpers.power_traces import RATE, Plan, make_trace, trace_of

N = [10] * 5


def codes(trace: PowerTrace, inferences: list[int], **options: float) -> list[str]:
    return [note.code for note in energy_per_inference(trace, inferences, **options).warnings]


def test_noiseless_trace_is_exact_to_a_thousandth() -> None:
    trace, truth = make_trace(Plan())
    result = energy_per_inference(trace, N)
    assert result.gross_j == pytest.approx(truth[0] / 10, rel=1e-3)
    assert result.net_j == pytest.approx((0.044 - 0.012) * 0.5 / 10, rel=1e-3)
    assert result.idle_w == pytest.approx(0.012, rel=1e-9)
    assert result.average_w == pytest.approx(0.044, rel=1e-3)
    assert result.low_j <= truth[0] / 10 <= result.high_j
    assert [window.inferences for window in result.windows] == N
    assert {window.source for window in result.windows} == {"trigger"}
    assert result.provenance is Provenance.SIMULATED
    assert result.meter == "synthetic"


@given(
    active=st.floats(1e-4, 0.5),
    share=st.floats(0, 0.9),
    window_s=st.floats(0.2, 1.0),
    counts=st.lists(st.integers(1, 500), min_size=1, max_size=6),
)
@settings(max_examples=40, deadline=None)
def test_noiseless_traces_of_any_shape(
    active: float, share: float, window_s: float, counts: list[int]
) -> None:
    plan = Plan(len(counts), window_s, 0.1, active, share * active)
    trace, truth = make_trace(plan)
    result = energy_per_inference(trace, counts)
    per_inference = [joules / count for joules, count in zip(truth, counts, strict=True)]
    assert result.gross_j == pytest.approx(float(np.median(per_inference)), rel=1e-3)
    assert result.net_j is not None
    net = float(np.median(per_inference)) * (1 - share)
    assert result.net_j == pytest.approx(net, rel=1e-3)


def test_net_is_exact_where_windows_differ() -> None:
    """The median is taken of the windows' net energies, not of the difference of medians."""
    t = np.arange(30_000) / RATE
    watts = np.full(30_000, 1.0)
    level = np.ones(30_000, bool)
    for start, length, power in ((2000, 1000, 5.0), (8000, 4000, 3.0), (20_000, 8000, 2.0)):
        watts[start : start + length] = power
        level[start : start + length] = False
    result = energy_per_inference(trace_of(t, watts, level), [1, 1, 1])
    assert result.gross_j == pytest.approx(1.2, rel=1e-3)  # 0.5, 1.2, 1.6
    assert result.net_j == pytest.approx(0.8, rel=1e-3)  # 0.4, 0.8, 0.8


def test_unbiased_under_noise_and_jitter() -> None:
    """Mean error of 200 measurements is zero within four standard errors, and small."""
    plan = Plan(window_s=0.1, idle_s=0.03, noise=0.1, scatter=0.01, jitter_s=0.005)
    errors = []
    for seed in range(200):
        trace, truth = make_trace(plan, seed)
        errors.append(energy_per_inference(trace, [1] * 5).gross_j / np.median(truth) - 1)
    assert abs(np.mean(errors)) < 4 * np.std(errors) / math.sqrt(len(errors))
    assert abs(np.mean(errors)) < 2e-3


@pytest.mark.parametrize("windows", [2, 3, 5, 8])
def test_the_interval_covers_the_truth_at_its_rate(windows: int) -> None:
    """1200 measurements: 95 % within three binomial standard deviations (1.9 points)."""
    plan = Plan(windows, window_s=0.006, idle_s=0.02, noise=0.01, scatter=0.02, active_w=0.044)
    covered = 0
    for seed in range(1200):
        trace, truth = make_trace(plan, seed)
        result = energy_per_inference(trace, [1] * windows, idle_w=0.0)
        # The trapezoid shares the edge's sample distance with idling; the interval's own part
        # for it is taken off, so that the statistical part alone is judged.
        share = float(np.mean([w.joules for w in result.windows])) / 0.006 / RATE
        offset = (0.044 - 0.012) / RATE / 2
        low, high = result.low_j + share + offset, result.high_j - share + offset
        covered += low <= truth[0] <= high
    assert covered / 1200 == pytest.approx(0.95, abs=0.019)


def test_the_factors_are_what_a_simulation_gives() -> None:
    rng = np.random.default_rng(7)
    for n, factor in enumerate(MEDIAN_FACTOR):
        if n < 2:
            continue
        draws = rng.standard_normal((200_000, n))
        ratio = np.abs(np.median(draws, axis=1)) / (draws.std(axis=1, ddof=1) / math.sqrt(n))
        # Share beyond the factor, with four standard errors of a 5 % share of the draws.
        assert np.mean(ratio > factor) == pytest.approx(0.05, abs=0.002)


def test_one_window_takes_its_interval_from_its_noise() -> None:
    trace, truth = make_trace(Plan(windows=1, noise=0.1))
    result = energy_per_inference(trace, [10])
    assert result.low_j < truth[0] / 10 < result.high_j
    assert result.high_j - result.low_j < 0.02 * result.gross_j
    assert "energy-one-window" in [note.code for note in result.warnings]


def test_lost_samples_widen_the_interval_and_invent_nothing() -> None:
    whole = energy_per_inference(make_trace(Plan(noise=0.1), 1)[0], N)
    trace, truth = make_trace(Plan(noise=0.1, lost=0.2), 1)
    holed = energy_per_inference(trace, N)
    assert holed.lost_samples == trace.lost_samples > 5000
    assert holed.gross_j == pytest.approx(truth[0] / 10, rel=0.01)
    assert holed.high_j - holed.low_j > 3 * (whole.high_j - whole.low_j)


def test_a_gap_counts_with_the_mean_of_what_was_seen() -> None:
    t = np.arange(1001) / 1000
    watts = np.where(np.arange(1001) % 2 == 0, 1.0, 3.0)
    kept = (t <= 0.2) | (t >= 0.7)
    found = integrate(t[kept], watts[kept], 0.0, 1.0, 0.001)
    assert found.joules == pytest.approx(2.0, rel=1e-2)
    assert found.gap_s == pytest.approx(0.5, rel=0.01)
    assert found.gap_j == pytest.approx(0.5, rel=0.01)
    assert found.seconds == 1.0


def test_ends_between_samples_are_interpolated() -> None:
    t = np.arange(11) / 10
    found = integrate(t, t.copy(), 0.25, 0.75, 0.1)
    assert found.joules == pytest.approx((0.75**2 - 0.25**2) / 2)
    assert (found.gap_s, found.gap_j) == (0, 0)


def test_a_window_without_samples_is_refused() -> None:
    t = np.concatenate((np.arange(100), np.arange(900, 1000))) / RATE
    trace = trace_of(t, np.ones(200))
    windows = Windows((Span(0.02, 0.05),), "marks")
    with pytest.raises(MeterError) as caught:
        energy_per_inference(trace, [1], windows=windows)
    assert caught.value.code == "energy-empty-window"
    assert "0.02 s and 0.05 s" in caught.value.found


@pytest.mark.parametrize(
    ("plan", "marks", "hint"),
    [
        (Plan(windows=2), None, "trigger pin to the meter"),
        (Plan(windows=2, edges=False), None, "idle between windows"),
        (Plan(windows=2, edges=False), ("window-start", "window-end"), "mark()"),
        (Plan(windows=2, edges=False, active_w=0.012), None, "make the windows longer"),
    ],
)
def test_too_few_windows_say_where_they_came_from(
    plan: Plan, marks: tuple[str, str] | None, hint: str
) -> None:
    trace, _ = make_trace(plan)
    if marks is not None:
        host = (Mark(0.2, "host", marks[0]), Mark(0.7, "host", marks[1]))
        trace = replace(trace, marks=host)
    with pytest.raises(MeterError) as caught:
        energy_per_inference(trace, N)
    assert caught.value.code == "energy-windows"
    assert "of the 5 windows" in caught.value.found
    assert hint in caught.value.hint


def test_more_windows_than_asked_for_leave_the_last() -> None:
    trace, _ = make_trace(Plan(windows=5))
    result = energy_per_inference(trace, [10, 10])
    assert result.windows[0].start_s == pytest.approx(0.2 + 3 * 0.7)
    notes = {note.code: note.message for note in result.warnings}
    assert notes["energy-windows-skipped"].startswith("3 earlier windows")


@pytest.mark.parametrize("inferences", [[], [3, 0]])
def test_inferences_must_be_counted(inferences: list[int]) -> None:
    with pytest.raises(ValueError, match="inferences per window"):
        energy_per_inference(make_trace(Plan())[0], inferences)


def test_what_it_means_for_a_battery_and_a_bill() -> None:
    trace, _ = make_trace(Plan())  # 2.2 mJ in 50 ms
    duty = Duty(battery_wh=3.7, every_s=10.0, sleep_w=5e-6, price_per_kwh=0.30)
    extra = energy_per_inference(trace, N, duty=duty).extra
    assert extra["inferences_per_charge"] == pytest.approx(3.7 * 3600 / 0.0022, rel=1e-3)
    assert extra["cost_per_million"] == pytest.approx(2200 / 3.6e6 * 0.30, rel=1e-3)
    assert extra["energy_delay_js"] == pytest.approx(0.0022 * 0.05, rel=1e-3)
    assert extra["duty_w"] == pytest.approx(0.00022 + 5e-6 * 0.995, rel=1e-3)
    assert extra["battery_life_s"] == pytest.approx(3.7 * 3600 / extra["duty_w"])
    assert energy_per_inference(trace, N).extra == {}


@pytest.mark.parametrize(
    ("duty", "missing"),
    [
        (Duty(battery_wh=1.0), {"duty_w", "battery_life_s", "cost_per_million"}),
        (Duty(battery_wh=1.0, every_s=0.01, sleep_w=0.0), {"duty_w", "battery_life_s"}),
        (Duty(every_s=1.0, sleep_w=0.0), {"battery_life_s", "inferences_per_charge"}),
        (Duty(battery_wh=1.0, every_s=1.0), {"duty_w", "battery_life_s"}),
    ],
)
def test_what_is_not_known_is_left_out(duty: Duty, missing: set[str]) -> None:
    extra = energy_per_inference(make_trace(Plan())[0], N, duty=duty).extra
    assert not missing & set(extra)
    assert "energy_delay_js" in extra


@pytest.mark.parametrize(
    ("duty", "code", "words"),
    [
        (Duty(every_s=0.01, sleep_w=0.0), "duty-too-often", "takes 0.05 s, longer than the 0.01 s"),
        (Duty(every_s=1.0), "duty-no-sleep", "the power asleep is not known"),
        (Duty(every_s=1.0, sleep_w=1e-6), "", ""),
        (Duty(battery_wh=1.0), "", ""),
    ],
)
def test_why_a_use_has_no_answer(duty: Duty, code: str, words: str) -> None:
    trace = make_trace(Plan())[0]
    notes = energy_per_inference(trace, N, duty=duty, min_window_s=0.4).warnings
    assert [note.code for note in notes] == ([code] if code else [])
    assert words in (notes[0].message if notes else "")


def test_a_good_measurement_has_no_notes() -> None:
    assert codes(make_trace(Plan())[0], N, min_window_s=0.4) == []


@pytest.mark.parametrize(
    ("plan", "changes", "code"),
    [
        (Plan(window_s=0.4), {}, "energy-short-window"),
        (Plan(lost=0.01), {}, "energy-loss"),
        (Plan(), {"saturated_samples": 3}, "energy-saturated"),
        (Plan(idle_s=0.001), {}, "energy-no-idle"),
        (Plan(), {"range_a": (0.01, 1.0)}, "energy-resolution"),
        (Plan(idle_w=0.1), {}, "energy-idle-above"),
        (Plan(edges=False), {}, "energy-plateau"),
        (Plan(drift=0.04), {}, "energy-drift"),
        (Plan(slowing=0.04), {}, "energy-throttling"),
        (Plan(idle_drift_w=0.004), {}, "energy-idle-drift"),
    ],
)
def test_each_weakness_has_its_note(plan: Plan, changes: dict[str, object], code: str) -> None:
    trace = replace(make_trace(plan)[0], **changes)
    found = codes(trace, N, min_window_s=0.45)
    assert found == [code]


def test_few_windows_have_a_note() -> None:
    trace, _ = make_trace(Plan(windows=4))
    assert codes(trace, [10] * 4, min_window_s=0.45) == ["energy-few-windows"]


@pytest.mark.parametrize("plan", [Plan(drift=-0.01), Plan(slowing=-0.04), Plan(noise=0.5)])
def test_small_changes_speed_and_noise_are_no_drift(plan: Plan) -> None:
    assert codes(make_trace(plan, 3)[0], N, min_window_s=0.45) == []


def test_scatter_is_seldom_taken_for_a_drift() -> None:
    """A trend by chance has the rate of the test behind it, 5 %."""
    plan = Plan(window_s=0.01, idle_s=0.03, scatter=0.05)
    found = [codes(make_trace(plan, seed)[0], N, min_window_s=0.0) for seed in range(400)]
    alarms = sum("energy-drift" in names for names in found)
    assert alarms / 400 < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 400)


def test_words_about_a_drift() -> None:
    for plan, words in (
        (Plan(drift=-0.04), "the power fell by 4.1% over the windows"),
        (Plan(slowing=0.1), "inferences got slower by 9."),
        (Plan(idle_drift_w=-0.004), "the idle power fell by 0.004 W from before to after"),
    ):
        notes = energy_per_inference(make_trace(plan)[0], N, min_window_s=0.45).warnings
        assert notes[0].message.startswith(words)


def test_windows_from_host_marks_have_a_note() -> None:
    trace, _ = make_trace(Plan(windows=1, edges=False))
    marks = (Mark(0.2, "host", "window-start"), Mark(0.7, "host", "window-end"))
    assert "energy-marks" in codes(replace(trace, marks=marks), [10])


def test_without_idle_there_is_no_net_energy() -> None:
    result = energy_per_inference(make_trace(Plan(idle_s=0.001))[0], N)
    assert result.idle_w is None
    assert result.net_j is None


def test_a_trace_that_states_no_rate_takes_it_from_its_times() -> None:
    trace, truth = make_trace(Plan())
    result = energy_per_inference(replace(trace, sample_rate_hz=0.0), N)
    assert result.gross_j == pytest.approx(truth[0] / 10, rel=1e-3)


def test_a_lone_window_of_one_sample_has_no_statistics() -> None:
    t = np.arange(1000) / RATE
    level = np.arange(1000) != 500
    result = energy_per_inference(trace_of(t, np.ones(1000), level), [1])
    assert result.gross_j == pytest.approx(1 / RATE, rel=1e-6)
    # What is left is where its two edges may have been.
    assert result.high_j - result.gross_j == pytest.approx(1 / RATE, rel=1e-6)


def test_idle_power_given_is_used() -> None:
    result = energy_per_inference(make_trace(Plan(idle_s=0.001))[0], N, idle_w=0.004)
    assert result.net_j == pytest.approx(0.04 * 0.5 / 10, rel=2e-3)


class TapeMeter:
    """A meter that plays a recorded trace and writes down what was asked of it."""

    def __init__(self, trace: PowerTrace, *, wall_clock: bool = True) -> None:
        self.trace, self.calls = trace, []
        self.identity = MeterIdentity("tape", "", wall_clock=wall_clock)

    def start(self) -> None:
        self.calls.append("start")

    def stop(self) -> PowerTrace:
        self.calls.append("stop")
        return self.trace

    def close(self) -> None:
        self.calls.append("close")


@pytest.mark.parametrize(("wall_clock", "slept"), [(True, ["0.2", "0.2"]), (False, [])])
def test_a_meter_on_the_wall_clock_is_given_time_to_see_idling(
    wall_clock: bool, slept: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    meter = TapeMeter(make_trace(Plan())[0], wall_clock=wall_clock)
    monkeypatch.setattr("time.sleep", lambda seconds: meter.calls.append(str(seconds)))
    run = measure_energy(meter, lambda: meter.calls.append("run") or N, idle_s=0.2)
    assert run.trace is meter.trace
    assert run.result.gross_j == pytest.approx(0.0022, rel=1e-3)
    assert meter.calls == ["start", *slept[:1], "run", *slept[1:], "stop"]


@pytest.mark.parametrize("failure", [KeyboardInterrupt, MeterError("board", "gone")])
def test_the_meter_is_closed_when_the_board_fails(failure: BaseException) -> None:
    meter = TapeMeter(make_trace(Plan())[0], wall_clock=False)

    def fail() -> list[int]:
        raise failure

    with pytest.raises((KeyboardInterrupt, MeterError)):
        measure_energy(meter, fail)
    assert meter.calls == ["start", "close"]


def test_the_whole_chain_finds_the_energy_of_the_virtual_load() -> None:
    """Emulator, pseudo-terminal, driver, windows, integral: within 0.1 % of the load's truth."""
    load = LoadProfile(
        volts=1.8, idle_w=0.013, active_w=0.044, noise=0.02, loss=0.002, lead_s=0.1, tail_s=0.1
    )
    with VirtualMeter(load, seed=2) as meter:

        def run_windows() -> list[int]:
            for number in range(5):
                meter.edge(False, number * 0.6)
                meter.edge(True, number * 0.6 + 0.4)
            return [20] * 5

        run = measure_energy(meter, run_windows)
        truth = np.median(meter.device.truth_j) / 20
    assert run.result.provenance is Provenance.SIMULATED
    assert run.result.gross_j == pytest.approx(truth, rel=1e-3)
    assert run.result.low_j <= truth <= run.result.high_j
    assert run.result.net_j == pytest.approx((0.044 - 0.013) * 0.4 / 20, rel=2e-3)
    assert {window.source for window in run.result.windows} == {"trigger"}
    found = [note.code for note in run.result.warnings]
    assert found == ["meter-simulated", "energy-short-window", "energy-loss"]
