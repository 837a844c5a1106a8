"""`edgekit provision` over a real OpenSSH server on the loopback interface; packages come from
wheels that reuse those installed here, so nothing is fetched."""

from __future__ import annotations

import fcntl
import os
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

import pytest

from edgekit.deploy import wheel
from edgekit.deploy.provision import provision
from edgekit.deploy.wheel import own_wheel, requirements
from edgekit.litert import available
from tests.helpers.command_line import fails, succeeds, tree
from tests.helpers.far_device import BASE, Device, served
from tests.helpers.offline_wheels import reused_wheels
from tests.helpers.ssh_server import HOST, SshServer, needs_sshd

pytestmark = needs_sshd


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to install from."""
    pytest.importorskip("tflite_runtime", reason="the extra rpi is not installed here")
    return reused_wheels(tmp_path_factory.mktemp("wheels"))


@pytest.fixture
def device(tmp_path: Path) -> Device:
    return Device(tmp_path)


@pytest.fixture
def server(device: Device, monkeypatch: pytest.MonkeyPatch) -> Iterator[SshServer]:
    with served(device, monkeypatch) as found:
        yield found


def test_once_then_again_then_removed(server: SshServer, device: Device, wheels: Path) -> None:
    """What another EdgeKit left there is replaced."""
    place = device.home / ".local/share/edgekit/provisioned"
    (place / "env.former").mkdir(parents=True)
    (place / "0123456789ab").symlink_to("env.former")
    first = succeeds("provision", HOST, "--wheels", wheels, "--json").record
    assert first["fresh"] is True
    assert first["about"]["interpreter"].split()[0] in {row.name for row in available()}
    assert first["python"] == str(place / own_wheel().digest / "bin/python")
    program = [str(Path(first["python"]).with_name("edgekit")), "--version"]
    said = subprocess.run(program, capture_output=True, text=True, check=True, cwd="/")
    assert said.stdout == f"edgekit {first['about']['edgekit']}\n"
    assert not list(place.glob("*/wheels"))
    before = sorted(path.name for path in place.iterdir())
    assert len(before) == 2
    assert "env.former" not in before
    again = succeeds("provision", HOST, "--json").record
    assert again == {**first, "fresh": False}
    assert sorted(path.name for path in place.iterdir()) == before
    removed = succeeds("provision", HOST, "--remove", "--json").record
    assert removed == {"host": HOST, "removed": str(place)}
    assert list((device.home / ".local/share").iterdir()) == []
    assert "nothing was installed" in succeeds("provision", HOST, "--remove").out


def _old(device: Device) -> None:
    device.has("python3", f"""exec {BASE} -c "print('python=3.9.2 64 yes /usr/bin/python3')" """)


def _narrow(device: Device) -> None:
    device.has("python3", f"""exec {BASE} -c "print('python=3.11.2 32 yes /usr/bin/python3')" """)


def _without_venv(device: Device) -> None:
    device.has(
        "python3",
        f"""exec {BASE} -c "import sys; sys.modules['ensurepip'] = None; \
exec(sys.argv[1])" "$2" """,
    )


def _full(device: Device) -> None:
    device.has("df", "echo Filesystem 1024-blocks Used Available; echo /dev/root 9 9 123456 99%")


@pytest.mark.parametrize(
    ("spoil", "code", "found", "hint"),
    [
        (lambda d: d.lacks("python3"), "provision-no-python", "has no Python", "python3-venv"),
        (_old, "provision-old-python", "its Python is 3.9.2", "bookworm"),
        (_narrow, "provision-32-bit", "a program of 32 bits", "64-bit Raspberry Pi OS"),
        (_without_venv, "provision-no-venv", "cannot make virtual env", "python3-venv"),
        (_full, "device-full", "120 MiB free at", "df -h"),
    ],
)
def test_a_device_that_cannot(
    spoil: Callable[[Device], None], code: str, found: str, hint: str,
    device: Device, wheels: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    spoil(device)
    with served(device, monkeypatch):
        error = fails("provision", HOST, "--wheels", wheels, exit_code=1, code=code)
    assert error["subject"] == HOST
    assert found in error["found"]
    assert hint in error["hint"]
    assert tree(device.home) == {}


def test_a_file_system_that_fills_up(
    device: Device, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The room was there when it was asked for: a limit on the size of files stands for what took
    it since."""
    device.limits = "ulimit -f 1000"
    with served(device, monkeypatch):
        error = fails("provision", HOST, "--wheels", wheels, exit_code=1, code="device-full")
    assert "a limit on the size of files" in error["found"]
    assert tree(device.home) == {}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_a_small_file_system(device: Device, wheels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(device.home)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    device.has("df", "echo /dev/root 9 9 12345678 1%")
    try:
        with served(device, monkeypatch):
            error = fails("provision", HOST, "--wheels", wheels, exit_code=1, code="device-full")
        assert error["found"] == "no space left on the device"
        assert tree(device.home) == {}
    finally:
        subprocess.run(["umount", str(device.home)], check=True)


def test_packages_that_cannot_be_downloaded(
    server: SshServer, device: Device, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    error = fails("provision", HOST, "--download", exit_code=1, code="download-failed")
    assert error["found"].startswith("failed for Python 3.")
    assert "No matching distribution found for" in error["found"]
    assert tree(device.home) == {}


@pytest.fixture
def busy(device: Device) -> Iterator[int]:
    """The lock of a run that installs on the device now, as a descriptor."""
    stream = os.open(device.home, os.O_RDONLY)
    fcntl.flock(stream, fcntl.LOCK_EX)
    yield stream
    os.close(stream)


def test_another_run_is_waited_for(
    server: SshServer, device: Device, busy: int, tmp_path: Path
) -> None:
    """What it made is taken; there is nothing to install then."""
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels/never_read-1-py3-none-any.whl").touch()
    place = device.home / ".local/share/edgekit/provisioned"
    told = []

    def other(stage: str, done: int, total: int) -> None:
        told.append(stage)
        (place / "env.other").mkdir()
        (place / "env.other/provisioned").write_text('{"edgekit": "made by the other"}')
        (place / own_wheel().digest).symlink_to("env.other")
        fcntl.flock(busy, fcntl.LOCK_UN)

    found = provision(HOST, wheels=tmp_path / "wheels", progress=other)
    assert told == [f"{HOST}: Waiting for another run that installs there"]
    assert (found.about, found.fresh) == ({"edgekit": "made by the other"}, False)


def test_what_another_run_makes_is_not_removed(
    server: SshServer, device: Device, busy: int
) -> None:
    place = device.home / ".local/share/edgekit/provisioned/env.other"
    place.mkdir(parents=True)
    error = fails("provision", HOST, "--remove", exit_code=1, code="provision-busy")
    assert "when that one has ended" in error["hint"]
    assert place.is_dir()


def test_what_a_pi_needs() -> None:
    old, new = requirements("rpi", "3.11.2", "aarch64"), requirements("rpi", "3.13.5", "aarch64")
    assert "tflite-runtime==2.14.0" in old
    assert "numpy<2" in old
    assert "ai-edge-litert>=2.1" in new
    assert not any(word.startswith(("tensorflow", "pytest", "tflite-runtime")) for word in new)


def test_wheels_that_are_none(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    error = fails("provision", HOST, "--wheels", missing, exit_code=2, code="no-wheels")
    assert error["found"] == "is no folder"
    error = fails("provision", HOST, "--wheels", tmp_path, exit_code=2, code="no-wheels")
    assert error["found"] == "holds no wheels"


def test_contradictions(tmp_path: Path) -> None:
    both = ("--wheels", tmp_path, "--download")
    fails("provision", HOST, *both, exit_code=2, code="provision-source")
    fails("provision", HOST, "--remove", "--download", exit_code=2, code="option-unused")


def test_a_folder_that_was_never_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(wheel.metadata, "metadata", missing)
    error = fails("provision", HOST, exit_code=1, code="not-installed")
    assert error["hint"] == "run: pip install -e . in the checkout"


def test_the_wheel_is_the_package(tmp_path: Path) -> None:
    """Equal bytes each time, nothing but the package's files, each with its hash."""
    first, again = wheel.own_wheel(), wheel.own_wheel()
    assert first == again
    (tmp_path / first.name).write_bytes(first.data)
    with zipfile.ZipFile(tmp_path / first.name) as archive:
        names = archive.namelist()
        [record] = [name for name in names if name.endswith("/RECORD")]
        rows = dict(row.split(",", 1) for row in archive.read(record).decode().splitlines())
        assert set(rows) == set(names)
        assert {"edgekit/runtime/runner/host_child.py", "edgekit/targets/cpus.toml"} <= set(names)
        assert not any("__pycache__" in name or "tests/" in name for name in names)
        assert archive.testzip() is None


def test_no_network_there(server: SshServer, device: Device) -> None:
    """Its pip reaches no package index: there is none at that port."""
    settings = "[global]\nindex-url = http://127.0.0.1:9/simple\n"
    (device.home / ".config/pip").mkdir(parents=True)
    (device.home / ".config/pip/pip.conf").write_text(settings)
    before = tree(device.home)
    error = fails("provision", HOST, exit_code=1, code="provision-no-network")
    assert "--download" in error["hint"]
    assert "--wheels DIR" in error["hint"]
    assert tree(device.home) == before


def test_a_wheel_is_missing(
    server: SshServer, device: Device, wheels: Path, tmp_path: Path
) -> None:
    some = tmp_path / "some"
    some.mkdir()
    for path in wheels.glob("*.whl"):
        if not path.name.startswith("pydantic"):
            (some / path.name).write_bytes(path.read_bytes())
    error = fails("provision", HOST, "--wheels", some, exit_code=1, code="provision-no-wheel")
    assert error["found"].startswith("there is no wheel of pydantic")
    assert tree(device.home) == {}
