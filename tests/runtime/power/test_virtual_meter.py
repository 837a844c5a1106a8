"""The driver at the emulated PPK2, through a real pseudo-terminal."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest

from edgekit.artifacts.figures import Provenance
from edgekit.artifacts.power import PowerTrace
from edgekit.errors import MeterError, UsageError
from edgekit.runtime.measure.metered import edge_listener
from edgekit.runtime.power import ppk2_wire as wire
from edgekit.runtime.power.load import IDLE_SHARE, LoadProfile
from edgekit.runtime.power.names import make_meter
from edgekit.runtime.power.ppk2 import Ppk2, Ppk2Settings
from edgekit.runtime.power.serial_port import SerialPort
from edgekit.runtime.power.virtual_meter import VirtualMeter
from edgekit.runtime.power.virtual_ppk2 import VirtualPpk2
from edgekit.targets.model import Target
from edgekit.targets.reader import load_target

LOAD = LoadProfile(volts=1.8, idle_w=0.013, active_w=0.044, noise=0.0, lead_s=0.02, tail_s=0.02)


def run(profile: LoadProfile, windows: int = 2, seed: int = 0) -> tuple[PowerTrace, list[float]]:
    """A recording of `windows` windows of 0.1 s, 0.05 s apart, and their true joules."""
    with VirtualMeter(profile, seed=seed) as meter:
        meter.start()
        for number in range(windows):
            meter.edge(False, 7.0 + 0.15 * number)
            meter.edge(True, 7.1 + 0.15 * number)
        trace = meter.stop()
        return trace, list(meter.device.truth_j)


def test_edges_come_back_in_board_time() -> None:
    trace, truth = run(LOAD)
    kinds = [mark.kind for mark in trace.marks]
    assert kinds == ["trigger-fall", "trigger-rise"] * 2
    times = [mark.t for mark in trace.marks]
    assert times == pytest.approx([0.02, 0.12, 0.17, 0.27], abs=2e-5)
    assert trace.t[-1] == pytest.approx(0.29, abs=2e-5)
    assert truth == pytest.approx([0.0044, 0.0044])
    assert trace.lost_samples == 0


def test_everything_says_simulated() -> None:
    trace, _ = run(LOAD)
    assert trace.provenance is Provenance.SIMULATED
    assert "simulated" in trace.meter
    assert [note.code for note in trace.warnings] == ["meter-simulated"]


def test_powers_come_back_through_ranges_adc_and_calibration() -> None:
    trace, _ = run(LOAD)
    watts = trace.amps * trace.volts
    low = (trace.t > 0.021) & (trace.t < 0.119)
    # One ADC step of range 3 (5 to 50 mA) is 47 uA, 0.2 % of the load.
    assert watts[low].mean() == pytest.approx(0.044, rel=2e-3)
    assert watts[trace.t < 0.019].mean() == pytest.approx(0.013, rel=5e-3)


@pytest.mark.parametrize("amps", [2e-6, 40e-6, 200e-6, 3e-3, 30e-3, 0.6])
def test_every_range_reads_within_its_adc_step(amps: float) -> None:
    load = replace(LOAD, idle_w=amps * 1.8, active_w=amps * 1.8)
    trace, _ = run(load, windows=1)
    range_ = int(np.searchsorted((50e-6, 500e-6, 5e-3, 50e-3), amps))
    step = 4 * wire.VOLTS_PER_COUNT / wire.Calibration().r[range_]
    assert abs(trace.amps.mean() - amps) < 0.6 * step


def test_noise_hides_the_adc_steps() -> None:
    trace, _ = run(replace(LOAD, noise=0.01), windows=3)
    low = (trace.t > 0.021) & (trace.t < 0.119)
    assert (trace.amps * trace.volts)[low].mean() == pytest.approx(0.044, rel=5e-4)


def test_same_seed_same_samples() -> None:
    noisy = replace(LOAD, noise=0.05, ripple=0.02, loss=0.01)
    first, again, other = run(noisy, seed=3)[0], run(noisy, seed=3)[0], run(noisy, seed=4)[0]
    assert first.amps.tolist() == again.amps.tolist()
    assert first.t.tolist() == again.t.tolist()
    assert first.amps.tolist() != other.amps.tolist()


def test_lost_samples_are_lost_and_counted() -> None:
    trace, _ = run(replace(LOAD, loss=0.02), windows=3)
    total = round(0.44 * wire.SAMPLE_RATE)
    assert 0.005 * total < trace.lost_samples < 0.05 * total
    assert len(trace.t) + trace.lost_samples == pytest.approx(total, abs=60)


def test_a_fast_meter_clock_counts_more_samples() -> None:
    trace, _ = run(replace(LOAD, clock_ppm=10_000))
    assert trace.marks[1].t - trace.marks[0].t == pytest.approx(0.101, abs=2e-5)


def test_inrush_and_ripple_are_in_the_truth_and_in_the_trace() -> None:
    load = replace(LOAD, inrush_w=0.02, inrush_s=0.01, ripple=0.1, ripple_hz=50)
    trace, truth = run(load, windows=1)
    low = (trace.t >= trace.marks[0].t) & (trace.t < trace.marks[1].t)
    found = float((trace.amps * trace.volts)[low].sum()) / wire.SAMPLE_RATE
    assert truth[0] > 0.0044 + 0.9 * 0.0002
    assert found == pytest.approx(truth[0], rel=2e-3)


def test_spike_filter_takes_away_what_a_range_switch_adds() -> None:
    load = replace(LOAD, idle_w=0.001, switch_error=2.0)
    errors = {}
    for spikes in (True, False):
        with VirtualMeter(load, spike_filter=spikes) as meter:
            meter.start()
            for number in range(20):
                meter.edge(False, number * 0.002)
                meter.edge(True, number * 0.002 + 0.001)
            errors[spikes] = meter.stop().amps.max()
    assert errors[False] == pytest.approx(3 * 0.044 / 1.8, rel=0.01)
    assert errors[True] < 0.6 * errors[False]


def test_long_pauses_are_cut_and_a_reset_clock_goes_on() -> None:
    with VirtualMeter(replace(LOAD, max_idle_s=0.03)) as meter:
        meter.start()
        for start in (100.0, 500.0, 2.0):
            meter.edge(False, start)
            meter.edge(True, start + 0.01)
        trace = meter.stop()
    assert [mark.t for mark in trace.marks] == pytest.approx(
        [0.02, 0.03, 0.06, 0.07, 0.10, 0.11], abs=2e-5
    )


def test_recording_twice_starts_afresh() -> None:
    with VirtualMeter(LOAD) as meter:
        traces = []
        for _ in range(2):
            meter.start()
            meter.edge(False, 1.0)
            meter.edge(True, 1.1)
            traces.append(meter.stop())
    assert [len(trace.marks) for trace in traces] == [2, 2]
    assert traces[0].t[-1] == pytest.approx(traces[1].t[-1], abs=2e-5)


def test_host_marks_stand_after_the_last_edge() -> None:
    with VirtualMeter(LOAD) as meter:
        meter.start()
        meter.edge(False, 1.0)
        meter.edge(True, 1.1)
        meter.mark("done")
        trace = meter.stop()
    mark = next(mark for mark in trace.marks if mark.kind == "host")
    # What the driver has not yet fetched from the terminal is not in it: a block at most.
    assert trace.marks[0].t < mark.t <= trace.t[-1]


def test_no_edges_is_a_trace_of_idling() -> None:
    with VirtualMeter(LOAD) as meter:
        meter.start()
        trace = meter.stop()
    assert trace.marks == ()
    assert trace.t[-1] == pytest.approx(0.04, abs=2e-5)


def test_load_of_a_target() -> None:
    target = load_target("virtual-m4")
    load = LoadProfile.from_target(target)
    assert (load.volts, load.active_w) == (1.8, 0.044)
    assert load.idle_w == pytest.approx(IDLE_SHARE * 0.044)
    assert "NUCLEO-L4R5ZI" in load.source
    assert "idle assumed 30%" in load.source
    assert "assumed" not in LoadProfile.from_target(load_target("host")).source


def test_idling_may_be_stated_alone() -> None:
    meter = make_meter("virtual:?idle_mw=3", load_target("virtual-m4"))
    assert isinstance(meter, VirtualMeter)
    own = LoadProfile.from_target(load_target("virtual-m4"))
    assert meter.profile.active_w == own.active_w
    assert meter.profile.idle_w == 0.003
    assert "3 mW idle, as the meter's name says" in meter.profile.source


def powered(**power: float | str) -> Target:
    values = load_target("rpi4").model_dump()
    values["power"] = power or None
    return Target.model_validate(values)


def test_a_target_without_power_has_no_load() -> None:
    for target in (powered(), powered(rail_v=3.3)):
        with pytest.raises(UsageError) as caught:
            make_meter("virtual", target)
        assert caught.value.code == "meter-no-load"
        assert "active_mw" in caught.value.hint
        assert make_meter("virtual:?active_mw=40", target).identity.name


@pytest.mark.parametrize(("rail", "active"), [(12.0, 100.0), (5.0, 9000.0), (0.5, 1.0)])
def test_a_load_no_ppk2_could_feed_is_refused(rail: float, active: float) -> None:
    with pytest.raises(UsageError) as caught:
        make_meter("virtual", powered(rail_v=rail, active_mw=active, source="test"))
    assert caught.value.code == "meter-load"


def test_options_change_the_load() -> None:
    meter = make_meter("virtual:?active_mw=40&idle_mw=5&noise=0&loss=0.1&clock_ppm=-20")
    assert isinstance(meter, VirtualMeter)
    load = meter.profile
    assert (load.active_w, load.idle_w, load.noise) == (0.04, 0.005, 0.0)
    assert (load.loss, load.clock_ppm, load.volts) == (0.1, -20.0, 3.3)


def test_edges_of_a_virtual_board_are_turned_into_nominal_time() -> None:
    target = load_target("virtual-m4")
    taken: list[tuple[bool, float]] = []

    class Taker(VirtualMeter):
        def edge(self, level: bool, seconds: float) -> None:
            taken.append((level, seconds))

    listener = edge_listener(Taker(LOAD), target)
    assert listener is not None
    # A million instructions are 0.256 s of the emulator and 13 ms at 120 MHz and CPI 1.56.
    listener(False, 0.256)
    assert taken == [(False, pytest.approx(0.013))]
    host = edge_listener(Taker(LOAD), load_target("host"))
    assert host is not None
    host(True, 2.5)
    assert taken[1] == (True, 2.5)
    assert edge_listener(Ppk2("/dev/null")) is None


def test_the_emulator_is_closed_with_the_meter() -> None:
    meter = VirtualMeter(LOAD)
    meter.open()
    path = meter.device.path
    meter.close()
    meter.close()
    assert not os.path.exists(path)  # noqa: PTH110
    for call in (meter.start, meter.stop, lambda: meter.edge(True, 0.0)):
        with pytest.raises(ValueError, match="not open"):
            call()


def test_the_emulator_is_closed_when_the_driver_cannot_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(driver: Ppk2) -> None:
        raise MeterError("meter", "no")

    monkeypatch.setattr(Ppk2, "open", refuse)
    meter = VirtualMeter(LOAD)
    with pytest.raises(MeterError), meter:
        pass
    with pytest.raises(ValueError, match="not open"):
        _ = meter.device


def test_a_port_in_use_is_busy() -> None:
    device = VirtualPpk2(LOAD)
    try:
        first = SerialPort(device.path)
        with pytest.raises(MeterError) as caught:
            SerialPort(device.path)
        assert caught.value.code == "meter-busy"
        first.close()
    finally:
        device.close()


def test_a_device_pulled_while_recording_breaks_off() -> None:
    device = VirtualPpk2(LOAD)
    meter = Ppk2(device.path, Ppk2Settings(millivolts=1800, silence_s=None))
    try:
        meter.open()
        meter.start()
        device.await_start()
        device.close()
        with pytest.raises(MeterError) as caught:
            meter.stop()
        assert caught.value.code == "meter-broken-off"
    finally:
        meter.close()
        device.close()


def test_a_device_that_stops_streaming_is_silent() -> None:
    device = VirtualPpk2(LOAD)
    settings = Ppk2Settings(millivolts=1800, silence_s=0.05)
    try:
        with Ppk2(device.path, settings) as meter:
            meter.start()
            device.finish()
            meter._recording._thread.join(5)  # type: ignore[union-attr]
            with pytest.raises(MeterError) as caught:
                meter.stop()
        assert caught.value.code == "meter-silent"
    finally:
        device.close()


def test_nobody_reading_is_noticed() -> None:
    device = VirtualPpk2(LOAD)
    port = SerialPort(device.path)
    try:
        with pytest.raises(TimeoutError, match="nobody started"):
            device.await_start(0.01)
        port.write(wire.START)
        device.await_start()
        device.edge(False, 0.0)
        device.edge(True, 5.0)
        with pytest.raises(TimeoutError, match="nobody reads"):
            device.settle(0.05)
    finally:
        port.close()
        device.close()
