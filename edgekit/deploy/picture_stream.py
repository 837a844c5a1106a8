"""Pictures out of a stream of bytes: JPEGs one after another (MJPEG), or PNGs, rubbish between.

What a JPEG is made of: ITU-T T.81, annex B. A picture ends at its own EOI marker, not at the first
FF D9: a thumbnail in a segment has one too. What stands between two pictures (the head of a part of
`multipart/x-mixed-replace`, half a picture at the start) is passed over.
"""

from __future__ import annotations

LARGEST = 32 << 20
"""Bytes of a picture; more without an end is none."""
TABLES = 4096
"""Bytes that a segment with tables or the head of a frame or scan stays below."""

_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
_STARTS = (_JPEG, _PNG)
_SOI, _EOI, _SCAN, _STUFFED = 0xD8, 0xD9, 0xDA, 0x00
_ALONE = frozenset((0x01, *range(0xD0, 0xD8)))
"""Markers without a length: TEM, and RST0 to RST7, which a scan may hold."""
_FREE = frozenset((*range(0xE0, 0xF0), 0xFE))
"""Markers of segments that may hold anything: APPn and COM."""
_END = b"IEND"


class PictureStream:
    """Gets bytes as they come, gives whole pictures. `broken` counts pictures that were cut short,
    `passed` the bytes that belong to no picture."""

    def __init__(self) -> None:
        self.broken = 0
        self.passed = 0
        self._buffer = bytearray()
        self._started = False
        self._at = 0
        self._scanning = False

    def feed(self, data: bytes) -> list[bytes]:
        """The pictures that are whole with `data`, in order."""
        self._buffer += data
        found = []
        while self._started or self._start():
            end = self._png_end() if self._buffer.startswith(_PNG) else self._jpeg_end()
            if end is None and len(self._buffer) > LARGEST:
                end = 0
            if end is None:
                break
            if end == 0:
                self._give_up()
                continue
            found.append(bytes(self._buffer[:end]))
            self._drop(end)
        return found

    def close(self) -> list[bytes]:
        """The stream is over: what has begun is not whole, but may hide others."""
        found = []
        while self._started:
            self._give_up()
            found += self.feed(b"")
        self.passed += len(self._buffer)
        self._drop(len(self._buffer))
        return found

    def _start(self) -> bool:
        """Whether the buffer begins with a picture now; what is before it is passed over."""
        places = [at for at in map(self._buffer.find, _STARTS) if at >= 0]
        longest = max(map(len, _STARTS)) - 1  # half of a start may be at the end
        at = min(places) if places else max(0, len(self._buffer) - longest)
        self.passed += at
        self._drop(at)
        self._started = bool(places)
        # The third byte of a JPEG's start is the first of its next marker.
        self._at = len(_PNG) if self._buffer.startswith(_PNG) else len(_JPEG) - 1
        return self._started

    def _give_up(self) -> None:
        """What has started is no picture: look for the next one behind its start."""
        self.broken += 1
        skip = self._at if self._scanning else 1
        self.passed += skip
        self._drop(skip)

    def _drop(self, count: int) -> None:
        del self._buffer[:count]
        self._started, self._scanning, self._at = False, False, 0

    def _jpeg_end(self) -> int | None:
        """Where the picture ends; 0: it does not, None: more bytes have to come."""
        while True:
            if self._scanning:
                self._at = self._next_in_scan()
            if self._at + 2 > len(self._buffer):
                return None
            lead, marker = self._buffer[self._at], self._buffer[self._at + 1]
            if lead != 0xFF or marker in (_SOI, _STUFFED):
                return 0
            if marker == 0xFF:  # fill
                self._at += 1
            elif marker == _EOI:
                return self._at + 2
            elif marker in _ALONE:
                self._at += 2
            else:
                stepped = self._segment()
                if not stepped:
                    return stepped

    def _next_in_scan(self) -> int:
        """The next marker that ends the data of a scan, or as far as can be told."""
        at = self._at
        while True:
            at = self._buffer.find(0xFF, at)
            if at < 0:
                return len(self._buffer)
            if at + 1 == len(self._buffer):
                return at
            marker = self._buffer[at + 1]
            if marker != _STUFFED and marker not in _ALONE and marker != 0xFF:
                return at
            at += 1 if marker == 0xFF else 2

    def _segment(self) -> int | None:
        """Step over a segment with a length; 0: it is none, None: it is not there as a whole."""
        if self._at + 4 > len(self._buffer):
            return None
        marker = self._buffer[self._at + 1]
        length = int.from_bytes(self._buffer[self._at + 2 : self._at + 4], "big")
        if length < 2 or (length > TABLES and marker not in _FREE):
            return 0
        if self._at + 2 + length > len(self._buffer):
            return None
        self._scanning = marker == _SCAN
        self._at += 2 + length
        return self._at

    def _png_end(self) -> int | None:
        """As for a JPEG: length, type, data and CRC of each chunk up to IEND."""
        while self._at + 8 <= len(self._buffer):
            length = int.from_bytes(self._buffer[self._at : self._at + 4], "big")
            kind = bytes(self._buffer[self._at + 4 : self._at + 8])
            if length > LARGEST or not kind.isalpha():
                return 0
            end = self._at + 12 + length
            if end > len(self._buffer):
                return None
            if kind == _END:
                return end
            self._at = end
        return None
