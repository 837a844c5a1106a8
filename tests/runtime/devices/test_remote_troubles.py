"""What `ssh`, `adb`, pip and a device's shell print when something is wrong, and what it means."""

from __future__ import annotations

import pytest

from edgekit.runtime.devices.remote_troubles import (
    ADB,
    INSTALLING,
    PIP,
    SHELL,
    SSH,
    Trouble,
    trouble,
)


@pytest.mark.parametrize(
    ("said", "code", "found"),
    [
        ("Illegal instruction (core dumped)", "provision-processor", "lacks an instruction"),
        ("one\nERROR: odd", "provision-failed", "installed there: ERROR: odd"),
        ("No matching distribution found for numpy", "provision-no-wheel", "wheel of numpy for"),
        ("Connection reset by peer", "ssh-lost", "the connection broke"),
    ],
)
def test_an_installation_that_ends(said: str, code: str, found: str) -> None:
    error = trouble("pi", (*PIP, *SSH, *INSTALLING), 1, said)
    assert error is not None
    assert error.code == code
    assert found in error.found
    assert error.hint


# (what prints it, its words, the trouble's code)
SAID = (
    (SHELL, "cat: write error: No space left on device", "device-full"),
    (SHELL, "sh: 1: /tmp/edgekit.aB/runner: Exec format error", "wrong-abi"),
    (SHELL, "/tmp/edgekit.aB/runner: Permission denied", "device-noexec"),
    (SHELL, "sh: 1: taskset: not found", "no-taskset"),
    (SHELL, "taskset: failed to set pid 0's affinity: Invalid argument", "no-such-core"),
    (SHELL, "Illegal instruction", "runner-signal-4"),
    (SHELL, "mktemp: failed to create directory: Read-only file system", "device-read-only"),
    (SSH, "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @", "ssh-host-key-changed"),
    (SSH, "Host key verification failed.", "ssh-host-key-unknown"),
    (SSH, "pi@pi: Permission denied (publickey,password).", "ssh-denied"),
    (SSH, "Received disconnect: Too many authentication failures", "ssh-denied"),
    (SSH, "ssh: Could not resolve hostname pi: Name or service not known", "ssh-no-host"),
    (SSH, "ssh: connect to host pi port 22: Connection refused", "ssh-refused"),
    (SSH, "ssh: connect to host pi port 22: No route to host", "ssh-unreachable"),
    (SSH, "ssh: connect to host pi port 22: Connection timed out", "ssh-unreachable"),
    (SSH, "Connection to pi closed by remote host.", "ssh-lost"),
    (ADB, "adb: no devices/emulators found", "adb-no-device"),
    (ADB, "adb: more than one device/emulator", "adb-several"),
    (ADB, "adb: device 'R58' not found", "adb-no-such-device"),
    (ADB, "adb: device unauthorized.", "adb-unauthorized"),
    (ADB, "adb: device offline", "adb-offline"),
    (ADB, "error: target doesn't support PTY args -Tt", "adb-too-old"),
    (ADB, "", "adb-lost"),
)


@pytest.mark.parametrize(("known", "said", "code"), SAID)
def test_what_a_device_and_its_way_say(known: tuple[Trouble, ...], said: str, code: str) -> None:
    error = trouble("pi", known, 0 if not said else 1, said)
    assert error is not None
    assert error.code == code
    assert error.found
    assert error.hint


def test_every_trouble_is_said_above() -> None:
    named = {code for _, _, code in SAID}
    assert {row.code for row in (*SHELL, *SSH, *ADB)} <= named


def test_words_that_mean_nothing_known() -> None:
    assert trouble("pi", (*SSH, *ADB), 1, "something else") is None
