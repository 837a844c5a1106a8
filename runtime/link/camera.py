"""Requests to firmware with a camera: frames, gate, capture."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from edgekit.runtime.link.extension import Extension
from edgekit.runtime.link.messages import Msg

CAPTURE_S = 120.0
"""A slow processor in an emulator may take this long for one inference."""


@dataclass(frozen=True, slots=True)
class Capture:
    """One frame on the board: whether the model ran, and net ticks of the parts."""

    ran: bool
    changed: int
    input_crc: int
    convert: int
    infer: int


class CameraLink:
    """The camera of a board whose extension is switched on."""

    def __init__(self, extension: Extension, chunk: int) -> None:
        self._extension = extension
        self._chunk = chunk

    def facts(self) -> dict[str, str]:
        """camera, fault (of the last capture, or empty), format, width, height, bytes of a frame,
        work (bytes of work memory)."""
        text = self._extension.request(Msg.CAMERA).decode("ascii")
        return dict(line.split("=", 1) for line in text.splitlines())

    def write_frame(self, data: bytes) -> None:
        """Put a frame into a virtual camera, over the serial line."""
        for offset in range(0, len(data), self._chunk):
            part = data[offset : offset + self._chunk]
            self._extension.request(Msg.FRAME, struct.pack("<I", offset) + part)

    def set_gate(self, enter: int, leave: int, blocks: int, hold: int, refresh: int) -> None:
        """Set the gate, which forgets what it has seen; see EK_MSG_GATE."""
        payload = struct.pack("<5H", enter, leave, blocks, hold, refresh)
        self._extension.request(Msg.GATE, payload)

    def capture(self, *, gated: bool) -> Capture:
        """Take a frame and, where the gate wants it or none is asked, run the model on it.

        Must not be repeated for a reply that got lost: the gate would see the frame twice. Raises
        ProtocolError when the camera gives none; `facts` says why.
        """
        reply = self._extension.request(Msg.CAPTURE, bytes([gated]), timeout=CAPTURE_S)
        ran, changed, crc, convert, infer, empty = struct.unpack("<6Q", reply)
        net = infer - empty if ran else 0
        return Capture(bool(ran), changed, crc, convert - empty, net)
