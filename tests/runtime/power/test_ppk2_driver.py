"""The PPK2 driver against a device in memory: what it sends, what it makes of the answers."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.artifacts.figures import Provenance
from edgekit.artifacts.power import PowerTrace
from edgekit.errors import MeterError
from edgekit.runtime.power import meter_notes, ppk2, serial_port
from edgekit.runtime.power import ppk2_wire as wire
from edgekit.runtime.power.ppk2 import Ppk2, Ppk2Settings
from edgekit.runtime.power.serial_port import UsbPort
from tests.helpers.fake_ppk2 import METADATA, FakePort, opener, stream

QUICK = Ppk2Settings(silence_s=None, answer_s=0.05, quiet_s=0.002)


def meter_at(port: FakePort, settings: Ppk2Settings = QUICK) -> Ppk2:
    return Ppk2("fake", settings, open_port=opener(port))


def record(port: FakePort, settings: Ppk2Settings = QUICK, pause_s: float = 0.0) -> PowerTrace:
    with meter_at(port, settings) as meter:
        meter.start()
        port.sent.wait(5)
        time.sleep(pause_s)
        return meter.stop()


def cut(raw: bytes, sizes: list[int]) -> list[bytes]:
    """`raw` in chunks of these sizes, the rest in one."""
    chunks, at = [], 0
    for size in sizes:
        chunks.append(raw[at : at + size])
        at += size
    return [chunk for chunk in [*chunks, raw[at:]] if chunk]


def test_order_of_commands_in_source_mode() -> None:
    port = FakePort([stream(np.full(100, 1e-3))])
    record(port, Ppk2Settings(millivolts=1800, silence_s=None, quiet_s=0.002))
    assert port.written == [
        wire.STOP, wire.GET_METADATA, wire.MODE_SOURCE, b"\x0d\x07\x08", wire.POWER_ON,
        wire.START, wire.STOP, wire.STOP, wire.RESET,
    ]  # fmt: skip
    assert port.closed


def test_ampere_mode_sends_the_voltage_too() -> None:
    port = FakePort([stream(np.full(100, 1e-3))])
    trace = record(port, Ppk2Settings(mode="ampere", silence_s=None, quiet_s=0.002))
    assert wire.MODE_AMPERE in port.written
    assert wire.regulator(3300) in port.written
    assert "ampere mode" in trace.meter


def test_trace_of_a_constant_current() -> None:
    trace = record(FakePort([stream(np.full(1000, 2e-3))]))
    assert trace.amps.mean() == pytest.approx(2e-3, rel=1e-3)
    assert trace.t[-1] == pytest.approx(999e-5)
    assert np.all(trace.volts == 3.3)
    assert (trace.lost_samples, trace.saturated_samples) == (0, 0)
    assert trace.sample_rate_hz == 100_000
    assert trace.provenance is Provenance.MEASURED
    assert trace.range_a == wire.RANGE_A
    assert not trace.amps.flags.writeable
    assert not trace.t.flags.writeable
    assert not trace.volts.flags.writeable


def test_a_device_left_streaming_is_silenced_before_it_is_asked() -> None:
    left = stream(np.full(500, 1e-3))[:-1] + b"\xff\x80END"
    port = FakePort([stream(np.full(100, 1e-3))], leftover=left)
    assert len(record(port).t) == 100


@given(st.lists(st.integers(1, 23), max_size=60))
@settings(max_examples=25, deadline=None)
def test_chunk_boundaries_never_change_the_result(sizes: list[int]) -> None:
    rng = np.random.default_rng(5)
    raw = stream(rng.uniform(1e-5, 0.2, 300), level=rng.random(300) < 0.5)
    whole = record(FakePort([raw]))
    parts = record(FakePort(cut(raw, sizes)))
    assert whole.amps.tolist() == parts.amps.tolist()
    assert whole.t.tolist() == parts.t.tolist()
    assert whole.marks == parts.marks


@given(st.lists(st.binary(max_size=64), max_size=20))
@settings(max_examples=25, deadline=None)
def test_a_garbage_stream_is_a_trace_or_a_meter_error(chunks: list[bytes]) -> None:
    port = FakePort([chunk for chunk in chunks if chunk])
    words = wire.decode(b"".join(chunks))
    if len(words.index) < 2 or 2 * words.skipped > sum(map(len, chunks)):
        with pytest.raises(MeterError, match="bytes arrived that hold"):
            record(port)
    else:
        assert len(record(port).t) == len(words.index)


def test_a_stream_of_garbage_is_refused() -> None:
    with pytest.raises(MeterError) as caught:
        record(FakePort([np.random.default_rng(0).bytes(4000)]))
    assert caught.value.code == "meter-stream"
    assert "4000 bytes" in caught.value.found


def test_lost_samples_are_gaps_in_time() -> None:
    raw = stream(np.full(300, 1e-3))
    trace = record(FakePort([raw[: 4 * 100] + raw[4 * 130 :]]))
    assert trace.lost_samples == 30
    assert len(trace.t) == 270
    assert trace.t[100] - trace.t[99] == pytest.approx(31e-5)


def test_edges_of_d0_are_marks_in_their_sample() -> None:
    level = np.ones(300, bool)
    level[100:200] = False
    trace = record(FakePort([stream(np.full(300, 1e-3), level=level)]))
    assert [(mark.kind, round(mark.t * 1e5)) for mark in trace.marks] == [
        ("trigger-fall", 100),
        ("trigger-rise", 200),
    ]


def test_any_logic_input_takes_the_trigger() -> None:
    level = np.ones(300, bool)
    level[100:200] = False
    raw = stream(np.full(300, 1e-3), level=4 * level)
    quick = Ppk2Settings(input=2, silence_s=None, quiet_s=0.002)
    marks = record(FakePort([raw]), quick).marks
    assert [(mark.kind, mark.label) for mark in marks] == [
        ("trigger-fall", "D2"),
        ("trigger-rise", "D2"),
    ]
    assert record(FakePort([raw])).marks == ()


def test_what_was_recorded_is_kept_when_the_stream_breaks_off() -> None:
    port = FakePort([stream(np.full(100, 1e-3))], broken=True)
    meter = meter_at(port)
    with meter:
        meter.start()
        port.sent.wait(5)
        with pytest.raises(MeterError):
            meter.stop()
    assert meter.salvaged is not None
    assert len(meter.salvaged.t) == 100


def test_host_marks_stand_where_the_stream_was() -> None:
    port = FakePort([stream(np.full(300, 1e-3))])
    with meter_at(port) as meter:
        meter.start()
        port.sent.wait(5)
        meter.mark("window-start")
        trace = meter.stop()
    assert [(mark.kind, mark.label) for mark in trace.marks] == [("host", "window-start")]
    assert trace.marks[0].t == trace.t[-1]


def test_saturated_samples_are_counted() -> None:
    raw = stream(np.full(100, 1e-3)) + stream(np.full(5, 1.2), first=36)
    assert record(FakePort([raw])).saturated_samples == 5


def test_spike_filter_can_be_switched_off() -> None:
    amps = np.where(np.arange(400) // 50 % 2 == 0, 1e-3, 20e-3)
    port = [stream(amps)]
    off = record(FakePort(port), Ppk2Settings(spike_filter=False, silence_s=None, quiet_s=0.002))
    on = record(FakePort(port))
    assert np.count_nonzero(on.amps != off.amps) == 3 * 7
    assert "replaced 21 samples" in on.calibration
    assert "spike filter" not in off.calibration


def test_missing_calibration_is_a_note() -> None:
    metadata = METADATA.replace(b"O3: 12.0", b"O3: -nan")
    trace = record(FakePort([stream(np.full(100, 1e-3))], metadata=metadata))
    assert [note.code for note in trace.warnings] == ["meter-calibration"]
    assert "O3" in trace.warnings[0].message


def test_bytes_that_fit_no_sample_are_a_note() -> None:
    raw = stream(np.full(2000, 1e-3))
    trace = record(FakePort([raw[:4001] + b"12345" + raw[4001:]]))
    assert "meter-bytes" in [note.code for note in trace.warnings]


def test_samples_short_of_the_clock_are_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meter_notes, "CLOCK_SLACK_S", 0.001)
    trace = record(FakePort([stream(np.full(100, 1e-3))]), pause_s=0.02)
    assert [note.code for note in trace.warnings] == ["meter-clock"]


def open_failure(port: FakePort) -> MeterError:
    with pytest.raises(MeterError) as caught, meter_at(port):
        pass
    assert port.closed
    return caught.value


def test_silent_device() -> None:
    error = open_failure(FakePort(metadata=b""))
    assert error.code == "meter-silent"
    assert error.subject == "meter at fake"


def test_another_device_is_told_by_its_answer() -> None:
    error = open_failure(FakePort(metadata=b"m-init-done\r\nm-ready\r\n"))
    assert error.code == "meter-not-ppk2"
    assert "m-init-done" in error.found
    assert "not a PPK2" in error.found


def test_the_shell_port_points_to_the_data_port(monkeypatch: pytest.MonkeyPatch) -> None:
    ports = (UsbPort("fake", "A1", 3), UsbPort("/dev/ttyACM1", "A1", 1), UsbPort("x", "B2", 1))
    monkeypatch.setattr(ppk2, "usb_ports", lambda *ids: ports)
    error = open_failure(FakePort(metadata=b"~$ "))
    assert "also has /dev/ttyACM1" in error.hint


def test_stream_that_breaks_off() -> None:
    port = FakePort([stream(np.full(100, 1e-3))], broken=True)
    with pytest.raises(MeterError) as caught:
        record(port)
    assert caught.value.code == "broken"
    assert port.written[-2:] == [wire.STOP, wire.RESET]
    assert port.closed


def test_stream_that_falls_silent() -> None:
    port = FakePort([stream(np.full(100, 1e-3))])
    with pytest.raises(MeterError) as caught:
        record(port, Ppk2Settings(silence_s=0.01, quiet_s=0.002), pause_s=0.05)
    assert caught.value.code == "meter-silent"
    assert port.closed


@pytest.mark.parametrize("failure", [KeyboardInterrupt, ValueError])
def test_reset_and_closed_on_any_exit(failure: type[BaseException]) -> None:
    port = FakePort([stream(np.full(100, 1e-3))])

    def interrupted() -> None:
        with meter_at(port) as meter:
            meter.start()
            raise failure

    with pytest.raises(failure):
        interrupted()
    assert port.written[-2:] == [wire.STOP, wire.RESET]
    assert port.closed


def test_close_survives_a_device_that_is_gone() -> None:
    port = FakePort()
    meter = meter_at(port)
    meter.open()
    port.closed = True
    meter.close()
    meter.close()


@pytest.mark.parametrize("call", [Ppk2.start, Ppk2.stop, lambda meter: meter.mark("x")])
def test_wrong_order_of_calls_is_a_programming_error(call: Callable[[Ppk2], object]) -> None:
    with pytest.raises(ValueError, match=r"not (open|recording)"):
        call(Ppk2("fake"))


def test_starting_twice_is_a_programming_error() -> None:
    with meter_at(FakePort()) as meter:
        meter.start()
        with pytest.raises(ValueError, match="already recording"):
            meter.start()


@pytest.fixture
def plugged(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`plugged((path, serial, location), ...)`: the USB devices of this computer."""

    def set_ports(*ports: tuple[str, str, str | None]) -> None:
        infos = [
            SimpleNamespace(device=d, serial_number=s, location=at, vid=0x1915, pid=0xC00A)
            for d, s, at in ports
        ]
        other = SimpleNamespace(device="/dev/x", serial_number="", location="", vid=1, pid=2)
        monkeypatch.setattr("serial.tools.list_ports.comports", lambda: [other, *infos])

    return set_ports


def test_no_device_plugged_in(plugged: Callable[..., None]) -> None:
    plugged()
    with pytest.raises(MeterError) as caught:
        Ppk2("", QUICK).open()
    assert caught.value.code == "meter-no-device"
    assert "1915:c00a" in caught.value.found


def test_two_devices_plugged_in(plugged: Callable[..., None]) -> None:
    plugged(("/dev/ttyACM0", "A", "1-1:1.1"), ("/dev/ttyACM1", "B", "1-2:1.1"))
    with pytest.raises(MeterError) as caught:
        Ppk2("", QUICK).open()
    assert caught.value.code == "meter-ambiguous"
    assert caught.value.allowed == "/dev/ttyACM0, /dev/ttyACM1"


@pytest.mark.parametrize(
    ("locations", "first"),
    [(("1-1:1.3", "1-1:1.1"), "/dev/ttyACM1"), ((None, None), "/dev/ttyACM0")],
)
def test_the_data_port_is_tried_first(
    plugged: Callable[..., None], locations: tuple[str | None, str | None], first: str
) -> None:
    plugged(("/dev/ttyACM0", "A", locations[0]), ("/dev/ttyACM1", "A", locations[1]))
    tried: list[str] = []

    def open_port(path: str) -> FakePort:
        tried.append(path)
        return FakePort()

    meter = Ppk2("", QUICK, open_port=open_port)
    meter.open()
    meter.close()
    assert tried == [first]
    assert meter.identity.place == first


def test_the_other_port_is_tried_where_they_cannot_be_told_apart(
    plugged: Callable[..., None],
) -> None:
    plugged(("/dev/ttyACM0", "A", None), ("/dev/ttyACM1", "A", None))
    ports = {"/dev/ttyACM0": FakePort(metadata=b"~$ "), "/dev/ttyACM1": FakePort()}
    meter = Ppk2("", QUICK, open_port=ports.__getitem__)
    meter.open()
    meter.close()
    assert ports["/dev/ttyACM0"].closed
    assert meter.identity.place == "/dev/ttyACM1"


def test_missing_port(tmp_path: object) -> None:
    with pytest.raises(MeterError) as caught:
        Ppk2(f"{tmp_path}/ttyACM9", QUICK).open()
    assert caught.value.code == "meter-no-port"
    assert caught.value.found == "no such port"


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.EACCES, "meter-permission"),
        (errno.EBUSY, "meter-busy"),
        (errno.EAGAIN, "meter-busy"),
        (errno.EIO, "meter-open"),
    ],
)
def test_ports_that_cannot_be_opened(
    number: int, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import serial

    def refuse(*args: object, **options: object) -> None:
        raise serial.SerialException(number, "refused")

    monkeypatch.setattr(serial, "Serial", refuse)
    with pytest.raises(MeterError) as caught:
        serial_port.SerialPort("/dev/ttyACM0")
    assert caught.value.code == code
    assert caught.value.hint
