"""A real OpenSSH server on the loopback interface, and an `ssh` that knows only it.

The server is started for one test as the current user, with keys of its own. `device` is a script
that every command goes through; it may stand for a device of another kind.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

SERVER = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
CLIENT = shutil.which("ssh")
HOST = "pi"
BOARD = """extends = "rpi4"
name = "far-machine"
title = "this machine, far away"
cpu = "native"
"""
needs_sshd = pytest.mark.skipif(
    SERVER is None or CLIENT is None, reason="no OpenSSH server: apt-get install openssh-server"
)

AS_IT_IS = 'exec sh -c "$SSH_ORIGINAL_COMMAND"\n'
"""The device is this machine."""
AARCH64 = """
uname() { echo aarch64; }
case "$SSH_ORIGINAL_COMMAND" in
*"uname -m"*) uname ;;
*) exec sh -c "$(printf %s "$SSH_ORIGINAL_COMMAND" |
    sed 's#; \\(/tmp/edgekit[^ ]*\\) serve#; qemu-aarch64-static \\1 serve#')" ;;
esac
"""
"""The device is a 64-bit Arm: it says so, and its programs run in an emulator."""


@dataclass(frozen=True)
class SshServer:
    """`folder` holds the client's files, which a test may spoil; `bin` its `ssh` for PATH."""

    folder: Path
    port: int
    pid: int

    @property
    def bin(self) -> Path:
        return self.folder / "bin"

    @property
    def known_hosts(self) -> Path:
        return self.folder / "known_hosts"

    def sessions(self) -> list[int]:
        """Processes of the server that serve a connection."""
        text = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [int(word) for word in text.split()]


def _key(path: Path) -> str:
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)]
    subprocess.run(words, check=True)
    return path.with_suffix(".pub").read_text()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextlib.contextmanager
def ssh_server(folder: Path, device: str = AS_IT_IS) -> Iterator[SshServer]:
    """The server, running; `ssh pi` of its `bin` reaches it."""
    assert SERVER is not None
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "device"
    script.write_text(f"#!/bin/sh\n{device}")
    script.chmod(0o700)
    host_key = _key(folder / "host_key")
    own = _key(folder / "id")
    (folder / "authorized_keys").write_text(f'restrict,command="{script}" {own}')
    port = _free_port()
    _write_server(folder, port)
    _write_client(folder, port)
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {host_key}")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    log = (folder / "sshd.log").open("wb")
    process = subprocess.Popen([SERVER, "-D", "-e", "-f", str(folder / "sshd_config")], stderr=log)
    try:
        _await(port, process, folder / "sshd.log")
        yield SshServer(folder, port, process.pid)
    finally:
        process.terminate()
        process.wait()
        log.close()


def _write_server(folder: Path, port: int) -> None:
    lines = [
        f"ListenAddress 127.0.0.1:{port}",
        f"HostKey {folder / 'host_key'}",
        f"AuthorizedKeysFile {folder / 'authorized_keys'}",
        f"PidFile {folder / 'pid'}",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "PermitRootLogin prohibit-password",
        "StrictModes no",
        "UsePAM no",
    ]
    (folder / "sshd_config").write_text("\n".join(lines) + "\n")


def _write_client(folder: Path, port: int) -> None:
    lines = [
        f"Host {HOST}",
        f"  User {getpass.getuser()}",
        "  HostName 127.0.0.1",
        f"  Port {port}",
        "Host refusing",
        "  HostName 127.0.0.1",
        f"  Port {_free_port()}",
        "Host *",
        f"  IdentityFile {folder / 'id'}",
        "  IdentitiesOnly yes",
        "  IdentityAgent none",
        f"  UserKnownHostsFile {folder / 'known_hosts'}",
        "  GlobalKnownHostsFile /dev/null",
    ]
    config = folder / "config"
    config.write_text("\n".join(lines) + "\n")
    (folder / "bin").mkdir(exist_ok=True)
    wrapper = folder / "bin" / "ssh"
    wrapper.write_text(f'#!/bin/sh\nexec {CLIENT} -F {config} "$@"\n')
    wrapper.chmod(0o700)


def _await(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(200):
        assert process.poll() is None, log.read_text()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError(log.read_text())
