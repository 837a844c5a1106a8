"""Run single inputs through a bundle on this machine."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.interpret import run_in_a_row
from edgekit.converter.ir.graph import DType
from edgekit.converter.quantize.params import dequantize_array
from edgekit.deploy.build import native_model
from edgekit.deploy.bundles import Bundle, open_bundle, require_engine
from edgekit.deploy.inputs import Inputs, Sample, real_inputs
from edgekit.errors import UsageError

ENGINES = ("litert", "reference", "c")
Run = Callable[[Sample], list[NDArray[Any]]]


@dataclass(frozen=True, slots=True)
class Answer:
    """One input's answer: real output values, and the best classes with their scores."""

    input: str
    engine: str
    values: tuple[float, ...]
    top: tuple[tuple[str, float], ...]


def classify(
    bundle: str | Path, inputs: Iterable[str | Path], *, engine: str | None = None, top: int = 3
) -> list[Answer]:
    """The answers for images or .npy files, in order; a model that keeps states sees them in a
    row.

    `engine` is "litert" (a TFLite interpreter), "reference" (NumPy) or "c" (the generated C,
    compiled here); by default the first, and the C of a bundle whose operators LiteRT does not
    know. Raises UsageError, DataError, ModelError, MissingExtraError, ToolError.
    """
    opened = open_bundle(bundle)
    run, name = open_engine(opened, engine or default_engine(opened))
    answers = []
    for path in inputs:
        found = real_inputs(opened, str(path), None)
        for sample, label in zip(found.samples, _names(Path(path), found), strict=True):
            values = real_output(opened, run(sample)[0])
            answers.append(Answer(label, name, values, best(opened, values, top)))
    return answers


def _names(path: Path, found: Inputs) -> tuple[str, ...]:
    """A file's samples are known by the file, a folder's by their own names."""
    if path.is_dir():
        return found.names
    if len(found.samples) == 1:
        return (path.name,)
    return tuple(f"{path.name} {name}" for name in found.names)


def default_engine(bundle: Bundle) -> str:
    """What runs a bundle when nobody says. Raises UnsupportedError where nothing here does."""
    require_engine(bundle)
    return "c" if bundle.custom else "litert"


def open_engine(bundle: Bundle, engine: str) -> tuple[Run, str]:
    """A function from a sample to the output arrays, and the engine's full name."""
    if engine == "litert":
        if bundle.custom:
            raise UsageError(
                "--engine litert",
                f"model.tflite holds {', '.join(bundle.custom)} of the Larq Compute Engine, which "
                "LiteRT does not know",
                allowed="c, reference",
                hint="leave it out, or convert with --binary-format portable",
                code="engine-operators",
            )
        from edgekit.litert import open_interpreter

        interpreter = open_interpreter(bundle.model)
        return interpreter.run, interpreter.description
    if engine == "reference":
        return _reference(bundle), "NumPy reference"
    if engine == "c":
        return _native(bundle)
    raise UsageError(
        "--engine",
        f"unknown engine {engine!r}",
        allowed=", ".join(ENGINES),
        hint=f"leave it out for {ENGINES[0]}",
        code="bad-option",
    )


def _native(bundle: Bundle) -> tuple[Run, str]:
    model = native_model(bundle)
    shapes = [tensor.shape for tensor in bundle.manifest.outputs]
    return lambda sample: model.run(sample, shapes=shapes, fresh=False), model.description


def _reference(bundle: Bundle) -> Run:
    """The interpreter, pulled along one sample at a time so that states go on."""
    graph, waiting = bundle.graph, deque[Sample]()
    results = run_in_a_row(graph, iter(waiting.popleft, None))

    def run(sample: Sample) -> list[NDArray[Any]]:
        waiting.append(sample)
        found = next(results)
        return [found[name] for name in graph.outputs]

    return run


def real_output(bundle: Bundle, output: NDArray[Any]) -> tuple[float, ...]:
    """The first output's real values, flat."""
    tensor = bundle.graph[bundle.graph.outputs[0]]
    if tensor.dtype is DType.FLOAT32 or tensor.quant is None:
        return tuple(float(value) for value in np.ravel(output))
    return tuple(float(value) for value in np.ravel(dequantize_array(output, tensor.quant)))


def best(bundle: Bundle, values: tuple[float, ...], top: int) -> tuple[tuple[str, float], ...]:
    """The `top` largest values with the class's name, or its number where names are unknown."""
    labels = bundle.manifest.labels or tuple(f"class {k}" for k in range(len(values)))
    order = sorted(range(len(values)), key=lambda index: -values[index])
    return tuple((labels[index], values[index]) for index in order[:top])
