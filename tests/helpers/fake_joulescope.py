"""A stand-in for the package `joulescope` 1.5: the few names EdgeKit uses, with their arguments.

Devices are lists of chunks to stream; `None` in a chunk's place ends the stream by itself, as when
the cable is pulled.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Chunk = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Current (A), voltage (V), level of gpi0."""
SHORT = 1000
"""Samples that the buffer keeps: what is not taken in time falls out of it."""


class StreamBuffer:
    """Holds the last SHORT samples; sample numbers do not start at 0."""

    def __init__(self) -> None:
        self._first = self._end = 5000
        self._held = [np.zeros(0) for _ in range(3)]

    def add(self, chunk: Chunk) -> None:
        self._held = [np.concatenate(pair)[-SHORT:] for pair in zip(self._held, chunk, strict=True)]
        self._end += len(chunk[0])
        self._first = self._end - len(self._held[0])

    @property
    def sample_id_range(self) -> tuple[int, int]:
        return self._first, self._end

    def samples_get(
        self, start: int, stop: int, fields: Sequence[str] | str | None = None
    ) -> dict[str, Any]:
        names = ("current", "voltage", "current_lsb")
        part = slice(start - self._first, stop - self._first)
        held = dict(zip(names, self._held, strict=True))
        held["voltage_lsb"] = 1 - held["current_lsb"]
        return {"signals": {name: {"value": held[name][part]} for name in fields or names}}


class Device:
    def __init__(
        self, serial: str, chunks: Sequence[Chunk | None] = (), *, broken: str = ""
    ) -> None:
        self.device_serial_number, self.model = serial, "js220"
        self.calls: list[tuple[Any, ...]] = []
        self.sent = threading.Event()
        self._chunks, self._broken = chunks, broken
        self._processes: list[Any] = []
        self._stop_fn: Callable[[int, str], None] | None = None
        self._thread: threading.Thread | None = None

    def __str__(self) -> str:
        return f"{self.model.upper()}-{self.device_serial_number}"

    def open(self, event_callback_fn: Any = None, mode: Any = None, timeout: Any = None) -> None:
        if self._broken:
            raise RuntimeError(self._broken)
        self.calls.append(("open",))

    def close(self, timeout: Any = None) -> None:
        self.calls.append(("close",))

    def parameter_set(self, name: str, value: Any) -> None:
        self.calls.append((name, value))

    def stream_process_register(self, obj: Any) -> None:
        obj.driver_active = True
        self._processes.append(obj)

    def stream_process_unregister(self, obj: Any) -> None:
        obj.driver_active = False

    def start(
        self, stop_fn: Any = None, duration: Any = None, contiguous_duration: Any = None
    ) -> None:
        self._stop_fn = stop_fn
        self._thread = threading.Thread(target=self._stream)
        self._thread.start()

    def stop(self) -> None:
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()
        function, self._stop_fn = self._stop_fn, None
        if function is not None:
            function(0, "")

    def _stream(self) -> None:
        buffer = StreamBuffer()
        for chunk in self._chunks:
            if chunk is None:
                function, self._stop_fn = self._stop_fn, None
                assert function is not None
                function(3, "device removed")
                break
            buffer.add(chunk)
            for process in self._processes:
                if process.driver_active and process.stream_notify(buffer):
                    break
        self.sent.set()


DEVICES: list[Device] = []
"""What is plugged in."""


def scan(name: str | None = None, config: str | None = None) -> list[Device]:
    return list(DEVICES)
