"""`--serial` and `--host` of a phone through a stand-in for `adb`; what it says when it fails."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edgekit.runtime.devices import remote
from tests.helpers.binary_bundles import convert_binary
from tests.helpers.command_line import fails, succeeds
from tests.helpers.fake_adb import fake_adb
from tests.helpers.neon_cases import COMPILER, EMULATOR
from tests.helpers.toolchains import require

BENCH = ("--quick", "--samples", "1")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return convert_binary(tmp_path_factory.mktemp("phone"), "android-arm64")


@pytest.fixture
def phone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    require(COMPILER, EMULATOR)
    folder = fake_adb(tmp_path / "adb", EMULATOR)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


@pytest.mark.qemu
@pytest.mark.parametrize(
    ("words", "start"),
    [
        (("--serial", "R58M"), "-s R58M"),
        (("--host", "192.0.2.7"), "-s 192.0.2.7:5555"),
        (("--host", "192.0.2.7:4444"), "-s 192.0.2.7:4444"),
    ],
)
def test_a_phone_runs_the_program(
    words: tuple[str, ...], start: str, bundle: Path, phone: Path
) -> None:
    [run] = succeeds("bench", bundle, *words, *BENCH, "--json").record["runs"]
    assert run["outputs_equal"] == 1
    assert run["device"].startswith(start.removeprefix("-s "))
    log = (phone / "log").read_text().splitlines()
    assert all(line.startswith((start, "connect ")) for line in log)
    assert any(" push " in line for line in log)
    assert not list((phone / "phone").iterdir())


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("adb: no devices/emulators found", "adb-no-device"),
        ("adb: more than one device/emulator", "adb-several"),
        ("adb: device 'R58M' not found", "adb-no-such-device"),
        ("adb: device unauthorized.\nThis adb server's $ADB_VENDOR_KEYS is not set",
         "adb-unauthorized"),
        ("adb: device offline", "adb-offline"),
        ("error: device only supports allocating a pty", "adb-too-old"),
        ("sh: cat: write: No space left on device", "device-full"),
        ("mktemp: Read-only file system", "device-read-only"),
        ("something nobody has heard of", "runner-ended"),
    ],
)  # fmt: skip
def test_what_adb_says_is_explained(said: str, code: str, bundle: Path, phone: Path) -> None:
    (phone / "trouble").write_text(said)
    error = fails("bench", bundle, "--serial", "R58M", *BENCH, exit_code=1, code=code)
    assert error["subject"] == "R58M"
    assert error["hint"]


def test_a_phone_that_cannot_be_connected_to(bundle: Path, phone: Path) -> None:
    (phone / "trouble").write_text("failed to connect to '192.0.2.7:5555': timed out")
    error = fails("bench", bundle, "--host", "192.0.2.7", *BENCH, exit_code=1, code="adb-connect")
    assert "timed out" in error["found"]


def test_adb_that_hangs(bundle: Path, phone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "ASK_S", 0.2)
    (phone / "adb").write_text("#!/bin/sh\nexec sleep 60\n")
    error = fails("bench", bundle, "--host", "192.0.2.7", *BENCH, exit_code=1, code="adb-connect")
    assert "it said nothing for 0.2 s" in error["found"]


def test_without_adb(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote.shutil, "which", lambda name: None)
    error = fails("bench", bundle, "--serial", "x", *BENCH, exit_code=1, code="adb-missing")
    assert error["hint"] == "run: sudo apt-get install adb"
