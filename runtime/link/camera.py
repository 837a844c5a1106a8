"""Requests to firmware with a camera: frames, gate, capture, and why there is no frame."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from zlib import crc32

from edgekit.errors import ProtocolError
from edgekit.runtime.link.extension import Extension
from edgekit.runtime.link.messages import Msg

CAPTURE_S = 120.0
"""A slow processor in an emulator may take this long for one inference."""

_BUS = "check that the lines of the sensor's bus reach the pins that the driver's file names"
ADVICE = {
    "clock held": f"its clock line stays low: {_BUS}, and their pull-ups",
    "data held": f"its data line stays low: {_BUS}, and their pull-ups; take its power away once",
    "no acknowledge": f"nobody answers: {_BUS}",
    "no chip": "nobody answers at the sensor's address: check its power, its clock (XCLK), PWDN, "
    "RESET, and the two lines of its bus",
    "register refused": f"the sensor stopped answering while it was set up: {_BUS}; shorter wires",
    "value refused": f"the sensor stopped answering while it was set up: {_BUS}; shorter wires",
    "wrong chip": "another sensor answers: `edgekit build BUNDLE --camera auto` names the drivers "
    "for this board",
    "no such mode": "the sensor has no table for this format and size: build with one that it has",
    "no frames": "the sensor is set up but VSYNC does not move: check VSYNC, XCLK and power",
    "too few rows": "the frame ended early: check HREF, PCLK and VSYNC",
    "too many rows": "the frame went on after its last row: check HREF and VSYNC",
    "short row": "bytes of a row were missed: check PCLK and HREF; shorter wires",
    "long row": "a row had too many bytes: check PCLK and HREF; shorter wires, a common ground",
    "bytes lost": "bytes came faster than they were fetched: a slower PCLK; what else uses DMA",
    "transfer error": "a bus refused DMA: the frame must lie in memory that DMA reaches",
}
"""A driver's word for why there is no frame -> what to look at."""


class CameraFault(ProtocolError):
    """The camera gave no frame; `reason` is the driver's word for why."""

    default_code = "camera-fault"

    def __init__(self, name: str, reason: str, tries: int = 1) -> None:
        self.reason = reason
        super().__init__(
            name,
            f"the camera gives no frame: {reason or 'it does not say why'}"
            + f" ({tries} tries)" * (tries > 1),
            hint=advice(reason),
        )


def advice(reason: str) -> str:
    """What to look at when a driver gives that word for why there is no frame."""
    return ADVICE.get(reason, "check the wiring of the sensor (docs/camera.md)")


@dataclass(frozen=True, slots=True)
class Capture:
    """One frame on the board: whether the model ran, and net ticks of the parts: until the frame
    was there, of conversion and gate, of the inference."""

    ran: bool
    changed: int
    input_crc: int
    take: int
    convert: int
    infer: int


class CameraLink:
    """The camera of a board whose extension is switched on."""

    def __init__(self, extension: Extension, chunk: int) -> None:
        self._extension = extension
        self._chunk = chunk

    def facts(self) -> dict[str, str]:
        """camera, fault (of the last capture, or empty), format, width, height, region, resample,
        bytes of a frame, work (bytes of work memory), gated, and the gate's setting.

        Raises ProtocolError where the firmware has no camera.
        """
        try:
            return self._extension.pairs(Msg.CAMERA)
        except ProtocolError as error:
            if error.code != "device-type":
                raise
            raise ProtocolError(
                error.subject,
                "the firmware has no camera",
                hint="flash one that has: edgekit flash BUNDLE --camera auto --port PORT",
                code="no-camera",
            ) from None

    def write_frame(self, data: bytes) -> None:
        """Put a frame into a virtual camera, over the serial line."""
        for offset in range(0, len(data), self._chunk):
            part = data[offset : offset + self._chunk]
            self._extension.request(Msg.FRAME, struct.pack("<I", offset) + part)

    def read_frame(self) -> bytes:
        """The frame of the last capture as the sensor sent it, compared by its checksum.

        Raises ProtocolError when the camera keeps none, or the line spoilt it.
        """
        count, crc = self._last_frame()
        data = b"".join(
            self._extension.request(
                Msg.PIXELS, struct.pack("<IH", offset, min(self._chunk, count - offset))
            )
            for offset in range(0, count, self._chunk)
        )
        if crc32(data) != crc:
            raise ProtocolError(
                self._extension.name,
                "the frame's checksum is not that of the bytes that arrived",
                hint="try again; the driver may have begun another frame meanwhile",
                code="frame-changed",
            )
        return data

    def _last_frame(self) -> tuple[int, int]:
        """Bytes and checksum of the frame that is kept."""
        try:
            count, crc = struct.unpack("<2Q", self._extension.request(Msg.SHOW))
        except ProtocolError as error:
            if error.code != "device-range":
                raise
            raise ProtocolError(
                error.subject,
                "the camera keeps no frame that could be brought home",
                hint="leave --save out",
                code="no-frame-kept",
            ) from None
        return count, crc

    def set_gate(self, enter: int, leave: int, blocks: int, hold: int, refresh: int) -> None:
        """Set the gate, which forgets what it has seen; see EK_MSG_GATE."""
        payload = struct.pack("<5H", enter, leave, blocks, hold, refresh)
        self._extension.request(Msg.GATE, payload)

    def capture(self, *, gated: bool) -> Capture:
        """Take a frame and, where the gate wants it or none is asked, run the model on it.

        Must not be repeated for a reply that got lost: the gate would see the frame twice. Raises
        CameraFault when the camera gives none, ProtocolError.
        """
        try:
            reply = self._extension.request(Msg.CAPTURE, bytes([gated]), timeout=CAPTURE_S)
        except ProtocolError as error:
            if error.code != "device-camera":
                raise
            raise CameraFault(error.subject, self.facts().get("fault", "")) from None
        ran, changed, crc, take, convert, infer, empty = struct.unpack("<7Q", reply)
        net = infer - empty if ran else 0
        return Capture(bool(ran), changed, crc, take - empty, convert - empty, net)
