"""The two streams of the LPM01A: what is a sample, what is not, and what is missing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.runtime.power import lpm01a_wire as wire
from edgekit.runtime.power.lpm01a_pieces import timeline
from edgekit.runtime.power.lpm01a_wire import Stamp

STAMP = b"TimeStamp: %03ds %03dms, buff %02d%%\r\n"


def f3(ms: int, buffer: int = 2) -> bytes:
    return b"\xf0\xf3" + ms.to_bytes(4, "big") + bytes([buffer]) + b"\xff\xff"


def word(value: int, power: int) -> bytes:
    return (value | power << 12).to_bytes(2, "big")


def test_the_examples_of_the_manual() -> None:
    assert wire.decode_ascii(b"6409-07\r\n").values.tolist() == [640.9e-6]
    (value,) = wire.decode_binary(f3(0) + b"\x52\xa0").values
    assert value == 0x2A0 * 16.0**-5 == pytest.approx(640.9e-6, rel=1e-3)


def test_what_stands_between_ascii_samples() -> None:
    raw = (
        b"\r\nPowerShield > ack start\r\n\r\n"
        + STAMP % (0, 0, 1)
        + b"\0001234-06\r\n0001-05\r\nevent 01 fal\r\n5000-06\r\nevent 02 ris\r\n"
        + b"TimeStamp:>001s 250ms, buff 95%\r\nerror: overflow\r\nend\r\n12"
    )
    stream = wire.decode_ascii(raw)
    assert stream.values.tolist() == [1234e-6, 1e-5, 5e-3]
    assert stream.stamps == (Stamp(0, 0, 1), Stamp(3, 1250, 95))
    assert stream.events == ((2, "fal"), (3, "ris"))
    assert (stream.errors, stream.ended, len(stream.rejected)) == (("overflow",), True, 0)
    assert [raw[at - 7 : at] for at in stream.position] == [b"1234-06", b"0001-05", b"5000-06"]


@pytest.mark.parametrize(
    "line", [b"123-06", b"12345-06", b"12a4-06", b"1234*06", b"1234-0x", b"1234+99", b"1234+03"]
)
def test_what_is_no_ascii_sample(line: bytes) -> None:
    stream = wire.decode_ascii(b"1000-06\r\n" + line + b"\r\n2000-06\r\n")
    assert stream.values.tolist() == [1e-3, 2e-3]
    assert stream.rejected.tolist() == [1]


@given(st.lists(st.tuples(st.integers(0, 9999), st.integers(-15, -5)), min_size=1, max_size=40))
@settings(max_examples=60, deadline=None)
def test_ascii_numbers_are_the_nearest_doubles(numbers: list[tuple[int, int]]) -> None:
    raw = b"".join(b"%04d-%02d\r\n" % (m, -e) for m, e in numbers)
    assert wire.decode_ascii(raw).values.tolist() == [float(f"{m}e{e}") for m, e in numbers]


@given(st.lists(st.tuples(st.integers(0, 4095), st.integers(3, 14)), min_size=1, max_size=40))
@settings(max_examples=60, deadline=None)
def test_binary_numbers(numbers: list[tuple[int, int]]) -> None:
    raw = f3(0) + b"".join(word(v, p) for v, p in numbers)
    assert wire.decode_binary(raw).values.tolist() == [v * 16.0**-p for v, p in numbers]


@given(st.binary(max_size=400))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_a_stream(raw: bytes) -> None:
    for decode in (wire.decode_ascii, wire.decode_binary):
        stream = decode(f3(0) + raw)
        assert np.all((stream.values >= 0) & (stream.values <= wire.MOST_A))
        assert np.all(np.diff(stream.position) > 0)
        index, lost = timeline(stream, 1000)
        assert len(index) == len(stream.values)
        assert np.all(np.diff(index) >= 1)
        assert lost >= 0


MIX = st.sampled_from(
    [
        *(b"1234-06\r\n", b"\x001234-06\r\n", b"event 01 fal\r\n", b"end\r\n", b"12", b"-06\r\n"),
        *(STAMP % (1, 0, 2), b"error: x\r\n", f3(1000), b"\xf0\xf4\xff\xff", b"\x40\x00"),
        *(b"\xf0\xf7\x0c\xe4\xff\xff", b"\xf0\xf1oops\xff\xff", b"\xf0", b"\xff\xff"),
    ]
)


@given(st.lists(MIX, max_size=30))
@settings(max_examples=200, deadline=None)
def test_any_mixture_of_pieces_is_a_stream(pieces: list[bytes]) -> None:
    raw = b"".join(pieces)
    for decode in (wire.decode_ascii, wire.decode_binary):
        stream = decode(raw)
        index, _ = timeline(stream, 100_000)
        assert len(index) == len(stream.values)
        assert all(0 <= before <= len(index) for before, _ in stream.events)


def test_what_stands_between_binary_samples() -> None:
    raw = (
        b"\r\nPowerShield > ack start\r\n\r\n"
        + f3(0)
        + word(1000, 5)
        + b"\xf0\xf7\x0c\xe4\xff\xff"
        + b"\xf0\xf5\xff\xff\xf0\xf1bad\xff\xff\xf0\xf2fine\xff\xff"
        + f3(1 << 31 | 1000, 91)
        + word(2000, 5)
        + b"\xf0\xf4\xff\xff"
        + b"\r\nPowerShield > Acquisition completed\r\n"
    )
    stream = wire.decode_binary(raw)
    assert stream.values.tolist() == [1000 * 16.0**-5, 2000 * 16.0**-5]
    assert stream.stamps == (Stamp(0, 0, 2), Stamp(1, 1000, 91))
    assert stream.volts == (3.3,)
    assert stream.errors == ("over-current", "bad")
    assert stream.ended
    assert len(stream.rejected) == 0


@given(st.integers(2, 1997), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_a_lost_byte_spoils_few_samples(at: int, seed: int) -> None:
    """Between two timestamps, whatever the byte: all but a few samples come out as they were."""
    rng = np.random.default_rng(seed)
    values = np.where(np.arange(1000) < rng.integers(1, 1000), 300, 2900)
    words = (values + rng.integers(-20, 20, 1000)) | 5 << 12
    raw = words.astype(">u2").tobytes()
    stream = wire.decode_binary(f3(0) + raw[:at] + raw[at + 1 :] + f3(1000))
    whole = wire.decode_binary(f3(0) + raw + f3(1000)).values
    index, lost = timeline(stream, 1000)
    assert lost in (1, 2)
    wrong = np.count_nonzero(whole[index] != stream.values)
    assert wrong <= 1000 // 50


def test_a_stretch_out_of_step_is_left_out() -> None:
    rng = np.random.default_rng(0)
    raw = (rng.integers(0, 4096, 1000) | 5 << 12).astype(">u2").tobytes()
    torn = raw[:200] + raw[201:1400] + raw[1401:]  # two bytes: an even number
    stream = wire.decode_binary(f3(0) + torn + f3(1000) + raw + f3(2000))
    assert len(stream.values) == 1000
    assert timeline(stream, 1000)[1] == 1000


def test_timestamps_tell_what_is_missing_and_torn_lines_where() -> None:
    lines = [b"1000-06\r\n"] * 1000
    torn = [*lines[:400], b"10", *lines[401:600], *lines[650:]]
    whole = STAMP % (0, 0, 2) + b"".join(lines) + STAMP % (1, 0, 2)
    first = b"".join(torn).replace(b"101000-06", b"1000-\r\n1000-06")
    raw = STAMP % (0, 0, 2) + first + STAMP % (1, 0, 2) + b"".join(lines) + STAMP % (2, 0, 2)
    assert timeline(wire.decode_ascii(whole), 1000)[1] == 0
    stream = wire.decode_ascii(raw)
    index, lost = timeline(stream, 1000)
    assert lost == 51
    assert index[399] == 399
    assert index[400] == 451  # all at the torn line, which is the only place known
    assert index[-1] == 1999


def test_a_clock_that_goes_back_loses_nothing() -> None:
    raw = STAMP % (5, 0, 2) + b"1000-06\r\n" * 10 + STAMP % (0, 0, 2) + b"1000-06\r\n" * 10
    assert timeline(wire.decode_ascii(raw), 10)[1] == 0
