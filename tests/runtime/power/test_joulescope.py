"""The Joulescope driver at a stand-in of the package it uses."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Iterator
from types import ModuleType

import numpy as np
import pytest

from edgekit.artifacts.power import PowerTrace
from edgekit.errors import MeterError, MissingExtraError, UsageError
from edgekit.runtime.power.joulescope import Joulescope
from edgekit.runtime.power.names import make_meter
from tests.helpers import fake_joulescope
from tests.helpers.fake_joulescope import SHORT, Chunk, Device


@pytest.fixture(autouse=True)
def package(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Device]]:
    monkeypatch.setitem(sys.modules, "joulescope", fake_joulescope)
    fake_joulescope.DEVICES.clear()
    yield fake_joulescope.DEVICES
    fake_joulescope.DEVICES.clear()


def chunk(amps: float, count: int = 400, *, level: int = 1, dropped: int = 0) -> Chunk:
    current = np.full(count, amps, np.float32)
    current[:dropped] = np.nan
    return current, np.full(count, 3.0, np.float32), np.full(count, level, np.uint8)


def record(device: Device, meter: Joulescope | None = None) -> PowerTrace:
    fake_joulescope.DEVICES.append(device)
    with meter or Joulescope() as opened:
        opened.start()
        assert device.sent.wait(10)
        opened.mark("window-end")
        return opened.stop()


def test_a_recording_with_its_trigger() -> None:
    device = Device("001234", [chunk(0.001), chunk(0.01, level=0), chunk(0.001)])
    trace = record(device)
    assert trace.t.tolist() == (np.arange(1200) / 100_000).tolist()
    assert trace.amps == pytest.approx(np.repeat([0.001, 0.01, 0.001], 400))
    assert set(trace.volts.tolist()) == {3.0}
    assert [(m.kind, m.label, round(m.t * 1e5)) for m in trace.marks] == [
        ("trigger-fall", "gpi0", 400),
        ("trigger-rise", "gpi0", 800),
        ("host", "window-end", 1199),
    ]
    assert (trace.lost_samples, trace.sample_rate_hz) == (0, 100_000)
    assert trace.meter == "Joulescope JS220 at 001234"
    assert device.calls == [
        ("open",), ("i_range", "auto"), ("sampling_frequency", 100_000), ("close",)
    ]  # fmt: skip


def test_dropped_samples_are_gaps() -> None:
    trace = record(Device("1", [chunk(0.001), chunk(0.01, dropped=30)]))
    assert (trace.lost_samples, len(trace.t)) == (30, 770)
    assert trace.t[400] - trace.t[399] == pytest.approx(31e-5)


def test_samples_that_fell_out_of_the_buffer_are_lost_too() -> None:
    late = chunk(0.01, SHORT + 500)
    trace = record(Device("1", [chunk(0.001), late]))
    assert (trace.lost_samples, len(trace.t)) == (500, 400 + SHORT)
    assert trace.t[-1] == pytest.approx((400 + SHORT + 499) / 100_000)


def test_the_other_input_and_another_rate() -> None:
    device = Device("1", [chunk(0.001), chunk(0.01, level=0), chunk(0.001)])
    meter = make_meter("joulescope:?rate=200000&input=gpi1")
    assert isinstance(meter, Joulescope)
    trace = record(device, meter)
    assert [mark.label for mark in trace.marks[:2]] == ["gpi1", "gpi1"]
    assert trace.sample_rate_hz == 200_000
    assert ("sampling_frequency", 200_000) in device.calls


def test_a_device_that_is_unplugged_keeps_what_there_is() -> None:
    device = Device("1", [chunk(0.001), None])
    fake_joulescope.DEVICES.append(device)
    with Joulescope() as meter:
        meter.start()
        assert device.sent.wait(10)
        assert meter.failure is not None
        with pytest.raises(MeterError, match=r"stopped by itself \(device removed\)") as caught:
            meter.stop()
        assert caught.value.code == "meter-broken-off"
        assert meter.salvaged is not None
        assert len(meter.salvaged.t) == 400
    assert device.calls[-1] == ("close",)


def test_a_stream_that_falls_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the package does when the cable is pulled: it hands nothing over any more."""
    device = Device("1", [chunk(0.001)])
    fake_joulescope.DEVICES.append(device)
    with Joulescope() as meter:
        meter.start()
        assert device.sent.wait(10)
        assert meter.failure is None
        monkeypatch.setattr("edgekit.runtime.power.joulescope.SILENCE_S", 0.0)
        assert meter.failure is not None
        with pytest.raises(MeterError, match="fell silent") as caught:
            meter.stop()
        assert caught.value.code == "meter-silent"
        assert meter.salvaged is not None


@pytest.mark.parametrize("chunks", [[], [chunk(0.001, dropped=400)]])
def test_nothing_that_was_measured(chunks: list[Chunk]) -> None:
    with pytest.raises(MeterError) as caught:
        record(Device("1", chunks))
    assert caught.value.code == "meter-stream"


def test_which_device_is_meant() -> None:
    with pytest.raises(MeterError) as caught:
        Joulescope().open()
    assert (caught.value.code, caught.value.found) == (
        "meter-no-device",
        "no Joulescope is plugged in",
    )
    fake_joulescope.DEVICES.extend([Device("1"), Device("2")])
    with pytest.raises(MeterError) as caught:
        Joulescope().open()
    assert (caught.value.code, caught.value.allowed) == ("meter-ambiguous", "1, 2")
    with pytest.raises(MeterError) as caught:
        Joulescope("3").open()
    assert caught.value.found == "no Joulescope 3 is plugged in"
    with Joulescope("2") as meter:
        assert meter.identity.serial == "2"


def test_a_device_that_another_program_has() -> None:
    fake_joulescope.DEVICES.append(Device("1", broken="busy"))
    with pytest.raises(MeterError, match=r"cannot be set up \(busy\)") as caught:
        Joulescope().open()
    assert caught.value.code == "meter-open"


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "joulescope", None)
    with pytest.raises(MissingExtraError) as caught:
        Joulescope().open()
    assert "pip install 'edgekit-sdk[joulescope]'" in caught.value.hint


def test_rates_there_are_not() -> None:
    with pytest.raises(UsageError) as caught:
        make_meter("joulescope:?rate=3000")
    assert "100000" in caught.value.allowed


@pytest.mark.parametrize("call", [Joulescope.start, Joulescope.stop, lambda m: m.mark("x")])
def test_wrong_order_of_calls_is_a_programming_error(call: object) -> None:
    with pytest.raises(ValueError, match=r"not (open|recording)"):
        call(Joulescope())  # type: ignore[operator]


@pytest.mark.skipif(importlib.util.find_spec("joulescope") is None, reason="extra joulescope")
def test_the_package_has_what_the_stand_in_has() -> None:
    """Names and arguments, against the real package where it is installed."""
    check_package(_real_package())


def _real_package() -> ModuleType:
    sys.modules.pop("joulescope", None)
    return importlib.import_module("joulescope")


def check_package(real: ModuleType) -> None:
    """Every name of the stand-in that the driver uses, with its arguments in their order."""
    device = importlib.import_module("joulescope.v1.device").Device
    buffer = importlib.import_module("joulescope.v1.stream_buffer").StreamBuffer
    pairs = [(real.scan, fake_joulescope.scan)]
    for name in (
        *("open", "close", "parameter_set", "start", "stop"),
        *("stream_process_register", "stream_process_unregister"),
    ):
        pairs.append((getattr(device, name), getattr(Device, name)))
    pairs.append((buffer.samples_get, fake_joulescope.StreamBuffer.samples_get))
    for there, here in pairs:
        assert list(inspect.signature(there).parameters) == list(inspect.signature(here).parameters)
    assert isinstance(inspect.getattr_static(buffer, "sample_id_range"), property)
    assert isinstance(inspect.getattr_static(device, "device_serial_number"), property)
    assert isinstance(inspect.getattr_static(device, "model"), property)
