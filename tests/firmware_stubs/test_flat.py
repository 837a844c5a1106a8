"""Programs as bytes in flash: flat and as UF2, and back."""

from __future__ import annotations

import shutil

import pytest
from elftools.elf.elffile import ELFFile
from hypothesis import given
from hypothesis import strategies as st

from edgekit.errors import ModelError
from edgekit.firmware_stubs.flat import Flat, flat_image, read_uf2, write_uf2
from tests.helpers.virtual_firmware import firmware


@given(
    address=st.integers(0, 0xF000_0000),
    data=st.binary(min_size=1, max_size=1500),
    family=st.integers(0, 0xFFFFFFFF),
)
def test_uf2_comes_back(address: int, data: bytes, family: int) -> None:
    image, found = read_uf2(write_uf2(Flat(address, data), family))
    lead = address - image.address
    assert found == family
    assert image.address % 256 == len(image.data) % 256 == 0
    assert image.data[lead : lead + len(data)] == data
    assert set(image.data[:lead] + image.data[lead + len(data) :]) <= {0xFF}
    assert lead + len(data) > len(image.data) - 256


def test_a_uf2_block_is_what_the_specification_says() -> None:
    """Byte by byte: magic, flags, address, size, number, blocks, family, data, magic."""
    block = write_uf2(Flat(0x1000_0000, b"\x42"), 0xE48BFF56)
    assert len(block) == 512
    assert block[:8] == b"UF2\nWQ]\x9e"
    assert block[8:32] == bytes.fromhex("00200000 00000010 00010000 00000000 01000000 56ff8be4")
    assert block[32:288] == b"\x42" + b"\xff" * 255
    assert block[288:508] == bytes(220)
    assert block[508:] == bytes.fromhex("306fb10a")


@pytest.mark.parametrize("spoil", [0, 4, 12, 20, 24, 511])
def test_damaged_uf2_is_refused(spoil: int) -> None:
    data = bytearray(write_uf2(Flat(0x1000_0000, bytes(300)), 7))
    data[512 + spoil] ^= 1
    with pytest.raises(ModelError, match="block 1: damaged or out of order"):
        read_uf2(bytes(data))


def test_cut_and_mixed_uf2_are_refused() -> None:
    data = write_uf2(Flat(0, bytes(300)), 7)
    with pytest.raises(ModelError, match="block 0"):
        read_uf2(data[:512])
    mixed = data[:512] + write_uf2(Flat(0, bytes(300)), 8)[512:]
    with pytest.raises(ModelError, match=r"2 families.*Make the file anew"):
        read_uf2(mixed)


@pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="no arm-none-eabi-gcc")
@pytest.mark.parametrize("name", ["pico-arducam", "nano33ble", "nucleo-h743zi"])
def test_a_flat_image_holds_every_section(name: str) -> None:
    image = firmware("tiny", name)
    flat = flat_image(image.elf)
    with image.elf.open("rb") as stream:
        file = ELFFile(stream)
        for section in file.iter_sections():
            if section.name in image.sections and section["sh_type"] == "SHT_PROGBITS":
                span = next(s for s in image.sizes.spans if s.section == section.name)
                at = (span.start if span.image is None else span.image) - flat.address
                assert flat.data[at : at + span.size] == section.data(), section.name
    assert len(flat.data) >= image.flash_bytes
