"""Run a model.tflite on this machine and keep every sample.

The measurement runs in a process of its own (`host_child`): its peak memory is then the engine's,
a damaged model cannot take the caller down, and no library the caller loaded gets in the way.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit import errors
from edgekit.artifacts.bundle import MODEL_NAME
from edgekit.artifacts.files import scratch_folder
from edgekit.artifacts.run import ColdStart, RunResult
from edgekit.errors import DataError, EdgeKitError, ModelError, UsageError
from edgekit.runtime.measure.timing import NORMAL, QUICK, Effort
from edgekit.runtime.runner.clock import clock_ns


def run_host(
    model: Path,
    *,
    threads: int = 1,
    batches: Sequence[int] = (1,),
    kernels: str = "default",
    provider: str | None = None,
    inputs: Sequence[NDArray[Any]] | None = None,
    quick: bool = False,
    effort: Effort | None = None,
    sustained: float = 0.0,
) -> RunResult:
    """Latency, throughput and peak memory of a .tflite file (or a bundle folder) on this machine.

    One sample is one `invoke`, inputs already in place. `latency_s` holds the samples at the
    model's own batch size, `batches` those of each size asked for; sizes the model cannot take
    become a warning. `inputs` (one array per model input, shaped as at batch 1) default to seeded
    random values. `sustained` seconds of a run without pauses follow, 0 for none. `memory` has
    "peak_rss" and "rss_before_model", bytes of the child process.

    Raises UsageError, ModelError, DataError and MissingExtraError as `open_interpreter` does, and
    ModelError when the model crashes the interpreter.
    """
    from pydantic import TypeAdapter

    if not batches or min(batches) < 1:
        raise UsageError(
            "batches",
            str(list(batches)),
            allowed="sizes of 1 or more",
            hint="(1,) measures single inferences",
            code="batches",
        )
    request = {
        "model": str(model / MODEL_NAME if model.is_dir() else model),
        "threads": threads,
        "batches": sorted(set(batches)),
        "kernels": kernels,
        "provider": provider,
        "sustained": sustained,
        "effort": asdict(effort or (QUICK if quick else NORMAL)),
    }
    with scratch_folder("edgekit-") as folder:
        if inputs is not None:
            request["inputs"] = _save(folder / "inputs.npz", inputs)
        answer = _result(_ask("host_child", request), str(model))
    return TypeAdapter(RunResult).validate_python(answer)


def cold_starts(
    model: Path, inputs: Sequence[NDArray[Any]], *, count: int, threads: int = 1
) -> tuple[ColdStart, ...]:
    """`count` times a fresh process that opens the .tflite file and computes its first result.

    It is that of a Python program with NumPy and the interpreter, and loads nothing else of size.
    Raises as `run_host` does.
    """
    request: dict[str, Any] = {"model": str(model), "threads": threads}
    with scratch_folder("edgekit-") as folder:
        request["inputs"] = _save(folder / "inputs.npz", inputs)
        return tuple(_cold_start(request) for _ in range(count))


def _cold_start(request: dict[str, Any]) -> ColdStart:
    start = clock_ns()
    stamps = _result(_ask("cold_child", request), request["model"])
    return ColdStart(*(ns / 1e9 for ns in np.diff([start, *stamps]).tolist()))


def _save(path: Path, inputs: Sequence[NDArray[Any]]) -> str:
    if any(array.dtype == object for array in inputs):
        raise DataError(
            "inputs",
            "arrays of Python objects",
            allowed="numeric arrays",
            hint="stack the samples to one array of numbers",
            code="input-dtype",
        )
    np.savez(path, *inputs)
    return str(path)


def _ask(child: str, request: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    root = str(Path(errors.__file__).parents[1])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
    return subprocess.run(
        [sys.executable, "-m", f"edgekit.runtime.runner.{child}"],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": path},
    )


def _result(done: subprocess.CompletedProcess[str], subject: str) -> Any:
    """The child's result; its errors become ours again."""
    if done.returncode < 0:
        raise ModelError(
            subject,
            f"it crashes the interpreter (signal {-done.returncode})",
            hint="copy or convert the file again, or try another provider",
            code="interpreter-crashed",
        )
    try:
        answer = json.loads(done.stdout)
    except json.JSONDecodeError:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise EdgeKitError(
            "host runner",
            f"ended without a result: {last}",
            hint="run again with --verbose",
            code="host-runner",
        ) from None
    if "error" in answer:
        raise errors.rebuilt(answer["error"])
    return answer["result"]
