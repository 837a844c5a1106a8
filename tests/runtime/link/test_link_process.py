"""A program's pipes as a line: the real runner, and programs that end, hang or cannot start."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from edgekit.errors import DeviceError, EdgeKitError, PortError
from edgekit.firmware_stubs.runner import build_runner_image
from edgekit.runtime.link import process
from edgekit.runtime.link.dut import Dut
from edgekit.runtime.link.process import ProcessTransport, program_ended
from edgekit.targets.reader import load_target
from tests.helpers.tiny_bundle import TINY_HASH, TINY_INPUT, tiny_bundle, tiny_output


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("process")
    bundle = tiny_bundle(folder / "bundle")
    return build_runner_image(bundle, load_target("host"), folder / "out").elf


def python(text: str) -> ProcessTransport:
    return ProcessTransport("a device", (sys.executable, "-c", text))


def failing(line: ProcessTransport) -> EdgeKitError:
    """What reading to its end raises."""
    with line, pytest.raises(EdgeKitError) as caught:
        _read_on(line)
    return caught.value


def _read_on(line: ProcessTransport) -> None:
    while True:
        line.read()


def _write_on(line: ProcessTransport) -> None:
    while True:
        line.write(bytes(1 << 16))


def test_the_runner_answers_as_a_board_does(runner: Path) -> None:
    with ProcessTransport("here", (str(runner), "serve")) as line, Dut(line) as dut:
        assert dut.connect().extension == 1
        board = dut.extension()
        assert board.info()["hash"] == TINY_HASH
        board.write_input(TINY_INPUT)
        assert board.self_test(tiny_output(TINY_INPUT))
        assert not board.self_test(bytes(4))
        board.run(3)
        assert board.read_output(4) == tiny_output(TINY_INPUT)
        assert [step.name for step in board.profile()] == ["invert", "scores"]
        assert board.memory()["arena_used"] == 20


def test_every_sample_is_kept_and_comes_in_pieces(runner: Path) -> None:
    with ProcessTransport("here", (str(runner), "serve")) as line, Dut(line) as dut:
        dut.connect()
        board = dut.extension()
        most = int(board.machine()["samples"])
        with pytest.raises(EdgeKitError, match="no complete input"):
            board.sample(1)
        board.write_input(TINY_INPUT)
        found = board.sample(5000, 10)  # more than one frame holds
        assert len(found.ticks) == len(found.net) == 5000 < most
        assert all(ticks >= 0 for ticks in found.net)
        assert len(board.sample(most).ticks) == most
        for count in (0, most + 1):
            with pytest.raises(EdgeKitError, match="outside"):
                board.sample(count)
        assert board.read_output(4) == tiny_output(TINY_INPUT)


def test_the_machine_is_described(runner: Path) -> None:
    with ProcessTransport("here", (str(runner), "serve")) as line, Dut(line) as dut:
        dut.connect()
        machine = dut.extension().machine()
    assert machine["machine"] == os.uname().machine
    assert machine["os"] == f"Linux {os.uname().release}"
    assert machine["threads"] == "1"
    assert 0 < int(machine["peak_rss"]) < int(machine["memory"])


def test_a_board_does_not_know_requests_of_programs(tmp_path: Path) -> None:
    from edgekit.firmware_stubs.build import build_posix

    image = build_posix(tiny_bundle(tmp_path / "bundle"), tmp_path / "out")
    with ProcessTransport("board", (str(image.elf),)) as line, Dut(line) as dut:
        dut.connect()
        with pytest.raises(EdgeKitError, match="does not know this request"):
            dut.extension().machine()


def test_closing_ends_the_program(runner: Path) -> None:
    with ProcessTransport("here", (str(runner), "serve")) as line:
        pid = line.pid
        assert pid
        os.kill(pid, 0)
    assert line.pid == 0
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_program_that_does_not_listen_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "STOP_S", 0.1)
    with python("import time; time.sleep(100)") as line:
        pid = line.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_program_that_takes_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "WRITE_S", 0.1)
    monkeypatch.setattr(process, "STOP_S", 0.1)
    with python("import time; time.sleep(100)") as line, pytest.raises(PortError) as caught:
        line.write(bytes(1 << 20))
    assert caught.value.code == "program-stuck"


def test_the_last_words_of_a_program_are_told() -> None:
    error = failing(python("import sys; sys.exit('the floor is wet')"))
    assert error.code == "runner-ended"
    assert error.found == "the runner ended with status 1: the floor is wet"


def test_writing_to_a_program_that_ended() -> None:
    with python("pass") as line, pytest.raises(PortError) as caught:
        _write_on(line)
    assert caught.value.code == "runner-ended"


@pytest.mark.parametrize("signal", [4, 9, 11])
def test_signals_mean_something(signal: int) -> None:
    error = failing(python(f"import os; os.kill(os.getpid(), {signal})"))
    assert error.code == f"runner-signal-{signal}"
    assert program_ended("x", 128 + signal, "").code == error.code  # as a shell says it
    assert "--" not in error.found
    assert error.hint


def test_an_explanation_goes_before(runner: Path) -> None:
    said: list[tuple[int, str]] = []

    def explain(status: int, text: str) -> DeviceError | None:
        said.append((status, text))
        return DeviceError("x", "known", code="known")

    words = (sys.executable, "-c", "import sys; sys.exit('no')")
    assert failing(ProcessTransport("x", words, explain=explain)).code == "known"
    assert said == [(1, "no")]


def test_a_program_of_another_processor(tmp_path: Path) -> None:
    alien = tmp_path / "runner"
    alien.write_bytes(b"\x7fELF" + bytes(100))
    alien.chmod(0o700)
    with pytest.raises(DeviceError) as caught:
        ProcessTransport("this machine", (str(alien), "serve")).open()
    assert caught.value.code == "wrong-abi"
    assert caught.value.found == f"cannot execute {alien}: it is for another kind of processor"
    assert "--target" in caught.value.hint


def test_a_program_that_is_not_there() -> None:
    with pytest.raises(PortError) as caught:
        ProcessTransport("this machine", ("/no/such/program",)).open()
    assert caught.value.code == "program-missing"
    assert "No such file or directory" in caught.value.found
