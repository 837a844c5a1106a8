"""Runs models in tflite-runtime with reference kernels: `worker.py request.npz reply.npz`.

The request holds, per job i, the array `i.model` and its inputs `i.0`, `i.1`, ...; the reply holds
the outputs under the same names. A process of its own, because tflite_runtime and tensorflow
cannot share one.
"""

from __future__ import annotations

import sys

import numpy as np
from tflite_runtime.interpreter import Interpreter, OpResolverType


def main(request: str, reply: str) -> None:
    results = {}
    with np.load(request) as jobs:
        for job in range(sum(name.endswith(".model") for name in jobs.files)):
            interpreter = Interpreter(
                model_content=jobs[f"{job}.model"].tobytes(),
                experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
            )
            interpreter.allocate_tensors()
            for index, details in enumerate(interpreter.get_input_details()):
                interpreter.set_tensor(details["index"], jobs[f"{job}.{index}"])
            interpreter.invoke()
            for index, details in enumerate(interpreter.get_output_details()):
                results[f"{job}.{index}"] = interpreter.get_tensor(details["index"])
    np.savez(reply, **results)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
