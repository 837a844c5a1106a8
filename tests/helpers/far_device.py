"""A machine behind an SSH server that has nothing but a home, a Python, and a few programs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.helpers.ssh_server import SshServer, ssh_server

BASE = Path(sys.base_prefix) / "bin" / "python3"
TOOLS = ("awk", "basename", "cat", "chmod", "cut", "df", "dirname", "env", "flock", "head", "ln",
         "mkdir", "mktemp", "readlink", "rm", "rmdir", "sh", "tar", "uname")  # fmt: skip


class Device:
    """A machine behind the server: a home of its own, and the programs of `bin` alone."""

    def __init__(self, folder: Path) -> None:
        self.home, self.bin, self.server = folder / "home", folder / "bin", folder / "ssh"
        self.limits = ":"
        self.home.mkdir()
        self.bin.mkdir()
        for name in TOOLS:
            found = subprocess.run(["which", name], capture_output=True, text=True, check=True)
            (self.bin / name).symlink_to(found.stdout.strip())
        self.has("python3", f'exec {BASE} "$@"')

    @property
    def script(self) -> str:
        return (
            f"export HOME={self.home} PATH={self.bin}; unset XDG_DATA_HOME; {self.limits}\n"
            'exec sh -c "$SSH_ORIGINAL_COMMAND"\n'
        )

    def has(self, name: str, script: str) -> None:
        """Put a program into its PATH, in place of another."""
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o700)

    def lacks(self, name: str) -> None:
        (self.bin / name).unlink()


@contextmanager
def served(device: Device, monkeypatch: pytest.MonkeyPatch) -> Iterator[SshServer]:
    with ssh_server(device.server, device.script) as found:
        monkeypatch.setenv("PATH", f"{found.bin}:{os.environ['PATH']}")
        yield found
