"""Inputs for a bundle: random, or real data prepared as the bundle says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.artifacts.bundle import Preprocess
from edgekit.artifacts.streaming import StreamSummary
from edgekit.converter.data.batches import prepare_all
from edgekit.converter.data.open import open_dataset
from edgekit.converter.data.several import input_specs
from edgekit.converter.ir.graph import DType, Graph, Tensor
from edgekit.converter.quantize.params import quantize_input
from edgekit.deploy.bundles import Bundle

Sample = list[NDArray[Any]]
"""One array per model input, with a batch axis of 1."""


ROW = 4
"""Most inferences in a row of which the last is compared, where a model keeps states."""
FULL_EVERY = 10


@dataclass(frozen=True, slots=True)
class Inputs:
    """Samples ready to run, what they are, and their names."""

    samples: tuple[Sample, ...]
    description: str
    names: tuple[str, ...] = ()


def random_inputs(graph: Graph, count: int, seed: int = 0) -> Inputs:
    """Uniform over the whole range of integer inputs, standard normal for float ones."""
    rng = np.random.default_rng(seed)
    samples = tuple([_random(rng, graph, name) for name in graph.inputs] for _ in range(count))
    return Inputs(samples, f"{count} random inputs, seed {seed}")


def _random(rng: np.random.Generator, graph: Graph, name: str) -> NDArray[Any]:
    tensor = graph[name]
    if tensor.dtype is DType.FLOAT32:
        return rng.standard_normal(tensor.shape).astype(np.float32)
    info = np.iinfo(tensor.dtype.numpy.name)
    return rng.integers(info.min, info.max + 1, tensor.shape, dtype=info.dtype)


def real_inputs(bundle: Bundle, data: Any, count: int | None) -> Inputs:
    """Samples of a data set, prepared and quantized as the bundle's manifest says.

    `data` is anything `open_dataset` takes, or a .npy file with one sample of the input's shape. Of
    a streaming bundle the data are whole windows, and the samples their steps, call by call.
    Raises DataError.
    """
    whole = real_windows(bundle, data, count)
    if bundle.manifest.streaming is None:
        return whole
    samples, names = [], []
    for at, window in enumerate(whole.samples):
        calls = calls_of(window, bundle.manifest.streaming)
        samples += calls
        name = f"{whole.names[at]} " if whole.names else ""
        names += [f"{name}call {number}" for number in range(1, len(calls) + 1)]
    return Inputs(tuple(samples), whole.description, tuple(names))


def real_windows(bundle: Bundle, data: Any, count: int | None) -> Inputs:
    """The same, of a streaming bundle as whole windows."""
    graph = bundle.window or bundle.graph
    dataset = open_dataset(data, limit=count, inputs=input_specs(graph))
    preprocess = bundle.manifest.preprocess or Preprocess()
    samples = []
    for index in range(dataset.count):
        real = prepare_all(dataset, index, preprocess, graph)
        samples.append([stored(real[name], graph[name]) for name in graph.inputs])
    return Inputs(tuple(samples), dataset.description, dataset.names)


def calls_of(window: Sample, streaming: StreamSummary) -> list[Sample]:
    """A window's steps as a streaming network takes them; the oldest ones that make no whole call
    are left out."""
    [steps] = window
    hop, length = streaming.hop, streaming.window
    return [
        [steps.take(range(first, first + hop), axis=streaming.axis)]
        for first in range(length % hop, length, hop)
    ]


def stored(real: NDArray[np.float32], tensor: Tensor) -> NDArray[Any]:
    """Real values of one sample as the model's input tensor holds them."""
    values = real if tensor.dtype is DType.FLOAT32 else quantize_input(real, tensor)
    return values.reshape(tensor.shape)


def raw_bytes(sample: Sample) -> bytes:
    """All inputs one after another, as a board takes them."""
    return b"".join(np.ascontiguousarray(array).tobytes() for array in sample)


def rows_of(graph: Graph, inputs: Inputs, *, full: int = 0) -> tuple[tuple[Sample, ...], ...]:
    """The inferences to compare: each sample alone, or, for a model that keeps states, the last of
    one to four in a row from the initial states on, every tenth time of `full` more."""
    samples = inputs.samples
    if not graph.states:
        return tuple((sample,) for sample in samples)
    rows = []
    for end in range(1, len(samples) + 1):
        length = (end - 1) % ROW + 1 + (full if end % FULL_EVERY == 0 else 0)
        rows.append(samples[max(0, end - length) : end])
    return tuple(rows)


def last_of_row(graph: Graph, row: tuple[Sample, ...]) -> list[NDArray[Any]]:
    """Outputs of the last of several inferences in a row, by the NumPy interpreter."""
    from edgekit.converter.interpret import run_in_a_row

    found: dict[str, NDArray[Any]] = {}
    for result in run_in_a_row(graph, [list(sample) for sample in row]):
        found = result
    return [found[name] for name in graph.outputs]


def reference_outputs(graph: Graph, samples: tuple[Sample, ...]) -> list[list[NDArray[Any]]]:
    """Outputs of the NumPy interpreter, per sample one array per model output; states begin anew
    with every sample."""
    from edgekit.converter.interpret import run

    answers = []
    for sample in samples:
        found = run(graph, dict(zip(graph.inputs, sample, strict=True)))
        answers.append([found[name] for name in graph.outputs])
    return answers
