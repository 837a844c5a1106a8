"""`edgekit meters`: the list, and what is plugged in."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest

from edgekit.deploy.record import record_trace
from edgekit.runtime.power.emulators.device import Faults
from edgekit.runtime.power.emulators.load import Load
from edgekit.runtime.power.emulators.lpm01a import EmulatedLpm01a
from edgekit.runtime.power.names import METERS
from edgekit.runtime.power.trace_file import read_trace
from edgekit.runtime.power.virtual_meter import VirtualMeter
from tests.helpers.command_line import fails, nothing_left_in, started, succeeds
from tests.helpers.emulated import eventually
from tests.helpers.ptys import AsciiPeer, fake_peer
from tests.helpers.usb_ports import plug_in
from tests.runtime.power.test_virtual_meter import LOAD


def test_the_list_names_every_meter(monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch)
    done = succeeds("meters", "list")
    assert all(f"{scheme}:" in done.out for scheme in METERS)
    assert "No meter is plugged in" in done.out


def test_what_is_plugged_in_is_named_as_power_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch, ("/dev/ttyACM1", "1915:c00a", "F3", "1-2:1.1"))
    assert "ppk2:/dev/ttyACM1 (PPK2)" in succeeds("meters", "list").out
    record = succeeds("meters", "list", "--json").record
    assert [(row["scheme"], row["path"], row["sure"]) for row in record["found"]] == [
        ("ppk2", "/dev/ttyACM1", True)
    ]
    assert {row["scheme"] for row in record["known"]} == set(METERS)
    (line,) = [
        row["found"] for row in succeeds("doctor", "--json").record if row["group"] == "ports"
    ]
    assert line == "PPK2 power meter (ppk2:/dev/ttyACM1) 1915:c00a"


def test_probing_asks_at_every_port(monkeypatch: pytest.MonkeyPatch) -> None:
    with VirtualMeter(LOAD) as meter, fake_peer(AsciiPeer({})) as board:
        place = meter.device.path
        meter._ready().close()  # so that its port is free
        ports = [(path, "", "", None) for path in ("/dev/ttyNONE", board, place)]
        plug_in(monkeypatch, *ports)
        record = succeeds("meters", "list", "--probe", "--json").record
        text = succeeds("meters", "list", "--probe").out
    found = {row["path"]: (row["scheme"], row["answer"]) for row in record["found"]}
    assert found[place] == ("ppk2", "PPK2")
    assert found[board][0] == "board"
    assert found["/dev/ttyNONE"] == ("", "no such port")
    assert "no meter that EdgeKit knows. no such port" in text


def test_a_group_without_a_command_is_a_usage_error() -> None:
    fails("meters", "weigh", exit_code=2, code="usage")


def test_a_recording_is_written_with_its_picture(desk: Path) -> None:
    with EmulatedLpm01a(Load.square(idle_s=0.2, active_s=0.3)) as shield:
        name = f"lpm01a:{shield.path}"
        words = ("meters", "record", name, "-o", "t.npz", "--seconds", 0.5, "--png", "t.png")
        record = succeeds(*words, "--json").record
    assert record["file"] == "t.npz"
    assert record["provenance"] == "simulated"
    assert Path("t.png").read_bytes().startswith(b"\x89PNG")
    trace = read_trace(Path("t.npz"))
    assert len(trace.t) == record["samples"] > 1
    assert record["mean_w"] == pytest.approx(float((trace.volts * trace.amps).mean()))
    done = succeeds("meters", "record", "replay:t.npz", "-o", "t.csv")
    assert done.out.startswith(f"t.csv: {record['samples']} samples over ")
    assert "warning: replay: the trace is a recording by LPM01A" in done.err
    assert read_trace(Path("t.csv")).t.tolist() == pytest.approx(trace.t.tolist())


def test_a_virtual_meter_is_shown_one_window(desk: Path) -> None:
    record = succeeds(
        *("meters", "record", "virtual:?noise=0", "-o", "t.npz", "--seconds", "0.1", "--json")
    ).record
    assert [mark["kind"] for mark in record["marks"]] == ["trigger-fall", "trigger-rise"]


def test_a_recording_that_breaks_off_is_kept(desk: Path) -> None:
    with EmulatedLpm01a(Load.square(), Faults(unplug_after_s=0.4)) as shield:
        name = f"lpm01a:{shield.path}"
        words = ("meters", "record", name, "-o", "t.csv", "--png", "t.png")
        fails(*words, exit_code=1, code="meter-broken-off")
    assert 1 < len(read_trace(Path("t.csv")).t) <= 400
    assert Path("t.png").exists()


def test_ctrl_c_ends_a_recording(desk: Path) -> None:
    with EmulatedLpm01a(Load.square()) as shield:
        words = ("meters", "record", f"lpm01a:{shield.path}", "-o", desk / "t.npz", "--json")
        with started(*words) as process:
            while shield.sent < 300 and process.poll() is None:
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        assert eventually(lambda: not shield.host_control)
    assert json.loads(out)["samples"] > 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_emulated_meter_is_told_by_its_name_and_ends(number: int, desk: Path) -> None:
    with started("meters", "emulate", "lpm01a", "--drop", "0.01") as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        name = line.split()[0]
        assert f"`edgekit meters record {name} -o trace.npz`" in line
        words = ("meters", "record", name, "-o", "t.npz", "--seconds", "0.2", "--json")
        assert succeeds(*words).record["samples"] > 1
        process.send_signal(number)
        process.communicate(timeout=120)
    assert process.returncode == (0 if number == signal.SIGINT else 143)


@pytest.mark.parametrize(
    ("words", "exit_code", "code"),
    [
        (("record", "replay:gone.npz", "-o", "t.txt"), 2, "trace-format"),
        (("record", "replay:gone.npz", "-o", "t.npz"), 1, "trace-missing"),
        (("record", "replay:", "-o", "t.npz"), 2, "meter-place"),
        (("record", "colibri:", "-o", "t.npz"), 2, "meter-unknown"),
        (("emulate", "colibri"), 2, "meter-not-emulated"),
        (("emulate", "virtual"), 2, "meter-not-emulated"),
        (("emulate", "ppk2", "--load", "gone.npz"), 1, "trace-missing"),
    ],
)
def test_what_cannot_be_recorded_or_emulated(
    words: tuple[str, ...], exit_code: int, code: str, desk: Path
) -> None:
    with nothing_left_in(desk):
        fails("meters", *words, exit_code=exit_code, code=code)


def test_emulating_ends_after_a_while(desk: Path) -> None:
    record = succeeds("meters", "emulate", "ppk2", "--seconds", "0", "--json").record
    assert record["meter"] == f"ppk2:{record['port']}"


def test_the_running_recording_is_drawn(monkeypatch: pytest.MonkeyPatch, desk: Path) -> None:
    seen: list[int] = []
    with EmulatedLpm01a(Load.square()) as shield:
        found = record_trace(
            f"lpm01a:{shield.path}", None, seconds=1.0, watch=lambda part: seen.append(len(part.t))
        )
    assert found.trace is None
    assert found.summary.samples > 1
    assert seen
    assert seen == sorted(seen)
