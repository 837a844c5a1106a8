"""The Larq Compute Engine's own interpreter, in a process of its own.

Its package needs older versions of others than EdgeKit; EDGEKIT_LCE_PYTHON names a Python that has
it, where it is not installed here.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from numpy.typing import NDArray

from edgekit.errors import ModelError
from edgekit.litert import lce_child

PYTHON = "EDGEKIT_LCE_PYTHON"

Run = Callable[[Sequence[NDArray[Any]]], list[NDArray[Any]]]


def lce_python() -> str | None:
    """The Python that has the interpreter; None where there is none."""
    named = os.environ.get(PYTHON)
    if named:
        return named
    return sys.executable if importlib.util.find_spec("larq_compute_engine") else None


@contextmanager
def open_lce(model: bytes, python: str) -> Iterator[tuple[Run, str]]:
    """A function from inputs to outputs, and the interpreter's name with its version.

    Raises ModelError with the interpreter's words where it does not take the model.
    """
    with (
        tempfile.TemporaryFile() as words,
        subprocess.Popen(
            [python, lce_child.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=words,
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        line, answers = process.stdin, process.stdout

        def ask(data: bytes) -> bytes:
            try:
                lce_child.send(line, data)
                answer = lce_child.receive(answers)
            except OSError:
                answer = b""
            if not answer:
                raise _refused(python, words)
            return answer

        try:
            version = ask(model).decode()
            yield (
                lambda inputs: lce_child.unpack(ask(lce_child.pack(list(inputs)))),
                (f"larq-compute-engine {version}, reference"),
            )
        finally:
            process.kill()


def _refused(python: str, words: IO[bytes]) -> ModelError:
    words.seek(0)
    said = words.read().decode("utf-8", "replace").strip().splitlines()
    return ModelError(
        "larq-compute-engine",
        said[-1] if said else "it ended without a word",
        hint=f"is it installed for {Path(python).name}? See {PYTHON} in docs/verify.md",
        code="lce-failed",
    )
