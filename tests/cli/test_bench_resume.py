"""Benchmarks that break off in the middle: what is said, what is let go of, what is kept, and how
`bench --resume` goes on. Boards are the firmware itself on a pseudo-terminal, meters emulated."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.artifacts.partial import PARTIAL_NAME, PARTIAL_TRACE
from edgekit.firmware_stubs.build import build_posix
from edgekit.runtime.measure.metered import WindowsRun
from edgekit.runtime.power.emulators.device import Faults
from edgekit.runtime.power.emulators.load import Load
from edgekit.runtime.power.emulators.lpm01a import EmulatedLpm01a
from tests.helpers.command_line import edgekit, fails, nothing_left_in, succeeds
from tests.helpers.emulated import eventually
from tests.helpers.ptys import fake_peer, raw_pty

STEADY = Load(np.array([0.0]), np.array([0.02]), np.array([True]), 3.3, 1.0)
QUICK = ("--quick", "--samples", "2", "--windows", "3", "-o", "report")
HOST = ("-t", "host", *QUICK)
BOARD = ("-t", "nano33ble", *QUICK)
METER = "lpm01a:{}?voltage=3300"
WINDOW_S = 0.8


@pytest.fixture(autouse=True)
def short_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgekit.deploy.bench_host.QUICK_S", WINDOW_S)
    for module in ("runtime.devices.bench", "deploy.bench_board"):
        monkeypatch.setattr(f"edgekit.{module}.QUICK_WINDOW_S", WINDOW_S)


@pytest.fixture(scope="module")
def firmware(small_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_posix(small_bundle, tmp_path_factory.mktemp("resume")).elf


class PtyBoard:
    """The firmware on a line that stays when it restarts."""

    def __init__(self, elf: Path, device: int, port: str) -> None:
        self.port, self._elf, self._device = port, elf, device
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        line = self._device
        return subprocess.Popen([self._elf], stdin=line, stdout=line, stderr=subprocess.DEVNULL)

    def reset(self) -> None:
        self.end()
        self.process = self._start()

    def hang(self) -> None:
        os.kill(self.process.pid, signal.SIGSTOP)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def board(elf: Path) -> Iterator[PtyBoard]:
    with raw_pty() as (device, port):
        found = PtyBoard(elf, device, port)
        try:
            yield found
        finally:
            found.end()


@pytest.fixture
def after_windows(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, Callable[[], None]], None]:
    """`after_windows(n, action)`: once n energy windows were run, in the middle of the next."""

    def plan(count: int, action: Callable[[], None]) -> None:
        real, seen = WindowsRun.add, [0]

        def add(self: WindowsRun, *arguments: Any) -> None:
            real(self, *arguments)
            seen[0] += 1
            if seen[0] == count:
                threading.Timer(WINDOW_S / 3, action).start()

        monkeypatch.setattr(WindowsRun, "add", add)

    return plan


def unplug(shield: EmulatedLpm01a) -> None:
    """Now, by its own thread."""
    shield.faults = Faults(unplug_after_s=shield.sent / shield.rate)


def kept() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path("report", PARTIAL_NAME).read_text())
    return found


def resumed(record: dict[str, Any], windows: int = 3) -> None:
    """The record is whole, and says what it is made of."""
    assert len(record["energy"]["windows"]) == windows
    assert record["figures"]["average_power"]["value"] == pytest.approx(0.066, rel=0.02)
    (note,) = [note for note in record["warnings"] if note["code"] == "bench-resumed"]
    assert "energy windows" in note["message"]
    assert record["environment"]["resumed"] in note["message"]
    assert not Path("report", PARTIAL_NAME).exists()
    assert not Path("report", PARTIAL_TRACE).exists()
    assert json.loads(Path("report/report.json").read_text()) == record


def test_a_meter_unplugged_midway(
    desk: Path, small_bundle: Path, after_windows: Callable[..., None]
) -> None:
    with EmulatedLpm01a(STEADY) as shield:
        after_windows(2, lambda: unplug(shield))
        words = ("bench", small_bundle, *HOST, "--power", METER.format(shield.path))
        error = fails(*words, exit_code=1, code="meter-broken-off")
    assert "then add --resume to go on: " in error["hint"]
    assert "2 energy windows are kept in report" in error["hint"]
    assert not Path("report/report.json").exists()
    found = kept()
    assert len(found["inferences"]) == 2
    assert "broke off" in found["reason"]
    runs = found["runs"]
    with EmulatedLpm01a(STEADY) as shield:
        words = ("bench", small_bundle, *HOST, "--power", METER.format(shield.path), "--resume")
        record = succeeds(*words, "--json").record
    resumed(record)
    assert record["runs"] == runs  # not run again
    assert eventually(lambda: not shield.host_control)


@pytest.mark.parametrize("fault", ["reset", pytest.param("hang", marks=pytest.mark.slow)])
def test_a_board_that_fails_midway(
    fault: str,
    desk: Path,
    small_bundle: Path,
    firmware: Path,
    after_windows: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edgekit.deploy.bench_board._patience", lambda opened, window_s: 5.0)
    with EmulatedLpm01a(STEADY) as shield, board(firmware) as dut:
        power = ("--power", METER.format(shield.path))
        after_windows(2, getattr(dut, fault))
        words = ("bench", small_bundle, *BOARD, "-p", dut.port, *power)
        done = edgekit(*words, "--json")
        error = done.record["error"]
        assert done.code == 1
        assert error["subject"] == dut.port
        if fault == "reset":
            assert error["code"] == "device-reset"
        else:
            assert error["code"] == "device-silent"
            assert "nothing in 5 s" in error["found"]
        assert eventually(lambda: not shield.host_control)
        assert shield.settings["pwr"].startswith("off")
        assert "2 timed windows" not in error["hint"]
        assert "2 outputs, 5 timed windows, the per-layer profile" in error["hint"]
        found = kept()
        assert (found["board"]["checked"], len(found["inferences"])) == (2, 2)
        dut.reset()
        record = succeeds(*words, "--resume", "--json").record
    resumed(record)
    assert record["runs"][0]["windows"] == found["board"]["windows"]


@pytest.mark.slow
def test_a_board_that_fails_while_it_is_timed(
    desk: Path, small_bundle: Path, firmware: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a meter too: outputs and windows are kept one by one."""
    from edgekit.deploy.keeper import Keeper

    real = Keeper.board
    with board(firmware) as dut:

        def keep(self: Keeper, parts: Any) -> None:
            real(self, parts)
            if len(parts.windows) == 2 and not self.partial.legs:
                dut.reset()

        monkeypatch.setattr(Keeper, "board", keep)
        words = ("bench", small_bundle, "-t", "nano33ble", "-p", dut.port)
        words = (*words, "--quick", "-o", "report")
        done = edgekit(*words, "--json")
        assert done.code == 1
        assert len(kept()["board"]["windows"]) == 2
        record = succeeds(*words, "--resume", "--json").record
    assert len(record["runs"][0]["windows"]) == 5
    assert record["runs"][0]["windows"][:2] == kept_windows(record)
    assert "3 outputs, 2 timed windows" in record["environment"]["resumed"]


def kept_windows(record: dict[str, Any]) -> list[Any]:
    """All of one length: those that were kept set it."""
    windows = record["runs"][0]["windows"]
    assert len({window["inferences"] for window in windows}) == 1
    return list(windows[:2])


def test_ctrl_c_keeps_too(
    desk: Path, small_bundle: Path, after_windows: Callable[..., None]
) -> None:
    with EmulatedLpm01a(STEADY) as shield:
        words = ("bench", small_bundle, *HOST, "--power", METER.format(shield.path))
        after_windows(2, lambda: os.kill(os.getpid(), signal.SIGINT))
        done = edgekit(*words)
        assert done.code == 130
        assert "2 energy windows are kept in report: add --resume to go on" in done.err
        assert kept()["reason"] == "interrupted"
        assert eventually(lambda: not shield.host_control)
        resumed(succeeds(*words, "--resume", "--json").record)


def test_what_changed_is_named(
    desk: Path, small_bundle: Path, after_windows: Callable[..., None]
) -> None:
    with EmulatedLpm01a(STEADY) as shield:
        after_windows(1, lambda: unplug(shield))
        words = ("bench", small_bundle, *HOST, "--power", METER.format(shield.path))
        fails(*words, exit_code=1, code="meter-broken-off")
    other = ("-t", "host", "--quick", "--samples", "2", "--windows", "4", "-o", "report")
    with nothing_left_in(Path("report")):
        error = fails(
            "bench", small_bundle, *other, "--power", "ppk2:/dev/null", "--resume",
            exit_code=2, code="resume-changed",
        )  # fmt: skip
    assert "meter was lpm01a:?voltage=3300, now ppk2:" in error["found"]
    assert "windows was 3, now 4" in error["found"]
    assert "target" not in error["found"]
    words = ("bench", small_bundle, "-t", "virtual-m4", "-o", "report", "--resume")
    error = fails(*words, exit_code=2, code="resume-changed")
    assert "target was host, now virtual-m4" in error["found"]


def test_nothing_to_resume(desk: Path, small_bundle: Path) -> None:
    words = ("bench", small_bundle, "-t", "host", "-o", "report", "--resume")
    error = fails(*words, exit_code=2, code="resume-nothing")
    assert error["found"] == "no benchmark that broke off is kept in report"
    words = ("bench", small_bundle, "-t", "host", "--resume")
    assert fails(*words, exit_code=2, code="resume-nothing")["found"] == "no folder given"
    Path("report").mkdir()
    Path("report", PARTIAL_NAME).write_text("{")
    words = ("bench", small_bundle, "-t", "host", "-o", "report", "--resume")
    fails(*words, exit_code=1, code="partial-damaged")


def test_a_meter_at_a_wrong_baud_rate(desk: Path, small_bundle: Path) -> None:
    with fake_peer(lambda data: bytes(range(128, 256))) as port:
        words = ("bench", small_bundle, *HOST, "--power", f"ina226:{port}?baud=9600")
        error = fails(*words, exit_code=1, code="meter-no-bridge")
    assert "bytes that are no text" in error["found"]
    assert "baud=" in error["hint"]


def test_ports_that_were_swapped(desk: Path, small_bundle: Path, firmware: Path) -> None:
    with EmulatedLpm01a(STEADY) as shield, board(firmware) as dut:
        words = ("bench", small_bundle, *BOARD, "-p", shield.path)
        words = (*words, "--power", METER.format(dut.port))
        with nothing_left_in(desk):
            error = fails(*words, exit_code=1, code="meter-other")
    assert error["subject"] == f"meter at {dut.port}"
    assert "this is a board with MLPerf Tiny firmware, you asked for lpm01a" in error["found"]
    assert f"give the board as --port {dut.port}" in error["hint"]
