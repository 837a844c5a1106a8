"""A stand-in for a phone's `adbd`: adb's transport protocol, over TCP on the loopback interface.

    header (six little-endian words): command, two arguments, bytes, sum of the bytes, ~command

CNXN with version and largest payload opens a connection; AUTH comes first where the phone does not
trust the computer. OPEN names a service; then WRTE carries data either way, each answered by OKAY
before the next, until CLSE. From version 0x01000001 on nobody sums (AOSP: adb/protocol.txt).
"""

from __future__ import annotations

import queue
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress

HEADER = struct.Struct("<6I")
CNXN, AUTH, OPEN, OKAY, WRTE, CLSE = (
    int.from_bytes(name, "little")
    for name in (b"CNXN", b"AUTH", b"OPEN", b"OKAY", b"WRTE", b"CLSE")
)
TOKEN, SIGNATURE, PUBLIC_KEY = 1, 2, 3
"""What an AUTH holds."""
SUMMED, UNSUMMED = 0x01000000, 0x01000001
"""Versions of the protocol."""

PATIENCE_S = 60.0


class StreamClosed(Exception):
    """The other side closed the stream, or the connection broke."""


class Stream:
    """One open service: bytes either way. Several threads may write."""

    def __init__(self, link: Link, own: int, other: int) -> None:
        self._link, self.own, self.other = link, own, other
        self._incoming: queue.Queue[bytes | None] = queue.Queue()
        self._ready, self._writing = threading.Semaphore(0), threading.Lock()
        self._rest = b""
        self.closed = False

    def read(self) -> bytes:
        """The next bytes, as they came. Raises StreamClosed."""
        if self._rest:
            data, self._rest = self._rest, b""
            return data
        data_or_end = self._incoming.get()
        if data_or_end is None:
            raise StreamClosed
        self._link.send(OKAY, self.own, self.other)
        return data_or_end

    def exactly(self, count: int) -> bytes:
        """So many bytes."""
        data = b""
        while len(data) < count:
            data += self.read()
        data, self._rest = data[:count], data[count:]
        return data

    def write(self, data: bytes) -> None:
        with self._writing:
            for start in range(0, len(data), self._link.largest):
                part = data[start : start + self._link.largest]
                self._link.send(WRTE, self.own, self.other, part)
                if not self._ready.acquire(timeout=PATIENCE_S) or self.closed:
                    raise StreamClosed

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._link.send(CLSE, self.own, self.other)

    def feed(self, data: bytes) -> None:
        self._incoming.put(data)

    def okay(self) -> None:
        self._ready.release()

    def end(self) -> None:
        """The other side is gone."""
        self.closed = True
        self._incoming.put(None)
        self._ready.release()


Service = Callable[[Stream], None]


class Link:
    """One connection of an adb server, served until it breaks."""

    def __init__(self, daemon: Adbd, line: socket.socket) -> None:
        self._daemon, self._line = daemon, line
        self._sending = threading.Lock()
        self._streams: dict[int, Stream] = {}
        self._summed = True
        self.largest = 4096

    def serve(self) -> None:
        try:
            while True:
                command, first, second, data = self._receive()
                self._take(command, first, second, data)
        except (OSError, EOFError):
            pass
        finally:
            self.cut()

    def cut(self) -> None:
        with suppress(OSError):
            self._line.shutdown(socket.SHUT_RDWR)
        self._line.close()
        for stream in list(self._streams.values()):
            stream.end()

    def send(self, command: int, first: int, second: int, data: bytes = b"") -> None:
        total = sum(data) & 0xFFFFFFFF if self._summed else 0
        head = HEADER.pack(command, first, second, len(data), total, command ^ 0xFFFFFFFF)
        with self._sending, suppress(OSError):
            self._line.sendall(head + data)

    def _receive(self) -> tuple[int, int, int, bytes]:
        command, first, second, size, total, magic = HEADER.unpack(self._exactly(HEADER.size))
        data = self._exactly(size)
        if magic != command ^ 0xFFFFFFFF:
            self._daemon.faults.append(f"magic {magic:#x} of command {command:#x}")
        if self._summed and total != sum(data) & 0xFFFFFFFF and command != CNXN:
            self._daemon.faults.append(f"sum {total:#x} of command {command:#x}")
        if size > self._daemon.largest:
            self._daemon.faults.append(f"{size} bytes at once")
        return command, first, second, data

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            part = self._line.recv(count - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    def _take(self, command: int, first: int, second: int, data: bytes) -> None:
        if command == CNXN:
            self._connect(first, second)
        elif command == AUTH and first == SIGNATURE:
            self.send(AUTH, TOKEN, 0, b"\x2a" * 20)  # not known; the next may be
        elif command == AUTH:
            self._daemon.asked.set()  # the window is shown, and nobody looks
        elif command == OPEN:
            self._open(first, data.rstrip(b"\0").decode())
        elif stream := self._streams.get(second):
            if command == WRTE:
                stream.feed(data)
            elif command == OKAY:
                stream.okay()
            elif command == CLSE:
                del self._streams[second]
                stream.end()

    def _connect(self, version: int, largest: int) -> None:
        self._summed = min(version, self._daemon.version) < UNSUMMED
        self.largest = min(largest, self._daemon.largest)
        if not self._daemon.trusting:
            self.send(AUTH, TOKEN, 0, b"\x17" * 20)
            return
        self.send(CNXN, self._daemon.version, self._daemon.largest, self._daemon.banner.encode())

    def _open(self, other: int, name: str) -> None:
        self._daemon.opened.append(name)
        service = self._daemon.service(name)
        if service is None:
            self.send(CLSE, 0, other)
            return
        stream = Stream(self, own := len(self._daemon.opened), other)
        self._streams[own] = stream
        self.send(OKAY, own, other)
        threading.Thread(target=_run, args=(service, stream), daemon=True).start()


def _run(service: Service, stream: Stream) -> None:
    with suppress(StreamClosed):
        service(stream)
    stream.close()


class Adbd:
    """Listens on a port of its own choice until it is closed.

    `service` finds what a name such as "shell,v2,raw:ls" stands for. `faults` collects what the
    other side did against the protocol, `opened` the services it asked for.
    """

    def __init__(
        self,
        service: Callable[[str], Service | None],
        banner: str,
        *,
        version: int = UNSUMMED,
        largest: int = 256 * 1024,
        trusting: bool = True,
    ) -> None:
        self.service, self.banner = service, banner
        self.version, self.largest, self.trusting = version, largest, trusting
        self.faults: list[str] = []
        self.opened: list[str] = []
        self.asked = threading.Event()
        self._links: list[Link] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                line, _ = self._listener.accept()
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                link = Link(self, line)
                self._links.append(link)
                threading.Thread(target=link.serve, daemon=True).start()

    def close(self) -> None:
        """Out of reach: connections break, and nobody listens any more."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for link in self._links:
            link.cut()
