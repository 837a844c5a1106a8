"""Serves one reference interpreter: `reference_worker.py tflite-micro|tflite-runtime|litert`.

Reads pickled (model, samples) from standard input and answers each with a pickled list of outputs
per sample, or with the message of what the interpreter refused. A process of its own, because an
interpreter may stop the program and because these packages do not share one.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Runner = Callable[[bytes, int, Sequence[Sequence[Any]]], list[list[Any]]]


def tflite_micro() -> Runner:
    """Reference kernels of tflite-micro, x86-64."""
    from tflite_micro.python.tflite_micro import runtime

    def run(model: bytes, outputs: int, samples: Sequence[Sequence[Any]]) -> list[list[Any]]:
        interpreter = runtime.Interpreter.from_bytes(model, arena_size=(1 << 20) + 8 * len(model))
        found = []
        for sample in samples:
            for index, value in enumerate(sample):
                interpreter.set_input(np.ascontiguousarray(value), index)
            interpreter.invoke()
            found.append([np.array(interpreter.get_output(i)) for i in range(outputs)])
        return found

    return run


def tflite_runtime() -> Runner:
    """Reference kernels of tflite-runtime."""
    from tflite_runtime.interpreter import Interpreter, OpResolverType

    return _lite(Interpreter, OpResolverType)


def litert() -> Runner:
    """Reference kernels of LiteRT."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    return _lite(Interpreter, OpResolverType)


def _lite(interpreter_type: Any, resolver_type: Any) -> Runner:
    def run(model: bytes, outputs: int, samples: Sequence[Sequence[Any]]) -> list[list[Any]]:
        reference = resolver_type.BUILTIN_REF
        interpreter = interpreter_type(model_content=model, experimental_op_resolver_type=reference)
        interpreter.allocate_tensors()
        places = [details["index"] for details in interpreter.get_input_details()]
        results = [details["index"] for details in interpreter.get_output_details()]
        found = []
        for sample in samples:
            for place, value in zip(places, sample, strict=True):
                interpreter.set_tensor(place, value)
            interpreter.invoke()
            found.append([np.array(interpreter.get_tensor(index)) for index in results])
        return found

    return run


def main(reference: str) -> None:
    """Serve until the line is closed. The interpreters write to standard output: it is moved."""
    line = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    runners: dict[str, Callable[[], Runner]] = {
        "tflite-micro": tflite_micro,
        "tflite-runtime": tflite_runtime,
        "litert": litert,
    }
    run = runners[reference]()
    while True:
        try:
            job = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            answer: object = run(*job)
        except Exception as error:
            answer = f"{type(error).__name__}: {error}"
        pickle.dump(answer, line)
        line.flush()


if __name__ == "__main__":
    main(sys.argv[1])
