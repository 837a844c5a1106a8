"""The real `adb` with a server of its own, for one test: no phone at this machine is touched.

The server listens on a port of its own, has a home of its own (its key lies there), looks for no
emulators, and ends with the block.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.helpers.adbd import Adbd
from tests.helpers.emulated import eventually
from tests.helpers.phone import Phone

CLIENT = shutil.which("adb")
needs_adb = pytest.mark.skipif(CLIENT is None, reason="not installed: adb (apt-get install adb)")


@dataclass
class AdbClient:
    """A running server of `adb`; programs that inherit the environment of the test use it."""

    folder: Path
    daemons: list[Adbd] = field(default_factory=list)

    def reach(self, phone: Phone, *, connect: bool = True, **options: object) -> str:
        """The phone on the network; its serial number. With `connect` adb knows it already."""
        daemon = phone.adbd(**options)
        self.daemons.append(daemon)
        serial = f"127.0.0.1:{daemon.port}"
        if connect:
            said = adb("connect", serial).stdout
            assert said.strip() == f"connected to {serial}", said
        return serial

    def check(self) -> None:
        """Nobody broke the protocol."""
        assert [fault for daemon in self.daemons for fault in daemon.faults] == []


def adb(*words: str | Path) -> subprocess.CompletedProcess[str]:
    assert CLIENT is not None
    return subprocess.run([CLIENT, *words], capture_output=True, text=True, timeout=60, check=False)


@contextmanager
def adb_client(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[AdbClient]:
    assert CLIENT is not None
    folder.mkdir(parents=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    for name, value in {
        "ANDROID_ADB_SERVER_PORT": str(port),
        "ADB_LOCAL_TRANSPORT_MAX_PORT": "5553",
        "HOME": str(folder),
        "TMPDIR": str(folder),
    }.items():
        patch.setenv(name, value)
    patch.delenv("ANDROID_SERIAL", raising=False)
    log = (folder / "log").open("wb")
    server = subprocess.Popen([CLIENT, "nodaemon", "server"], stdout=log, stderr=log)
    client = AdbClient(folder)
    try:
        _await(port, server, folder / "log")
        yield client
    finally:
        for daemon in client.daemons:
            daemon.close()
        server.terminate()
        server.wait()
        log.close()
    client.check()


def _await(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(400):
        assert server.poll() is None, log.read_text()
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError(log.read_text())


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AdbClient]:
    """`adb` with a server of its own."""
    with adb_client(tmp_path / "client", monkeypatch) as found:
        yield found


@pytest.fixture
def phone(tmp_path: Path) -> Iterator[Phone]:
    """Afterwards nothing of ours is left on it."""
    found = Phone(tmp_path / "phone")
    yield found
    assert eventually(lambda: not list(found.home.iterdir()))
