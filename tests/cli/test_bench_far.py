"""`bench --host PI --engine litert` over a real OpenSSH server on the loopback interface.

EdgeKit is installed there, measures there, and the figures come home.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgekit.deploy import provision as provisions
from edgekit.deploy.bench_far import measured_there
from edgekit.deploy.bench_options import BenchOptions
from edgekit.deploy.bundles import open_bundle
from edgekit.deploy.inputs import random_inputs
from edgekit.deploy.provision import provision
from edgekit.errors import DeviceError, EdgeKitError
from edgekit.runtime.devices.remote import ssh
from tests.helpers.binary_bundles import convert_binary
from tests.helpers.command_line import fails, succeeds, tree
from tests.helpers.emulated import eventually
from tests.helpers.far_device import Device, served
from tests.helpers.offline_wheels import reused_wheels
from tests.helpers.small_bundles import convert_small
from tests.helpers.ssh_server import BOARD, HOST, SshServer, needs_sshd

pytestmark = needs_sshd
FAR = ("--host", HOST, "--quick", "--samples", "2")


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SshServer, Device]]:
    """A device on which EdgeKit is installed, and its server."""
    pytest.importorskip("tflite_runtime", reason="the extra rpi is not installed here")
    folder = tmp_path_factory.mktemp("far")
    device = Device(folder)
    device.has("vcgencmd", "echo throttled=0x50005")
    with pytest.MonkeyPatch.context() as patch, served(device, patch) as server:
        provision(HOST, wheels=reused_wheels(folder / "wheels"))
        yield server, device


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return convert_small(tmp_path_factory.mktemp("small"), target="rpi4")


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Pi whose processor is that of this machine."""
    path = tmp_path_factory.mktemp("board") / "board.toml"
    path.write_text(BOARD)
    return path


def _left() -> set[Path]:
    return set(Path("/tmp").glob("edgekit.??????"))


def test_both_engines_in_one_report(
    far: tuple[SshServer, Device], bundle: Path, board: Path, tmp_path: Path
) -> None:
    before = _left()
    words = ("-t", board, *FAR, "--engine", "both", "--threads", "1,2", "--batch", "1")
    words += ("--cold", 1, "--sustained", 0.2)
    record = succeeds("bench", bundle, *words, "-o", tmp_path / "report", "--json").record
    one, two, native = record["runs"]
    assert (one["threads"], two["threads"]) == (1, 2)
    assert native["engine"].startswith("edgekit-c")
    for run in (one, two):
        assert run["outputs_checked"] == 2
        assert run["provenance"] == "measured"
        assert [row["batch"] for row in run["batches"]] == [1]
    for run in record["runs"]:
        [start] = run["cold"]
        assert all(start[part] > 0 for part in ("process_s", "load_s", "first_s"))
        assert [row["state"]["throttled"] for row in run["sustained"]] == ["0x50005"] * 20
        assert run["device"].startswith(f"{HOST}: {os.uname().machine}")
        assert run["environment"]["throttled_before"] == "0x50005"
        [note] = [row for row in run["warnings"] if row["code"] == "throttled"]
        assert note["subject"] == HOST
        assert note["message"].startswith("during the run: under-voltage, throttled (")
    assert one["environment"]["memory"]
    assert eventually(lambda: not _left() - before)  # others may measure at the same time
    assert (tmp_path / "report" / "report.html").is_file()


def test_a_connection_that_breaks(far: tuple[SshServer, Device], bundle: Path) -> None:
    """What was sent there is gone soon."""
    server, _ = far
    before, opened = _left(), open_bundle(bundle)
    stages = []

    def cut(stage: str, done: int, total: int) -> None:
        stages.append(stage)
        if stage == "interpreter":
            for pid in server.sessions():
                os.kill(pid, signal.SIGKILL)

    python = provision(HOST).python
    options, inputs = BenchOptions(engine="litert"), random_inputs(opened.graph, 1)
    with pytest.raises(EdgeKitError) as caught:
        measured_there(ssh(HOST), python, opened, inputs, options, cut)
    assert caught.value.code == "ssh-lost"
    assert "interpreter" in stages
    while _left() - before:  # until the far end has noticed; without a limit of time of its own
        time.sleep(0.1)


def test_what_fails_there_is_the_same_error_here(
    far: tuple[SshServer, Device], bundle: Path
) -> None:
    opened, before = open_bundle(bundle), _left()
    inputs, python = random_inputs(opened.graph, 1), provision(HOST).python
    wrong = [array[:, :-1] for array in inputs.samples[0]]
    spoiled = type(inputs)((wrong,), "too small")
    with pytest.raises(EdgeKitError) as caught:
        measured_there(ssh(HOST), python, opened, spoiled, BenchOptions(), lambda *_: None)
    assert caught.value.code == "input-shape"
    assert eventually(lambda: not _left() - before)  # others may measure at the same time


def test_no_network_there_and_none_here(
    bundle: Path, board: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither pip reaches an index: what has to come first is said, and nothing is left."""
    device = Device(tmp_path)
    (device.home / ".config/pip").mkdir(parents=True)
    settings = "[global]\nindex-url = http://127.0.0.1:9/simple\n"
    (device.home / ".config/pip/pip.conf").write_text(settings)
    before = tree(device.home)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "none"))
    words = ("-t", board, *FAR, "--engine", "litert")
    with served(device, monkeypatch):
        error = fails("bench", bundle, *words, exit_code=1, code="provision-first")
    assert error["found"].startswith("LiteRT is not installed there, its pip reaches no package")
    assert f"edgekit provision {HOST} --wheels DIR" in error["hint"]
    assert "--engine native" in error["hint"]
    assert tree(device.home) == before


def test_the_network_of_this_machine_where_there_is_none_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done = provisions.Provisioned(HOST, "python", {}, fresh=True)
    why = "provision-no-network"

    def provision(host: str, **options: object) -> provisions.Provisioned:
        if options.get("download"):
            return done
        raise DeviceError(host, "cannot", code=why)

    monkeypatch.setattr(provisions, "provision", provision)
    assert provisions.ensure(HOST) is done
    why = "provision-no-python"
    with pytest.raises(DeviceError) as caught:
        provisions.ensure(HOST)
    assert caught.value.code == why


def test_options_that_say_nothing(bundle: Path, tmp_path: Path) -> None:
    error = fails("bench", bundle, *FAR, "--engine", "onnx", exit_code=2, code="bad-option")
    assert error["allowed"] == "litert, native, both"
    words = ("-t", "android-arm64", "--serial", "1", "--engine", "litert")
    fails("bench", bundle, *words, exit_code=2, code="option-unused")
    words = ("--emulate", "--engine", "both")
    fails("bench", bundle, *words, exit_code=2, code="option-unused")
    words = (*FAR, "--engine", "litert", "--power", "virtual")
    error = fails("bench", bundle, *words, exit_code=2, code="option-unused")
    assert "--engine both" in error["found"]
    larq = convert_binary(tmp_path, "rpi4")
    words = (*FAR, "--engine", "litert")
    error = fails("bench", larq, *words, exit_code=2, code="not-for-litert")
    assert error["allowed"] == "native"


@pytest.mark.parametrize(("engine", "start"), [("litert", "ai_edge"), ("native", "edgekit-c")])
def test_one_engine_on_this_machine(bundle: Path, engine: str, start: str) -> None:
    words = ("-t", "host", "--quick", "--samples", "1", "--engine", engine, "--batch", "1")
    [run] = succeeds("bench", bundle, *words, "--json").record["runs"]
    assert run["engine"].startswith(start)
