"""An emulated interface board (IO manager) of MLPerf Tiny's energy mode, before a board.

It speaks what the official runner and the EEMBC runner send: `dut COMMAND` is passed on, the rest
is answered here. Two dialects: the Arduino's, and that of the STM32H573I-DK as far as energy mode
uses it (audio for the streaming wake word is not emulated).
"""

from __future__ import annotations

from collections.abc import Callable

from edgekit.runtime.link.transport import Transport
from edgekit.runtime.mlperf.relay import Edges, PtyRelay

READY = b"m-ready\r\n"
DIALECTS = ("stm32h573i-dk", "arduino")
FACTORY_BAUD = 9600
COMMAND_CHARS = 80
Reply = Callable[["InterfaceBoard", str], str]


def _baud_set(board: InterfaceBoard, words: str) -> str:
    if not words.isdigit():
        return "e-[setbaud takes a number]"
    board.dut_baud = int(words)
    return f"set baud to: {words}"


def _timer_mode(board: InterfaceBoard, words: str) -> str:
    mode = {"0": "FALLING", "1": "CHANGE"}.get(words)
    if mode is None:
        return "e-[tm takes 0 or 1]"
    return f"m-timestmp-mode-{mode}\r\nm-[Timer disabled after mode change]"


def _said(text: str) -> Reply:
    return lambda board, words: text


ANSWERS: dict[str, dict[str, Reply]] = {
    "stm32h573i-dk": {
        "name": _said("tinyML Enhanced Interface Board"),
        "checkbaud": lambda board, words: f"baud is: {board.dut_baud}",
        "setbaud": _baud_set,
        "ls": _said(""),
    },
    "arduino": {
        "name": _said("m-name-iomgr-[emulated by EdgeKit]"),
        "version": _said("m-version-[emulated by EdgeKit]"),
        "res": _said(""),
        "tm": _timer_mode,
        "enable-timer": _said("m-timer-enabled"),
        "disable-timer": _said("m-timer-disabled"),
        "help": _said("help name version res dut tm enable-timer disable-timer"),
    },
}
"""Dialect -> command -> its reply before m-ready."""


class InterfaceBoard(PtyRelay):
    """The interface board at `path`, with `board` wired to it.

    `on_infer` is called when an `infer` is passed on.
    """

    def __init__(
        self,
        board: Transport,
        *,
        dialect: str = DIALECTS[0],
        before: Edges | None = None,
        on_infer: Edges | None = None,
    ) -> None:
        super().__init__(board, before=before)
        self.dialect = dialect
        self.dut_baud: int = FACTORY_BAUD
        self._on_infer = on_infer
        self._command = bytearray()
        self._line = bytearray()

    def host_said(self, data: bytes) -> None:
        self._command += data
        while b"%" in self._command:
            command, _, rest = bytes(self._command).partition(b"%")
            self._command[:] = rest
            self._obey(command.decode("ascii", "replace").strip()[:COMMAND_CHARS])

    def board_said(self, data: bytes) -> None:
        """The board's lines, marked as such, whole ones only."""
        self._line += data
        *lines, rest = bytes(self._line).split(b"\n")
        self._line[:] = rest
        self.tell(b"".join(b"[dut]: " + line.rstrip(b"\r") + b"\r\n" for line in lines))

    def _obey(self, command: str) -> None:
        word, _, words = command.partition(" ")
        if word == "dut":
            self.tell(f"m-dut-passthrough({words})\r\n".encode() + READY)
            if words.startswith("infer") and self._on_infer is not None:
                self._on_infer()
            self._board.write(f"{words}%".encode())
            return
        answer = ANSWERS[self.dialect].get(word)
        text = f"e-[Unknown command: {word}]" if answer is None else answer(self, words)
        self.tell((f"{text}\r\n".encode() if text else b"") + READY)
