"""One model in the Larq Compute Engine's own interpreter: requests on stdin, answers on stdout.

Run as a script by a Python that has larq-compute-engine; NumPy and the package's extension module
are all it imports, because the package itself imports TensorFlow for its converter. A message is
its length in eight bytes, little-endian, and the content: the model first, which is answered by the
package's version, then arrays as .npz, named by their place, each answered by the outputs likewise.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import io
import struct
import sys
from pathlib import Path
from typing import IO, Any

import numpy as np

EXTENSION = "interpreter_wrapper_lite"


def receive(stream: IO[bytes]) -> bytes:
    """The next message, b"" at the end."""
    head = stream.read(8)
    return stream.read(struct.unpack("<Q", head)[0]) if len(head) == 8 else b""


def send(stream: IO[bytes], data: bytes) -> None:
    stream.write(struct.pack("<Q", len(data)) + data)
    stream.flush()


def pack(arrays: list[Any]) -> bytes:
    """Arrays as .npz."""
    file = io.BytesIO()
    np.savez(file, **{f"{place:03d}": array for place, array in enumerate(arrays)})
    return file.getvalue()


def unpack(data: bytes) -> list[Any]:
    """The inverse."""
    with np.load(io.BytesIO(data), allow_pickle=False) as found:
        return [found[name] for name in sorted(found.files)]


def _interpreter_class() -> Any:
    folders = (Path(entry) / "larq_compute_engine/tflite/python" for entry in sys.path)
    path = next(path for folder in folders for path in sorted(folder.glob(f"{EXTENSION}*")))
    spec = importlib.util.spec_from_file_location(EXTENSION, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.LiteInterpreter


def main() -> None:
    """Serve until the input ends. Reference kernels: the fast ones refuse some layers."""
    line, answers = sys.stdin.buffer, sys.stdout.buffer
    model = receive(line)
    interpreter = _interpreter_class()(model, 1, True, False, False)
    send(answers, importlib.metadata.version("larq-compute-engine").encode())
    while request := receive(line):
        send(answers, pack(interpreter.predict(unpack(request))))


if __name__ == "__main__":
    main()
