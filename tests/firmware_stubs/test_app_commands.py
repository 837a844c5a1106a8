"""The application's ASCII commands against the words of the MLPerf Tiny protocol."""

from __future__ import annotations

import os
import re
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgekit.firmware_stubs.build import build_posix
from edgekit.firmware_stubs.image import Image
from edgekit.runtime.link.dut import Dut, open_dut
from tests.helpers.ptys import firmware_on_pty
from tests.helpers.tiny_bundle import TINY_HASH, TINY_INPUT, tiny_bundle, tiny_output


@pytest.fixture
def dut(tiny_posix: Image) -> Iterator[Dut]:
    with firmware_on_pty(tiny_posix.elf) as (port, _), open_dut(port) as dut:
        yield dut


def talk(elf: Path, data: bytes, **environment: str) -> list[str]:
    """Lines the firmware says to `data` on its standard input, from power-up to the end."""
    done = subprocess.run(
        [str(elf)], input=data, capture_output=True, timeout=30, env={**os.environ, **environment}
    )
    assert done.returncode == 0, done.stderr.decode()
    assert not done.stderr, done.stderr.decode()
    lines = done.stdout.split(b"\r\n")
    assert lines[-1] == b""
    return [line.decode("ascii") for line in lines[:-1]]


def after_boot(elf: Path, data: bytes) -> list[str]:
    return talk(elf, data)[5:]


def shown(values: bytes) -> str:
    """Dequantized outputs as `results` prints them."""
    reals = [(value + 128) / 256 for value in struct.unpack(f"{len(values)}b", values)]
    return "m-results-[" + ",".join(f"{real:.3f}" for real in reals) + "]"


def test_boot_lines(tiny_posix: Image) -> None:
    greeting, mode, lap, done, ready = talk(tiny_posix.elf, b"")
    assert greeting == f"EdgeKit firmware {tiny_posix.build_id}, model tiny {TINY_HASH}, native"
    assert mode == "m-timestamp-mode-performance"
    assert re.fullmatch(r"m-lap-us-\d+", lap)
    assert (done, ready) == ("m-init-done", "m-ready")


def test_a_build_for_hosts_that_do_not_ask_boots_in_energy_mode(tiny: Path, tmp_path: Path) -> None:
    image = build_posix(tiny, tmp_path, boot_energy=True)
    _, mode, done, ready = talk(image.elf, b"")
    assert mode == "m-timestamp-mode-energy"
    assert (done, ready) == ("m-init-done", "m-ready")


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("name", ["m-name-dut-[EdgeKit]"]),
        (
            "profile",
            [
                "m-profile-[ULPMark for tinyML Firmware V0.0.1]",
                "m-model-[unknown]",
                "m-ek-[1]",
            ],
        ),
        ("db load 8", ["m-[Expecting 8 bytes]"]),
        ("db load 0", ["e-[Command 'db load' must be >0 bytes]"]),
        ("db load -4", ["e-[Command 'db load' must be >0 bytes]"]),
        ("db load x", ["e-[Command 'db load' must be >0 bytes]"]),
        ("db load", ["e-[Command 'db load' requires the # of bytes]"]),
        ("db load 9", ["Supplied buffer size 9 exceeds maximum of 8"]),
        (
            "db load 99999999999",
            ["Supplied buffer size 2147483647 exceeds maximum of 8"],
        ),
        ("db", ["e-[Command 'db' requires a subcommand]"]),
        ("db 00", ["e-[No 'db load' is under way]"]),
        ("db 123", ["e-[Insufficent number of hex digits]"]),
        ("infer 0", ["e-[Inference iterations must be >0]"]),
        ("infer -1 5", ["e-[Inference iterations must be >0]"]),
        ("infer x", ["e-[Inference iterations must be >0]"]),
        ("infer 1 -1", ["e-[Inference warmup must be >=0]"]),
        ("mode energy", ["m-timestamp-mode-energy"]),
        ("mode perf", ["m-timestamp-mode-performance"]),
        ("mode", ["m-timestamp-mode-performance"]),
        ("mode fast", ["e-[Command 'mode' takes perf or energy]"]),
        ("ek 1", ["m-ek-[1]"]),
        ("ek 0", ["m-ek-[0]"]),
        ("ek", ["e-[Command 'ek' takes 0 or 1]"]),
        ("ek 10", ["e-[Command 'ek' takes 0 or 1]"]),
        ("frobnicate now", ["e-[Unknown command: frobnicate]"]),
        ("NAME", ["e-[Unknown command: NAME]"]),
        ("", ["e-[Unknown command: ]"]),
    ],
)
def test_reply(tiny_posix: Image, command: str, reply: list[str]) -> None:
    assert after_boot(tiny_posix.elf, f"{command}%".encode()) == [*reply, "m-ready"]


def test_help_lists_every_command(tiny_posix: Image) -> None:
    lines = after_boot(tiny_posix.elf, b"help%")
    words = [line.split(":")[0] for line in lines[:-1]]
    assert words == [
        "name", "timestamp", "profile", "help", "db", "infer", "results", "mode", "ek",
    ]  # fmt: skip
    assert not any(line.startswith(("m-", "e-")) for line in lines[:-1])


def test_one_ready_per_command_in_order(tiny_posix: Image) -> None:
    lines = after_boot(tiny_posix.elf, b"name%bogus%name%")
    assert lines == [
        "m-name-dut-[EdgeKit]", "m-ready",
        "e-[Unknown command: bogus]", "m-ready",
        "m-name-dut-[EdgeKit]", "m-ready",
    ]  # fmt: skip


def test_load_print_infer(tiny_posix: Image) -> None:
    digits = TINY_INPUT.hex().upper().encode()
    lines = after_boot(
        tiny_posix.elf, b"db load 8%db " + digits[:6] + b"%db " + digits[6:] + b"%db print%"
    )
    assert lines == [
        "m-[Expecting 8 bytes]", "m-ready",
        "m-ready",
        "m-load-done", "m-ready",
        "m-buffer-" + "-".join(f"{byte:02x}" for byte in TINY_INPUT), "m-ready",
    ]  # fmt: skip


def test_print_breaks_lines_after_eight_bytes(tiny_posix: Image) -> None:
    lines = after_boot(tiny_posix.elf, b"db load 3%db 0aff00%db print%")
    assert lines[-2:] == ["m-buffer-0a-ff-00", "m-ready"]


def test_infer_sequence(dut: Dut) -> None:
    dut.load(TINY_INPUT)
    lines = dut.command("infer 3 2")
    pattern = [
        "m-warmup-start-2", "m-warmup-done", "m-infer-start-3",
        r"m-lap-us-\d+", r"m-lap-us-\d+", "m-infer-done",
        re.escape(shown(tiny_output(TINY_INPUT))),
    ]  # fmt: skip
    assert len(lines) == len(pattern)
    for line, wanted in zip(lines, pattern, strict=True):
        assert re.fullmatch(wanted, line)


def test_infer_defaults_are_one_and_ten(dut: Dut) -> None:
    lines = dut.command("infer")
    assert lines[0] == "m-warmup-start-10"
    assert lines[2] == "m-infer-start-1"


def test_every_inference_sees_the_input_although_the_model_overwrites_it(dut: Dut) -> None:
    dut.load(TINY_INPUT)
    for inferences, warmup in ((1, 0), (2, 0), (5, 3), (1, 1)):
        dut.command(f"infer {inferences} {warmup}")
        assert dut.command("results") == [shown(tiny_output(TINY_INPUT))]


def test_energy_mode_prints_no_time_stamps_but_pulses(tiny_posix: Image) -> None:
    read, write = os.pipe()
    done = subprocess.run(
        [str(tiny_posix.elf)],
        input=b"mode energy%timestamp%infer 1 0%",
        capture_output=True,
        timeout=30,
        env={**os.environ, "EK_TRIGGER_FD": str(write)},
        pass_fds=[write],
    )
    os.close(write)
    with os.fdopen(read, "rb") as stream:
        edges = stream.read().decode().split()
    lines = done.stdout.decode().split("\r\n")
    after = lines[lines.index("m-timestamp-mode-energy") :]
    assert not any(line.startswith("m-lap-us-") for line in after)
    assert [edge[0] for edge in edges] == ["F", "R"] * 3  # timestamp, start, end
    ticks = [int(edge[1:]) for edge in edges]
    assert ticks == sorted(ticks)
    assert all(rise - fall >= 1000 for fall, rise in zip(ticks[::2], ticks[1::2], strict=True))


def test_performance_mode_holds_the_trigger_low_for_the_whole_window(tiny_posix: Image) -> None:
    read, write = os.pipe()
    with firmware_on_pty(tiny_posix.elf, EK_TRIGGER_FD=str(write)) as (port, _):
        os.close(write)
        with open_dut(port) as dut:
            dut.load(TINY_INPUT)
            ticks = dut.extension()
            ticks.write_input(TINY_INPUT)
            window = ticks.run(5)
        edges = os.read(read, 200).decode().split()
    os.close(read)
    assert [edge[0] for edge in edges] == ["F", "R"]
    assert int(edges[1][1:]) - int(edges[0][1:]) >= window.ticks


@pytest.mark.parametrize("bad", ["0g", "g0", "zz", "--"])
def test_bad_hex_digit_names_the_pair(tiny_posix: Image, bad: str) -> None:
    lines = after_boot(tiny_posix.elf, f"db load 8%db 00{bad}%".encode())
    assert lines[2:] == [f"e-[Invalid hex digit '{bad}']", "m-ready"]


def test_digits_after_completion_are_ignored_and_more_are_refused(tiny_posix: Image) -> None:
    lines = after_boot(tiny_posix.elf, b"db load 2%db 010203040506070809%db 00%db print%")
    assert lines[2:] == [
        "m-load-done", "m-ready",
        "e-[No 'db load' is under way]", "m-ready",
        "m-buffer-01-02", "m-ready",
    ]  # fmt: skip


def test_too_long_a_command_keeps_its_first_characters(tiny_posix: Image) -> None:
    lines = after_boot(tiny_posix.elf, b"name " + b"x" * 300 + b"%")
    assert lines == ["m-name-dut-[EdgeKit]", "m-ready"]


def test_line_ends_between_commands_are_ignored(tiny_posix: Image) -> None:
    assert after_boot(tiny_posix.elf, b"\r\nname%\n") == ["m-name-dut-[EdgeKit]", "m-ready"]


def test_zero_bytes_mean_nothing_before_frames_are_on(tiny_posix: Image) -> None:
    assert after_boot(tiny_posix.elf, b"\0na\0me%\0") == ["m-name-dut-[EdgeKit]", "m-ready"]


def test_pixels_are_shifted_for_the_vision_models(
    tiny: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    image = build_posix(tiny, tmp_path_factory.mktemp("vww"), model_id="vww01", sanitize=True)
    tensor = bytes(byte ^ 0x80 for byte in TINY_INPUT)
    with firmware_on_pty(image.elf) as (port, _), open_dut(port) as dut:
        assert dut.connect().model_id == "vww01"
        for _ in range(2):  # the buffer is shifted in place, once
            dut.load(TINY_INPUT)
            for _ in range(2):
                assert dut.command("infer 2 1")[-1] == shown(tiny_output(tensor))
            printed = dut.command("db print")
            assert printed == ["m-buffer-" + "-".join(f"{byte:02x}" for byte in TINY_INPUT)]
        board = dut.extension()
        board.write_input(TINY_INPUT)  # raw: not shifted
        board.run()
        assert board.read_output(4) == tiny_output(TINY_INPUT)


def test_a_load_continued_after_an_inference_keeps_what_came_before(
    tiny: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    image = build_posix(tiny, tmp_path_factory.mktemp("ic"), model_id="ic01")
    half, rest = TINY_INPUT[:4].hex(), TINY_INPUT[4:].hex()
    data = f"db load 8%db {half}%infer 1 0%db {rest}%db print%infer 1 0%".encode()
    lines = after_boot(image.elf, data)
    assert "m-buffer-" + "-".join(f"{byte:02x}" for byte in TINY_INPUT) in lines
    assert lines[-2] == shown(tiny_output(bytes(byte ^ 0x80 for byte in TINY_INPUT)))


def test_floats_are_quantized_for_anomaly_detection(
    tiny: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    image = build_posix(tiny, tmp_path_factory.mktemp("ad"), model_id="ad01", sanitize=True)
    reals = [0.0, 0.25, -0.25, 1.74, -1000.0, 1000.0, float("nan"), 2.0]
    # scale 0.5, zero point 3, half away from zero
    expected = struct.pack("8b", 3, 4, 2, 6, -128, 127, -128, 7)
    with firmware_on_pty(image.elf) as (port, _), open_dut(port) as dut:
        dut.load(struct.pack("<8f", *reals))
        dut.infer(2, 0)
        board = dut.extension()
        assert board.read_output(4) == tiny_output(expected)
        finite = [0.5, 1.0, 1.5, 2.0, -0.5, -1.0, 0.0, 4.0]
        dut.load(struct.pack("<8f", *finite))
        (score,) = dut.infer(1, 0).results
        output = board.read_output(4)
    outputs = [(value + 128) / 256 for value in struct.unpack("4b", output)]
    squares = [(y - x) ** 2 for y, x in zip(outputs, finite, strict=False)]
    assert score == pytest.approx(sum(squares) / 4, abs=6e-4)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.lists(st.binary(max_size=60), max_size=20))
def test_no_bytes_crash_it(tiny_posix: Image, data: list[bytes]) -> None:
    lines = talk_bytes(tiny_posix.elf, b"%".join(data) + b"%\nname%")
    assert lines.endswith(b"m-ready\r\n")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    words=st.lists(
        st.text("db loadprintinferm0123456789abcfxek%- ", max_size=30), min_size=1, max_size=30
    )
)
def test_nothing_like_a_command_crashes_it(tiny_posix: Image, words: list[str]) -> None:
    # iteration counts stay small: a request for a billion inferences is served, not refused
    text = re.sub(r"\d{5,}", "12345", "".join(words)).replace("infer 12345", "infer 12")
    output = talk_bytes(tiny_posix.elf, text.encode() + b"%name%")
    assert output.endswith(b"m-name-dut-[EdgeKit]\r\nm-ready\r\n")
    sent, answered = text.count("%") + 2, output.count(b"m-ready")
    assert answered == sent + 1  # and one at boot


def talk_bytes(elf: Path, data: bytes) -> bytes:
    done = subprocess.run([str(elf)], input=data, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout


def test_a_build_that_contradicts_its_model_says_so(tmp_path: Path) -> None:
    bundle = tiny_bundle(tmp_path / "bundle")
    manifest = bundle / "edgekit.json"
    text = manifest.read_text()
    manifest.write_text(text.replace('"arena_bytes": 32', '"arena_bytes": 16'))
    image = build_posix(bundle, tmp_path / "arena")
    assert talk(image.elf, b"") == ["e-[EK_ARENA_BYTES is less than the model needs]"]
    manifest.write_text(re.sub(r'("inputs".*?)\b8\b', r"\g<1>4", text, count=1, flags=re.S))
    image = build_posix(bundle, tmp_path / "input")
    assert talk(image.elf, b"") == ["e-[EK_INPUT_BYTES differs from the model's inputs]"]
