"""The benchmark of one device: on the real firmware as a host program, and on virtual boards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edgekit.artifacts.bundle import Manifest, read_manifest
from edgekit.artifacts.figures import Provenance
from edgekit.errors import ProtocolError
from edgekit.firmware_stubs.build import build_posix
from edgekit.firmware_stubs.image import Image
from edgekit.runtime.devices.bench import BenchPlan, bench_device
from edgekit.runtime.devices.counting import Counter
from edgekit.runtime.devices.qemu import VirtualBoard
from edgekit.runtime.link.dut import Dut, open_dut
from edgekit.targets.model import Target
from edgekit.targets.reader import load_target
from tests.helpers.ptys import firmware_on_pty
from tests.helpers.tiny_bundle import TINY_INPUT, tiny_bundle, tiny_output
from tests.helpers.virtual_firmware import bundle, firmware, needs_qemu

INPUTS = (TINY_INPUT, bytes(8), bytes(range(100, 108)))
EXPECTED = tuple(tiny_output(data) for data in INPUTS)


@pytest.fixture(scope="module")
def posix(tmp_path_factory: pytest.TempPathFactory) -> tuple[Manifest, Image]:
    folder = tiny_bundle(tmp_path_factory.mktemp("bench") / "bundle")
    return read_manifest(folder), build_posix(folder, folder.parent / "out")


@pytest.fixture
def dut(posix: tuple[Manifest, Image]) -> Iterator[Dut]:
    with firmware_on_pty(posix[1].elf) as (port, _), open_dut(port) as dut:
        yield dut


@pytest.fixture
def real() -> Target:
    """A target without emulator: its windows are sized by the clock."""
    return load_target("nano33ble")


def test_a_real_board_gets_five_windows_of_the_length_asked_for(
    dut: Dut, posix: tuple[Manifest, Image], real: Target
) -> None:
    manifest, image = posix
    plan = BenchPlan(INPUTS, EXPECTED, build_id=image.build_id, window_s=0.02)
    result = bench_device(dut, manifest, real, plan)
    assert result.provenance is Provenance.MEASURED
    assert (result.outputs_checked, result.outputs_equal) == (3, 3)
    assert len(result.windows) == len(result.latency_s) == 5
    assert {window.inferences for window in result.windows} != {1}
    assert all(window.inferences >= 10 for window in result.windows)
    for window, latency in zip(result.windows, result.latency_s, strict=True):
        assert latency == pytest.approx(window.seconds / window.inferences)
    assert result.counter_unit == "s"
    assert [step.name for step in result.steps] == ["invert", "scores"]
    assert result.steps[1].macs == 32
    assert result.memory["arena_high_water"] == 20
    assert result.environment["input"] == "frames over the serial line"
    (note,) = result.warnings
    assert (note.code, note.level) == ("short-windows", "warning")


def test_quick_marks_its_windows(dut: Dut, posix: tuple[Manifest, Image], real: Target) -> None:
    plan = BenchPlan(INPUTS, quick=True, window_s=0.01, profile=False)
    result = bench_device(dut, posix[0], real, plan)
    assert [(note.code, note.level) for note in result.warnings] == [("short-windows", "info")]
    assert (result.outputs_checked, result.steps) == (0, ())


def test_progress_is_told(dut: Dut, posix: tuple[Manifest, Image], real: Target) -> None:
    told: list[tuple[str, int, int]] = []
    plan = BenchPlan(INPUTS, EXPECTED, window_s=0.01)
    bench_device(dut, posix[0], real, plan, progress=lambda *row: told.append(row))
    assert ("checking outputs", 3, 3) in told
    assert ("timing", 5, 5) in told
    assert [row[0] for row in told if row[1] == 0] == [
        "checking outputs", "timing", "profiling", "memory",
    ]  # fmt: skip


def test_wrong_outputs_are_counted_and_the_first_is_described(
    dut: Dut, posix: tuple[Manifest, Image], real: Target
) -> None:
    wrong = bytearray(EXPECTED[1])
    wrong[2] ^= 1
    plan = BenchPlan(INPUTS, (EXPECTED[0], bytes(wrong), bytes(4)), window_s=0.01)
    result = bench_device(dut, posix[0], real, plan)
    assert (result.outputs_checked, result.outputs_equal) == (3, 1)
    note = result.warnings[0]
    assert (note.code, note.subject) == ("outputs-differ", "input 1")
    assert "1 of 4 output bytes differ, the first at 2" in note.message


def test_another_model_on_the_board(dut: Dut, posix: tuple[Manifest, Image], real: Target) -> None:
    other = replace(posix[0], model_sha256="f" * 64)
    with pytest.raises(ProtocolError, match="runs model 0123456789abcdef") as caught:
        bench_device(dut, other, real, BenchPlan(INPUTS))
    assert caught.value.code == "wrong-model"
    assert caught.value.allowed == "f" * 16
    assert "flash" in caught.value.hint


def test_another_build_on_the_board(dut: Dut, posix: tuple[Manifest, Image], real: Target) -> None:
    manifest, image = posix
    with pytest.raises(ProtocolError, match=f"runs build {image.build_id}") as caught:
        bench_device(dut, manifest, real, BenchPlan(INPUTS, build_id="00"))
    assert caught.value.code == "wrong-build"


def test_a_firmware_without_hooks_has_no_steps(
    tmp_path: Path, posix: tuple[Manifest, Image], real: Target
) -> None:
    image = build_posix(tiny_bundle(tmp_path / "bundle"), tmp_path / "out", profile=False)
    with firmware_on_pty(image.elf) as (port, _), open_dut(port) as dut:
        result = bench_device(dut, posix[0], real, BenchPlan(INPUTS, window_s=0.01))
    assert result.steps == ()


def test_no_inputs(dut: Dut, posix: tuple[Manifest, Image], real: Target) -> None:
    with pytest.raises(ValueError, match="at least one input"):
        bench_device(dut, posix[0], real, BenchPlan(()))


def test_a_counter_of_another_rate_than_the_profile_says() -> None:
    with pytest.raises(ProtocolError, match="counts at 1 Hz") as caught:
        Counter.of(load_target("virtual-m4"), {"counter_hz": "1"})
    assert caught.value.code == "wrong-counter"


def test_cycles_are_whole_ticks() -> None:
    counter = Counter.of(load_target("nano33ble"), {"counter_hz": "64000000", "counter": "cycles"})
    assert (counter.unit, counter.count(640), counter.resolution) == ("cycles", 640.0, 1.0)


@pytest.mark.qemu
@needs_qemu
@pytest.mark.parametrize("side_door", [False, True])
def test_a_virtual_board_counts_instructions(side_door: bool) -> None:
    target = load_target("virtual-m4")
    image = firmware("tiny", "virtual-m4")
    manifest = read_manifest(bundle("tiny"))
    with VirtualBoard(target, image.elf) as board, open_dut(board.port) as dut:
        plan = BenchPlan(
            INPUTS,
            EXPECTED,
            build_id=image.build_id,
            load_input=board.load_input if side_door else None,
            load_name="QEMU memory" if side_door else "line",
            device=board.description,
            environment={"icount": board.icount},
        )
        result = bench_device(dut, manifest, target, plan)
        again = bench_device(dut, manifest, target, plan)
    assert result.provenance is Provenance.SIMULATED
    assert result.counter_unit == "instructions"
    assert (result.outputs_checked, result.outputs_equal) == (3, 3)
    assert result.latency_s == ()  # instructions are no time
    assert [window.inferences for window in result.windows] == [1, 1]
    assert result.windows[0].count == result.windows[1].count
    assert result.count_per_inference == again.count_per_inference
    assert result.count_per_inference is not None
    assert result.count_per_inference == int(result.count_per_inference)
    assert 100 < result.count_per_inference < 2000
    assert abs(sum(step.count for step in result.steps) - result.count_per_inference) < 60
    assert result.count_resolution == 1.0
    assert result.device == board.description
    assert result.environment["icount"] == "shift=8,align=off,sleep=off"
    assert result.environment["input"] == ("QEMU memory" if side_door else "line")
    assert 0 < result.memory["stack_high_water"] < result.memory["stack"] == 4096
    assert result.warnings == ()
