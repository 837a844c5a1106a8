"""`--serial` and `--host` of a phone through the real `adb`: it works, and what goes wrong.

The phone is a stand-in that speaks adb's transport protocol and runs programs in an emulator.
"""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from edgekit.deploy.bundles import open_bundle
from edgekit.deploy.programs import OpenProgram, Place, launcher_for, program
from edgekit.errors import DeviceError
from edgekit.runtime.devices import remote
from edgekit.targets.reader import load_target
from tests.helpers.adb_client import AdbClient, adb, needs_adb
from tests.helpers.adbd import SUMMED
from tests.helpers.binary_bundles import convert_binary
from tests.helpers.command_line import fails, succeeds
from tests.helpers.emulated import eventually
from tests.helpers.neon_cases import COMPILER, EMULATOR
from tests.helpers.phone import CAP, HOME, ONLY_32, ONLY_64, PIXEL, Phone
from tests.helpers.toolchains import require, require_cross

pytestmark = needs_adb
BENCH = ("--quick", "--samples", "1", "--json")
MACHINES = ("aarch64", "arm64")
TRUE = Path(shutil.which("true") or "/bin/true")
"""A program of this machine."""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return convert_binary(tmp_path_factory.mktemp("adb"), "android-arm64")


@pytest.mark.qemu
def test_a_phone_runs_the_program_and_tells_its_state(
    bundle: Path, client: AdbClient, tmp_path: Path
) -> None:
    require(COMPILER, EMULATOR)
    phone = Phone(tmp_path / "phone", thermal=(0, 1))
    serial = client.reach(phone, connect=False)
    record = succeeds("bench", bundle, "--host", serial, *BENCH).record
    [run] = record["runs"]
    assert (run["outputs_checked"], run["outputs_equal"]) == (1, 1)
    assert run["device"] == f"{serial}: Google Pixel 6"
    assert run["engine"].endswith(", native")
    assert run["provenance"] == "measured"
    assert len(run["latency_s"]) >= 3
    told = {
        "phone": "Google Pixel 6",
        "android": "13 (API 33)",
        "abis": "arm64-v8a,armeabi-v7a,armeabi",
        "governor": "sched_pixel",
        "temperature_mc": "41000",
        "machine": "aarch64",
        "battery_before": "83 %, 29.1 °C",
        "battery_after": "83 %, 29.1 °C",
        "thermal_before": "none",
        "thermal_after": "light",
        "zones_before": "BIG 41.0 °C, battery 36.5 °C",
        "cpu0-5_before": "sched_pixel, 300 MHz, cap 1803 of 1803 MHz",
        "cpu6-7_after": "sched_pixel, 2802 MHz, cap 2802 of 2802 MHz",
    }
    assert told.items() <= run["environment"].items()
    [warm] = [note for note in record["warnings"] if note["code"] == "phone-warm"]
    assert "none before and light after" in warm["message"]
    assert len(phone.programs()) == 1
    assert not list(phone.home.iterdir())


@pytest.fixture(scope="module")
def bundle_32(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return convert_binary(tmp_path_factory.mktemp("adb32"), "android-armv7")


@pytest.mark.qemu
@pytest.mark.parametrize(
    ("machine", "properties"),
    [("armv8l", ONLY_32), ("aarch64", PIXEL)],
    ids=["32-bit phone", "64-bit phone that lists armeabi-v7a"],
)
def test_a_32_bit_program_on_a_phone(
    machine: str, properties: dict[str, str], bundle_32: Path, client: AdbClient, tmp_path: Path
) -> None:
    require_cross("android-armv7")
    require("qemu-arm-static")
    phone = Phone(tmp_path / "phone", machine=machine, properties=properties)
    phone.path(CAP).write_text("1400000\n")
    serial = client.reach(phone)
    record = succeeds("bench", bundle_32, "--serial", serial, *BENCH).record
    [run] = record["runs"]
    assert (run["outputs_checked"], run["outputs_equal"]) == (1, 1)
    assert run["provenance"] == "measured"
    [note] = [note for note in record["warnings"] if note["code"] == "clock-capped"]
    assert note["message"] == "clock held down: cpu6-7 at most 1400 of 2802 MHz"
    assert len(phone.programs()) == 1
    assert not list(phone.home.iterdir())


@pytest.mark.parametrize(
    ("target", "properties", "machine", "hint"),
    [
        ("android-armv7", ONLY_64, "aarch64", "convert for what it runs: --target arm64-v8a"),
        ("android-arm64", ONLY_32, "aarch64", "convert for what it runs: --target armeabi-v7a"),
        ("android-arm64", {**PIXEL, "ro.product.cpu.abilist": "x86_64"}, "aarch64",
         "take a phone with an Arm processor"),
    ],
)  # fmt: skip
def test_a_phone_that_does_not_list_the_abi(
    target: str,
    properties: dict[str, str],
    machine: str,
    hint: str,
    client: AdbClient,
    tmp_path: Path,
) -> None:
    """Asked before anything is pushed; what the hint names is a target."""
    phone = Phone(tmp_path / "phone", machine=machine, properties=properties)
    place = Place(serial=client.reach(phone))
    launcher = launcher_for(load_target(target), place)
    assert isinstance(launcher, remote.Remote)
    error = _start(launcher)
    assert error.code == "wrong-abi"
    assert error.found.startswith("it runs no programs of the ABI ar")
    assert error.allowed == properties["ro.product.cpu.abilist"]
    assert error.hint == hint
    assert "--target" not in hint or load_target(hint.split()[-1]).family == "android"
    assert not any(name.startswith("sync:") for name in client.daemons[-1].opened)


@pytest.mark.qemu
def test_verify_runs_the_program_on_the_phone(
    bundle: Path, client: AdbClient, phone: Phone
) -> None:
    require(COMPILER, EMULATOR)
    serial = client.reach(phone)
    rows = succeeds("verify", bundle, "--serial", serial, "--samples", 3, "--json").record
    own = [row for row in rows["engines"] if row["must_equal"]]
    assert [row["inputs_equal"] for row in own] == [3, 3]
    assert len(phone.programs()) == 1


@pytest.mark.qemu
@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda client, phone: phone.kill_program(), "runner-signal-9"),
        (lambda client, phone: client.daemons[-1].close(), "adb-lost"),
    ],
    ids=["killed", "unplugged"],
)
def test_a_run_that_is_cut_short(
    spoil: Callable[[AdbClient, Phone], None],
    code: str,
    bundle: Path,
    client: AdbClient,
    phone: Phone,
) -> None:
    require(COMPILER, EMULATOR)
    serial = client.reach(phone)

    def cut() -> None:
        with _opened(bundle, serial) as opened:
            assert opened.dut.extension().info()
            spoil(client, phone)
            opened.dut.extension().info()

    with pytest.raises(DeviceError) as caught:
        cut()
    assert caught.value.code == code


def _opened(bundle: Path, serial: str) -> AbstractContextManager[OpenProgram]:
    target = load_target("android-arm64")
    return program(open_bundle(bundle), target, launcher_for(target, Place(serial=serial)))


def _start(found: remote.Remote, elf: Path = TRUE) -> DeviceError:
    """Why a program cannot be started."""

    def start() -> None:
        with found.started(elf) as line:
            while True:
                line.read()

    with pytest.raises(DeviceError) as caught:
        start()
    return caught.value


def test_two_phones_and_no_choice(client: AdbClient, tmp_path: Path) -> None:
    for name in ("one", "two"):
        client.reach(Phone(tmp_path / name))
    error = _start(remote.adb(machines=MACHINES))
    assert error.code == "adb-several"
    assert "--serial" in error.hint


def test_a_phone_that_nobody_knows(client: AdbClient) -> None:
    error = _start(remote.adb("R58M", machines=MACHINES))
    assert error.code == "adb-no-such-device"


def test_a_phone_that_is_gone(client: AdbClient, phone: Phone) -> None:
    serial = client.reach(phone)
    client.daemons[-1].close()
    assert eventually(lambda: "offline" in adb("devices").stdout)
    assert _start(remote.adb(serial, machines=MACHINES)).code == "adb-offline"


def test_a_phone_that_does_not_trust_this_computer(client: AdbClient, phone: Phone) -> None:
    """Its owner has to allow it; adb has shown its key by then."""
    address = client.reach(phone, connect=False, trusting=False)
    with pytest.raises(DeviceError) as caught:
        remote.adb(host=address)
    assert caught.value.code == "adb-unauthorized"
    assert client.daemons[-1].asked.wait(60)
    error = _start(remote.adb(address, machines=MACHINES))
    assert error.code == "adb-unauthorized"
    assert "allow USB debugging" in error.hint


def test_an_address_where_nobody_answers(client: AdbClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(DeviceError) as caught:
        remote.adb(host=address)
    assert caught.value.code == "adb-connect"
    assert "Connection refused" in caught.value.found


def test_an_address_where_somebody_keeps_silent(client: AdbClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"127.0.0.1:{mute.getsockname()[1]}"
        with pytest.raises(DeviceError) as caught:
            remote.adb(host=address)
        assert caught.value.code == "adb-connect"
        assert _start(remote.adb(address, machines=MACHINES)).code == "adb-offline"


@pytest.mark.qemu
def test_a_phone_of_another_processor(bundle: Path, client: AdbClient, tmp_path: Path) -> None:
    """Asked before anything is pushed."""
    require(COMPILER)
    phone = Phone(tmp_path / "phone", machine="x86_64")
    serial = client.reach(phone)
    error = fails("bench", bundle, "--serial", serial, *BENCH[:-1], exit_code=1, code="wrong-abi")
    assert "its processor is x86_64" in error["found"]
    assert error["allowed"] == "aarch64, arm64"
    assert not any(name.startswith("sync:") for name in client.daemons[-1].opened)


def test_a_phone_without_room(client: AdbClient, tmp_path: Path) -> None:
    phone = Phone(tmp_path / "phone", room=1000)
    serial = client.reach(phone)
    error = _start(remote.adb(serial, machines=MACHINES))
    assert error.code == "device-full"
    assert "df -h" in error.hint
    assert not list(phone.home.iterdir())


def test_a_phone_of_android_6(client: AdbClient, tmp_path: Path) -> None:
    """Before Android 7 adb's shell had no packets: no bytes as they are, no exit codes."""
    phone = Phone(tmp_path / "phone", features="cmd")
    error = _start(remote.adb(client.reach(phone, version=SUMMED), machines=MACHINES))
    assert error.code == "adb-too-old"
    assert "Android 7 (API level 24)" in error.hint


@pytest.mark.parametrize(
    "options",
    [{}, {"version": SUMMED, "largest": 4096}],
    ids=["256 KiB, no sums", "4 KiB, sums"],
)
@pytest.mark.parametrize("features", ["shell_v2,cmd,stat_v2", "cmd"])
def test_the_stand_in_is_a_phone_to_adb(
    features: str, options: dict[str, int], client: AdbClient, tmp_path: Path
) -> None:
    """Files there and back, listed, commands with their errors and exit codes."""
    phone = Phone(tmp_path / "phone", features=features)
    serial = client.reach(phone, **options)
    sent, back = tmp_path / "sent", tmp_path / "back"
    sent.write_bytes(bytes(range(256)) * 1001)
    for words in (("push", sent, f"{HOME}/file"), ("pull", f"{HOME}/file", back)):
        assert adb("-s", serial, *words).returncode == 0
    assert back.read_bytes() == sent.read_bytes()
    assert adb("-s", serial, "ls", HOME).stdout.split()[-1] == "file"
    assert adb("-s", serial, "pull", f"{HOME}/none", back).returncode == 1
    done = adb("-s", serial, "shell", "uname -m; cat /data/local/tmp/none; exit 5")
    # Without packets both streams share one, in the order in which they came.
    assert "aarch64" in done.stdout.splitlines()
    assert "none: No such file" in done.stdout + done.stderr
    assert done.returncode == (5 if "shell_v2" in features else 0)
