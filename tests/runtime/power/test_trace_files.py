"""Traces written to files and read again, and replayed in the place of a meter."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgekit.artifacts.figures import Provenance
from edgekit.artifacts.power import Mark, PowerTrace
from edgekit.errors import MeterError, UsageError
from edgekit.runtime.measure.metered import measure_energy
from edgekit.runtime.power import trace_file
from edgekit.runtime.power.names import make_meter
from edgekit.runtime.power.trace_file import npz_parts, read_trace, trace_csv, trace_npz
from tests.helpers.power_traces import Plan, make_trace

SMALL = PowerTrace(
    t=np.array([0.0, 0.1, 0.4]),
    volts=np.array([3.3, 3.2, 3.1]),
    amps=np.array([1e-3, -2e-6, 0.25]),
    marks=(Mark(0.1, "trigger-fall", "D0"), Mark(0.4, "host", "window end"), Mark(0.4, "host")),
    lost_samples=2,
    sample_rate_hz=10.0,
    meter="PPK2 at /dev/ttyACM1",
    range_a=(2e-7, 1.0),
    calibration="read from the device",
    saturated_samples=1,
)


@pytest.mark.parametrize("name", ["trace.npz", "trace.csv"])
def test_a_trace_comes_back_as_it_was(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    data = trace_npz(SMALL) if name.endswith("npz") else trace_csv(SMALL).encode()
    path.write_bytes(data)
    found = read_trace(path)
    for field in ("t", "volts", "amps"):
        assert getattr(found, field).tolist() == getattr(SMALL, field).tolist()
        assert not getattr(found, field).flags.writeable
    plain = {field: getattr(found, field) for field in ("marks", "meter", "range_a", "calibration")}
    assert plain == {field: getattr(SMALL, field) for field in plain}
    assert (found.lost_samples, found.saturated_samples, found.sample_rate_hz) == (2, 1, 10.0)
    assert found.provenance is Provenance.MEASURED


def test_a_long_recording_is_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trace, _ = make_trace(Plan(windows=2, noise=0.2))
    path = tmp_path / "trace.npz"
    path.write_bytes(trace_npz(trace))
    monkeypatch.setattr(trace_file, "ROWS", 1_000)
    parts = list(npz_parts(path))
    assert len(parts) == -(-len(trace.t) // 1_000) > 2
    for field in ("t", "volts", "amps"):
        whole = np.concatenate([getattr(part, field) for part in parts])
        np.testing.assert_array_equal(whole, getattr(trace, field))
    assert parts[0].sample_rate_hz == trace.sample_rate_hz
    for damaged in (b"no trace", path.read_bytes()[:-100]):
        path.write_bytes(damaged)
        with pytest.raises(MeterError, match="not a power trace"):
            list(npz_parts(path))


def test_csv_is_made_for_other_programs() -> None:
    lines = trace_csv(SMALL).splitlines()
    assert lines[0].startswith("# edgekit-trace {")
    assert lines[1:] == [
        "t_s,volts,amps,mark",
        "0,3.3,0.001,",
        "0.1,3.2,-2e-06,trigger-fall D0",
        "0.4,3.1,0.25,host window end; host",
    ]


def test_older_files_without_the_words_about_it(tmp_path: Path) -> None:
    path = tmp_path / "old.npz"
    np.savez(path, t=SMALL.t, volts=SMALL.volts, amps=SMALL.amps, marks=np.array([], np.str_))
    assert read_trace(path).meter == ""


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("gone.npz", None, "trace-missing"),
        ("gone.csv", None, "trace-missing"),
        ("text.npz", b"hello", "trace-unreadable"),
        ("empty.csv", b"", "trace-unreadable"),
        ("other.csv", b"a,b\n1,2\n", "trace-unreadable"),
        ("short.csv", b"t_s,volts,amps,mark\n0,1,2,\n", "trace-unreadable"),
        ("back.csv", b"t_s,volts,amps,mark\n1,1,2,\n0,1,2,\n", "trace-unreadable"),
        ("words.csv", b"t_s,volts,amps,mark\n1,x,2,\n", "trace-unreadable"),
    ],
)
def test_files_that_hold_no_trace(name: str, data: bytes | None, code: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(MeterError) as caught:
        read_trace(path)
    assert (caught.value.code, caught.value.subject) == (code, str(path))


def test_arrays_of_other_lengths_are_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "odd.npz"
    np.savez(path, t=SMALL.t, volts=SMALL.volts[:2], amps=SMALL.amps, marks=np.array([], np.str_))
    with pytest.raises(MeterError, match="arrays differ in length"):
        read_trace(path)


def test_a_replayed_trace_gives_its_energy_and_says_that_it_is_old(tmp_path: Path) -> None:
    trace, truth = make_trace(Plan())
    path = tmp_path / "trace.npz"
    path.write_bytes(trace_npz(replace(trace, provenance=Provenance.MEASURED, meter="PPK2")))
    with make_meter(f"replay:{path}") as meter:
        assert meter.identity.provenance is Provenance.SIMULATED
        run = measure_energy(meter, lambda: [10] * 5)
    assert run.result.gross_j == pytest.approx(truth[0] / 10, rel=1e-3)
    assert run.result.provenance is Provenance.SIMULATED
    note = run.result.warnings[0]
    assert note.code == "meter-replayed"
    assert "a recording by PPK2 (measured)" in note.message


def test_a_replay_needs_a_file() -> None:
    with pytest.raises(UsageError) as caught:
        make_meter("replay:")
    assert caught.value.code == "meter-place"
    with pytest.raises(ValueError, match="not open"):
        make_meter("replay:gone.npz").stop()
