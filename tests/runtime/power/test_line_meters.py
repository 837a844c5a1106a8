"""Meters that print lines, at emulated devices: the INA bridge and a plain logger."""

from __future__ import annotations

import time

import pytest

from edgekit.errors import MeterError, UsageError
from edgekit.runtime.measure.energy import energy_per_inference
from edgekit.runtime.power import ina_wire as wire
from edgekit.runtime.power.csv_lines import CsvLines, CsvSettings
from edgekit.runtime.power.emulators.device import Faults
from edgekit.runtime.power.emulators.lines import EmulatedBridge, EmulatedLogger
from edgekit.runtime.power.emulators.load import Load
from edgekit.runtime.power.finding import ask
from edgekit.runtime.power.ina_bridge import InaBridge
from edgekit.runtime.power.names import METERS, make_meter
from edgekit.runtime.power.recording import Capture
from edgekit.runtime.power.serial_port import SerialPort
from edgekit.runtime.power.stream_meter import Timing
from edgekit.targets.reader import load_target
from tests.helpers.emulated import LOAD, PATIENT, codes, joules, record_all
from tests.helpers.ptys import fake_peer
from tests.helpers.usb_ports import plug_in

HASTY = Timing(None, 0.2, 0.01)
THREE = CsvSettings(("t_us", "v_mv", "i_ua"))


@pytest.mark.parametrize("chip", wire.CHIPS)
def test_every_chip_yields_the_energy_of_the_load(chip: str) -> None:
    with EmulatedBridge(LOAD, chip=chip, speed=0, seconds=2.4) as bridge:
        trace = record_all(bridge, InaBridge(chip, bridge.path, PATIENT))
    assert len(trace.t) == 1200
    assert joules(trace) == pytest.approx(LOAD.joules(0, 2.4), rel=2e-3)
    edges = [(mark.kind, round(mark.t, 3)) for mark in trace.marks]
    assert edges[:2] == [("trigger-fall", 0.3), ("trigger-rise", 0.8)]
    assert trace.sample_rate_hz == pytest.approx(500)
    assert trace.range_a[1] == pytest.approx(wire.CHIPS[chip].full_uv / wire.SHUNT_UOHM)
    assert (codes(trace), trace.lost_samples) == ([], 0)


def test_windows_come_from_the_mark_column() -> None:
    with EmulatedBridge(LOAD, speed=0, seconds=4.2) as bridge:
        trace = record_all(bridge, InaBridge("ina226", bridge.path, PATIENT, rate_hz=1000))
    result = energy_per_inference(trace, [10] * 5)
    assert {window.source for window in result.windows} == {"trigger"}
    assert result.gross_j == pytest.approx(12e-3 * 3.3 * 0.5 / 10, rel=3e-3)


def test_a_bad_line_costs_samples_and_no_energy() -> None:
    faults = Faults(drop=0.01, noise=1e-4, tear=1e-4, stale=True)
    with EmulatedBridge(LOAD, faults, speed=0, seconds=2.4, seed=1) as bridge:
        trace = record_all(bridge, InaBridge("ina226", bridge.path, PATIENT, rate_hz=1000))
    assert 20 < trace.lost_samples < 100
    watts = float((trace.volts * trace.amps).mean())
    assert watts * 2.4 == pytest.approx(LOAD.joules(0, 2.4), rel=0.02)
    assert codes(trace) == ["meter-bytes"]
    assert abs(trace.amps).max() < 0.013  # nothing that the load did not draw


def test_a_saturated_sensor_says_so() -> None:
    load = Load.square(active_a=2.0, idle_s=0.1, active_s=0.1)
    with EmulatedBridge(load, speed=0, seconds=0.4) as bridge:
        trace = record_all(bridge, InaBridge("ina226", bridge.path, PATIENT))
    assert trace.saturated_samples == 100


def test_samples_that_miss_what_the_energy_counter_saw() -> None:
    meter = InaBridge("ina228", "fake", HASTY)
    meter.columns = ("n", "t_us", "v_uv", "i_na", "mark", "e_uj", "sum")
    lines = []
    for n in range(100):
        text = f"{n},{n * 1000},1000000,1000000,1,{n * 2}"  # 1 mW seen, 2 mW counted
        lines.append(f"{text},{wire.checksum(text)}\n")
    (note,) = meter._trace(Capture("".join(lines).encode())).warnings
    assert note.code == "meter-aliasing"
    assert "sum up to 9.9e-05 J, the device's own counter to 0.000198 J" in note.message


def test_what_the_bridge_says_is_a_note() -> None:
    meter = InaBridge("ina226", "fake", HASTY)
    meter.columns = ("t_us", "v_uv", "i_na")
    raw = b"0,1,1\n1000,1,1\n# error i2c: no answer\n2000,1,1\n"
    (note,) = meter._trace(Capture(raw)).warnings
    assert (note.code, note.message) == ("meter-says", "the meter says: error i2c: no answer")


def test_a_device_that_was_reset_midway_says_so() -> None:
    meter = CsvLines("fake", THREE, HASTY)
    raw = b"".join(b"%d,3300,10\n" % (t * 1000) for t in (*range(50), *range(50)))
    notes = {note.code for note in meter._trace(Capture(raw)).warnings}
    assert notes == {"meter-restarted"}


def refused(meter: CsvLines | InaBridge) -> MeterError:
    with pytest.raises(MeterError) as caught, meter:
        pass
    return caught.value


def test_the_wrong_chip_is_named() -> None:
    with EmulatedBridge(LOAD, chip="ina219", speed=0) as bridge:
        error = refused(InaBridge("ina228", bridge.path, PATIENT))
        assert error.found == "this bridge carries an INA219, you asked for ina228"
        assert error.hint == f"write ina219:{bridge.path}"
    assert error.code == "meter-other"


def test_a_bridge_of_a_chip_nobody_knows() -> None:
    answer = b"# edgekit-power 1 chip=ina999 rate=1 lsb_na=1 max_ua=1 cols=t_us,i_na\n"
    with fake_peer(lambda data: answer if b"?" in data else b"") as port:
        error = refused(InaBridge("ina226", port, PATIENT))
    assert "carries an ina999" in error.found
    assert error.hint == "flash the firmware for your chip"


@pytest.mark.parametrize(
    "answer", [b"# edgekit-power 2 chip=ina226 cols=x rate=1\n", b"# edgekit-power 1 hello\n"]
)
def test_another_version_of_the_lines(answer: bytes) -> None:
    with fake_peer(lambda data: answer if b"?" in data else b"") as port:
        error = refused(InaBridge("ina226", port, PATIENT))
    assert (error.code, error.allowed) == ("meter-version", "1")


def test_columns_nobody_knows_are_another_version() -> None:
    answer = b"# edgekit-power 1 chip=ina226 rate=1 lsb_na=1 max_ua=1 cols=t_us,colour\n"
    with fake_peer(lambda data: answer if data.strip() else b"") as port:
        assert refused(InaBridge("ina226", port, PATIENT)).code == "meter-version"


def test_no_bridge_at_the_port(monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch)
    with fake_peer(lambda data: b"") as port:
        error = refused(InaBridge("ina226", port, HASTY))
    assert error.code == "meter-no-bridge"
    assert "firmware_stubs/power_meter" in error.hint


def test_a_bridge_tells_a_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    with EmulatedBridge(LOAD, chip="ina228", speed=0) as bridge:
        port = SerialPort(bridge.path)
        assert ask(port) == ("ina228", "INA228 bridge")
        port.close()


@pytest.mark.parametrize(
    "text",
    ["", "# edgekit-power 1\n", "# edgekit-power 1 chip=ina226 rate=x lsb_na=1 max_ua=1 cols=a\n"],
)
def test_headers_that_are_none(text: str) -> None:
    assert wire.parse_header(text.encode()) is None


def test_a_logger_is_read_by_its_columns() -> None:
    with EmulatedLogger(LOAD, speed=20) as logger:
        meter = CsvLines(logger.path, THREE, PATIENT)
        with meter:
            meter.start()
            while (seen := meter.preview(60.0)) is None or seen.t[-1] < 8.0:
                time.sleep(0.01)
            meter.mark("here")
            trace = meter.stop()
    whole = trace.t < 8.0
    watts = float((trace.volts * trace.amps)[whole].mean())
    assert watts * 8 == pytest.approx(LOAD.joules(0, 8.0), rel=0.02)
    assert trace.sample_rate_hz == pytest.approx(200)
    assert trace.lost_samples == 0
    assert [mark.label for mark in trace.marks] == ["here"]


def test_a_silent_logger(monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch)
    with fake_peer(lambda data: b"") as port:
        error = refused(CsvLines(port, THREE, HASTY))
    assert (error.code, "115200 baud" in error.hint) == ("meter-silent", True)


def test_lines_of_other_words(monkeypatch: pytest.MonkeyPatch) -> None:
    class Talker:
        def read(self) -> bytes:
            return b"Bus: 3.3 V\r\n"

        def write(self, data: bytes) -> None:
            pass

        def close(self) -> None:
            pass

    plug_in(monkeypatch)
    error = refused(CsvLines("fake", THREE, HASTY, open_port=lambda path: Talker()))
    assert error.code == "meter-lines"
    assert error.found == (
        "prints lines such as 'Bus: 3.3 V', which are not 3 numbers (t_us,v_mv,i_ua)"
    )


def test_a_stream_of_other_lines_is_no_trace() -> None:
    with pytest.raises(MeterError, match="hold 1 lines of t_us,v_mv,i_ua") as caught:
        CsvLines("fake", THREE, HASTY)._trace(Capture(b"1,2,3\nx\ny\n"))
    assert caught.value.code == "meter-stream"


def test_lines_without_a_time_say_how_they_are_dated() -> None:
    meter = CsvLines("fake", CsvSettings(("i_ma",), volts=3.3), HASTY)
    capture = Capture(b"1\n2\n3\n", arrivals=((2, 0.1), (4, 0.2), (6, 0.3)), elapsed_s=0.3)
    trace = meter._trace(capture)
    assert [note.code for note in trace.warnings] == ["meter-arrival"]
    assert trace.t == pytest.approx([0, 0.1, 0.2])
    rated = CsvLines("fake", CsvSettings(("i_ma",), volts=3.3, rate_hz=100), HASTY)
    assert rated._trace(Capture(b"1\n2\n")).sample_rate_hz == pytest.approx(100)


@pytest.mark.parametrize(
    ("name", "code", "allowed"),
    [
        ("csv:x", "meter-option", "t_us, t_ms"),
        ("csv:x?cols=t_us,v_mv,colour", "meter-option", "names such as"),
        ("csv:x?cols=t_us,v_mv", "meter-option", "current, power or energy"),
        ("csv:x?cols=t_us,t_ms,v_mv,i_a", "meter-option", "each quantity once"),
        ("csv:x?cols=t_us,i_ua", "meter-no-voltage", "voltage= in mV"),
        ("csv:x?cols=i_ua&sep=dash", "meter-option", "comma or semicolon"),
        ("ina219:x?rate=900", "meter-option", "1 to 500"),
    ],
)
def test_names_that_say_too_little(name: str, code: str, allowed: str) -> None:
    with pytest.raises(UsageError) as caught:
        make_meter(name)
    assert caught.value.code == code
    assert allowed in caught.value.allowed


def test_names_that_say_enough() -> None:
    meter = make_meter(
        "csv:x?cols=-,p_mw&sep=semicolon&baud=9600&rate=10", load_target("nano33ble")
    )
    assert isinstance(meter, CsvLines)
    assert (meter.columns, meter.separator, meter.rate_hz) == (("-", "p_mw"), ";", 10)
    assert meter.supply_v == pytest.approx(3.3)


@pytest.mark.parametrize("name", ["ina226:", "csv:?cols=t_us,v_mv,i_ua"])
def test_these_meters_need_a_port(name: str) -> None:
    with pytest.raises(MeterError) as caught:
        make_meter(name).open()
    assert caught.value.code == "meter-place"
    assert METERS[name.partition(":")[0]].example.split()[-1] in caught.value.hint
