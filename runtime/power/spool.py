"""The bytes of a recording, in memory while they are few and in a temporary file beyond that.

The file has no name: it is gone when the program ends, however it ends.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from edgekit.errors import MeterError

IN_MEMORY = 8 << 20
"""Bytes kept in memory: 20 s of 100,000 four-byte samples a second."""
PIECE = 1 << 21
"""Bytes looked at in one go when a recording is decoded."""


class Spool:
    """Bytes that are appended by one thread and read by another. `folder` is where the file goes,
    None where the system keeps temporary files. Raises MeterError when the place is full."""

    def __init__(self, folder: Path | None = None, *, in_memory: int = IN_MEMORY) -> None:
        self._lock = threading.Lock()
        self._size = 0
        self._elsewhere = False
        place = None if folder is None else str(folder)
        self._file = tempfile.SpooledTemporaryFile(max_size=in_memory, dir=place)  # noqa: SIM115

    def __len__(self) -> int:
        return self._size

    def append(self, data: bytes) -> None:
        """Add `data` at the end."""
        with self._lock:
            try:
                if self._elsewhere:
                    self._file.seek(self._size)
                    self._elsewhere = False
                self._file.write(data)
            except OSError as error:
                raise MeterError(
                    "recording",
                    f"cannot be kept on disk after {self._size:,} bytes: {error.strerror or error}",
                    hint="free space, or write the recording to another disk",
                    code="meter-disk",
                ) from None
            self._size += len(data)

    def read(self, first: int, last: int) -> bytes:
        """The bytes from `first` up to `last`."""
        with self._lock:
            self._elsewhere = True
            self._file.seek(first)
            return self._file.read(last - first)

    def pieces(self, size: int = PIECE) -> Iterator[bytes]:
        """All bytes so far, in order, in pieces of at most `size`."""
        end = self._size
        for first in range(0, end, size):
            yield self.read(first, min(first + size, end))

    def close(self) -> None:
        """Give the bytes up; harmless when that was done before."""
        with self._lock:
            self._file.close()
