"""Boards with other people's MLPerf Tiny firmware, with every quirk and failure known."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.artifacts.figures import Provenance
from edgekit.errors import ProtocolError
from edgekit.runtime.link.transport import SerialTransport
from edgekit.runtime.mlperf.benchmarks import BENCHMARKS, find_benchmark
from edgekit.runtime.mlperf.dataset import open_samples
from edgekit.runtime.mlperf.device import Device
from edgekit.runtime.mlperf.rules import Facts, judge
from edgekit.runtime.mlperf.windows import Load, Pace, calibrate, load_for, performance_windows
from tests.helpers.foreign_board import ForeignBoard
from tests.helpers.mlperf_sets import random_set
from tests.helpers.ptys import fake_peer

BOOT = "m-timestamp-mode-performance\r\nm-lap-us-17\r\nm-init-done\r\nm-ready\r\n"


def quiet(what: str, done: int, total: int) -> None:
    """No progress."""


def opened(port: str, *, timeout: float = 1.5, baud: int = 0) -> Device:
    return Device(SerialTransport(port), timeout=timeout, baud=baud)


def refused(board: object, *, timeout: float = 0.6, baud: int = 0) -> ProtocolError:
    """What connecting to a peer is refused with."""
    with (
        fake_peer(board) as port,  # type: ignore[arg-type]
        opened(port, timeout=timeout, baud=baud) as device,
        pytest.raises(ProtocolError) as caught,
    ):
        device.connect()
    return caught.value


@pytest.mark.parametrize("end", ["\r\n", "\n"])
@pytest.mark.parametrize("comma", [False, True])
@pytest.mark.parametrize("noise", ["", BOOT, "Hello from mbed\r\n\r\n" + BOOT])
def test_five_windows_whatever_the_quirks(
    end: str, comma: bool, noise: str, tmp_path: Path
) -> None:
    board = ForeignBoard(end=end, comma=comma, noise=noise)
    data = open_samples(random_set(tmp_path), BENCHMARKS["kws01"])
    with fake_peer(board) as port, opened(port) as device:
        identity = device.connect()
        windows = performance_windows(device, data.samples, Pace(), quiet)
    assert (identity.vendor, identity.model_id, identity.extension) == ("someone else", "kws01", 0)
    assert [window.file for window in windows] == [f"sample_{i:03d}.bin" for i in range(5)]
    assert all(10.0 <= window.seconds <= 30.0 for window in windows)
    assert windows[0].seconds / windows[0].inferences == pytest.approx(0.0425, rel=1e-6)
    assert all(len(window.results) == 12 for window in windows)
    rules = judge(Facts("performance", Provenance.MEASURED, "direct", windows))
    assert all(rule.met for rule in rules)


def test_only_commands_of_the_reference_are_sent_and_none_is_cut(tmp_path: Path) -> None:
    board = ForeignBoard(noise=BOOT)
    data = open_samples(random_set(tmp_path), BENCHMARKS["kws01"])
    with fake_peer(board) as port, opened(port) as device:
        device.connect()
        performance_windows(device, data.samples, Pace(), quiet)
    words = {command.split(" ")[0] for command in board.received}
    assert words <= {"name", "profile", "db", "infer"}
    assert board.longest <= 80


def test_the_clock_may_wrap_inside_a_window() -> None:
    board = ForeignBoard(clock_us=(1 << 32) - 1_000_000)
    with fake_peer(board) as port, opened(port) as device:
        device.connect()
        found = device.infer(100, 0, timeout=2.0)
    assert found.seconds == pytest.approx(4.25)


def test_digits_lost_on_the_way_are_sent_again() -> None:
    board = ForeignBoard(lose=2)
    with fake_peer(board) as port, opened(port) as device:
        device.connect()
        device.load(bytes(490))
    assert sum(command == "db load 490" for command in board.received) == 3


def test_a_command_whose_end_is_lost_is_sent_again() -> None:
    board = ForeignBoard(swallow=2)
    with fake_peer(board) as port, opened(port, timeout=0.4) as device:
        device.connect()
        device.load(bytes(range(250)))
        assert board._buffer == bytes(range(250))


def test_a_board_that_dies_in_a_load_is_told_as_such() -> None:
    board = ForeignBoard(swallow=1000)
    with fake_peer(board) as port, opened(port, timeout=0.2) as device:
        device.connect()
        with pytest.raises(ProtocolError, match="3 loads of 490 bytes failed") as caught:
            device.load(bytes(490))
    assert "answered nothing to `db load 490`" in caught.value.found


def test_a_load_that_fails_thrice_says_with_what() -> None:
    board = ForeignBoard(lose=1000)
    with fake_peer(board) as port, opened(port) as device:
        device.connect()
        with pytest.raises(ProtocolError, match="Insufficent number of hex") as caught:
            device.load(bytes(490))
    assert caught.value.code == "device-load"
    assert "baud rate" in caught.value.hint


def test_a_sample_larger_than_the_buffer() -> None:
    with fake_peer(ForeignBoard()) as port, opened(port) as device:
        device.connect()
        with pytest.raises(ProtocolError, match="exceeds maximum of 27648"):
            device.load(bytes(30_000))


def test_nobody_there_names_the_baud_rate() -> None:
    error = refused(lambda data: b"", baud=115200)
    assert error.code == "device-silent"
    assert "at 115200 baud" in error.found
    assert "--baud 9600" in error.hint


def test_a_wrong_baud_rate_is_garbage() -> None:
    error = refused(lambda data: bytes(range(128, 200)), baud=9600)
    assert error.code == "device-garbage"
    assert "at 9600 baud" in error.found
    assert "--baud" in error.hint


def test_no_m_ready() -> None:
    error = refused(ForeignBoard(unfinished=("name",)))
    assert error.code == "device-no-ready"
    assert "no m-ready" in error.found
    assert "reset it" in error.hint


def test_a_line_without_an_end_is_no_m_ready_either() -> None:
    error = refused(lambda data: b"m-name-dut-[x")
    assert error.code == "device-no-ready"
    assert "m-name-dut-[x" in error.found


def test_another_device() -> None:
    error = refused(lambda data: b"what?\r\nm-ready\r\n" * data.count(b"%"))
    assert error.code == "device-unknown"
    assert "right port" in error.hint


def test_silence_in_a_window_speaks_of_its_length() -> None:
    board = ForeignBoard(mute=("infer",))
    with fake_peer(board) as port, opened(port) as device:
        device.connect()
        with pytest.raises(ProtocolError, match=r"answered nothing to `infer 5 1`") as caught:
            device.infer(5, 1, timeout=0.3)
    assert "30 s" in caught.value.hint
    assert caught.value.code == "device-silent"


def test_a_window_that_never_ends_says_where_it_stopped() -> None:
    board = ForeignBoard(mute=("infer",))

    def stuck(data: bytes) -> bytes:
        return board(data) + (b"m-warmup-start-1\r\n" if b"infer" in data else b"")

    with fake_peer(stuck) as port, opened(port) as device:
        device.connect()
        with pytest.raises(ProtocolError, match="m-warmup-start-1") as caught:
            device.infer(5, 1, timeout=0.3)
    assert caught.value.code == "device-no-ready"
    assert "window or warm-up takes longer" in caught.value.hint


@pytest.mark.parametrize("model", ["resnet50", ""])
def test_an_unknown_model_id(model: str) -> None:
    with pytest.raises(ProtocolError, match="model id") as caught:
        find_benchmark(model, "/dev/ttyACM0")
    assert caught.value.code == "mlperf-model"
    assert "kws01" in caught.value.allowed
    assert "--model-id" in caught.value.hint


def test_the_streaming_benchmark_is_sent_to_the_official_runner() -> None:
    with pytest.raises(ProtocolError, match="streaming") as caught:
        find_benchmark("sww01", "/dev/ttyACM0")
    assert caught.value.code == "mlperf-streaming"


def test_energy_firmware_in_performance_mode(tmp_path: Path) -> None:
    with fake_peer(ForeignBoard(energy=True)) as port, opened(port) as device:
        device.connect()
        with pytest.raises(ProtocolError, match="no m-lap-us") as caught:
            calibrate(device, Pace())
    assert caught.value.code == "mlperf-no-timestamps"
    assert "--mode energy" in caught.value.hint


def test_a_clock_that_stands_still() -> None:
    with fake_peer(ForeignBoard(latency_s=0.0)) as port, opened(port) as device:
        device.connect()
        with pytest.raises(ProtocolError, match="are equal") as caught:
            calibrate(device, Pace())
    assert caught.value.code == "mlperf-clock"


@pytest.mark.parametrize("latency_s", [2e-5, 1e-3, 0.5, 4.9, 12.0, 29.0])
def test_windows_lie_between_ten_and_thirty_seconds(latency_s: float) -> None:
    with fake_peer(ForeignBoard(latency_s=latency_s)) as port, opened(port) as device:
        device.connect()
        load = calibrate(device, Pace())
    assert 10.0 <= load.inferences * latency_s <= 30.0
    assert load.warmup * latency_s <= 30.0


def test_an_inference_longer_than_any_window() -> None:
    with pytest.raises(ProtocolError, match="one inference takes 31 s") as caught:
        load_for(31.0, Pace(), "/dev/ttyACM0")
    assert caught.value.code == "mlperf-window-too-long"
    assert "30 s" in caught.value.allowed


def test_short_samples_get_a_second_round(tmp_path: Path) -> None:
    """The first file takes twice as long as the others."""
    board = ForeignBoard()
    first = (random_set(tmp_path) / "sample_000.bin").read_bytes()

    def uneven(data: bytes) -> bytes:
        board.latency_s = 0.0425 if board._buffer == first else 0.02
        return board(data)

    data = open_samples(tmp_path, BENCHMARKS["kws01"])
    with fake_peer(uneven) as port, opened(port) as device:
        device.connect()
        windows = performance_windows(device, data.samples, Pace(), quiet)
    assert min(window.seconds for window in windows) >= 10.0


def test_a_load_is_whole_inferences() -> None:
    assert load_for(0.0425, Pace(), "x") == Load(259, 10)
    assert load_for(20.0, Pace(), "x") == Load(1, 1)
