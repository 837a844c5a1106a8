"""The binary extension of the application, spoken to by the host's own code over a pty."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Iterator
from zlib import crc32

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgekit.errors import ProtocolError
from edgekit.firmware_stubs.image import Image
from edgekit.runtime.link.dut import Dut, open_dut
from edgekit.runtime.link.extension import Extension
from edgekit.runtime.link.frames import Frame, decode, encode
from edgekit.runtime.link.messages import REPLY, Err, Msg
from tests.helpers.ptys import firmware_on_pty
from tests.helpers.tiny_bundle import TINY_HASH, TINY_INPUT, tiny_output


@pytest.fixture
def dut(tiny_posix: Image) -> Iterator[Dut]:
    with firmware_on_pty(tiny_posix.elf) as (port, _), open_dut(port) as dut:
        yield dut


@pytest.fixture
def board(dut: Dut) -> Extension:
    return dut.extension()


def frames_after(elf: str, data: bytes) -> list[Frame]:
    """Frames the firmware sends when `data` follows `ek 1`."""
    done = subprocess.run([elf], input=b"ek 1%" + data, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    pieces = done.stdout.partition(b"m-ek-[1]\r\nm-ready\r\n")[2].split(b"\0")
    return [decode(piece) for piece in pieces if piece and not piece.endswith(b"\n")]


def test_info(board: Extension, tiny_posix: Image) -> None:
    facts = board.info()
    assert facts["build"] == tiny_posix.build_id
    assert (facts["model"], facts["hash"], facts["isa"]) == ("tiny", TINY_HASH, "native")
    assert (facts["arena"], facts["input"], facts["output"]) == ("32", "8", "4")
    assert (facts["steps"], facts["counter"], facts["protocol"]) == ("2", "time", "1")
    assert facts["counter_hz"] == "1000000000"


def test_write_run_read(board: Extension) -> None:
    board.info()
    for data in (TINY_INPUT, bytes(8), bytes(range(200, 208))):
        board.write_input(data)
        window = board.run(3, 1)
        assert window.ticks > 0
        assert board.read_output(4) == tiny_output(data)


def test_profile_names_every_step(board: Extension) -> None:
    board.write_input(TINY_INPUT)
    invert, scores = board.profile()
    assert (invert.name, invert.operator, invert.macs) == ("invert", "NEG", 0)
    assert (scores.name, scores.operator, scores.macs) == ("scores", "FULLY_CONNECTED", 32)


def test_memory_finds_the_used_part_of_the_arena(board: Extension) -> None:
    board.write_input(TINY_INPUT)
    memory = board.memory()
    assert memory["arena"] == 32
    assert memory["arena_used"] == 20  # output at 16..19, nothing above
    assert memory["input_buffer"] == 8


def test_self_test(board: Extension) -> None:
    board.write_input(TINY_INPUT)
    assert board.self_test(tiny_output(TINY_INPUT))
    assert not board.self_test(b"\1\2\3\4")


@pytest.mark.parametrize(
    ("kind", "payload", "code"),
    [
        (Msg.RUN, struct.pack("<II", 1, 0), Err.NO_INPUT),
        (Msg.PROFILE, b"", Err.NO_INPUT),
        (Msg.MEMORY, b"", Err.NO_INPUT),
        (Msg.SELFTEST, bytes(4), Err.NO_INPUT),
        (Msg.FOLLOW, bytes(4), Err.NO_INPUT),
        (Msg.FOLLOW, bytes(3), Err.LENGTH),
        (Msg.COMMIT, struct.pack("<I", 1), Err.INPUT),
        (Msg.WRITE, struct.pack("<I", 9), Err.RANGE),
        (Msg.WRITE, struct.pack("<I", 0xFFFFFFFF) + b"x", Err.RANGE),
        (Msg.WRITE, struct.pack("<I", 1) + bytes(8), Err.RANGE),
        (Msg.WRITE, b"abc", Err.LENGTH),
        (Msg.READ, struct.pack("<IH", 1, 4), Err.RANGE),
        (Msg.READ, struct.pack("<IH", 0xFFFFFFFF, 2), Err.RANGE),
        (Msg.READ, b"", Err.LENGTH),
        (Msg.STEP, struct.pack("<H", 2), Err.RANGE),
        (Msg.STEPS, struct.pack("<HH", 1, 2), Err.RANGE),
        (Msg.STEPS, struct.pack("<HH", 0xFFFF, 0xFFFF), Err.RANGE),
        (Msg.INFO, b"x", Err.LENGTH),
        (Msg.ERROR, b"", Err.TYPE),
    ],
)
def test_refusals(tiny_posix: Image, kind: Msg, payload: bytes, code: Err) -> None:
    (reply,) = frames_after(str(tiny_posix.elf), encode(Frame(kind, 7, payload)))
    assert reply == Frame(Msg.ERROR | REPLY, 7, bytes([code]))


def test_zero_inferences_are_refused(board: Extension) -> None:
    board.write_input(TINY_INPUT)
    with pytest.raises(ProtocolError, match="outside what the model has") as caught:
        board.run(0)
    assert caught.value.code == "device-range"


def test_a_damaged_frame_is_reported_and_the_next_one_served(tiny_posix: Image) -> None:
    good = encode(Frame(Msg.INFO, 2, b""))
    bad = bytearray(encode(Frame(Msg.INFO, 1, b"")))
    bad[-2] ^= 0x40
    replies = frames_after(str(tiny_posix.elf), bytes(bad) + good)
    assert replies[0].type == Msg.ERROR | REPLY
    assert replies[0].payload == bytes([Err.CRC])
    assert (replies[1].type, replies[1].seq) == (Msg.INFO | REPLY, 2)


def test_too_long_a_frame_is_refused(tiny_posix: Image) -> None:
    long = encode(Frame(Msg.WRITE, 3, bytes(4) + b"x" * 5000))
    (reply,) = frames_after(str(tiny_posix.elf), long)
    assert (reply.type, reply.payload) == (Msg.ERROR | REPLY, bytes([Err.LENGTH]))


def test_commands_and_frames_share_the_line(dut: Dut) -> None:
    board = dut.extension()
    board.write_input(TINY_INPUT)
    board.run()
    assert dut.command("name") == ["m-name-dut-[EdgeKit]"]
    assert board.read_output(4) == tiny_output(TINY_INPUT)
    assert len(dut.results()) == 4


def test_a_load_over_ascii_uncommits_the_input(dut: Dut) -> None:
    board = dut.extension()
    board.write_input(TINY_INPUT)
    dut.command("db load 8")
    with pytest.raises(ProtocolError, match="no complete input"):
        board.run()


def test_a_new_host_gets_through_to_a_board_left_in_mid_frame(tiny_posix: Image) -> None:
    with firmware_on_pty(tiny_posix.elf) as (port, _):
        for leftover in (b"\0\5abc", b"\0", b"\0\0", b"half a command"):
            with open_dut(port) as dut:
                dut.extension()
                dut._wire.transport.write(leftover)
            with open_dut(port, timeout=1.5) as dut:
                assert dut.connect().extension == 1


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    frames=st.lists(
        st.builds(Frame, st.integers(0, 255), st.integers(0, 255), st.binary(max_size=40)),
        max_size=12,
    )
)
def test_no_valid_frame_crashes_it(tiny_posix: Image, frames: list[Frame]) -> None:
    quick = [frame for frame in frames if frame.type != Msg.RUN]  # may ask for 2^32 inferences
    load = [
        Frame(Msg.WRITE, 0, bytes(4) + TINY_INPUT),
        Frame(Msg.COMMIT, 0, struct.pack("<I", crc32(TINY_INPUT))),
    ]
    replies = frames_after(str(tiny_posix.elf), b"".join(map(encode, load + quick)))
    assert [reply.seq for reply in replies[2:]] == [frame.seq for frame in quick]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.binary(max_size=300))
def test_no_bytes_in_frame_mode_crash_it(tiny_posix: Image, data: bytes) -> None:
    end = encode(Frame(Msg.INFO, 99, b""))
    done = subprocess.run(
        [str(tiny_posix.elf)],
        input=b"ek 1%" + data.replace(b"%", b"") + b"\0\0" + end,
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    last = [piece for piece in done.stdout.split(b"\0") if piece][-1]
    assert (decode(last).type, decode(last).seq) == (Msg.INFO | REPLY, 99)
