"""The firmware's number formatting, checksums and COBS against Python's, through ctypes."""

from __future__ import annotations

import ctypes
import struct
import subprocess
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.runtime.link.frames import cobs_encode, crc16

ROOT = Path(__file__).parent.parent.parent / "firmware_stubs"
STUBS = """
#include "ek_messages.h"
#include "ek_port.h"
void ek_port_write(const uint8_t *data, int size) { (void)data; (void)size; }
uint8_t ek_messages_run(uint8_t type, ek_span_t request, ek_reply_t *reply)
{ (void)type; (void)request; (void)reply; return 1; }
"""


@pytest.fixture(scope="module")
def c(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    folder = tmp_path_factory.mktemp("text")
    (folder / "stubs.c").write_text(STUBS)
    library = folder / "text.so"
    command = ["gcc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-Wpedantic", "-O1", "-shared"]
    command += ["-fPIC", "-fsanitize=undefined", "-fno-sanitize-recover=all"]
    command += [f"-I{ROOT / 'include'}", f"-I{ROOT / 'app'}", "-DEK_MODEL=x", "-DEK_ARENA_BYTES=1"]
    command += ["-DEK_INPUT_BYTES=1", *(str(ROOT / "app" / name) for name in FILES)]
    subprocess.run([*command, str(folder / "stubs.c"), "-o", str(library)], check=True)
    loaded = ctypes.CDLL(str(library))
    loaded.ek_format_milli.argtypes = [ctypes.c_char_p, ctypes.c_float]
    loaded.ek_format_u64.argtypes = [ctypes.c_char_p, ctypes.c_uint64]
    loaded.ek_crc16.restype = ctypes.c_uint16
    loaded.ek_crc32.restype = ctypes.c_uint32
    return loaded


FILES = ("ek_text.c", "ek_frames.c")


def milli(c: ctypes.CDLL, value: float) -> str:
    buffer = ctypes.create_string_buffer(24)
    length = c.ek_format_milli(buffer, value)
    return buffer.raw[:length].decode()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.000"),
        (-0.0, "-0.000"),
        (0.0625, "0.062"),  # a tie: to even, as printf
        (0.1875, "0.188"),
        (0.99609375, "0.996"),
        (-1.5, "-1.500"),
        (123456.789, "123456.789"),
        (1e-20, "0.000"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (float("-inf"), "-inf"),
        (1e20, "inf"),
    ],
)
def test_real_numbers(c: ctypes.CDLL, value: float, text: str) -> None:
    assert milli(c, value) == text.replace("123456.789", f"{_f32(123456.789):.3f}")


def _f32(value: float) -> float:
    return float(struct.unpack("f", struct.pack("f", value))[0])


@given(st.floats(width=32, min_value=-(2.0**49), max_value=2.0**49))
def test_real_numbers_as_printf_has_them(c: ctypes.CDLL, value: float) -> None:
    assert milli(c, value) == f"{value:.3f}"


@given(st.integers(-128, 127))
def test_softmax_outputs_as_printf_has_them(c: ctypes.CDLL, q: int) -> None:
    assert milli(c, (q + 128) / 256) == f"{(q + 128) / 256:.3f}"


@given(st.integers(0, 2**64 - 1))
def test_whole_numbers(c: ctypes.CDLL, value: int) -> None:
    buffer = ctypes.create_string_buffer(20)
    length = c.ek_format_u64(buffer, value)
    assert buffer.raw[:length].decode() == str(value)


@given(st.binary(max_size=600))
def test_checksums(c: ctypes.CDLL, data: bytes) -> None:
    assert c.ek_crc16(data, len(data)) == crc16(data)
    assert c.ek_crc32(0, data, len(data)) == crc32(data)


@given(st.binary(max_size=600))
def test_decodes_what_the_host_encodes(c: ctypes.CDLL, data: bytes) -> None:
    encoded = cobs_encode(data)
    buffer = ctypes.create_string_buffer(encoded, max(1, len(encoded)))
    length = c.ek_cobs_decode(buffer, len(encoded))
    assert buffer.raw[:length] == data


@given(st.binary(max_size=50))
def test_decoding_never_grows_or_leaves_the_buffer(c: ctypes.CDLL, data: bytes) -> None:
    buffer = ctypes.create_string_buffer(data, len(data) + 1)
    assert c.ek_cobs_decode(buffer, len(data)) <= len(data)
