"""Boards behind real pseudo-terminals: one that works, and all that do not."""

from __future__ import annotations

import os
import subprocess
import threading
import time
import tty
from collections.abc import Callable
from pathlib import Path

import pytest

from edgekit.firmware_stubs.build import build_posix
from edgekit.runtime.link.messages import PROTOCOL_VERSION
from edgekit.runtime.link.transport import SerialTransport
from tests.helpers.command_line import edgekit, fails, nothing_left_in, succeeds
from tests.helpers.ptys import AsciiPeer, fake_peer, firmware_on_pty, raw_pty
from tests.helpers.small_bundles import convert_small
from tests.helpers.tiny_bundle import tiny_bundle

BOARD = ("-t", "nano33ble")


@pytest.fixture(scope="session")
def firmware(small_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The firmware of the small bundle as a program of this machine."""
    return build_posix(small_bundle, tmp_path_factory.mktemp("firmware")).elf


def _refused(bundle: Path, port: str, code: str) -> dict[str, str]:
    """What `bench` and `verify` both say."""
    error = fails("bench", bundle, *BOARD, "-p", port, "-o", "a/report", exit_code=1, code=code)
    assert not Path("a").exists()
    again = fails("verify", bundle, *BOARD, "-p", port, "--samples", "1", exit_code=1, code=code)
    assert again["subject"] == error["subject"] == port
    return error


@pytest.mark.parametrize(
    ("port", "code"),
    [
        ("/dev/ttyNONE", "port-missing"),
        ("gopher://somewhere", "port-name"),
        ("socket://127.0.0.1:1", "port-refused"),
        ("data.npz", "port"),
    ],
)
def test_ports_that_cannot_be_opened(port: str, code: str, desk: Path, small_bundle: Path) -> None:
    with nothing_left_in(desk, small_bundle, desk.parent / "temporary"):
        assert _refused(small_bundle, port, code)["hint"]


def test_a_busy_port(desk: Path, small_bundle: Path) -> None:
    with raw_pty() as (_, port), SerialTransport(port):
        error = _refused(small_bundle, port, "port-busy")
    assert f"fuser -v {port}" in error["hint"]


def test_a_port_that_never_answers(desk: Path, small_bundle: Path) -> None:
    with raw_pty() as (_, port), nothing_left_in(desk, desk.parent / "temporary"):
        words = ("bench", small_bundle, *BOARD, "-p", port, "-o", "report")
        error = fails(*words, exit_code=1, code="device-silent")
    assert "answered nothing in 5 s" in error["found"]


class _Extended(AsciiPeer):
    """Says that it has the extension, and meets its first frame with `reply`."""

    def __init__(self, reply: bytes | None) -> None:
        version = f"m-ek-[{PROTOCOL_VERSION}]\r\nm-ready\r\n"
        profile = "m-profile-[fake]\r\nm-model-[vww01]\r\n" + version
        super().__init__({"profile": profile, "ek 1": version})
        self.reply = reply

    def __call__(self, data: bytes) -> bytes | None:  # type: ignore[override]
        return self.reply if b"\0" in data else super().__call__(data)


NOISE = bytes(range(128, 256))


@pytest.mark.parametrize(
    ("peer", "code"),
    [
        (lambda data: NOISE, "device-garbage"),
        (lambda data: b"hello world\r\nm-ready\r\n", "device-unknown"),
        (AsciiPeer({}), "no-extension"),
        (_Extended(b"m-timestamp-mode-performance\r\nm-init-done\r\nm-ready\r\n"), "device-reset"),
        (_Extended(b"e-[Fault: hard fault at 0x1234]\r\n"), "device-fault"),
        (_Extended(b"\x00\x03\x01\x02\x00"), "line-noise"),
    ],
)
def test_boards_that_misbehave(
    peer: Callable[[bytes], bytes | None], code: str, desk: Path, small_bundle: Path
) -> None:
    with fake_peer(peer) as port, nothing_left_in(desk, desk.parent / "temporary"):
        error = _refused(small_bundle, port, code)
    assert error["hint"]


def test_a_board_that_is_unplugged(desk: Path, small_bundle: Path) -> None:
    device, host = os.openpty()
    port = os.ttyname(host)

    def unplug() -> None:
        os.read(device, 100)
        for end in (host, device):
            os.close(end)

    thread = threading.Thread(target=unplug)
    thread.start()
    error = fails("bench", small_bundle, *BOARD, "-p", port, exit_code=1, code="port-lost")
    thread.join()
    assert "Plug it in again" in error["hint"]


def test_firmware_of_another_model(desk: Path, small_bundle: Path, tmp_path: Path) -> None:
    other = build_posix(tiny_bundle(tmp_path / "tiny"), tmp_path / "out").elf
    with firmware_on_pty(other) as (port, _):
        words = ("bench", small_bundle, *BOARD, "-p", port)
        error = fails(*words, exit_code=1, code="wrong-model")
    assert "edgekit flash BUNDLE" in error["hint"]


def test_a_board_that_dies_halfway(desk: Path, small_bundle: Path, firmware: Path) -> None:
    """The firmware ends, and its line with it, once it has read 20 kB: amid the inputs."""
    device, host = os.openpty()
    tty.setraw(host)
    port = os.ttyname(host)
    process = subprocess.Popen([firmware], stdin=device, stdout=device, stderr=subprocess.DEVNULL)
    os.close(device)

    def brown_out() -> None:
        counts = Path(f"/proc/{process.pid}/io")
        while int(counts.read_text(encoding="ascii").split()[1]) < 20_000:
            time.sleep(0.01)
        os.close(host)
        process.kill()
        process.wait()

    thread = threading.Thread(target=brown_out)
    thread.start()
    with nothing_left_in(desk, desk.parent / "temporary"):
        words = ("verify", small_bundle, *BOARD, "-p", port, "--samples", "500")
        fails(*words, exit_code=1, code="port-lost")
    thread.join()


def test_verify_on_a_board_at_a_port(desk: Path, small_bundle: Path, firmware: Path) -> None:
    with firmware_on_pty(firmware) as (port, _):
        words = ("verify", small_bundle, *BOARD, "-p", port, "--samples", "5", "--json")
        result = succeeds(*words).record
    board = result["engines"][-1]
    assert (board["must_equal"], board["inputs"], board["inputs_equal"]) == (True, 5, 5)
    assert "nano33ble" in board["engine"]


def test_bench_on_a_board_at_a_port(
    desk: Path, small_bundle: Path, firmware: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real line and a real clock: measured, with the short windows admitted."""
    monkeypatch.setattr("edgekit.runtime.devices.bench.QUICK_WINDOW_S", 0.1)
    with firmware_on_pty(firmware) as (port, _):
        words = ("bench", small_bundle, *BOARD, "-p", port, "--quick", "-o", "report", "--json")
        done = succeeds(*words)
    run = done.record["runs"][0]
    assert run["provenance"] == "measured"
    assert (run["outputs_checked"], run["outputs_equal"]) == (3, 3)
    assert len(run["windows"]) == len(run["latency_s"]) == 5
    assert all(1e-8 < value < 0.01 for value in run["latency_s"])
    assert "short-windows" in [note["code"] for note in run["warnings"]]
    assert {path.name for path in Path("report").iterdir()} == {
        "report.html",
        "report.json",
        "report.md",
    }


def test_a_bundle_without_c_has_no_firmware(desk: Path) -> None:
    bundle = convert_small(desk, target="pixel-6")
    assert not (bundle / "c").exists() or (bundle / "c" / "small.c").exists()
    if not (bundle / "c").exists():
        done = edgekit("build", bundle, "-t", "virtual-m4", "-o", "firmware", "--json")
        assert done.code == 1
        assert "no c/" in done.record["error"]["found"]


METERS = [
    ("colibri", 2, "meter-unknown"),
    ("ppk2:/dev/ttyNONE", 1, None),
    ("virtual:?weather=fine", 2, "meter-option"),
]


@pytest.mark.parametrize(("meter", "exit_code", "code"), METERS)
def test_meters_that_are_not_there(
    meter: str, exit_code: int, code: str | None, desk: Path, small_bundle: Path
) -> None:
    with nothing_left_in(desk, desk.parent / "temporary"):
        words = ("bench", small_bundle, "--power", meter, "-o", "report", "--json")
        done = edgekit(*words)
    error = done.record["error"]
    assert done.code == error["exit_code"] == exit_code
    assert code in (None, error["code"])
    assert error["hint"]
