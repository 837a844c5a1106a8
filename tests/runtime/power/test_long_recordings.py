"""Recordings of any length: decoded part by part, kept on disk, memory bounded."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.artifacts.power import Mark, PowerTrace
from edgekit.errors import MeterError
from edgekit.runtime.power import ppk2_wire as wire
from edgekit.runtime.power import recording as recordings
from edgekit.runtime.power import spool as spools
from edgekit.runtime.power.lpm01a import Lpm01a, Lpm01aSettings
from edgekit.runtime.power.ppk2 import Ppk2, Ppk2Settings
from edgekit.runtime.power.recording import Capture
from edgekit.runtime.power.spike_filter import SpikeFilter, filter_spikes
from edgekit.runtime.power.spool import Spool
from edgekit.runtime.power.stream_meter import StreamMeter
from edgekit.runtime.power.trace_file import read_trace, trace_csv, write_csv, write_trace
from edgekit.runtime.power.trace_parts import joined, summarize
from tests.helpers.fake_ppk2 import FakePort, opener, stream
from tests.helpers.power_traces import Plan, make_trace

QUICK = Ppk2Settings(silence_s=None, answer_s=0.05, quiet_s=0.002)


class InPieces(Capture):
    """A capture whose bytes come in pieces of the given sizes, over and over."""

    def of(self, sizes: list[int]) -> InPieces:
        object.__setattr__(self, "sizes", sizes)
        return self

    def pieces(self, size: int = 0) -> Iterator[bytes]:
        at = number = 0
        while at < self.size:
            end = at + self.sizes[number % len(self.sizes)]  # type: ignore[attr-defined]
            yield self.raw[at:end]
            at, number = end, number + 1


def same(one: PowerTrace, other: PowerTrace) -> None:
    assert one.t.tolist() == other.t.tolist()
    assert one.amps.tolist() == pytest.approx(other.amps.tolist(), rel=1e-9)
    assert one.volts.tolist() == other.volts.tolist()
    for field in ("marks", "lost_samples", "saturated_samples", "calibration", "warnings"):
        assert getattr(one, field) == getattr(other, field)


def ppk2_bytes(seed: int, *, count: int = 4000) -> bytes:
    """Changing ranges and pin, samples and bytes lost, garbage in between."""
    rng = np.random.default_rng(seed)
    amps = np.repeat(10 ** rng.uniform(-5, -0.8, count // 50), 50)
    raw = stream(amps, level=rng.random(len(amps)) < 0.5, first=int(rng.integers(64)))
    kept = np.repeat(rng.random(len(amps)) > 0.01, 4)
    kept &= rng.random(len(raw)) > 2e-4
    raw = np.frombuffer(raw, np.uint8)[kept].tobytes()
    at = int(rng.integers(len(raw)))
    return raw[:at] + rng.bytes(int(rng.integers(40))) + raw[at:]


def ascii_bytes(seed: int) -> bytes:
    rng = np.random.default_rng(seed)
    lines = [b"TimeStamp: 000s 000ms, buff 01%\r\n"]
    for second in range(4):
        values = rng.integers(1000, 9999, int(rng.integers(90, 101)))
        lines += [b"%04d-06\r\n" % value for value in values]
        extra = [b"event 01 fal\r\n", b"12", b"error: hot\r\n", b"8000-06\r\n", b"event 02 ris\r\n"]
        for each in extra:
            lines.insert(int(rng.integers(1, len(lines))), each)
        lines.append(b"TimeStamp: %03ds 000ms, buff %02d%%\r\n" % (second + 1, 90 + second))
    return b"".join([*lines, b"5000-06\r\n" * 7, b"50"])


def binary_bytes(seed: int) -> bytes:
    rng = np.random.default_rng(seed)
    raw = b"\r\nPowerShield > ack start\r\n" + b"\xf0\xf3" + bytes(4) + b"\x05\xff\xff"
    for second in range(4):
        count = int(rng.integers(90, 101))
        words = (rng.integers(2000, 2400, count) | 5 << 12).astype(">u2").tobytes()
        if rng.random() < 0.5:
            at = int(rng.integers(len(words)))
            words = words[:at] + words[at + 1 :]
        stamp = b"\xf0\xf3%b\x02\xff\xff" % (1000 * (second + 1)).to_bytes(4, "big")
        raw += words + b"\xf0\xf5\xff\xff" * int(rng.integers(2)) + stamp
    return raw + b"\x51\x00" * 9 + b"\r\nPowerShield > Acquisition completed\r\n" + b"\x52\x00" * 3


LPM = Lpm01aSettings(rate=100, output="current")
BY_FORMAT: dict[str, tuple[Callable[[int], bytes], Callable[[], StreamMeter]]] = {
    "ppk2": (ppk2_bytes, lambda: Ppk2("fake", QUICK)),
    "ascii": (ascii_bytes, lambda: Lpm01a("fake", LPM)),
    "energy": (ascii_bytes, lambda: Lpm01a("fake", replace(LPM, output="energy"))),
    "binary": (binary_bytes, lambda: Lpm01a("fake", replace(LPM, format="binary"))),
}


@pytest.mark.parametrize("form", BY_FORMAT)
@given(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 900), min_size=1, max_size=9))
@settings(max_examples=40, deadline=None)
def test_how_a_recording_is_cut_changes_nothing(form: str, seed: int, sizes: list[int]) -> None:
    make, meter = BY_FORMAT[form]
    raw = make(seed)
    marks = tuple((round(share * len(raw)), f"mark {share}") for share in (0, 0.3, 0.31, 0.9, 1))
    whole = Capture(raw, marks, elapsed_s=0.1)
    cut = InPieces(raw, marks, elapsed_s=0.1).of(sizes)
    same(joined(meter()._parts(cut)), meter()._trace(whole))


def test_the_frame_search_looks_at_the_same_bytes_in_pieces() -> None:
    raw = ppk2_bytes(1, count=5 * wire.BLOCK // 4)
    whole = joined(Ppk2("fake", QUICK)._parts(Capture(raw)))
    pieces = joined(Ppk2("fake", QUICK)._parts(InPieces(raw).of([1_000_003, 77_777])))
    same(pieces, whole)
    assert whole.lost_samples > 500


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 4)), min_size=2, max_size=200), st.data())
def test_the_spike_filter_carries_on(samples: list[tuple[float, int]], data: st.DataObject) -> None:
    values = np.array([value for value, _ in samples])
    ranges = np.array([number for _, number in samples], np.uint8)
    at = data.draw(st.integers(0, len(samples)))
    smoothing = SpikeFilter()
    parts = [smoothing.feed(values[:at], ranges[:at]), smoothing.feed(values[at:], ranges[at:])]
    whole, replaced = filter_spikes(values, ranges)
    assert np.concatenate(parts) == pytest.approx(whole, abs=1e-9)
    assert smoothing.replaced == replaced


def test_the_spike_filter_forgets_what_weighs_nothing() -> None:
    values = np.random.default_rng(0).random(6000)
    ranges = np.repeat(np.array([1, 1, 1, 2], np.uint8), 1500)
    smoothing = SpikeFilter()
    parts = [
        smoothing.feed(values[:4000], ranges[:4000]),
        smoothing.feed(values[4000:], ranges[4000:]),
    ]
    assert np.concatenate(parts) == pytest.approx(filter_spikes(values, ranges)[0], abs=1e-9)


def test_a_spool_keeps_few_bytes_in_memory_and_all_of_them_somewhere(tmp_path: Path) -> None:
    spool = Spool(tmp_path, in_memory=1000)
    data = np.random.default_rng(0).bytes(5000)
    for at in range(0, 5000, 700):
        spool.append(data[at : at + 700])
        assert spool.read(at, at + 5) == data[at : at + 5]
    assert len(spool) == 5000
    assert list(spool.pieces(2048)) == [data[:2048], data[2048:4096], data[4096:]]
    assert spool._file._rolled  # on disk, without a name
    assert list(tmp_path.iterdir()) == []
    spool.close()
    spool.close()


class Full:
    """A file on a disk without space."""

    def write(self, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    def seek(self, at: int) -> None: ...
    def close(self) -> None: ...


def test_a_full_disk_ends_a_recording_and_keeps_what_there_is() -> None:
    port = FakePort([stream(np.full(100, 1e-3))])
    with Ppk2("fake", QUICK, open_port=opener(port)) as meter:
        meter.start()
        port.sent.wait(5)
        assert meter._recording is not None
        kept = meter._recording._data._file
        meter._recording._data._file = Full()  # type: ignore[assignment]
        port._pending.append(b"1234")
        while meter.failure is None:
            time.sleep(0.001)
        meter._recording._data._file = kept
        with pytest.raises(MeterError) as caught:
            meter.stop()
    assert caught.value.code == "meter-disk"
    assert "cannot be kept on disk after 400 bytes: No space left" in caught.value.found
    assert meter.salvaged is not None
    assert len(meter.salvaged.t) == 100


def test_bytes_held_do_not_grow_with_a_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    """A meter's stream goes to disk, its parts are decoded one at a time."""
    monkeypatch.setattr(spools, "IN_MEMORY", 1)
    monkeypatch.setattr(recordings, "PIECE", 1)
    raw = stream(np.full(200_000, 1e-3))
    port = FakePort([raw[at : at + 4000] for at in range(0, len(raw), 4000)])
    with Ppk2("fake", QUICK, open_port=opener(port)) as meter:
        meter.start()
        port.sent.wait(30)
        assert meter._recording is not None
        assert not meter._recording._times  # a PPK2's samples need no times of arrival
        with meter.stop_stored() as stored:
            sizes = [len(part.t) for part in stored.parts()]
            assert summarize(stored.parts()).samples == 200_000
    assert sum(sizes) == 200_000


def halves(trace: PowerTrace, at: int) -> list[PowerTrace]:
    """The trace in two parts, with an empty one between them."""
    middle = float(trace.t[at - 1])
    early = tuple(mark for mark in trace.marks if mark.t <= middle)
    late = tuple(mark for mark in trace.marks if mark.t > middle)

    def part(where: slice, marks: tuple[Mark, ...], lost: int) -> PowerTrace:
        arrays = (array[where] for array in (trace.t, trace.volts, trace.amps))
        t, volts, amps = arrays
        return replace(trace, t=t, volts=volts, amps=amps, marks=marks, lost_samples=lost)

    none = part(slice(at, at), (), 0)
    return [part(slice(0, at), early, trace.lost_samples), none, part(slice(at, None), late, 0)]


@pytest.mark.parametrize("name", ["trace.npz", "trace.csv"])
def test_a_recording_in_parts_is_the_same_file(name: str, tmp_path: Path) -> None:
    trace = make_trace(Plan(windows=2, lost=0.01, noise=0.1))[0]
    parts = halves(trace, 2000)
    write_trace(tmp_path / name, lambda: iter(parts), summarize(parts))
    write_trace(tmp_path / f"whole-{name}", lambda: iter((trace,)), summarize((trace,)))
    assert (tmp_path / name).read_bytes() == (tmp_path / f"whole-{name}").read_bytes()
    found = read_trace(tmp_path / name)
    assert found.t.tolist() == pytest.approx(trace.t.tolist(), rel=1e-8)
    assert found.lost_samples == trace.lost_samples
    assert [mark.kind for mark in found.marks] == [mark.kind for mark in trace.marks]


def test_csv_rows_are_written_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    trace = make_trace(Plan(windows=1))[0]
    whole = trace_csv(trace)
    monkeypatch.setattr("edgekit.runtime.power.trace_file.ROWS", 100)
    stream = io.BytesIO()
    write_csv(stream, lambda: iter((trace,)), summarize((trace,)))
    assert stream.getvalue().decode() == whole


def test_a_summary_adds_up() -> None:
    trace, truth = make_trace(Plan(windows=3))
    found = summarize(halves(trace, 1234))
    assert (found.samples, found.lost) == (len(trace.t), trace.lost_samples)
    assert found.seconds == pytest.approx(float(trace.t[-1] - trace.t[0]))
    idle = 0.012 * (found.seconds - 1.5)
    assert found.joules == pytest.approx(sum(truth) + idle, rel=1e-3)
    assert found.volts == 3.0
    assert found.max_w == pytest.approx(0.044)
    changed = replace(trace, volts=trace.volts + np.arange(len(trace.t)) * 1e-6)
    assert summarize((trace, changed)).volts is None
    with pytest.raises(ValueError, match="without samples"):
        summarize(halves(trace, 1234)[1:2])
