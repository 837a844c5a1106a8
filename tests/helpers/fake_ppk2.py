"""A PPK2 made of bytes in memory, cut into chunks as a test likes, with failures on demand."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

import numpy as np

from edgekit.errors import MeterError
from edgekit.runtime.power import ppk2_wire as wire
from edgekit.runtime.power.virtual_ppk2 import CALIBRATION, encode, metadata_text

METADATA = metadata_text(CALIBRATION).encode()


def stream(
    amps: np.ndarray,
    *,
    level: np.ndarray | None = None,
    millivolts: int = 3300,
    first: int = 0,
    calibration: wire.Calibration = CALIBRATION,
) -> bytes:
    """The bytes of a current in ampere; `level` is D0 of each sample."""
    words = encode(np.asarray(amps, float), millivolts, first, 0, calibration)
    if level is not None:
        words |= level.astype(np.uint32) << 24
    return words.astype("<u4").tobytes()


class FakePort:
    """A port whose device answers GET_METADATA and, after START, sends `chunks`.

    `leftover` is what an interrupted run left streaming. With `broken` the port fails once the
    chunks are gone.
    """

    def __init__(
        self,
        chunks: Iterable[bytes] = (),
        *,
        metadata: bytes = METADATA,
        leftover: bytes = b"",
        broken: bool = False,
    ) -> None:
        self.written: list[bytes] = []
        self.closed = False
        self.sent = threading.Event()
        self._chunks, self._metadata, self._broken = list(chunks), metadata, broken
        self._pending: list[bytes] = [leftover] if leftover else []
        self._streaming = False

    def read(self) -> bytes:
        if self._pending:
            return self._pending.pop(0)
        if self._streaming:
            self.sent.set()
            if self._broken:
                raise MeterError("meter at fake", "the connection broke off", code="broken")
        time.sleep(0.001)
        return b""

    def write(self, data: bytes) -> None:
        if self.closed:
            raise MeterError("meter at fake", "closed")
        self.written.append(data)
        if data == wire.GET_METADATA:
            self._pending.append(self._metadata)
        elif data == wire.START:
            self._pending += self._chunks
            self._streaming = True
        elif data in (wire.STOP, wire.RESET):
            self._streaming = False

    def close(self) -> None:
        self.closed = True


def opener(port: FakePort) -> Callable[[str], FakePort]:
    """What a driver takes as `open_port`."""
    return lambda path: port
