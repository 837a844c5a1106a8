"""Runs .tflite files in the Larq Compute Engine's own interpreter, in a Python that has it.

    python lce_worker.py REQUESTS.npz ANSWERS.npz

REQUESTS holds, for each number n, the file as bytes (model_n), its input (input_n) and whether to
take the reference kernels (reference_n); ANSWERS its output (output_n). Only numpy and the wheel's
extension module are needed: the package itself imports TensorFlow for its converter.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np

EXTENSION = "interpreter_wrapper_lite"


def interpreter_class() -> Any:
    """LiteInterpreter of the installed wheel."""
    package = next(
        Path(entry) / "larq_compute_engine"
        for entry in sys.path
        if (Path(entry) / "larq_compute_engine").is_dir()
    )
    [path] = sorted((package / "tflite/python").glob(f"{EXTENSION}*"))
    spec = importlib.util.spec_from_file_location(EXTENSION, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.LiteInterpreter


def main(requests: str, answers: str) -> None:
    """Answer every request."""
    make, found = interpreter_class(), {}
    given = np.load(requests)
    for number in range(sum(name.startswith("model_") for name in given)):
        model = given[f"model_{number}"].tobytes()
        interpreter = make(model, 1, bool(given[f"reference_{number}"]), False, False)
        [found[f"output_{number}"]] = interpreter.predict([given[f"input_{number}"]])
    np.savez(answers, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
