"""COBS, checksums and frames on the host's side; the numbers shared with the firmware."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.runtime.link.frames import Frame, cobs_decode, cobs_encode, crc16, decode, encode
from edgekit.runtime.link.messages import (
    GUARD_SENTENCES,
    GUARDED_BLOCK,
    PROTOCOL_VERSION,
    REPLY,
    SENTENCES,
    Err,
    Guard,
    Msg,
)

HEADER = Path(__file__).parents[3] / "firmware_stubs" / "include" / "ek_protocol.h"


@given(st.binary(max_size=1200))
def test_cobs_round_trip(data: bytes) -> None:
    encoded = cobs_encode(data)
    assert 0 not in encoded
    assert len(encoded) <= len(data) + len(data) // 254 + 1
    assert cobs_decode(encoded) == data


@pytest.mark.parametrize(
    ("plain", "encoded"),
    [  # examples of the paper and its usual test vectors
        (b"", b"\x01"),
        (b"\0", b"\x01\x01"),
        (b"\0\0", b"\x01\x01\x01"),
        (b"\x11\x22\0\x33", b"\x03\x11\x22\x02\x33"),
        (b"\x11\0\0\0", b"\x02\x11\x01\x01\x01"),
        (bytes(range(1, 255)), b"\xff" + bytes(range(1, 255))),
        (bytes(range(1, 256)), b"\xff" + bytes(range(1, 255)) + b"\x02\xff"),
    ],
)
def test_cobs_vectors(plain: bytes, encoded: bytes) -> None:
    assert cobs_encode(plain) == encoded
    assert cobs_decode(encoded) == plain


@pytest.mark.parametrize("bad", [b"\0", b"\x05abc", b"\x03a\0", b"\x02a\xff"])
def test_cobs_refuses_what_no_encoder_makes(bad: bytes) -> None:
    with pytest.raises(ValueError, match="COBS"):
        cobs_decode(bad)


def test_crc16_check_value() -> None:
    assert crc16(b"123456789") == 0x29B1  # CRC-16/CCITT-FALSE's published check value


@given(st.integers(0, 255), st.integers(0, 255), st.binary(max_size=300))
def test_frame_round_trip(kind: int, seq: int, payload: bytes) -> None:
    line = encode(Frame(kind, seq, payload))
    assert line[0] == line[-1] == 0
    assert 0 not in line[1:-1]
    assert decode(line[1:-1]) == Frame(kind, seq, payload)


@given(st.binary(min_size=1, max_size=60), st.data())
def test_one_flipped_bit_is_noticed(payload: bytes, data: st.DataObject) -> None:
    line = bytearray(encode(Frame(1, 2, payload))[1:-1])
    at = data.draw(st.integers(0, len(line) - 1))
    line[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(ValueError, match=r"COBS|damaged"):
        decode(bytes(line))


def test_numbers_are_those_of_the_header() -> None:
    text = HEADER.read_text(encoding="utf-8")
    found = dict(re.findall(r"^#define EK_(\w+) (0x[0-9A-Fa-f]+|\d+)\b", text, re.M))
    numbers = {name: int(value, 0) for name, value in found.items()}
    tables = {"MSG": Msg, "ERR": Err, "GUARD": Guard}
    ours = {f"{word}_{row.name}": int(row) for word, rows in tables.items() for row in rows}
    assert numbers == {
        **ours,
        "PROTOCOL_VERSION": PROTOCOL_VERSION,
        "REPLY": REPLY,
        "GUARDED_BLOCK": GUARDED_BLOCK,
    }


def test_every_guard_has_a_sentence() -> None:
    assert set(GUARD_SENTENCES) == set(Guard)


def test_every_error_has_a_sentence() -> None:
    assert set(SENTENCES) == set(Err)
