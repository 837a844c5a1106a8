"""Every layer's output in tflite-runtime 2.14 with reference kernels, in a process of its own.

Usage: tflite_layers_worker.py MODEL INPUT.npy OUTPUT.npz; the first axis of the input is samples.
The output holds one array per operator, "0", "1", ..., stacked over the samples.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from tflite_runtime.interpreter import Interpreter, OpResolverType


def main(model: Path, inputs: Path, output: Path) -> None:
    interpreter = Interpreter(
        model_path=str(model),
        experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    operators = interpreter._get_ops_details()
    layers: list[list[np.ndarray]] = [[] for _ in operators]  # type: ignore[type-arg]
    for sample in np.load(inputs):
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], sample[None])
        interpreter.invoke()
        for found, operator in zip(layers, operators, strict=True):
            found.append(interpreter.get_tensor(operator["outputs"][0]))
    np.savez(output, **{str(i): np.concatenate(found) for i, found in enumerate(layers)})


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
