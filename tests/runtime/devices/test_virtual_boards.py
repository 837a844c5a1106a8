"""Every virtual board: the firmware boots, answers, computes and counts exactly."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.errors import ProtocolError, ToolError
from edgekit.firmware_stubs.build import build_firmware
from edgekit.runtime.devices.counting import instructions
from edgekit.runtime.devices.qemu import Edge, VirtualBoard, parse_edge
from edgekit.runtime.link.dut import open_dut
from edgekit.targets.model import Emulator
from edgekit.targets.reader import load_target
from tests.helpers.tiny_bundle import TINY_HASH, TINY_INPUT, tiny_bundle, tiny_output
from tests.helpers.virtual_firmware import BOARDS, firmware, needs_qemu

pytestmark = [pytest.mark.qemu, needs_qemu]
LOOP_INSTRUCTIONS = 2_000_001


def board(name: str, kind: str = "tiny", **options: object) -> VirtualBoard:
    return VirtualBoard(load_target(name), firmware(kind, name).elf, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", BOARDS)
def test_boots_identifies_computes_and_profiles(name: str) -> None:
    with board(name) as virtual, open_dut(virtual.port) as dut:
        assert dut.connect().vendor == "EdgeKit"
        dut.load(TINY_INPUT)
        reals = tuple((byte ^ 0x80) / 256 for byte in tiny_output(TINY_INPUT))
        assert dut.infer(2, 1).results == pytest.approx(reals, abs=5e-4)
        extension = dut.extension()
        facts = extension.info()
        assert facts["hash"] == TINY_HASH
        assert facts["build"] == firmware("tiny", name).build_id
        assert facts["board"] == virtual.emulator.machine
        assert int(facts["counter_hz"]) == virtual.emulator.timer_hz
        extension.write_input(TINY_INPUT)
        extension.run()
        assert extension.read_output(4) == tiny_output(TINY_INPUT)
        assert extension.self_test(tiny_output(TINY_INPUT))
        steps = [instructions(row.ticks, virtual.emulator) for row in extension.profile()]
        assert 8 < steps[0] < 200 < steps[1] + 100 < 1500
        memory = extension.memory()
        assert memory["arena_used"] == 20
        assert 200 < memory["stack_used"] < memory["stack"]


@pytest.mark.parametrize("name", BOARDS)
def test_counts_a_known_loop_exactly(name: str) -> None:
    with board(name, "loop") as virtual, open_dut(virtual.port) as dut:
        extension = dut.extension()
        extension.write_input(bytes(4))
        counts = [instructions(extension.run().net, virtual.emulator) for _ in range(5)]
    assert counts == [LOOP_INSTRUCTIONS] * 5


def test_trigger_edges_enclose_the_window_closely() -> None:
    seen: list[Edge] = []
    with board("virtual-m4", "loop", on_edge=seen.append) as virtual, open_dut(virtual.port) as dut:
        extension = dut.extension()
        extension.write_input(bytes(4))
        windows = [extension.run().ticks for _ in range(3)]
        events = virtual.trigger_events()
    assert [edge.kind for edge in events] == ["fall", "rise"] * 3
    assert seen == list(events)
    ticks = [edge.ticks for edge in events]
    assert ticks == sorted(ticks)
    for index, window in enumerate(windows):
        around = ticks[2 * index + 1] - ticks[2 * index]
        assert 0 <= instructions(around - window, virtual.emulator) < 100


def test_trigger_edges_of_the_board_with_one_uart() -> None:
    with board("virtual-m0") as virtual, open_dut(virtual.port) as dut:
        extension = dut.extension()
        extension.write_input(TINY_INPUT)
        extension.run()
        assert [edge.kind for edge in virtual.trigger_events()] == ["fall", "rise"]


@pytest.mark.parametrize("name", ["virtual-m0", "virtual-m4", "virtual-m55"])
def test_the_side_door_gives_the_same_as_the_line(name: str) -> None:
    with board(name) as virtual, open_dut(virtual.port) as dut:
        extension = dut.extension()
        for data in (TINY_INPUT, bytes(range(8))):
            virtual.load_input(extension, data)
            assert virtual.read_memory(virtual.symbol("ek_db"), 8) == data
            extension.run()
            assert extension.read_output(4) == tiny_output(data)
        virtual.write_memory(virtual.symbol("ek_db"), b"changed!")
        with pytest.raises(ProtocolError, match="checksum differs") as caught:
            extension.commit(data)
        assert caught.value.code == "device-input"


def test_the_port_may_be_opened_again() -> None:
    with board("virtual-m4") as virtual:
        for _ in range(3):
            with open_dut(virtual.port) as dut:
                assert dut.connect().extension == 1


@pytest.mark.parametrize("name", ["virtual-m0", "virtual-m4", "virtual-m55"])
def test_stack_overflow_is_a_fault_and_said_so(tmp_path: Path, name: str) -> None:
    bundle = tiny_bundle(tmp_path / "bundle")
    (bundle / "c" / "tiny_dense.c").write_text(
        '#include "tiny.h"\n'
        "void tiny_dense(const int8_t *input, const int8_t weights[4][8], int8_t *output)\n"
        "{\n    volatile int8_t big[20000];\n    big[0] = input[0];\n"
        "    for (int i = 1; i < 20000; i++) big[i] = (int8_t)(big[i - 1] + weights[0][i % 8]);\n"
        "    output[0] = big[19999];\n}\n"
    )
    target = load_target(name)
    elf = build_firmware(bundle, target, tmp_path / "out").elf
    with VirtualBoard(target, elf) as virtual, open_dut(virtual.port) as dut:
        extension = dut.extension()
        extension.write_input(TINY_INPUT)
        with pytest.raises(ProtocolError, match=r"Fault: exception 3, stack overflow") as caught:
            extension.run()
    assert caught.value.code == "device-fault"
    assert "stack_bytes" in caught.value.hint


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state != "Z"


def gone(pid: int) -> bool:
    for _ in range(100):
        if not alive(pid):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, SystemExit])
def test_no_process_stays_behind_whatever_happens(error: type[BaseException]) -> None:
    pids = []

    def fail() -> None:
        with board("virtual-m4") as virtual:
            pids.append(virtual.pid)
            raise error

    with pytest.raises(error):
        fail()
    assert not alive(pids[0])


def test_no_process_stays_behind_when_nobody_ever_connects() -> None:
    with board("virtual-m4") as virtual:
        pid = virtual.pid
        folder = virtual._folder
    assert not alive(pid)
    assert not folder.exists()


CHILD = """
import sys, time
from pathlib import Path
from edgekit.runtime.devices.qemu import VirtualBoard
from edgekit.runtime.link.dut import open_dut
from edgekit.targets.reader import load_target
with VirtualBoard(load_target("virtual-m4"), Path(sys.argv[1])) as board, open_dut(board.port):
    print(board.pid, flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_stays_behind_when_we_are_killed(number: signal.Signals) -> None:
    command = [sys.executable, "-c", CHILD, str(firmware("tiny", "virtual-m4").elf)]
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=root
    ) as child:
        assert child.stdout is not None
        pid = int(child.stdout.readline())
        assert alive(pid)
        child.send_signal(number)
        child.wait(20)
    assert gone(pid)


def test_qemu_dying_in_the_middle_is_named() -> None:

    def run_and_kill() -> None:
        with board("virtual-m4", "loop") as virtual, open_dut(virtual.port) as dut:
            extension = dut.extension()
            extension.write_input(bytes(4))
            threading.Timer(0.2, os.kill, [virtual.pid, signal.SIGKILL]).start()
            extension.run(1_000_000)

    with pytest.raises(ToolError, match=r"QEMU .* mps2-an386: stopped with status -9") as caught:
        run_and_kill()
    assert caught.value.code == "qemu-died"


def test_qemus_own_words_are_quoted(tmp_path: Path) -> None:
    with (
        pytest.raises(ToolError, match="stopped with status 1") as caught,
        VirtualBoard(load_target("virtual-m4"), tmp_path / "missing.elf") as virtual,
        open_dut(virtual.port, timeout=2.0),
    ):
        pass
    assert "missing.elf" in caught.value.found


def test_check_notices_that_qemu_stopped() -> None:
    with board("virtual-m4") as virtual:
        virtual.check()
        os.kill(virtual.pid, signal.SIGKILL)
        virtual._process.wait()  # type: ignore[union-attr]
        with pytest.raises(ToolError, match="it said nothing"):
            virtual.check()


def test_no_such_symbol() -> None:
    with board("virtual-m4") as virtual, pytest.raises(ToolError, match="no symbol nonsense") as no:
        virtual.symbol("nonsense")
    assert (no.value.code, "edgekit build" in no.value.hint) == ("no-symbol", True)


def test_a_board_that_qemu_does_not_know() -> None:
    with pytest.raises(ToolError, match="no emulator for this target") as caught:
        VirtualBoard(load_target("nano33ble"), Path("none.elf"))
    assert caught.value.code == "no-emulator"
    assert "edgekit targets" in caught.value.hint


def test_description_names_version_and_machine() -> None:
    with board("virtual-m4") as virtual:
        assert virtual.description == f"QEMU {virtual.version} mps2-an386"
        assert virtual.icount == "shift=8,align=off,sleep=off"


def test_missing_qemu_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    elf = firmware("tiny", "virtual-m4").elf
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(ToolError, match="not installed") as caught:
        VirtualBoard(load_target("virtual-m4"), elf).__enter__()
    assert "apt-get install qemu-system-arm" in caught.value.hint
    assert caught.value.code == "qemu-missing"


def test_a_target_without_emulator() -> None:
    with pytest.raises(ToolError, match="no emulator"):
        VirtualBoard(load_target("nano33ble"), Path("x.elf"))


@pytest.mark.parametrize(
    ("line", "edge"),
    [
        (b"F12", Edge("fall", 12)),
        (b"R18446744073709551615", Edge("rise", 2**64 - 1)),
        (b"X12", None),
        (b"F", None),
        (b"", None),
        (b"F1x", None),
    ],
)
def test_trigger_lines(line: bytes, edge: Edge | None) -> None:
    assert parse_edge(line) == edge


@given(
    hz=st.sampled_from([16_000_000, 20_000_000, 25_000_000]),
    count=st.integers(1, 10**12),
    error=st.floats(-1.99, 1.99),
)
def test_ticks_become_instructions_whatever_their_phase(hz: int, count: int, error: float) -> None:
    """Window and empty window are each off by less than a tick."""
    emulator = Emulator(machine="x", timer_hz=hz, icount_shift=8)
    true = count * hz * 256 / 1e9
    lowest, highest = math.ceil(true - 2), math.floor(true + 2)
    ticks = min(max(round(true + error), lowest), highest)
    if abs(ticks - true) < 2:
        assert instructions(ticks, emulator) == count
