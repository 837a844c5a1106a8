"""A board's line on a pseudo-terminal, so that any program opens it like a serial port.

The official runner opens real ports and pseudo-terminals but no sockets; a virtual board's line is
a socket. The pseudo-terminal may be closed and opened as often as a program likes, and what the
board says at boot is over before anyone can open it.
"""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable

from edgekit.runtime.link.transport import Transport
from edgekit.runtime.link.wire import Wire
from edgekit.runtime.opened import Opened
from edgekit.runtime.posix import raw_terminal

BOOT_S = 5.0
"""How long a board may boot, as the official runner has it."""
Edges = Callable[[], None]


class PtyRelay(Opened):
    """Passes bytes between a pseudo-terminal at `path` and a board. A context manager.

    `before` is called before anything of the board is passed on: edges of its pin, which come on
    another way, must not be late.
    """

    def __init__(self, board: Transport, *, before: Edges | None = None) -> None:
        self.path = ""
        self._board, self._before = board, before
        self._master = self._slave = -1
        self._wake: tuple[int, int] = (-1, -1)
        self._threads: list[threading.Thread] = []
        self._closing = False
        self._writing = threading.Lock()

    def open(self) -> None:
        self._board.open()
        await_boot(self._board)
        self._master, self._slave, self.path = raw_terminal("a virtual board's line")
        self._wake = os.pipe()
        for run in (self._from_host, self._from_board):
            thread = threading.Thread(target=run, name="relay", daemon=True)
            self._threads.append(thread)
            thread.start()

    def close(self) -> None:
        if self._closing:
            return
        self._closing = True
        if self._threads:
            os.write(self._wake[1], b"!")
        for thread in self._threads:
            thread.join()
        self._board.close()
        for handle in (self._master, self._slave, *self._wake):
            if handle >= 0:
                os.close(handle)

    def host_said(self, data: bytes) -> None:
        """Bytes came from the host: pass them on."""
        self._board.write(data)

    def board_said(self, data: bytes) -> None:
        """Bytes came from the board: pass them on."""
        self.tell(data)

    def tell(self, data: bytes) -> None:
        """Send to the host. What it never reads is dropped when the relay closes."""
        with self._writing:
            while data and not self._closing:
                _, writable, _ = select.select([], [self._master], [], 0.1)
                if writable:
                    data = data[os.write(self._master, data[:1024]) :]

    def _from_host(self) -> None:
        while not self._closing:
            ready, _, _ = select.select([self._master, self._wake[0]], [], [])
            if self._wake[0] in ready:
                return
            self._guarded(self.host_said, os.read(self._master, 4096))

    def _from_board(self) -> None:
        while not self._closing:
            data = self._guarded(lambda _: self._board.read(), b"")
            if data:
                if self._before is not None:
                    self._before()
                self._guarded(self.board_said, data)

    def _guarded(self, act: Callable[[bytes], bytes | None], data: bytes) -> bytes:
        """Do it; a board that is gone ends the relay, as a pulled cable would."""
        from edgekit.errors import DeviceError

        try:
            return act(data) or b""
        except DeviceError:
            self._closing = True
            return b""


def await_boot(board: Transport) -> None:
    """Read until the board has said what it says at boot, or can be asked.

    Raises ProtocolError when it does not answer at all.
    """
    wire = Wire(board)
    wire.send(b"name%")
    while not wire.line(BOOT_S).startswith("m-name-dut-["):
        continue
    wire.settle(0.1)
