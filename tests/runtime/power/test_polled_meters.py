"""UM24C, UM25C, UM34C and TC66: their wire formats, and the drivers at emulated meters."""

from __future__ import annotations

import subprocess
import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.errors import MeterError
from edgekit.runtime.power import tc66_wire, um_wire
from edgekit.runtime.power.aes import decrypt, encrypt
from edgekit.runtime.power.emulators.device import Emulator, Faults
from edgekit.runtime.power.emulators.load import Load
from edgekit.runtime.power.emulators.polled import EmulatedTc66, EmulatedUm
from edgekit.runtime.power.finding import ask
from edgekit.runtime.power.names import make_meter
from edgekit.runtime.power.polled_meter import PolledMeter
from edgekit.runtime.power.recording import Capture
from edgekit.runtime.power.serial_port import SerialPort
from edgekit.runtime.power.stream_meter import Timing
from edgekit.runtime.power.tc66 import Tc66
from edgekit.runtime.power.um import Um
from tests.helpers.emulated import PATIENT, codes
from tests.helpers.ptys import fake_peer
from tests.helpers.usb_ports import plug_in

STEADY = Load.square(volts=5.1, idle_a=0.123, active_a=0.123)
HASTY = Timing(None, 0.3, 0.01)


def test_aes_is_that_of_the_standard() -> None:
    """FIPS 197, appendix C.3."""
    key = bytes(range(32))
    plain = np.frombuffer(bytes(17 * n for n in range(16)), np.uint8).reshape(1, 16)
    cipher = encrypt(plain, key)
    assert cipher.tobytes().hex() == "8ea2b7ca516745bfeafc49904b496089"
    assert decrypt(cipher, key).tobytes() == plain.tobytes()


@given(st.binary(min_size=16, max_size=160), st.binary(min_size=32, max_size=32))
@settings(max_examples=30, deadline=None)
def test_aes_undoes_itself(text: bytes, key: bytes) -> None:
    blocks = np.frombuffer(text[: len(text) // 16 * 16], np.uint8).reshape(-1, 16)
    assert decrypt(encrypt(blocks, key), key).tolist() == blocks.tolist()


def test_aes_against_openssl() -> None:
    text = np.random.default_rng(0).bytes(64)
    command = ["openssl", "enc", "-aes-256-ecb", "-nopad", "-K", tc66_wire.KEY.hex()]
    try:
        wanted = subprocess.run(command, input=text, capture_output=True, check=True).stdout
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    blocks = np.frombuffer(text, np.uint8).reshape(-1, 16)
    assert encrypt(blocks, tc66_wire.KEY).tobytes() == wanted


def test_the_check_of_modbus() -> None:
    assert tc66_wire.crc16(np.frombuffer(b"123456789", np.uint8).reshape(1, -1)) == [0x4B37]


def answers(emulator: Emulator, values: list[tuple[float, float]]) -> list[bytes]:
    assert isinstance(emulator, EmulatedTc66 | EmulatedUm)
    return [emulator.answer(volts, amps) for volts, amps in values]


READINGS = st.lists(st.tuples(st.floats(0, 24), st.floats(0, 5)), min_size=1, max_size=4)
JUNK = st.binary(max_size=30)


@given(READINGS, st.lists(JUNK, min_size=5, max_size=5))
@settings(max_examples=30, deadline=None)
def test_tc66_readings_between_junk(values: list[tuple[float, float]], junk: list[bytes]) -> None:
    with EmulatedTc66(STEADY) as meter:
        frames = answers(meter, values)
    raw = b"".join(a + b for a, b in zip(junk, frames, strict=False)) + junk[4]
    found = tc66_wire.decode(raw)
    assert found.volts == pytest.approx([volts for volts, _ in values], abs=0.51e-4)
    assert found.amps == pytest.approx([amps for _, amps in values], abs=0.51e-5)
    assert found.skipped == len(raw) - 192 * len(values)
    assert (found.version, found.serial) == ("1.15", 4711)
    assert [raw[at - 192 : at] for at in found.position] == frames


@pytest.mark.parametrize("scheme", um_wire.MODELS)
@given(values=READINGS, junk=st.lists(JUNK, min_size=5, max_size=5))
@settings(max_examples=30, deadline=None)
def test_um_readings_between_junk(
    scheme: str, values: list[tuple[float, float]], junk: list[bytes]
) -> None:
    model = um_wire.MODELS[scheme]
    with EmulatedUm(STEADY, scheme=scheme) as meter:
        frames = answers(meter, values)
    raw = b"".join(a + b for a, b in zip(junk, frames, strict=False)) + junk[4]
    found = um_wire.decode(raw, model)
    assert found.volts == pytest.approx([volts for volts, _ in values], abs=0.51 * model.volt)
    assert found.amps == pytest.approx([amps for _, amps in values], abs=0.51 * model.ampere)
    assert [raw[at - 130 : at] for at in found.position] == frames
    assert um_wire.tell(raw) == scheme


@given(st.binary(max_size=600))
@settings(max_examples=60, deadline=None)
def test_any_bytes_are_survived(raw: bytes) -> None:
    assert tc66_wire.decode(raw).skipped == len(raw)
    for model in um_wire.MODELS.values():
        found = um_wire.decode(raw, model)
        assert found.skipped + 130 * len(found.volts) == len(raw)


def test_a_changed_byte_spoils_one_answer() -> None:
    with EmulatedTc66(STEADY) as meter:
        frames = answers(meter, [(5.0, 0.1 * n) for n in range(4)])
    for at in (3, 70, 191):
        broken = bytearray(b"".join(frames))
        broken[192 + at] ^= 4
        found = tc66_wire.decode(bytes(broken))
        assert found.amps == pytest.approx([0.0, 0.2, 0.3])


DEVICES = [
    ("um24c", lambda faults: EmulatedUm(STEADY, faults, scheme="um24c"), Um),
    ("um25c", lambda faults: EmulatedUm(STEADY, faults, scheme="um25c"), Um),
    ("um34c", lambda faults: EmulatedUm(STEADY, faults, scheme="um34c"), Um),
    ("tc66", lambda faults: EmulatedTc66(STEADY, faults), Tc66),
]
IDS = [scheme for scheme, *_ in DEVICES]


def record(meter: PolledMeter, readings: int) -> None:
    """Wait for so many readings, however long they take."""
    while (seen := meter.preview(1000.0)) is None or len(seen.t) < readings:
        assert meter.failure is None
        time.sleep(0.01)


@pytest.mark.parametrize(("scheme", "device", "kind"), DEVICES, ids=IDS)
def test_drivers_read_a_steady_load(scheme: str, device: type, kind: type) -> None:
    with device(Faults(noise=1e-3, drop=0.05)) as emulator:
        meter = kind(scheme, emulator.path, PATIENT, interval_s=0.01)
        with meter:
            meter.start()
            record(meter, 5)
            meter.mark("half")
            record(meter, 10)
            trace = meter.stop()
    assert trace.volts == pytest.approx(5.1, abs=0.01)
    assert trace.amps == pytest.approx(0.123, abs=0.001)
    assert np.all(np.diff(trace.t) > 0)
    assert [mark.label for mark in trace.marks] == ["half"]
    assert codes(trace)[0] == "meter-slow"
    assert trace.saturated_samples == 0


@pytest.mark.parametrize(("scheme", "device", "kind"), DEVICES, ids=IDS)
def test_each_tells_a_probe(scheme: str, device: type, kind: type) -> None:
    with device(None) as emulator:
        port = SerialPort(emulator.path)
        assert ask(port)[0] == scheme
        port.close()


def test_another_model_is_named() -> None:
    with EmulatedUm(STEADY, scheme="um24c") as emulator:
        with pytest.raises(MeterError) as caught:
            Um("um25c", emulator.path, PATIENT).open()
        assert caught.value.hint == f"write um24c:{emulator.path}"
    assert caught.value.code == "meter-other"
    assert caught.value.found == "this is a UM24C, you asked for um25c"


@pytest.mark.parametrize(("scheme", "kind"), [("um25c", Um), ("tc66c", Tc66)])
def test_silent_ports(
    scheme: str, kind: type[PolledMeter], monkeypatch: pytest.MonkeyPatch
) -> None:
    plug_in(monkeypatch)
    with fake_peer(lambda data: b"") as port:
        meter = make_meter(f"{scheme}:{port}?interval=1")
        assert isinstance(meter, kind)
        meter.timing = HASTY
        with pytest.raises(MeterError) as caught:
            meter.open()
    assert caught.value.code == "meter-silent"


def test_a_meter_that_falls_silent_leaves_what_it_told() -> None:
    with EmulatedTc66(STEADY, Faults(hang_after_s=0.5)) as emulator:
        meter = Tc66("tc66", emulator.path, replace(PATIENT, silence_s=0.3), interval_s=0.01)
        with meter:
            meter.start()
            while meter.failure is None:
                time.sleep(0.01)
            with pytest.raises(MeterError) as caught:
                meter.stop()
    assert caught.value.code == "meter-silent"
    assert meter.salvaged is None or len(meter.salvaged.t) > 1


def test_one_reading_is_no_trace() -> None:
    with EmulatedTc66(STEADY) as emulator:
        raw = emulator.answer(5.0, 0.1)
    with pytest.raises(MeterError, match=r"1 readings in 2\.0 s") as caught:
        Tc66("tc66", "fake")._trace(Capture(raw, arrivals=((192, 1.0),), elapsed_s=2.0))
    assert caught.value.code == "meter-stream"


def test_a_gap_in_the_answers_is_lost_samples() -> None:
    with EmulatedTc66(STEADY) as emulator:
        raw = emulator.answer(5.0, 0.1)
    times = [0.1, 0.2, 0.3, 0.7, 0.8]
    arrivals = tuple((192 * (k + 1), t) for k, t in enumerate(times))
    trace = Tc66("tc66", "fake")._trace(Capture(5 * raw, arrivals=arrivals))
    assert trace.t == pytest.approx([0, 0.1, 0.2, 0.6, 0.7])
    assert trace.lost_samples == 3
