"""The loads emulators show, and the emulated PPK2 in real time and out of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.artifacts.power import Mark
from edgekit.runtime.measure.energy import energy_per_inference
from edgekit.runtime.power.emulators.device import Faults
from edgekit.runtime.power.emulators.load import Load
from edgekit.runtime.power.emulators.ppk2 import EmulatedPpk2
from edgekit.runtime.power.ppk2 import Ppk2, Ppk2Settings
from tests.helpers.emulated import LOAD, codes, eventually, joules, record_all
from tests.helpers.power_traces import Plan, make_trace, trace_of

PATIENT = Ppk2Settings(silence_s=None, answer_s=10.0, quiet_s=0.05)


@given(st.integers(1, 5000), st.floats(0.1, 5.0))
@settings(max_examples=50, deadline=None)
def test_samples_sum_up_to_the_charge_however_slow(rate: int, seconds: float) -> None:
    edges = np.linspace(0, seconds, rate + 1)
    charge = float((LOAD.mean_amps(edges) * np.diff(edges)).sum())
    assert charge * LOAD.volts == pytest.approx(LOAD.joules(0, seconds), rel=1e-9)


def test_a_recorded_trace_becomes_a_load() -> None:
    trace, truth = make_trace(Plan(windows=2))
    load = Load.from_trace(trace)
    assert load.period_s == pytest.approx(1.6)
    assert load.volts == 3.0
    assert load.joules(0.2, 0.7) == pytest.approx(truth[0], rel=1e-6)
    assert load.joules(1.8, 2.3) == pytest.approx(truth[0], rel=1e-6)  # the second round
    assert load.levels(np.array([0.1, 0.2, 0.69, 0.7, 1.85])).tolist() == [1, 0, 0, 1, 0]


def test_a_load_draws_and_never_feeds() -> None:
    trace = trace_of(np.arange(4) / 10_000, np.array([1.0, -1.0, 2.0, 0.0]))
    assert Load.from_trace(trace).amps.min() == 0


def test_the_ppk2_driver_finds_the_energy_of_the_load() -> None:
    load = Load.square(idle_s=0.1, active_s=0.2, volts=1.8)
    with EmulatedPpk2(load, speed=0, seconds=1.6) as device:
        settings = Ppk2Settings(millivolts=1800, silence_s=None, answer_s=10.0, quiet_s=0.05)
        trace = record_all(device, Ppk2(device.path, settings))
        assert eventually(lambda: not device.powered)
    assert len(trace.t) == 160_000
    result = energy_per_inference(trace, [10] * 5)
    # A step of the ADC is 47 uA here, and a load without noise stays within one.
    assert result.gross_j == pytest.approx(12e-3 * 1.8 * 0.2 / 10, rel=2e-3)
    assert result.net_j == pytest.approx(10e-3 * 1.8 * 0.2 / 10, rel=2e-3)
    assert codes(trace) == []


def test_lost_samples_and_a_stream_left_running() -> None:
    faults = Faults(drop=0.01, stale=True)
    with EmulatedPpk2(LOAD, faults, speed=0, seconds=0.8) as device:
        trace = record_all(device, Ppk2(device.path, PATIENT))
    assert 500 < trace.lost_samples < 1200
    assert float((trace.volts * trace.amps).mean()) * 0.8 == pytest.approx(
        LOAD.joules(0, 0.8), rel=0.01
    )


def test_torn_bytes_cost_samples_and_no_energy() -> None:
    faults = Faults(tear=1e-5)
    with EmulatedPpk2(LOAD, faults, speed=0, seconds=0.8, seed=3) as device:
        trace = record_all(device, Ppk2(device.path, PATIENT))
    assert trace.lost_samples > 0
    assert joules(trace) == pytest.approx(LOAD.joules(0, 0.8), rel=0.01)


def test_real_time_takes_its_time() -> None:
    """Not more samples than time has passed, on any machine."""
    with EmulatedPpk2(LOAD, seconds=0.2) as device:
        trace = record_all(device, Ppk2(device.path, PATIENT))
    assert len(trace.t) == 20_000
    assert trace.marks == ()


def test_a_host_mark_is_no_trigger() -> None:
    trace, _ = make_trace(Plan(windows=1, edges=False))
    marked = Load.from_trace(
        type(trace)(trace.t, trace.volts, trace.amps, (Mark(0.2, "host", "x"),), sample_rate_hz=1e4)
    )
    assert marked.level.all()
