"""Sizes read from an ELF file and its map add up, and agree with binutils."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from edgekit.errors import ToolError
from edgekit.firmware_stubs.build import build_firmware
from edgekit.firmware_stubs.image import Image
from edgekit.firmware_stubs.sizes import GroupSize, read_groups, read_sizes
from edgekit.targets.reader import load_target

needs_arm = pytest.mark.skipif(
    shutil.which("arm-none-eabi-gcc") is None, reason="no arm-none-eabi-gcc"
)


@pytest.fixture(scope="module")
def image(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Image:
    return build_firmware(tiny, load_target("virtual-m4"), tmp_path_factory.mktemp("m4"))


@needs_arm
def test_totals_are_those_of_binutils(image: Image) -> None:
    done = subprocess.run(
        ["arm-none-eabi-size", str(image.elf)], capture_output=True, text=True, check=True
    )
    text, data, bss = (int(word) for word in done.stdout.splitlines()[1].split()[:3])
    assert image.flash_bytes == text + data
    assert image.ram_bytes == data + bss


@needs_arm
def test_groups_add_up(image: Image) -> None:
    groups = image.groups.values()
    assert sum(group.flash for group in groups) == image.flash_bytes
    assert sum(group.ram for group in groups) == image.ram_bytes
    assert all(group.flash >= 0 and group.ram >= 0 for group in groups)


@needs_arm
def test_groups_hold_what_they_should(image: Image) -> None:
    groups = image.groups
    assert groups["weights"] == GroupSize(flash=32)
    assert groups["stack"] == GroupSize(ram=4096)
    assert groups["app"].ram >= 32 + 8  # arena and input buffer are the application's
    assert groups["model"].ram == groups["kernels"].ram == 0
    assert groups["padding"].flash < 128
    assert groups["libc"].flash > 0


@needs_arm
def test_symbols_have_addresses(image: Image) -> None:
    assert 0x20000000 <= image.sizes.symbols["ek_db"] < 0x20400000
    assert image.sizes.symbols["tiny_model"] < 0x400000


def test_long_section_names_and_merged_strings() -> None:
    text = """Linker script and memory map

.text           0x00000000       0x60
 .text.short    0x00000000       0x10 obj/app/a.o
 .text.a_very_long_function_name
                0x00000010       0x20 obj/kernels/k.o
 *fill*         0x00000030        0x8
 .text          0x00000038       0x28 /usr/lib/libc.a(memcpy.o)
.rodata         0x00000060       0x30
 .rodata.str1.1
                0x00000060       0x30 obj/app/a.o
                                 0x38 (size before relaxing)
 .rodata.str1.1
                0x00000090       0x44 obj/port/p.o
.bss            0x20000000       0x0c
 COMMON         0x20000000        0x8 obj/app/a.o
"""
    groups = read_groups(text, {".text": 0x60, ".rodata": 0x30, ".bss": 0x0C})
    assert groups["kernels"] == GroupSize(flash=0x20)
    assert groups["app"] == GroupSize(flash=0x40, ram=8)
    assert groups["libc"] == GroupSize(flash=0x28)
    assert sum(group.flash for group in groups.values()) == 0x90
    assert groups["padding"].ram == 4


def test_a_file_that_is_no_elf(tmp_path: Path) -> None:
    file = tmp_path / "x.elf"
    file.write_bytes(b"not an ELF file at all")
    with pytest.raises(ToolError, match="not a readable ELF") as caught:
        read_sizes(file)
    assert caught.value.code == "bad-elf"
    with pytest.raises(ToolError, match="not a readable ELF"):
        read_sizes(tmp_path / "missing.elf")
