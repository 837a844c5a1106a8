"""The host's side of the ASCII protocol against peers that misbehave in every known way."""

from __future__ import annotations

import pytest

from edgekit.errors import ProtocolError
from edgekit.runtime.link.dut import Dut, open_dut, parse_results
from edgekit.runtime.link.transport import SerialTransport
from tests.helpers.ptys import AsciiPeer, fake_peer

BOOT = (
    "EdgeKit firmware 1, model m 2, isa\r\nm-timestamp-mode-performance\r\n"
    "m-lap-us-100\r\nm-init-done\r\nm-ready\r\n"
)
PROFILE = "m-profile-[ULPMark for tinyML Firmware V0.0.1]\r\nm-model-[kws01]\r\nm-ready\r\n"


def peer(**replies: object) -> AsciiPeer:
    return AsciiPeer({"profile": PROFILE, **replies})  # type: ignore[dict-item]


def test_identity_of_a_reference_firmware() -> None:
    with fake_peer(peer()) as port, open_dut(port) as dut:
        identity = dut.connect()
    assert identity.vendor == "fake"
    assert identity.model_id == "kws01"
    assert identity.profile == "ULPMark for tinyML Firmware V0.0.1"
    assert identity.extension == 0


def test_unsolicited_lines_before_a_command_do_not_shift_the_replies() -> None:
    answers = peer(results="m-results-[0.500]\r\nm-ready\r\nm-ready\r\nstray\r\n")
    with fake_peer(answers) as port, open_dut(port) as dut:
        assert dut.results() == (0.5,)
        SerialTransport.read(dut._wire.transport)  # type: ignore[arg-type]
        assert dut.connect().model_id == "kws01"
        assert dut.results() == (0.5,)


def test_boot_lines_on_opening_are_waited_for() -> None:
    with fake_peer(peer(), greeting=BOOT.encode()) as port, open_dut(port) as dut:
        assert dut.connect().vendor == "fake"


def test_a_board_that_boots_late_and_loses_the_first_command() -> None:
    answers = peer(name=lambda count: BOOT if count == 0 else "m-name-dut-[late]\r\nm-ready\r\n")
    with fake_peer(answers) as port, open_dut(port, timeout=2.0) as dut:
        assert dut.connect().vendor == "late"


def test_silence_says_what_to_check() -> None:
    with (
        fake_peer(lambda data: b"") as port,
        pytest.raises(ProtocolError, match=r"answered nothing in 0\.6 s") as caught,
    ):
        open_dut(port, timeout=0.6)
    assert caught.value.code == "device-silent"
    assert "baud" in caught.value.hint
    assert "EdgeKit firmware" in caught.value.hint


def test_silence_in_the_middle_shows_the_partial_line() -> None:
    answers = peer(results="m-results-[0.1")
    with fake_peer(answers) as port, open_dut(port) as dut:
        dut._timeout = 0.3
        with pytest.raises(ProtocolError, match=r"in the middle of b'm-results-\[0\.1'"):
            dut.results()


def test_garbage_says_baud_rate() -> None:
    with (
        fake_peer(lambda data: bytes(range(128, 200))) as port,
        pytest.raises(ProtocolError, match="no text") as caught,
    ):
        open_dut(port, timeout=0.6)
    assert caught.value.code == "device-garbage"
    assert "baud rate" in caught.value.hint


def test_garbage_within_a_line() -> None:
    with (
        fake_peer(peer(results="m-results-[\xff\xfe]\r\nm-ready\r\n")) as port,
        open_dut(port) as dut,
        pytest.raises(ProtocolError, match="no text"),
    ):
        dut.results()


def test_results_that_are_no_numbers() -> None:
    with pytest.raises(ProtocolError, match="not numbers"):
        parse_results(["m-results-[a,b]"])


def test_a_reset_in_the_middle_of_a_command() -> None:
    answers = peer(**{"infer 5 1": "m-warmup-start-1\r\n" + BOOT})
    with (
        fake_peer(answers) as port,
        open_dut(port) as dut,
        pytest.raises(ProtocolError, match="reset in the middle") as caught,
    ):
        dut.infer(5, 1)
    assert caught.value.code == "device-reset"
    assert "supply" in caught.value.hint


def test_a_crash_is_reported_in_the_firmwares_words() -> None:
    answers = peer(**{"infer 1 0": "m-warmup-start-0\r\n\r\ne-[Fault: exception 3, pc 0x1]\r\n"})
    with (
        fake_peer(answers) as port,
        open_dut(port) as dut,
        pytest.raises(ProtocolError, match="Fault: exception 3, pc 0x1") as caught,
    ):
        dut.infer(1, 0)
    assert caught.value.code == "device-fault"


def test_another_device_on_the_port() -> None:
    with (
        fake_peer(AsciiPeer({"name": "hello\r\nm-ready\r\n"})) as port,
        pytest.raises(ProtocolError, match="not to `name`") as caught,
    ):
        open_dut(port, timeout=0.6)
    assert caught.value.code == "device-unknown"


def test_the_clock_may_wrap_inside_a_window() -> None:
    start, end = (1 << 32) - 250_000, 750_000
    lines = (
        "m-warmup-start-0\r\nm-warmup-done\r\nm-infer-start-4\r\n"
        f"m-lap-us-{start}\r\nm-lap-us-{end}\r\nm-infer-done\r\nm-results-[1.000]\r\nm-ready\r\n"
    )
    with fake_peer(peer(**{"infer 4 0": lines})) as port, open_dut(port) as dut:
        inference = dut.infer(4, 0)
    assert inference.seconds == pytest.approx(1.0)
    assert (inference.inferences, inference.results) == (4, (1.0,))


def test_energy_mode_has_no_seconds() -> None:
    lines = "m-infer-start-1\r\nm-infer-done\r\nm-results-[0.1,0.9,]\r\nm-ready\r\n"
    with fake_peer(peer(**{"infer 1 0": lines})) as port, open_dut(port) as dut:
        inference = dut.infer(1, 0)
    assert inference.seconds is None
    assert inference.results == (0.1, 0.9)  # the VWW reference's trailing comma


def test_an_inference_refused_by_the_board() -> None:
    with (
        fake_peer(peer(**{"infer 1 0": "e-[Out of order]\r\nm-ready\r\n"})) as port,
        open_dut(port) as dut,
        pytest.raises(ProtocolError, match="Out of order") as caught,
    ):
        dut.infer(1, 0)
    assert caught.value.code == "device-answer"


class LossyLoad(AsciiPeer):
    """`db` that loses a digit in the first `losses` loads."""

    def __init__(self, losses: int) -> None:
        super().__init__({"profile": PROFILE})
        self.losses, self.loads, self.data = losses, 0, b""

    def _reply(self, command: str) -> str:
        if not command.startswith("db "):
            return super()._reply(command)
        if command.startswith("db load"):
            self.loads += 1
            self.data = b""
            return f"m-[Expecting {command[8:]} bytes]\r\nm-ready\r\n"
        if self.loads <= self.losses:
            return "e-[Insufficent number of hex digits]\r\nm-ready\r\n"
        self.data += bytes.fromhex(command[3:])
        return ("m-load-done\r\n" if len(self.data) == 70 else "") + "m-ready\r\n"


def test_a_load_that_lost_digits_is_started_anew() -> None:
    answers = LossyLoad(2)
    with fake_peer(answers) as port, open_dut(port) as dut:
        dut.load(bytes(range(70)))
    assert answers.loads == 3
    assert answers.data == bytes(range(70))


def test_a_load_that_always_fails_gives_up() -> None:
    with (
        fake_peer(LossyLoad(99)) as port,
        open_dut(port) as dut,
        pytest.raises(ProtocolError, match="3 loads of 70 bytes failed") as caught,
    ):
        dut.load(bytes(70))
    assert caught.value.code == "device-load"


def test_a_size_the_board_refuses() -> None:
    text = "Supplied buffer size 70 exceeds maximum of 8\nm-ready\r\n"
    with (
        fake_peer(peer(**{"db load 70": text})) as port,
        open_dut(port) as dut,
        pytest.raises(ProtocolError, match="exceeds maximum of 8"),
    ):
        dut.load(bytes(70))


def test_firmware_without_the_extension() -> None:
    with (
        fake_peer(peer()) as port,
        open_dut(port) as dut,
        pytest.raises(ProtocolError, match="no binary extension") as caught,
    ):
        dut.extension()
    assert caught.value.code == "no-extension"


def test_modes_and_time_stamps() -> None:
    answers = peer(
        timestamp="m-lap-us-42\r\nm-ready\r\n",
        **{"mode perf": "m-timestamp-mode-performance\r\nm-ready\r\n"},
    )
    with fake_peer(answers) as port, open_dut(port) as dut:
        dut.set_mode("perf")
        assert dut.timestamp_us() == 42


def test_a_failed_connection_closes_the_port() -> None:
    with fake_peer(lambda data: b"") as port:
        for _ in range(2):  # would be busy the second time
            with pytest.raises(ProtocolError, match="nothing"):
                open_dut(port, timeout=0.3)


def test_the_peer_hangs_up() -> None:
    with fake_peer(peer()) as port, Dut(SerialTransport(port)) as dut:
        assert dut.connect().vendor == "fake"
        assert dut.name == port
