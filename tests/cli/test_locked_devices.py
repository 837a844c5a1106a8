"""Two runs never on one board: every command that opens one is refused while another has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.runtime.lab.locks import holder, locked
from tests.helpers.command_line import fails, nothing_left_in, succeeds

PORT = "/dev/null"
BOARD = ("-t", "nano33ble", "-p", PORT)


@pytest.mark.parametrize(
    "words",
    [
        ("bench", "BUNDLE", *BOARD),
        ("bench", "BUNDLE", *BOARD, "-o", "report"),
        ("bench", "BUNDLE", "-t", "nano33ble", "-p", "/dev/zero", "--power", f"ppk2:{PORT}"),
        ("bench", "--mlperf", "-p", PORT),
        ("verify", "BUNDLE", *BOARD, "--samples", "1"),
        ("camera", "BUNDLE", *BOARD),
        ("meters", "record", f"ppk2:{PORT}", "--seconds", "1"),
    ],
)
def test_a_locked_device(words: tuple[str, ...], desk: Path, small_bundle: Path) -> None:
    given = [small_bundle if word == "BUNDLE" else word for word in words]
    with locked([f"port {PORT}"], what="the other run"), nothing_left_in(desk):
        error = fails(*given, exit_code=1, code="device-locked")
    assert error["subject"] == f"port {PORT}"
    assert "the other run" in error["found"]
    assert holder("port /dev/zero") is None


def test_a_locked_probe(desk: Path, small_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from edgekit.runtime.flash import tools

    monkeypatch.setattr(tools.shutil, "which", lambda name: f"/usr/bin/{name}")
    words = ("flash", small_bundle, "-t", "nucleo-l4r5zi", "--tool", "openocd", "--probe", "0672FF")
    with locked(["probe 0672FF"], what="the other run"):
        fails(*words, exit_code=1, code="device-locked")


def test_two_benchmarks_of_this_computer(desk: Path, small_bundle: Path) -> None:
    words = ("bench", small_bundle, "-t", "host", "-o", "report")
    with locked(["this computer"], what="bench other on host"), nothing_left_in(desk):
        error = fails(*words, exit_code=1, code="device-locked")
    assert error["subject"] == "this computer"
    assert "bench other on host" in error["found"]
    assert "--wait 600" in error["hint"]


def test_what_is_not_timed_here_goes_on(desk: Path, small_bundle: Path) -> None:
    with locked(["this computer"], what="bench other on host"):
        succeeds("verify", small_bundle, "-t", "host", "--samples", "1")
