"""The process of one cold start: a JSON request on stdin, the times of each point on stdout.

It imports what a program that runs a model needs, and no more.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from edgekit import litert
from edgekit.errors import EdgeKitError
from edgekit.runtime.runner.clock import clock_ns


def main() -> None:
    """Answer one request; an EdgeKitError is an answer too."""
    request = json.load(sys.stdin)
    try:
        answer: dict[str, Any] = {"result": _stamps(request)}
    except EdgeKitError as error:
        answer = {"error": error.as_record()}
    json.dump(answer, sys.stdout)


def _stamps(request: dict[str, Any]) -> list[int]:
    """Nanoseconds: libraries loaded, model ready with its inputs, outputs there."""
    litert.load_provider()
    with np.load(request["inputs"], allow_pickle=False) as stored:
        inputs = [stored[name] for name in stored.files]
    loaded = clock_ns()
    interpreter = litert.open_interpreter(Path(request["model"]), threads=request["threads"])
    interpreter.set_inputs(inputs)
    ready = clock_ns()
    interpreter.invoke()
    for row in interpreter.outputs:
        interpreter.tensor(row.index)
    return [loaded, ready, clock_ns()]


if __name__ == "__main__":
    main()
