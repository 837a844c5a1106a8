"""The word that RP2040's boot ROM checks before it runs a program's first 256 bytes.

RP2040 Datasheet, "Flash Second Stage": the last of them is the CRC-32 of the 252 bytes before it:
polynomial 0x04C11DB7, all ones at first, neither reflected nor inverted at the end.
"""

from __future__ import annotations

import struct
from pathlib import Path

SECTION = ".boot2"
SIZE = 256
_POLYNOMIAL = 0x04C11DB7


def boot_checksum(data: bytes) -> int:
    """The checksum of a second stage's first 252 bytes, without the word itself."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 & 0xFFFFFFFF) ^ (_POLYNOMIAL if value >> 31 else 0)
    return value


def seal_boot(elf: Path) -> None:
    """Put the checksum into a program that has a second stage; others stay as they are."""
    from elftools.elf.elffile import ELFFile

    with elf.open("r+b") as stream:
        section = ELFFile(stream).get_section_by_name(SECTION)
        if section is None:
            return
        assert section["sh_size"] == SIZE, f"{SECTION} of {section['sh_size']} bytes"
        word = struct.pack("<I", boot_checksum(section.data()[:-4]))
        stream.seek(section["sh_offset"] + SIZE - 4)
        stream.write(word)
