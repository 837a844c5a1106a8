"""The far end of `bench_far`: a request in a file, JSON lines on standard output.

{"progress": [stage, done, total]}    again and again
{"runs": [...], "notes": [...]}       at the end, or
{"error": {...}}
"""

from __future__ import annotations

import json
import os
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from edgekit.artifacts.figures import Note
from edgekit.deploy.bench_host import interpreters
from edgekit.deploy.bench_options import BenchOptions
from edgekit.deploy.bundles import open_bundle
from edgekit.deploy.inputs import Inputs
from edgekit.errors import EdgeKitError


def main() -> None:
    """Answer the request named on the command line, in whose folder bundle and inputs are."""
    threading.Thread(target=_end_with_the_line, daemon=True).start()
    path = Path(sys.argv[1])
    try:
        _say(_answer(json.loads(path.read_text(encoding="utf-8")), path.parent))
    except EdgeKitError as error:
        _say({"error": error.as_record()})


def _answer(request: dict[str, Any], folder: Path) -> dict[str, Any]:
    bundle = open_bundle(folder / "bundle")
    count = request["inputs"]
    with np.load(folder / "inputs.npz", allow_pickle=False) as arrays:
        rows = [arrays[name] for name in sorted(arrays.files)]
    samples = tuple(rows[start : start + count] for start in range(0, len(rows), count))
    options = BenchOptions(
        threads=tuple(request["threads"]),
        batches=tuple(request["batches"]),
        quick=request["quick"],
        cold=request["cold"],
        sustained=request["sustained"],
        engine="litert",
    )
    inputs, notes = Inputs(samples, request["description"]), list[Note]()
    runs = interpreters(bundle, inputs, options, _progress, notes, alone=True)
    return {"runs": [asdict(run) for run in runs], "notes": [asdict(note) for note in notes]}


def _progress(stage: str, done: int, total: int) -> None:
    _say({"progress": [stage, done, total]})


def _say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


def _end_with_the_line() -> None:
    """Standard input ends when the connection breaks: nobody waits for the answer then."""
    sys.stdin.buffer.read()
    os._exit(1)


if __name__ == "__main__":
    main()
