"""`--host` over a real OpenSSH server on the loopback interface: it works, and what goes wrong."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from edgekit.deploy.bundles import open_bundle
from edgekit.deploy.programs import OpenProgram, Place, launcher_for, program
from edgekit.errors import EdgeKitError
from edgekit.runtime.devices import remote
from edgekit.targets.reader import load_target
from tests.helpers.binary_bundles import convert_binary
from tests.helpers.command_line import fails, succeeds
from tests.helpers.emulated import eventually
from tests.helpers.neon_cases import COMPILER, EMULATOR
from tests.helpers.ssh_server import (
    AARCH64,
    AS_IT_IS,
    BOARD,
    HOST,
    SshServer,
    needs_sshd,
    ssh_server,
)
from tests.helpers.toolchains import require

pytestmark = needs_sshd
BENCH = ("--host", HOST, "--quick", "--samples", "1")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A binarized bundle for a Pi."""
    return convert_binary(tmp_path_factory.mktemp("ssh"), "rpi4")


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """A Pi whose processor is that of this machine."""
    path = tmp_path / "board.toml"
    path.write_text(BOARD)
    return path


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SshServer]:
    """The server as this machine; afterwards nothing of ours is left on it."""
    yield from _served(tmp_path, monkeypatch, AS_IT_IS)


def _served(folder: Path, monkeypatch: pytest.MonkeyPatch, device: str) -> Iterator[SshServer]:
    before = _left()
    with ssh_server(folder / "ssh", device) as found:
        monkeypatch.setenv("PATH", f"{found.bin}:{os.environ['PATH']}")
        yield found
    assert eventually(lambda: not _left() - before)  # others may measure at the same time


def _left() -> set[Path]:
    return set(Path("/tmp").glob("edgekit.??????"))


def test_the_program_runs_there_and_is_gone(
    server: SshServer, bundle: Path, board: Path, tmp_path: Path
) -> None:
    words = ("-t", board, *BENCH, "-o", tmp_path / "report", "--json")
    [run] = succeeds("bench", bundle, *words).record["runs"]
    assert (run["outputs_checked"], run["outputs_equal"]) == (1, 1)
    assert run["provenance"] == "measured"
    assert run["device"].startswith(f"{HOST}: {os.uname().machine}")
    assert run["engine"].endswith(", native")
    assert len(run["latency_s"]) >= 3
    assert run["steps"]
    assert run["environment"]["machine"] == os.uname().machine
    rows = succeeds("verify", bundle, "-t", board, "--host", HOST, "--samples", 2, "--json").record
    here, there = (row for row in rows["engines"] if row["must_equal"])
    assert (here["inputs_equal"], there["inputs_equal"]) == (2, 2)
    assert there["engine"] == f"{here['engine']} on {HOST}"


@pytest.mark.qemu
def test_a_program_of_a_pi(bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that says it is a 64-bit Arm, and runs the program in an emulator."""
    require(COMPILER, EMULATOR)
    for _ in _served(tmp_path, monkeypatch, AARCH64):
        [run] = succeeds("bench", bundle, *BENCH, "--json").record["runs"]
        assert (run["outputs_equal"], run["engine"]) == (1, "edgekit-c neon+ref, native")
        assert run["environment"]["machine"] == "aarch64"


def _unknown(server: SshServer) -> None:
    server.known_hosts.write_text("")


def _changed(server: SshServer) -> None:
    words = server.known_hosts.read_text().split()
    other = (server.folder / "id.pub").read_text().split()
    server.known_hosts.write_text(f"{words[0]} {other[0]} {other[1]}\n")


def _denied(server: SshServer) -> None:
    (server.folder / "authorized_keys").write_text("")


@pytest.mark.parametrize(
    ("spoil", "code", "found", "hint"),
    [
        (_unknown, "ssh-host-key-unknown", "its host key is not known here", "ssh pi"),
        (_changed, "ssh-host-key-changed", "another one than before", "ssh-keygen -R"),
        (_denied, "ssh-denied", "no key of yours is accepted", "ssh-copy-id pi"),
    ],
)
def test_it_does_not_let_in(
    spoil: Callable[[SshServer], None],
    code: str,
    found: str,
    hint: str,
    server: SshServer,
    bundle: Path,
    board: Path,
) -> None:
    known = server.known_hosts
    spoil(server)
    before = known.read_text()
    error = fails("bench", bundle, "-t", board, *BENCH, exit_code=1, code=code)
    assert error["subject"] == HOST
    assert found in error["found"]
    assert hint in error["hint"]
    assert known.read_text() == before  # no key was accepted on the way


@pytest.mark.parametrize(
    ("host", "code"), [("no.such.host.invalid", "ssh-no-host"), ("refusing", "ssh-refused")]
)
def test_nothing_is_there(
    host: str, code: str, server: SshServer, bundle: Path, board: Path
) -> None:
    words = ("-t", board, "--host", host, "--quick")
    assert fails("bench", bundle, *words, exit_code=1, code=code)["subject"] == host


FULL = """
exec sh -c "$(printf %s "$SSH_ORIGINAL_COMMAND" | sed 's#cat > [^ ]*#cat > /dev/full#')"
"""
NOISY = f"""
case $SSH_ORIGINAL_COMMAND in *mktemp*) echo Welcome;; esac
{AS_IT_IS}"""
FAILING = f"""
case $SSH_ORIGINAL_COMMAND in *chmod*) exit 3;; esac
{AS_IT_IS}"""


@pytest.mark.parametrize(
    ("device", "code"),
    [(FULL, "device-full"), (NOISY, "shell-noise"), (FAILING, "runner-ended")],
)
def test_a_device_that_is_odd(
    device: str,
    code: str,
    bundle: Path,
    board: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for _ in _served(tmp_path, monkeypatch, device):
        error = fails("bench", bundle, "-t", board, *BENCH, exit_code=1, code=code)
        assert error["subject"] == HOST
        assert error["hint"]


def test_a_processor_of_another_kind_is_named(server: SshServer, bundle: Path) -> None:
    require(COMPILER)
    error = fails("bench", bundle, *BENCH, exit_code=1, code="wrong-abi")
    assert (
        error["found"] == f"its processor is {os.uname().machine}, and the program is for another"
    )
    assert error["allowed"] == "aarch64, arm64"
    assert "--target" in error["hint"]


def test_a_shell_that_cannot_execute_it(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check of the processor passes, and the program is for another all the same."""
    require(COMPILER)
    device = "case $SSH_ORIGINAL_COMMAND in *'uname -m'*) echo aarch64; exit;; esac\n" + AS_IT_IS
    for _ in _served(tmp_path, monkeypatch, device):
        error = fails("bench", bundle, *BENCH, exit_code=1, code="wrong-abi")
        assert error["found"].startswith("cannot execute the runner")


def _break(server: SshServer, running: AbstractContextManager[OpenProgram]) -> None:
    """Ask a program something after its connection was cut."""
    with running as opened:
        for pid in server.sessions():
            os.kill(pid, signal.SIGKILL)
        opened.dut.extension().info()


def test_a_connection_that_breaks(server: SshServer, bundle: Path, board: Path) -> None:
    target = load_target(str(board))
    launcher = launcher_for(target, Place(host=HOST))
    with pytest.raises(EdgeKitError) as caught:
        _break(server, program(open_bundle(bundle), target, launcher))
    assert caught.value.code == "ssh-lost"
    assert caught.value.subject == HOST


def test_without_ssh(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote.shutil, "which", lambda name: None)
    error = fails("bench", bundle, *BENCH, exit_code=1, code="ssh-missing")
    assert error["hint"] == "run: sudo apt-get install openssh-client"


def test_host_keys_are_checked_and_nobody_is_asked() -> None:
    words = " ".join(remote.SSH_OPTIONS)
    assert "BatchMode=yes" in words
    assert "StrictHostKeyChecking" not in words
    assert "UserKnownHostsFile" not in words
