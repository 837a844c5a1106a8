"""Firmware of a model in two memories: each block in its own, guarded, measured, checked."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from edgekit.artifacts.bundle import ArenaBlock, read_manifest
from edgekit.converter.interpret import run
from edgekit.converter.tflite.reader import read_tflite
from edgekit.errors import ProtocolError, ToolError
from edgekit.firmware_stubs.build import build_firmware, build_posix
from edgekit.firmware_stubs.sources import memory_script
from edgekit.runtime.devices.qemu import VirtualBoard
from edgekit.runtime.link.dut import open_dut
from edgekit.targets.reader import load_target
from tests.helpers.ptys import firmware_on_pty
from tests.helpers.random_graphs import random_inputs
from tests.helpers.split_bundles import board, split_bundle
from tests.helpers.virtual_firmware import needs_qemu

BOARDS = ("virtual-m55", "virtual-m7")
LAST = "    EK_STEP_DONE(4);"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("split")


@pytest.fixture(scope="module", params=BOARDS)
def profile(request: pytest.FixtureRequest, folder: Path) -> Path:
    return board(folder, request.param, 0x7000, 9000)


@pytest.fixture(scope="module")
def bundle(folder: Path, profile: Path) -> Path:
    return split_bundle(folder, profile)


def sample(bundle: Path) -> tuple[bytes, bytes]:
    """A random input and what the interpreter makes of it."""
    graph = read_tflite((bundle / "model.tflite").read_bytes(), "mobile")
    inputs = random_inputs(graph, np.random.default_rng(2))
    return inputs[0].tobytes(), run(graph, inputs)[graph.outputs[0]].tobytes()


def test_it_is_split(bundle: Path) -> None:
    memory = read_manifest(bundle).memory
    assert memory is not None
    assert [block.memory for block in memory.blocks] == ["DTCM", "main RAM"]


@needs_qemu
@pytest.mark.qemu
def test_the_board_computes_what_the_interpreter_does(
    bundle: Path, profile: Path, tmp_path: Path
) -> None:
    target, (data, expected) = load_target(str(profile)), sample(bundle)
    memory = read_manifest(bundle).memory
    assert memory is not None
    image = build_firmware(bundle, target, tmp_path)
    with VirtualBoard(target, image.elf) as virtual, open_dut(virtual.port) as dut:
        extension = dut.extension()
        extension.write_input(data)
        extension.run(2)
        assert extension.read_output(len(expected)) == expected
        assert extension.self_test(expected)
        found = extension.memory()
    assert found["arena"] == memory.arena_bytes
    for block in memory.blocks:
        assert found[f"arena.{block.memory}"] == block.bytes
        assert 0 < found[f"arena_used.{block.memory}"] <= block.bytes
    assert found["guard"] == 0
    assert found["arena_used"] == sum(found[f"arena_used.{b.memory}"] for b in memory.blocks)


@needs_qemu
@pytest.mark.qemu
@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("in_dtcm[{0}] = 1;", ("behind the arena", "block 0")),
        ("in_dtcm[-1] = 1;", ("in front of the arena", "block 0")),
        ("in_main_ram[{1}] = 1;", ("behind the arena", "block 1")),
        ("in_main_ram[-1] = 1;", ("in front of the arena", "block 1")),
    ],
)
def test_each_block_is_guarded(
    bundle: Path, profile: Path, place: str, words: tuple[str, str], tmp_path: Path
) -> None:
    target, (data, expected) = load_target(str(profile)), sample(bundle)
    wrong = overflowing(bundle, place, tmp_path)
    image = build_firmware(wrong, target, tmp_path / "out")
    with VirtualBoard(target, image.elf) as virtual, open_dut(virtual.port) as dut:
        extension = dut.extension()
        extension.write_input(data)
        with pytest.raises(ProtocolError) as caught:
            extension.self_test(expected)
    assert caught.value.code == "guard-broken"
    for word in words:
        assert word in caught.value.found


def overflowing(bundle: Path, place: str, folder: Path) -> Path:
    """A copy of the bundle whose last step writes outside a block, whose sizes `place` may name."""
    memory = read_manifest(bundle).memory
    assert memory is not None
    wrong = Path(shutil.copytree(bundle, folder / "wrong"))
    source = wrong / "c" / "mobile.c"
    text = source.read_text()
    assert text.count(LAST) == 1
    statement = place.format(*(block.bytes for block in memory.blocks))
    source.write_text(text.replace(LAST, f"{LAST}\n    {statement}"))
    return wrong


def test_each_block_lies_in_its_memory(bundle: Path, profile: Path, tmp_path: Path) -> None:
    target = load_target(str(profile))
    memory = read_manifest(bundle).memory
    assert memory is not None
    image = build_firmware(bundle, target, tmp_path)
    used = {use.name: use for use in image.memories}
    assert list(used) == ["code", "main RAM", "DTCM"]
    fast, slow = memory.blocks
    assert used["DTCM"].used == fast.bytes + 32
    assert used["main RAM"].used == image.ram_bytes - fast.bytes - 32 > slow.bytes + 4096
    assert used["code"].used == image.flash_bytes
    assert image.sections[".arena.0"] == fast.bytes + 32
    for index, name in enumerate(("DTCM", "main RAM")):
        place = next(m for m in target.memories if m.name == name)
        at = image.sizes.symbols[f"ek_block_{index}"]
        assert place.start <= at < place.start + place.size
        assert at % 16 == 0
    assert sum(group.ram for group in image.groups.values()) == image.ram_bytes
    assert image.groups["app"].ram >= memory.arena_bytes


def test_the_same_firmware_on_this_machine(bundle: Path, tmp_path: Path) -> None:
    """Every block under the address sanitizer."""
    data, expected = sample(bundle)
    image = build_posix(bundle, tmp_path, sanitize=True)
    with firmware_on_pty(image.elf) as (port, _), open_dut(port) as dut:
        extension = dut.extension()
        extension.write_input(data)
        extension.run(2)
        assert extension.read_output(len(expected)) == expected
        assert extension.self_test(expected)


def test_one_block_in_the_fast_memory(folder: Path, tmp_path: Path) -> None:
    """The whole arena fits there: one pointer as ever, and the firmware puts it there."""
    profile = board(folder, "virtual-m55", 0x10000, 0x8000)
    made = split_bundle(folder, profile, arena="fast")
    text = (made / "c" / "mobile.h").read_text()
    assert "uint8_t arena[MOBILE_ARENA_SIZE]; // in DTCM" in text
    assert "ek_arena_t" not in text
    image = build_firmware(made, load_target(str(profile)), tmp_path)
    memory = read_manifest(made).memory
    assert memory is not None
    assert {use.name: use.used for use in image.memories}["DTCM"] == memory.arena_bytes + 32


def test_the_script_of_one_block_anywhere_is_as_it_was() -> None:
    target = load_target("virtual-m55")
    assert "SECTIONS" not in memory_script(target)
    assert "RAM_" not in memory_script(target)
    main = ArenaBlock("isram", 16, 16, 16)
    assert memory_script(target, [main]) == memory_script(target)
    text = memory_script(target, [ArenaBlock("dtcm", 16, 16, 16), main])
    assert "RAM_0 (rwx) : ORIGIN = 0x20000000, LENGTH = 0x80000 /* dtcm */" in text
    assert ".arena.0 (NOLOAD) : ALIGN(16) { *(.bss.ek_arena.0) } > RAM_0" in text


def test_a_board_without_that_memory(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(ToolError) as caught:
        build_firmware(bundle, load_target("virtual-m4"), tmp_path)
    error = caught.value
    assert error.code == "no-such-memory"
    assert error.found == (
        "the bundle's arena was planned for a memory 'DTCM', which it does not have"
    )
    assert error.allowed == "ssram23"
    assert error.hint.endswith("edgekit convert MODEL --target virtual-m4")
