"""The file service of a stand-in for `adbd`: STAT, LIST, RECV and SEND (AOSP: adb/SYNC.TXT).

A request is four letters, a length, and a path; answers begin with four letters too. STA2 and LST2
are STAT with an error number and wider fields.
"""

from __future__ import annotations

import errno
import os
import struct
from pathlib import Path
from typing import Protocol

from tests.helpers.adbd import Stream

REQUEST = struct.Struct("<4sI")
STAT = struct.Struct("<4sIII")
"""Mode, size, time of the last change."""
STAT2 = struct.Struct("<4sIQQIIIIQqqq")
"""Error, device, inode, mode, links, owner, group, size, three times."""
LARGEST = 64 * 1024


class Files(Protocol):
    """The phone's files; `room` limits the bytes of one."""

    room: int | None

    def path(self, name: str) -> Path: ...

    def stored(self, path: Path) -> None: ...


def sync(stream: Stream, files: Files) -> None:
    """Serve requests until QUIT."""
    while True:
        kind, size = REQUEST.unpack(stream.exactly(REQUEST.size))
        if kind == b"QUIT":
            return
        name = stream.exactly(size).decode()
        if kind == b"SEND":
            _send(stream, files, *name.rsplit(",", 1))
        elif kind == b"RECV":
            _receive(stream, files.path(name))
        elif kind == b"LIST":
            _list(stream, files.path(name))
        elif kind in (b"STAT", b"LST2", b"STA2"):
            stream.write(_stat(kind, files.path(name)))
        else:
            _fail(stream, f"unknown command {kind!r}")


def _fail(stream: Stream, text: str) -> None:
    stream.write(REQUEST.pack(b"FAIL", len(text)) + text.encode())


def _stat(kind: bytes, path: Path) -> bytes:
    try:
        found = path.stat() if kind == b"STA2" else path.lstat()
    except OSError as error:
        if kind == b"STAT":
            return STAT.pack(kind, 0, 0, 0)
        return STAT2.pack(kind, error.errno or errno.EIO, *(0,) * 10)
    if kind == b"STAT":
        return STAT.pack(kind, found.st_mode, found.st_size, int(found.st_mtime))
    owner = found.st_nlink, found.st_uid, found.st_gid
    times = int(found.st_atime), int(found.st_mtime), int(found.st_ctime)
    place = found.st_dev, found.st_ino, found.st_mode
    return STAT2.pack(kind, 0, *place, *owner, found.st_size, *times)


def _list(stream: Stream, path: Path) -> None:
    for entry in sorted(path.iterdir()) if path.is_dir() else ():
        name = entry.name.encode()
        stream.write(_stat(b"STAT", entry).replace(b"STAT", b"DENT", 1))
        stream.write(struct.pack("<I", len(name)) + name)
    stream.write(struct.pack("<4sIIII", b"DONE", 0, 0, 0, 0))


def _receive(stream: Stream, path: Path) -> None:
    try:
        data = path.read_bytes()
    except OSError as error:
        _fail(stream, f"open failed: {os.strerror(error.errno or 0)}")
        return
    for start in range(0, len(data), LARGEST):
        part = data[start : start + LARGEST]
        stream.write(REQUEST.pack(b"DATA", len(part)) + part)
    stream.write(REQUEST.pack(b"DONE", 0))


def _send(stream: Stream, files: Files, name: str, mode: str) -> None:
    """A file of the computer; all of it is read also where it cannot be kept."""
    path, data = files.path(name), bytearray()
    while True:
        kind, value = REQUEST.unpack(stream.exactly(REQUEST.size))
        if kind == b"DONE":
            break
        data += stream.exactly(value)
    if files.room is not None and len(data) > files.room:
        _fail(stream, f"write failed: {os.strerror(errno.ENOSPC)}")
        return
    try:
        path.write_bytes(data)
        path.chmod(int(mode) & 0o777)
        os.utime(path, (value, value))
        files.stored(path)
    except OSError as error:
        _fail(stream, f"couldn't create file: {os.strerror(error.errno or 0)}")
        return
    stream.write(REQUEST.pack(b"OKAY", 0))
