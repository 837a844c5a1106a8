"""The host's side of the binary extension against a peer that loses, damages and resets."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from edgekit.errors import ProtocolError
from edgekit.runtime.link import extension as module
from edgekit.runtime.link.extension import Extension
from edgekit.runtime.link.frames import Frame, decode, encode
from edgekit.runtime.link.messages import ADVICE, REPLY, SENTENCES, Err, Msg
from edgekit.runtime.link.transport import SerialTransport
from edgekit.runtime.link.wire import Wire
from tests.helpers.ptys import fake_peer

Reply = Callable[[Frame, int], bytes]


class FramePeer:
    """Answers each request with what `reply(request, how many came before)` gives."""

    def __init__(self, reply: Reply) -> None:
        self.reply, self._pending = reply, b""
        self.requests: list[Frame] = []

    def __call__(self, data: bytes) -> bytes:
        *pieces, self._pending = (self._pending + data).split(b"\0")
        answer = b""
        for piece in filter(None, pieces):
            request = decode(piece)
            answer += self.reply(request, len(self.requests))
            self.requests.append(request)
        return answer


def info(request: Frame, text: bytes = b"frame=1024\nhash=12\n") -> bytes:
    return encode(Frame(request.type | REPLY, request.seq, text))


def refusal(request: Frame, code: int) -> bytes:
    return encode(Frame(Msg.ERROR | REPLY, request.seq, bytes([code])))


def asking(reply: Reply, ask: Callable[[Extension], object]) -> tuple[object, FramePeer]:
    peer = FramePeer(reply)
    with fake_peer(peer) as port, SerialTransport(port) as line:
        return ask(Extension(Wire(line))), peer


def failing(reply: Reply, ask: Callable[[Extension], object] = Extension.info) -> ProtocolError:
    with pytest.raises(ProtocolError) as caught:
        asking(reply, ask)
    return caught.value


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMEOUT_S", 0.3)
    monkeypatch.setattr(Extension.request, "__kwdefaults__", {"timeout": 0.3})


def test_facts() -> None:
    facts, _ = asking(lambda request, _: info(request), Extension.info)
    assert facts == {"frame": "1024", "hash": "12"}


def test_a_lost_reply_is_asked_for_again_with_the_same_number() -> None:
    facts, peer = asking(lambda r, n: b"" if n < 2 else info(r), Extension.info)
    assert facts == {"frame": "1024", "hash": "12"}
    assert len({(r.type, r.seq) for r in peer.requests}) == 1
    assert len(peer.requests) == 3


def test_a_damaged_reply_is_asked_for_again() -> None:
    def reply(request: Frame, count: int) -> bytes:
        good = info(request)
        return good if count else good[:5] + bytes([good[5] ^ 1 or 1]) + good[6:]

    facts, peer = asking(reply, Extension.info)
    assert facts == {"frame": "1024", "hash": "12"}
    assert len(peer.requests) == 2


def test_a_damaged_request_is_sent_again() -> None:
    facts, peer = asking(lambda r, n: info(r) if n else refusal(r, Err.CRC), Extension.info)
    assert facts == {"frame": "1024", "hash": "12"}
    assert len(peer.requests) == 2


def test_an_old_reply_is_not_taken_for_the_new_one() -> None:
    def reply(request: Frame, count: int) -> bytes:
        stale = encode(Frame(request.type | REPLY, request.seq - 1 & 0xFF, b"frame=1\n"))
        return stale + info(request)

    facts, _ = asking(reply, Extension.info)
    assert facts == {"frame": "1024", "hash": "12"}


def test_noise_without_end_gives_up() -> None:
    error = failing(lambda request, _: refusal(request, Err.CRC))
    assert error.code == "line-noise"
    assert "3 tries" in error.found


def test_silence() -> None:
    error = failing(lambda request, _: b"")
    assert error.code == "device-silent"


def test_a_reset_shows_as_boot_lines() -> None:
    error = failing(
        lambda request, _: b"EdgeKit\r\nm-timestamp-mode-performance\r\nm-init-done\r\n"
    )
    assert error.code == "device-reset"


def test_a_crash_shows_as_a_fault_line() -> None:
    error = failing(lambda request, _: b"\r\ne-[Fault: exception 3, stack overflow]\r\n")
    assert error.code == "device-fault"
    assert "stack overflow" in error.found


@pytest.mark.parametrize("code", [err for err in Err if err is not Err.CRC])
def test_refusals_become_sentences(code: Err) -> None:
    error = failing(lambda request, _: refusal(request, code))
    assert SENTENCES[code] in error.found
    assert error.hint == ADVICE[code]
    assert error.code == f"device-{code.name.lower().replace('_', '-')}"


def test_an_unknown_refusal() -> None:
    error = failing(lambda request, _: refusal(request, 200))
    assert "error 200" in error.found
    assert error.code == "protocol"
    assert "flash it again" in error.hint


def test_a_reply_of_the_wrong_length() -> None:
    error = failing(lambda request, _: info(request, b"123"), lambda board: board.run())
    assert error.code == "device-reply"
    assert "3 bytes where 16 were due" in error.found


def test_long_inputs_are_sent_in_frames_the_board_takes() -> None:
    def reply(request: Frame, count: int) -> bytes:
        return info(request, b"frame=100\n" if request.type == Msg.INFO else b"")

    data = bytes(range(250))

    def ask(board: Extension) -> None:
        board.info()
        board.write_input(data)

    _, peer = asking(reply, ask)
    writes = [r.payload for r in peer.requests if r.type == Msg.WRITE]
    assert all(len(payload) <= 100 for payload in writes)
    assert b"".join(payload[4:] for payload in writes) == data
    assert [int.from_bytes(payload[:4], "little") for payload in writes] == [0, 96, 192]
    assert peer.requests[-1].type == Msg.COMMIT
