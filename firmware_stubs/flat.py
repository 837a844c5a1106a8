"""A program as the bytes that go to flash: flat, and as UF2 blocks.

UF2, "USB Flashing Format" (github.com/microsoft/uf2, README): blocks of 512 bytes that carry 256
bytes each for an address, written to a drive that a bootloader shows. RP2040 Datasheet, "UF2
format details": addresses are multiples of 256, and the family ID is the chip's.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path

from edgekit.errors import ModelError

ERASED = 0xFF
"""What a byte of flash holds that nothing was written to."""
BLOCK = 512
PAYLOAD = 256
MAGIC_START = (0x0A324655, 0x9E5D5157)
MAGIC_END = 0x0AB16F30
FAMILY_PRESENT = 0x2000
_HEADER = struct.Struct("<8I")


@dataclass(frozen=True, slots=True)
class Flat:
    """Bytes from `address` on."""

    address: int
    data: bytes = field(repr=False)


def flat_image(elf: Path) -> Flat:
    """What a program's loaded sections are in flash, gaps between them as erased."""
    from elftools.elf.elffile import ELFFile

    with elf.open("rb") as stream:
        segments = [
            (segment["p_paddr"], segment.data())
            for segment in ELFFile(stream).iter_segments()
            if segment["p_type"] == "PT_LOAD" and segment["p_filesz"]
        ]
    start = min(address for address, _ in segments)
    end = max(address + len(data) for address, data in segments)
    flat = bytearray([ERASED]) * (end - start)
    for address, data in segments:
        flat[address - start : address - start + len(data)] = data
    return Flat(start, bytes(flat))


def write_uf2(image: Flat, family: int) -> bytes:
    """The image as UF2; its first and last 256 bytes are filled up with erased ones."""
    lead = image.address % PAYLOAD
    data = bytes([ERASED]) * lead + image.data
    data += bytes([ERASED]) * (-len(data) % PAYLOAD)
    total = len(data) // PAYLOAD
    return b"".join(
        _block(image.address - lead + at, data[at : at + PAYLOAD], at // PAYLOAD, total, family)
        for at in range(0, len(data), PAYLOAD)
    )


def _block(address: int, payload: bytes, index: int, total: int, family: int) -> bytes:
    head = (*MAGIC_START, FAMILY_PRESENT, address, PAYLOAD, index, total, family)
    padding = bytes(BLOCK - _HEADER.size - PAYLOAD - 4)
    return _HEADER.pack(*head) + payload + padding + struct.pack("<I", MAGIC_END)


def read_uf2(data: bytes) -> tuple[Flat, int]:
    """The image in a UF2 file whose blocks follow one another, and its family ID.

    Raises ModelError for anything else.
    """
    blocks = [data[at : at + BLOCK] for at in range(0, len(data), BLOCK)]
    parts, families, start = [], set(), 0
    for number, block in enumerate(blocks):
        head = _HEADER.unpack_from(block) if len(block) == BLOCK else (0,) * 8
        start = head[3] if number == 0 else start
        sound = head[:2] == MAGIC_START and block[-4:] == struct.pack("<I", MAGIC_END)
        in_order = head[3:7] == (start + number * PAYLOAD, PAYLOAD, number, len(blocks))
        if not (sound and in_order):
            raise _damaged(f"UF2 block {number}", "damaged or out of order")
        parts.append(block[_HEADER.size : _HEADER.size + PAYLOAD])
        families.add(head[7])
    if len(families) != 1:
        raise _damaged("UF2 file", f"{len(families)} families in it")
    return Flat(start, b"".join(parts)), families.pop()


def _damaged(subject: str, found: str) -> ModelError:
    return ModelError(
        subject,
        found,
        allowed="whole blocks of one chip family, in order",
        hint="make the file anew: `edgekit flash BUNDLE --tool uf2`",
        code="uf2-damaged",
    )
