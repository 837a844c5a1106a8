"""The LPM01A driver at an emulated shield, through a real pseudo-terminal."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from edgekit.artifacts.figures import Provenance
from edgekit.errors import MeterError, UsageError
from edgekit.runtime.measure.energy import energy_per_inference
from edgekit.runtime.power import lpm01a_wire as wire
from edgekit.runtime.power.emulators.device import Faults
from edgekit.runtime.power.emulators.load import Load
from edgekit.runtime.power.emulators.lpm01a import EmulatedLpm01a
from edgekit.runtime.power.lpm01a import Lpm01a, Lpm01aSettings, probe
from edgekit.runtime.power.names import make_meter
from edgekit.runtime.power.ppk2 import Ppk2, Ppk2Settings
from edgekit.runtime.power.serial_port import SerialPort
from edgekit.runtime.power.stream_meter import Timing
from edgekit.targets.reader import load_target
from tests.helpers.emulated import LOAD, PATIENT, codes, eventually, joules, record_all
from tests.helpers.fake_ppk2 import FakePort
from tests.helpers.ptys import fake_peer
from tests.helpers.usb_ports import plug_in

SECONDS = 2.4
HASTY = Timing(silence_s=None, answer_s=0.05, quiet_s=0.002)
FORMS = [
    Lpm01aSettings(),
    Lpm01aSettings(output="current", rate=5000),
    Lpm01aSettings(output="current", rate=100_000, format="binary"),
    Lpm01aSettings(rate=10_000, format="binary"),
]


def meter_at(emulator: EmulatedLpm01a, settings: Lpm01aSettings | None = None) -> Lpm01a:
    return Lpm01a(emulator.path, settings, PATIENT)


@pytest.mark.parametrize("settings", FORMS, ids=lambda s: f"{s.output}-{s.format}")
def test_every_form_yields_the_energy_of_the_load(settings: Lpm01aSettings) -> None:
    with EmulatedLpm01a(LOAD, speed=0, seconds=SECONDS) as shield:
        trace = record_all(shield, meter_at(shield, settings))
        assert eventually(lambda: not shield.host_control)
        assert shield.settings["pwr"].startswith("off")
    assert len(trace.t) == round(SECONDS * settings.rate)
    assert joules(trace) == pytest.approx(LOAD.joules(0, SECONDS), rel=1e-3)
    assert trace.lost_samples == 0
    assert trace.provenance is Provenance.SIMULATED
    assert trace.volts[0] == pytest.approx(3.3)
    falls = [mark.t for mark in trace.marks if mark.kind == "trigger-fall"]
    if settings.format == "ascii":
        assert falls == pytest.approx([0.3, 1.1, 1.9])
        assert codes(trace) == []
    else:
        assert codes(trace) == ["meter-no-edges"]


@pytest.mark.parametrize("settings", FORMS[:2], ids=["energy", "current"])
def test_a_bad_line_costs_samples_and_no_energy(settings: Lpm01aSettings) -> None:
    faults = Faults(drop=0.01, noise=1e-4, tear=1e-4, stale=True)
    with EmulatedLpm01a(LOAD, faults, speed=0, seconds=SECONDS, seed=4) as shield:
        trace = record_all(shield, meter_at(shield, settings))
    assert trace.lost_samples > 0.005 * SECONDS * settings.rate
    watts = float((trace.volts * trace.amps).mean())
    assert watts * SECONDS == pytest.approx(LOAD.joules(0, SECONDS), rel=0.02)
    assert "meter-bytes" in [note.code for note in trace.warnings]


def test_windows_of_a_board_in_energy_mode() -> None:
    """The pin pulses low at both ends of a window, as MLPerf Tiny has it."""
    pulse, n = 0.002, 5
    t, amps, level = [0.0], [2e-3], [True]
    for number in range(n):
        for at, low in ((0.4, True), (0.4 + pulse, False), (1.0, True), (1.0 + pulse, False)):
            t.append(number + at)
            amps.append(12e-3 if 0.4 <= at < 1.0 else 2e-3)
            level.append(not low)
    load = Load(np.array(t), np.array(amps), np.array(level), 1.8, n + 1.0)
    settings = Lpm01aSettings(millivolts=1800)
    with EmulatedLpm01a(load, speed=0, seconds=n + 1.0) as shield:
        trace = record_all(shield, meter_at(shield, settings))
    result = energy_per_inference(trace, [100] * n, trigger="falls")
    assert {window.source for window in result.windows} == {"trigger"}
    assert result.gross_j == pytest.approx(12e-3 * 1.8 * 0.6 / 100, rel=3e-3)
    assert result.net_j == pytest.approx(10e-3 * 1.8 * 0.6 / 100, rel=3e-3)


def test_host_marks_stand_where_the_stream_was() -> None:
    with EmulatedLpm01a(LOAD, speed=0, seconds=0.5) as shield, meter_at(shield) as meter:
        meter.start()
        meter.mark("before")
        assert shield.done.wait(60)
        while (seen := meter.preview(10.0)) is None or len(seen.t) < 500:
            time.sleep(0.01)
        meter.mark("after")
        trace = meter.stop()
    host = [(mark.label, mark.t) for mark in trace.marks if mark.kind == "host"]
    assert [label for label, _ in host] == ["before", "after"]
    assert host[0][1] <= host[1][1] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("faults", "code"),
    [
        (Faults(unplug_after_s=0.4), "meter-broken-off"),
        (Faults(hang_after_s=0.4), "meter-silent"),
        (Faults(reset_after_s=0.4), "meter-silent"),
    ],
)
def test_a_meter_that_goes_away_leaves_what_it_recorded(faults: Faults, code: str) -> None:
    with EmulatedLpm01a(Load.square(), faults) as shield:
        meter = Lpm01a(shield.path, None, replace(PATIENT, silence_s=0.2, answer_s=1.0))
        with meter:
            meter.start()
            assert shield.done.wait(60)
            while meter.failure is None:
                time.sleep(0.01)
            with pytest.raises(MeterError) as caught:
                meter.stop()
    assert caught.value.code == code
    assert meter.salvaged is not None
    assert 0 < len(meter.salvaged.t) <= 400


@pytest.mark.parametrize("failure", [KeyboardInterrupt, SystemExit, ValueError])
def test_host_control_is_released_on_any_exit(failure: type[BaseException]) -> None:
    def interrupted(meter: Lpm01a) -> None:
        with meter:
            meter.start()
            raise failure

    with EmulatedLpm01a(LOAD, speed=0, seconds=SECONDS) as shield:
        with pytest.raises(failure):
            interrupted(meter_at(shield))
        assert eventually(lambda: not shield.host_control)
        assert shield.settings["pwr"] == "off nostatus"


def test_a_refused_command_is_named() -> None:
    class Old(EmulatedLpm01a):
        def _set(self, line: str, word: str, values: list[str]) -> None:
            if word in ("eventsrc", "acqmode"):
                self._refuse(line)
            else:
                super()._set(line, word, values)

    with (
        Old(LOAD, speed=0) as shield,
        pytest.raises(MeterError) as caught,
        meter_at(shield),
    ):
        pass
    assert caught.value.code == "meter-command"
    assert "'acqmode dyn' was not obeyed" in caught.value.found
    assert "Error detail: unknown command" in caught.value.found


def test_firmware_without_events_still_measures() -> None:
    class Older(EmulatedLpm01a):
        def _set(self, line: str, word: str, values: list[str]) -> None:
            if word == "eventsrc":
                self._refuse(line)
            else:
                super()._set(line, word, values)

    with Older(LOAD, speed=0, seconds=0.5) as shield:
        trace = record_all(shield, meter_at(shield))
    assert codes(trace) == ["meter-no-edges"]


def test_what_the_device_says_is_a_note() -> None:
    raw = b"TimeStamp: 000s 000ms, buff 95%\r\n1000-06\r\n1000-06\r\nerror: overflow\r\n"
    meter = Lpm01a("fake", Lpm01aSettings(output="current"), HASTY)
    from edgekit.runtime.power.recording import Capture

    notes = {note.code: note.message for note in meter._trace(Capture(raw)).warnings}
    assert notes == {
        "meter-says": "the meter says: overflow",
        "meter-buffer": "the meter's buffer was 95 % full: samples were nearly lost",
    }


def test_bytes_without_samples_are_refused() -> None:
    from edgekit.runtime.power.recording import Capture

    with pytest.raises(MeterError, match="9 bytes arrived that hold 0 samples") as caught:
        Lpm01a("fake", None, HASTY)._trace(Capture(b"nonsense\n"))
    assert caught.value.code == "meter-stream"


@pytest.mark.parametrize(
    ("answer", "code"), [(b"", "meter-silent"), (b"hello\r\n", "meter-not-lpm01a")]
)
def test_devices_that_are_no_shield(
    answer: bytes, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug_in(monkeypatch)
    with fake_peer(lambda data: answer) as port, pytest.raises(MeterError) as caught:
        Lpm01a(port, None, Timing(None, 0.3, 0.01)).open()
    assert caught.value.code == code


def test_each_of_two_meters_is_named_at_the_place_of_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plug_in(monkeypatch)
    with EmulatedLpm01a(LOAD, speed=0) as shield:
        quick = Ppk2Settings(silence_s=None, answer_s=0.3, quiet_s=0.01)
        with pytest.raises(MeterError) as caught:
            Ppk2(shield.path, quick).open()
        path = shield.path
    assert caught.value.found == "this is an LPM01A, you asked for ppk2"
    assert caught.value.hint == f"write lpm01a:{path}, or name the port of the PPK2"
    with pytest.raises(MeterError) as caught:
        Lpm01a("fake", None, HASTY, open_port=lambda path: FakePort()).open()
    assert caught.value.found == "this is a PPK2, you asked for lpm01a"


def test_a_shield_tells_a_probe() -> None:
    with EmulatedLpm01a(LOAD, speed=0) as shield:
        port = SerialPort(shield.path)
        assert probe(port) == "LPM01A"
        port.close()
    assert probe(FakePort()) == ""


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("lpm01a:?rate=3000", "1000, 500"),
        ("lpm01a:?rate=10000&output=current", "5000, 2000"),
        ("lpm01a:?rate=20000&format=binary", "10000, 5000"),
        ("lpm01a:?voltage=5000", "1800 to 3300"),
    ],
)
def test_options_the_device_has_not(name: str, allowed: str) -> None:
    with pytest.raises(UsageError) as caught:
        make_meter(name)
    assert caught.value.code == "meter-option"
    assert allowed in caught.value.allowed


def test_options_and_the_rail_of_the_target() -> None:
    meter = make_meter("lpm01a:x?rate=100000&output=current&format=binary&edge=rise")
    assert isinstance(meter, Lpm01a)
    assert meter.settings == Lpm01aSettings(3300, 100_000, "current", "binary", "rise")
    meter = make_meter("lpm01a:x", load_target("nucleo-l4r5zi"))
    assert isinstance(meter, Lpm01a)
    assert meter.settings.millivolts == 1800
    with pytest.raises(UsageError) as caught:
        make_meter("lpm01a:x", load_target("rpi4"))
    assert caught.value.code == "meter-voltage"


@pytest.mark.parametrize("edge", ["fall", "rise"])
def test_the_edge_that_is_asked_for(edge: str) -> None:
    with EmulatedLpm01a(LOAD, speed=0, seconds=1.0) as shield:
        trace = record_all(shield, meter_at(shield, Lpm01aSettings(edge=edge)))
    at = {"fall": 0.3, "rise": 0.8}[edge]
    assert [(mark.kind, mark.t) for mark in trace.marks] == [(f"trigger-{edge}", at)]


def test_parsers_know_the_rates_of_the_device() -> None:
    assert wire.RATES[0] == 100_000
    assert sorted(wire.RATES, reverse=True) == list(wire.RATES)
