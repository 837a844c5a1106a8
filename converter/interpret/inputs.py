"""What a user hands over as inputs, checked and named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.ir.graph import Graph, Tensor
from edgekit.errors import DataError


def named_inputs(
    graph: Graph,
    inputs: Mapping[str, NDArray[Any]] | Sequence[NDArray[Any]] | NDArray[Any],
    stackable: bool,
) -> dict[str, NDArray[Any]]:
    """The inputs by name. Raises DataError when they do not fit the graph."""
    arrays = _by_name(graph, inputs)
    for name, array in arrays.items():
        _check(graph.name, graph[name], array)
    _check_batch(graph, arrays, stackable)
    return arrays


def _by_name(graph: Graph, inputs: object) -> dict[str, NDArray[Any]]:
    if isinstance(inputs, Mapping):
        given = {str(name): np.asarray(array) for name, array in inputs.items()}
        if set(given) != set(graph.inputs):
            raise DataError(
                graph.name,
                f"inputs named {', '.join(map(repr, given)) or 'nothing'}",
                allowed=", ".join(map(repr, graph.inputs)),
                hint="name every input of the model, or give a list in the model's order",
                code="input-names",
            )
        return {name: given[name] for name in graph.inputs}
    arrays = [inputs] if isinstance(inputs, np.ndarray) else list(_sequence(inputs))
    if len(arrays) != len(graph.inputs):
        raise DataError(
            graph.name,
            f"{len(arrays)} input arrays",
            allowed=str(len(graph.inputs)),
            hint=f"give one array for each of {', '.join(map(repr, graph.inputs))}",
            code="input-count",
        )
    return dict(zip(graph.inputs, map(np.asarray, arrays), strict=True))


def _sequence(inputs: object) -> Sequence[NDArray[Any]]:
    assert isinstance(inputs, Sequence), "inputs are a mapping, a sequence or an array"
    return inputs


def _check(model: str, tensor: Tensor, array: NDArray[Any]) -> None:
    """The extents after the first one must be the tensor's, and so must the dtype."""
    subject = f"{model}: input {tensor.name!r}"
    if array.ndim != len(tensor.shape) or array.shape[1:] != tensor.shape[1:]:
        raise DataError(
            subject,
            f"shape {list(array.shape)}",
            allowed=f"shape {[*('n' for _ in tensor.shape[:1]), *tensor.shape[1:]]}".replace(
                "'", ""
            ),
            hint="add a leading axis for a single sample (x[None])",
            code="input-shape",
        )
    if array.dtype != tensor.dtype.numpy:
        raise DataError(
            subject,
            f"dtype {array.dtype}",
            allowed=str(tensor.dtype),
            hint="quantize the values with the input's scale and zero point, or convert them",
            code="input-dtype",
        )


def _check_batch(graph: Graph, arrays: Mapping[str, NDArray[Any]], stackable: bool) -> None:
    """All inputs need the same number of samples, one that the graph can take."""
    counts = {name: len(array) for name, array in arrays.items() if array.ndim}
    own = {name: graph[name].shape[0] for name in counts}
    parts = {count / own[name] for name, count in counts.items()}
    whole = stackable or all(part.is_integer() for part in parts)
    if len(parts) > 1 or not whole or not all(counts.values()):
        found = ", ".join(f"{count} for {name!r}" for name, count in counts.items())
        raise DataError(
            graph.name,
            f"leading extents {found}",
            allowed=f"the same multiple of {', '.join(map(str, own.values()))} for all inputs",
            hint="give each input the same number of samples",
            code="input-batch",
        )
