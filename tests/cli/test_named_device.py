"""`--device NAME` of verify and flash: target, place, port and probe as the lab file says them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgekit.cli import stations
from edgekit.errors import UsageError
from edgekit.runtime.lab.locks import locked
from edgekit.runtime.lab.run_log import read_log
from tests.helpers.command_line import fails, nothing_left_in, succeeds

LAB = """
[devices.m4]
target = "virtual-m4"

[devices.arm]
target = "rpi4"
emulate = true

[devices.nano]
target = "nano33ble"
port = "/dev/null"

[devices.nucleo]
target = "nucleo-l4r5zi"
port = "/dev/zero"
probe = "066BFF30"

[devices.pi]
target = "rpi4"
host = "pi@kitchen.local"
"""


@pytest.fixture(autouse=True)
def lab(desk: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = desk / "devices.toml"
    path.write_text(LAB)
    monkeypatch.setenv("EDGEKIT_LAB", str(path))
    return path


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every program that flashes is installed, as far as a dry run can tell."""
    from edgekit.runtime.flash import tools

    monkeypatch.setattr(tools.shutil, "which", lambda name: f"/usr/bin/{name}")


@pytest.mark.qemu
def test_verify_runs_on_the_virtual_board_that_is_named(small_bundle: Path, desk: Path) -> None:
    words = ("verify", small_bundle, "--device", "m4", "--samples", "1", "--log", "runs.jsonl")
    engines = succeeds(*words, "--json").record["engines"]
    assert [e["inputs"] for e in engines if "QEMU" in e["engine"]] == [1]
    (line,) = read_log(desk / "runs.jsonl")
    assert (line.command, line.target, line.device) == ("verify", "virtual-m4", "m4")


@pytest.mark.usefixtures("tools")
def test_flash_takes_the_probe_of_the_lab_file(small_bundle: Path, desk: Path) -> None:
    words = ("flash", small_bundle, "--device", "nucleo", "--tool", "openocd", "--dry-run")
    record = succeeds(*words, "--json").record
    assert record["target"] == "nucleo-l4r5zi"
    assert "066BFF30" in record["command"]
    other = succeeds(*words, "--probe", "0672FF", "--json").record["command"]
    assert "0672FF" in other
    assert "066BFF30" not in other


@pytest.mark.parametrize(
    ("words", "lock"),
    [
        (("verify", "BUNDLE", "--device", "nano", "--samples", "1"), "port /dev/null"),
        (("verify", "BUNDLE", "--device", "pi", "--samples", "1"), "host kitchen.local"),
        (("flash", "BUNDLE", "--device", "nucleo", "--tool", "openocd"), "port /dev/zero"),
        (("flash", "BUNDLE", "--device", "nucleo", "--tool", "openocd"), "probe 066BFF30"),
    ],
)
@pytest.mark.usefixtures("tools")
def test_it_is_locked(words: tuple[str, ...], lock: str, desk: Path, small_bundle: Path) -> None:
    given = [small_bundle if word == "BUNDLE" else word for word in words]
    with locked([lock], what="the other run"), nothing_left_in(desk):
        error = fails(*given, exit_code=1, code="device-locked")
    assert error["subject"] == lock


@pytest.mark.parametrize("command", ["verify", "flash"])
@pytest.mark.parametrize(
    ("words", "code", "subject"),
    [
        (("--device", "nano", "-t", "nano33ble"), "fleet-option", "--target"),
        (("--device", "nano", "-p", "/dev/null"), "fleet-option", "--port"),
        (("--device", "nano,m4"), "one-device", "--device nano,m4"),
        (("--device", "nan"), "lab-unknown", "device 'nan'"),
        (("--device", "nano,"), "bad-option", "--device"),
        (("--lab", "devices.toml"), "option-unused", "--lab"),
        (("--device", "nano", "--lab", "none.toml"), "lab-missing", "lab file none.toml"),
    ],
)
def test_what_cannot_be_is_said_before_anything_runs(
    command: str, words: tuple[str, ...], code: str, subject: str, small_bundle: Path, desk: Path
) -> None:
    with nothing_left_in(desk):
        error = fails(command, small_bundle, *words, exit_code=2, code=code)
    assert error["subject"] == subject
    assert error["hint"]


def test_verify_is_told_the_place_once(small_bundle: Path) -> None:
    for option in (("--host", "pi@x"), ("--serial", "R58"), ("--emulate",)):
        error = fails(
            *("verify", small_bundle, "--device", "pi", *option), exit_code=2, code="fleet-option"
        )
        assert error["subject"] == option[0]


def test_there_is_nothing_to_flash_on_a_pi(small_bundle: Path) -> None:
    error = fails("flash", small_bundle, "--device", "pi", exit_code=2, code="no-board")
    assert error["subject"] == "target rpi4"


def test_several_are_for_bench() -> None:
    with pytest.raises(UsageError) as caught:
        stations.only("nano,m4", None, {})
    assert caught.value.allowed == "one; `edgekit bench` takes several"


def test_no_name_is_no_station() -> None:
    assert stations.only(None, None, {"--target": "host"}) is None


def test_a_named_device_that_fails_is_in_the_log(small_bundle: Path, desk: Path) -> None:
    words = ("flash", small_bundle, "--device", "pi", "--log", "runs.jsonl")
    fails(*words, exit_code=2, code="no-board")
    line = json.loads((desk / "runs.jsonl").read_text())
    assert (line["device"], line["target"], line["error"]) == ("pi", "rpi4", "no-board")
