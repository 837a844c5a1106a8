"""Data for models with several inputs: one array per input, samples along the first axis."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from edgekit.converter.data.arrays import (
    LABEL_KEYS,
    MAX_STREAM,
    class_labels,
    load_arrays,
    texts,
)
from edgekit.converter.data.dataset import Array, Dataset, Kind
from edgekit.converter.ir.graph import Graph
from edgekit.converter.tflite.reader import SIGNATURE_INPUTS
from edgekit.errors import DataError

_NOT_SAMPLES = frozenset((*LABEL_KEYS, "classes", "names"))


@dataclass(frozen=True, slots=True)
class InputSpec:
    """An input of the model: its name in the graph, the name people gave it, and the shape of one
    sample."""

    name: str
    alias: str
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.alias} {list(self.shape)}"

    def takes(self, shape: tuple[int, ...]) -> bool:
        """Whether a sample of `shape` is this input's, up to extents of 1."""
        return [n for n in shape if n != 1] == [n for n in self.shape if n != 1]


def input_specs(graph: Graph) -> tuple[InputSpec, ...]:
    """The graph's inputs, in order."""
    given = graph.metadata.get(SIGNATURE_INPUTS, "").split("\n")
    aliases = given if len(given) == len(graph.inputs) else graph.inputs
    return tuple(
        InputSpec(name, alias or name, graph[name].shape[1:])
        for name, alias in zip(graph.inputs, aliases, strict=True)
    )


def open_several(spec: Any, inputs: Sequence[InputSpec], limit: int | None) -> Dataset:
    """Samples for several inputs.

    `spec` is an .npz archive or a mapping with one array per input, or an iterable (or a function
    that returns one) of samples: mappings by name, or lists of arrays in the model's order, as
    TensorFlow's representative data sets yield. Arrays are found by the input's name, or by their
    shape where only one fits. `y` or `labels` may hold classes. Raises DataError.
    """
    if isinstance(spec, str | Path):
        path = Path(spec)
        arrays = load_arrays(path) if path.suffix.lower() == ".npz" and path.is_file() else None
        if not isinstance(arrays, Mapping):
            raise _refused(str(spec), _found(path), inputs)
        return _from_arrays(path.name, arrays, inputs)
    if isinstance(spec, Mapping):
        given = {str(name): np.asarray(array) for name, array in spec.items()}
        return _from_arrays("arrays", given, inputs)
    if isinstance(spec, np.ndarray) or not (callable(spec) or hasattr(spec, "__iter__")):
        raise _refused("data", f"a single {type(spec).__name__}", inputs)
    return _from_iterable(spec, inputs, limit)


def _found(path: Path) -> str:
    if not path.exists():
        return "no such file or folder"
    return "a folder" if path.is_dir() else f"a {path.suffix or 'suffixless'} file"


def _refused(subject: str, found: str, inputs: Sequence[InputSpec]) -> DataError:
    names = ", ".join(f"{spec.alias}=..." for spec in inputs)
    return DataError(
        subject,
        found,
        allowed=f"an .npz with one array for each input: {', '.join(map(str, inputs))}",
        hint=f"write it with numpy.savez(path, {names})",
        code="several-inputs",
    )


def _from_arrays(
    description: str, arrays: Mapping[str, Array], inputs: Sequence[InputSpec]
) -> Dataset:
    chosen = {spec.name: _choose(description, spec, arrays, inputs) for spec in inputs}
    counts = {name: len(array) for name, array in chosen.items()}
    if len(set(counts.values())) > 1:
        said = ", ".join(f"{count} for {name}" for name, count in counts.items())
        raise _refused(description, f"samples differ in number: {said}", inputs)
    count = next(iter(counts.values()))
    labels = next((arrays[key] for key in LABEL_KEYS if key in arrays), None)
    known, notes = class_labels(description, labels, count)
    classes = texts(arrays, "classes")
    names = texts(arrays, "names") or []
    loaders = {name: _loader(array) for name, array in chosen.items()}
    return Dataset(
        description,
        Kind.ARRAYS,
        tuple(names) if len(names) == count else tuple(f"sample {k}" for k in range(count)),
        loaders[inputs[0].name],
        known,
        None if classes is None else tuple(classes),
        notes,
        parts=loaders,
    )


def _loader(array: Array) -> Callable[[int], Array]:
    return lambda index: np.asarray(array[index])


def _choose(
    description: str, spec: InputSpec, arrays: Mapping[str, Array], inputs: Sequence[InputSpec]
) -> Array:
    """The array of this input: by name, else the only one of its shape, where it is the only
    input of that shape."""
    own = {spec.alias, spec.name}
    claimed = {name for other in inputs for name in (other.alias, other.name)} - own
    free = {key: array for key, array in arrays.items() if key not in claimed | _NOT_SAMPLES}
    fitting = [key for key, array in free.items() if array.ndim and spec.takes(array.shape[1:])]
    alone = len(fitting) == 1 and sum(other.takes(spec.shape) for other in inputs) == 1
    keys = [key for key in own if key in arrays] or (fitting if alone else [])
    if not keys or arrays[keys[0]].dtype.kind not in "fiub" or not arrays[keys[0]].ndim:
        held = ", ".join(f"{key} {list(array.shape)}" for key, array in arrays.items())
        raise _refused(description, f"no array for input {spec}; it holds {held}", inputs)
    return arrays[keys[0]]


def _from_iterable(
    source: Iterable[Any] | Callable[[], Iterable[Any]],
    inputs: Sequence[InputSpec],
    limit: int | None,
) -> Dataset:
    items = list(islice(iter(source() if callable(source) else source), limit or MAX_STREAM))
    rows = [_row(item, index, inputs) for index, item in enumerate(items)]
    loaders = {spec.name: _column(rows, spec.name) for spec in inputs}
    names = tuple(f"sample {index}" for index in range(len(rows)))
    return Dataset("Python iterable", Kind.ARRAYS, names, loaders[inputs[0].name], parts=loaders)


def _column(rows: Sequence[Mapping[str, Array]], name: str) -> Callable[[int], Array]:
    return lambda index: rows[index][name]


def _row(item: Any, index: int, inputs: Sequence[InputSpec]) -> dict[str, Array]:
    """One sample of an iterable, by the inputs' names."""
    if isinstance(item, Mapping):
        given = {spec.name: item.get(spec.alias, item.get(spec.name)) for spec in inputs}
    else:
        listed = list(item) if isinstance(item, list | tuple) else []
        given = dict(zip([spec.name for spec in inputs], listed, strict=False))
        given = given if len(listed) == len(inputs) else {}
    rows = {name: np.asarray(array) for name, array in given.items() if array is not None}
    if len(rows) < len(inputs):
        raise DataError(
            f"Python iterable, sample {index}",
            f"{type(item).__name__} without an array for every input",
            allowed=f"a list in this order, or a dict: {', '.join(map(str, inputs))}",
            hint="yield one array per input of the model",
            code="several-inputs",
        )
    return rows
