"""The ports to real boards: nothing here ran on one; what can be known without is checked.

Each firmware is read as the file that would be flashed: where its parts lie, where it starts, what
a boot ROM wants to find. What a port states again (clock, baud rate) must agree with the profile.
"""

from __future__ import annotations

import ctypes
import io
import re
import shutil
import struct
import subprocess
from functools import cache
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from hypothesis import given
from hypothesis import strategies as st

from edgekit.errors import DoesNotFitError
from edgekit.firmware_stubs.boot import boot_checksum
from edgekit.firmware_stubs.build import build_firmware
from edgekit.firmware_stubs.image import Image
from edgekit.firmware_stubs.sources import PORT, app_defines, port_units
from edgekit.targets.model import Target
from edgekit.targets.reader import list_targets, load_target
from tests.helpers.toolchains import compile_c
from tests.helpers.virtual_firmware import bundle, firmware

REAL = [t.name for t in list_targets() if t.family == "cortex-m" and t.emulator is None]
PORTED = [name for name in REAL if load_target(name).port]

needs_arm = pytest.mark.skipif(
    shutil.which("arm-none-eabi-gcc") is None, reason="no arm-none-eabi-gcc"
)


def image(name: str) -> Image:
    return firmware("tiny", name)


@cache
def elf(name: str) -> ELFFile:
    return ELFFile(io.BytesIO(image(name).elf.read_bytes()))


def symbol(name: str, wanted: str) -> int:
    return image(name).sizes.symbols[wanted]


def start(name: str) -> int:
    """Where the core starts: the port's own first steps, or the common reset."""
    return image(name).sizes.symbols.get("ek_first", symbol(name, "ek_reset"))


def vectors(name: str) -> tuple[int, ...]:
    data = elf(name).get_section_by_name(".vectors").data()
    return struct.unpack(f"<{len(data) // 4}I", data)


def inside(target: Target, kind: str, start: int, size: int) -> bool:
    """Whether these bytes lie in one memory of the kind."""
    return any(
        m.start <= start and start + size <= m.start + m.size
        for m in target.memories
        if m.kind == kind
    )


def defined(board: str) -> dict[str, str]:
    """The plain definitions of a board's header, and of those of its family that it takes in."""
    header = PORT / load_target(board).port / "board.h"
    text = header.read_text(encoding="utf-8")
    for name in re.findall(r'^#include "(.+)"', text, re.MULTILINE):
        (found,) = header.parents[1].glob(f"*/{name}")
        text += found.read_text(encoding="utf-8")
    return dict(re.findall(r"^#define (\w+) (\S+)", text, re.MULTILINE))


def test_every_board_has_a_port() -> None:
    assert set(REAL) == set(PORTED)


@needs_arm
@pytest.mark.parametrize("name", PORTED)
def test_every_section_lies_in_a_memory_of_its_kind(name: str) -> None:
    target = load_target(name)
    for span in image(name).sizes.spans:
        kind = "ram" if span.section in (".data", ".bss", ".stack") else "flash"
        assert inside(target, kind, span.start, span.size), span
        if span.image is not None:
            assert inside(target, "flash", span.image, span.size), span
    for memory in image(name).memories:
        assert memory.used <= memory.size


@needs_arm
@pytest.mark.parametrize("name", PORTED)
def test_the_vector_table_starts_the_program(name: str) -> None:
    target = load_target(name)
    flash = next(m for m in target.memories if m.kind == "flash")
    table = symbol(name, "ek_vectors_start")
    before = 256 if ".boot2" in image(name).sections else 0  # RP2040: the second stage
    assert table == flash.start + before
    assert table % 128 == 0  # VTOR holds the upper 25 bits; 16 vectors are 64 bytes
    assert elf(name).get_section_by_name(".vectors")["sh_addr"] == table
    stack, first, *faults = vectors(name)
    assert stack == symbol(name, "ek_stack_high")
    assert len(faults) == 14
    assert set(faults) == {symbol(name, "ek_fault") | 1}
    assert first == start(name) | 1
    assert inside(target, "flash", first - 1, 2)
    assert elf(name).header["e_entry"] == symbol(name, "ek_reset") | 1


@needs_arm
@pytest.mark.parametrize("name", PORTED)
def test_the_stack_is_as_large_as_stated_and_aligned(name: str) -> None:
    target = load_target(name)
    low, high = symbol(name, "ek_stack_low"), symbol(name, "ek_stack_high")
    assert high - low == target.stack_bytes == image(name).stack_bytes
    assert low % 8 == high % 8 == 0  # Procedure Call Standard: 8 bytes at interfaces
    main = target.main_ram
    assert main is not None
    assert low == main.start  # below it is nothing that an overflow could eat
    for edge in ("ek_data_start", "ek_data_end", "ek_bss_start", "ek_bss_end"):
        assert symbol(name, edge) % 8 == 0


@needs_arm
@pytest.mark.parametrize("name", PORTED)
def test_nothing_allocates(name: str) -> None:
    forbidden = {"malloc", "_malloc_r", "free", "_sbrk", "printf", "puts"}
    assert not forbidden & set(image(name).sizes.symbols)


@needs_arm
def test_two_boards_have_first_steps_of_their_own() -> None:
    """STM32H743: RAM cannot be written before its supply is chosen. WiseEye2: its loader's stack
    may still be in use. The others start with the common reset."""
    own = {name for name in PORTED if start(name) != symbol(name, "ek_reset")}
    assert own == {"nucleo-h743zi", "grove-vision-ai-v2"}


@needs_arm
def test_what_a_section_wise_loader_places_needs_no_copying() -> None:
    """The WiseEye2's image generator loads a section to where it runs, not to its image in flash:
    there must be no variable with a value to copy from there."""
    sections = image("grove-vision-ai-v2").sections
    assert sections.get(".data", 0) == 0
    assert {".vectors", ".text", ".rodata"} <= set(sections)


@pytest.mark.parametrize("name", PORTED)
def test_the_port_states_what_the_profile_states(name: str) -> None:
    target, stated = load_target(name), defined(name)
    assert int(stated["EK_BOARD_HZ"].rstrip("u")) == target.clock_hz
    assert int(stated["EK_BOARD_BAUD"].rstrip("u")) == target.link.baud


LINE_HZ = {"stm32vldiscovery": 24e6, "nucleo-f446re": 45e6, "nucleo-f411re": 50e6}
"""The clock of an STM32's line, worked out by hand from the manual: APB1, APB2 or HSI."""
LINE_HZ |= dict.fromkeys(("nucleo-f401re", "stm32f4discovery"), 42e6)
LINE_HZ |= {
    "nucleo-f207zg": 30e6,
    "nucleo-f746zg": 54e6,
    "nucleo-f767zi": 54e6,
    "stm32f746g-disco": 108e6,
}
LINE_HZ |= dict.fromkeys(("nucleo-l4r5zi", "nucleo-u575zi", "nucleo-l476rg"), 16e6)
LINE_HZ |= dict.fromkeys(("nucleo-h743zi", "nicla-vision", "openmv-h7", "portenta-h7"), 64e6)
LINE_HZ |= {"b-l475e-iot01a": 16e6}
STM32 = [name for name in PORTED if "EK_BOARD_UART_DIVIDER" in defined(name)]


@pytest.mark.parametrize("name", STM32)
def test_the_line_is_within_one_percent_of_its_rate(name: str, tmp_path: Path) -> None:
    """The divider as the compiler computes it, against oscillator and kind of line."""
    header = PORT / load_target(name).port
    source = tmp_path / "divider.c"
    source.write_text(
        '#include "board.h"\n#include <stdint.h>\n'
        "int32_t divider(void);\n"
        "int32_t divider(void) { return (int32_t)EK_BOARD_UART_DIVIDER; }\n"
    )
    library = tmp_path / "divider.so"
    folders = (f"-I{header}", f"-I{PORT / 'cortex_m/stm32'}")
    compile_c("gcc", "-shared", "-fPIC", *folders, source, "-o", library)
    divider = ctypes.CDLL(str(library)).divider()
    times = 256 if name == "nucleo-l4r5zi" else 1  # LPUART
    assert times * LINE_HZ[name] / divider == pytest.approx(115200, rel=0.01)


APB_LIMITS = {
    "nucleo-f207zg": (30e6, 60e6),
    "nucleo-f401re": (42e6, 84e6),
    "nucleo-f411re": (50e6, 100e6),
    "nucleo-f446re": (45e6, 90e6),
    "nucleo-f746zg": (54e6, 108e6),
    "nucleo-f767zi": (54e6, 108e6),
    "stm32f4discovery": (42e6, 84e6),
    "stm32f746g-disco": (54e6, 108e6),
}
"""Of STM32F2, F4 and F7, APB1 and APB2 at most: the data sheets' general operating conditions."""

SPEED = """
#include "board.h"
static const unsigned dividers[] = {1, 1, 1, 1, 2, 4, 8, 16}; /* PPRE of RCC_CFGR */
unsigned vco(void) { return EK_BOARD_HZ * EK_BOARD_PLL_P; }
unsigned apb1(void) { return EK_BOARD_HZ / dividers[EK_BOARD_BUS_DIVIDERS >> 10 & 7]; }
unsigned apb2(void) { return EK_BOARD_HZ / dividers[EK_BOARD_BUS_DIVIDERS >> 13 & 7]; }
unsigned waits(void) { return EK_BOARD_FLASH_ACCESS & 15; }
unsigned timer(void) { return EK_BOARD_HZ / EK_BOARD_CYCLES_PER_TIMER_CLOCK; }
"""


def test_the_speeds_of_stm32f2_f4_and_f7_are_within_their_limits(tmp_path: Path) -> None:
    """From the fields of the PLL, the buses and the flash as the compiler computes them."""
    fast = {name for name in STM32 if "EK_BOARD_BUS_DIVIDERS" in defined(name)}
    assert fast == set(APB_LIMITS)
    (tmp_path / "speed.c").write_text(SPEED)
    for name, (apb1, apb2) in APB_LIMITS.items():
        folders = (f"-I{PORT / load_target(name).port}", f"-I{PORT / 'cortex_m/stm32'}")
        library = tmp_path / f"{name}.so"
        options = ("-shared", "-fPIC", "-Wno-missing-prototypes")
        compile_c("gcc", *options, *folders, tmp_path / "speed.c", "-o", library)
        speed = ctypes.CDLL(str(library))
        assert 200e6 <= speed.vco() <= 432e6, name
        assert speed.apb1() <= apb1, name
        assert speed.apb2() <= apb2, name
        assert speed.timer() == 2 * speed.apb1(), name  # twice as fast as a divided bus
        hertz = load_target(name).clock_hz
        assert 30e6 * speed.waits() < hertz <= 30e6 * (speed.waits() + 1), name  # at 2.7 to 3.6 V


@needs_arm
def test_rp2040_second_stage_carries_its_checksum() -> None:
    data = elf("pico-arducam").get_section_by_name(".boot2").data()
    assert len(data) == 256
    assert elf("pico-arducam").get_section_by_name(".boot2")["sh_addr"] == 0x1000_0000
    assert struct.unpack("<I", data[252:])[0] == boot_checksum(data[:252]) != 0


def test_the_checksum_is_the_one_of_the_data_sheet() -> None:
    """CRC-32 without reflection or inversion, known as CRC-32/MPEG-2, by its check value."""
    assert boot_checksum(b"123456789") == 0x0376E6E7


@needs_arm
def test_rp2350_image_definition_is_where_the_boot_rom_looks() -> None:
    section = elf("pico2").get_section_by_name(".image_def")
    assert section["sh_addr"] % 4 == 0
    assert section["sh_addr"] + 20 <= 0x1000_0000 + 4096
    words = struct.unpack("<5I", section.data())
    assert (words[0], words[4]) == (0xFFFFDED3, 0xAB123579)  # block markers
    assert words[1] & 0xFF == 0x42  # IMAGE_TYPE
    assert words[3] == 0  # the next block is this one


@needs_arm
def test_a_program_beyond_the_profiles_flash_is_refused(tmp_path: Path) -> None:
    target = load_target("nano33ble")
    small = target.memories[0].model_copy(update={"size": 4096})
    tight = target.model_copy(update={"memories": (small, *target.memories[1:])})
    with pytest.raises(DoesNotFitError, match="too large for the flash"):
        build_firmware(bundle("tiny"), tight, tmp_path)


@needs_arm
def test_the_build_id_covers_headers_of_a_family(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edgekit.firmware_stubs import build as module

    folders: list[list[Path]] = []
    monkeypatch.setattr(module, "digest", lambda units, where, words: folders.append(where) or "x")
    monkeypatch.setattr(module, "make", lambda plan, script: None)
    monkeypatch.setattr(module, "image_of", lambda plan, *rest: plan)
    build_firmware(bundle("tiny"), load_target("nucleo-u575zi"), tmp_path)
    assert "stm32" in [folder.name for folder in folders[0]]


@pytest.mark.parametrize("name", PORTED)
def test_clang_takes_every_file_without_a_word(name: str) -> None:
    if shutil.which("clang") is None or not Path("/usr/include/newlib").is_dir():
        pytest.skip("needs clang and newlib's headers")
    from edgekit.artifacts.bundle import read_manifest

    target = load_target(name)
    core = next(flag for flag in target.cpu.flags if flag.startswith("-mcpu"))
    units = port_units(target.port)
    folders = {PORT / target.port, PORT / "cortex_m", *(unit.path.parent for unit in units)}
    folders |= {PORT.parent / "include", PORT.parent / "app"}
    defines = app_defines(read_manifest(bundle("tiny")), target, model_id="", profile=True)
    flags = ["--target=arm-none-eabi", core, "-mthumb", "-std=c11", "-Wall", "-Wextra", "-Werror"]
    flags += ["-fsyntax-only", "-isystem", "/usr/include/newlib", *defines]
    for unit in units:
        command = ["clang", *flags, *(f"-I{folder}" for folder in folders), str(unit.path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), unit.path.name


@pytest.fixture(scope="module")
def nearest(tmp_path_factory: pytest.TempPathFactory) -> ctypes._NamedFuncPointer:
    folder = tmp_path_factory.mktemp("cycles")
    source = folder / "nearest.c"
    source.write_text(
        '#include "cycles.h"\n'
        "uint64_t nearest(uint64_t about, uint32_t low, uint32_t bits);\n"
        "uint64_t nearest(uint64_t about, uint32_t low, uint32_t bits)\n"
        "{ return ek_nearest(about, low, bits); }\n"
    )
    library = folder / "nearest.so"
    compile_c("gcc", "-shared", "-fPIC", f"-I{PORT / 'cortex_m'}", source, "-o", library)
    function = ctypes.CDLL(str(library)).nearest
    function.restype = ctypes.c_uint64
    function.argtypes = (ctypes.c_uint64, ctypes.c_uint32, ctypes.c_uint32)
    return function


@given(
    count=st.integers(1 << 33, 1 << 60),
    bits=st.sampled_from((24, 32)),
    data=st.data(),
)
def test_two_counters_are_one(
    nearest: ctypes._NamedFuncPointer, count: int, bits: int, data: st.DataObject
) -> None:
    """The slow timer may be off by anything below half a round of the fast one."""
    off = data.draw(st.integers(-(1 << (bits - 1)) + 1, (1 << (bits - 1)) - 1))
    low = count & 0xFFFFFFFF
    if bits == 24:  # what a 24-bit counter's register holds above them says nothing
        low = low & 0xFFFFFF | data.draw(st.integers(0, 255)) << 24
    assert nearest(count - off, low, bits) == count
