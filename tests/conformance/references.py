"""The reference interpreters, each in a process that is started again when a model kills it."""

from __future__ import annotations

import importlib.util
import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

from tests.conformance.maker import Array

WORKER = Path(__file__).with_name("reference_worker.py")
PACKAGES = {
    "tflite-micro": "tflite_micro",
    "tflite-runtime": "tflite_runtime",
    "litert": "ai_edge_litert",
}
"""Reference -> the Python package it comes in."""


class Refused(Exception):
    """A reference would not run a model; the text is its own."""


def installed() -> tuple[str, ...]:
    """The references that are here."""
    return tuple(name for name, package in PACKAGES.items() if importlib.util.find_spec(package))


class Reference:
    """One reference interpreter, started at its first job."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None
        self._read = 0

    def __enter__(self) -> Reference:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def run(
        self, model: bytes, outputs: int, samples: Sequence[Sequence[Array]]
    ) -> list[list[Array]]:
        """Outputs of each sample. Raises Refused, also where the model stops the interpreter."""
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            pickle.dump((model, outputs, samples), process.stdin)
            process.stdin.flush()
            answer = pickle.load(process.stdout)
        except (EOFError, BrokenPipeError):
            raise Refused(f"stopped the program: {self._last_words()}") from None
        if isinstance(answer, str):
            raise Refused(f"{answer} {self._logged()}")
        return list(answer)

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
        if self._log is not None:
            self._log.close()
        self._process = self._log = None

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._log, self._read = tempfile.TemporaryFile(), 0  # noqa: SIM115
            self._process = subprocess.Popen(
                [sys.executable, str(WORKER), self.name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
            )
        return self._process

    def _logged(self) -> str:
        """What the interpreter printed since the last time, without its greetings."""
        assert self._log is not None
        # The process writes at the file's own position, which reading must not move.
        text = os.pread(self._log.fileno(), 1 << 20, self._read)
        self._read += len(text)
        lines = text.decode(errors="replace").splitlines()
        return " | ".join(line for line in lines if not line.startswith("INFO:"))[-400:]

    def _last_words(self) -> str:
        assert self._process is not None
        self._process.wait(10)
        words = f"signal {-self._process.returncode} {self._logged()}"
        self.close()
        return words
