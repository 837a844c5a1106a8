"""Ranges of every activation over calibration data, from the NumPy float interpreter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.ir.graph import Graph
from edgekit.converter.quantize.execute import Batch, by_name, count_of, iterate
from edgekit.converter.quantize.groups import Range
from edgekit.converter.quantize.recorded import recorded_ranges
from edgekit.errors import DataError

Array = NDArray[np.generic]
Progress = Callable[[int, int], None]
"""Called with (samples done, samples in all; 0 when not known)."""


def calibrate(
    graph: Graph, batches: Iterable[Batch], *, progress: Progress | None = None
) -> dict[str, Range]:
    """The smallest and largest value of each activation, by tensor name.

    Each batch is float32 of the graph input's shape with any leading extent, for several inputs
    such arrays by name. The plain minimum
    and maximum are kept, as TensorFlow's converter does. A graph that has its ranges recorded gives
    those, and `batches` are not touched.

    Raises DataError when there is no batch, a batch has another shape, or a value is not finite.
    """
    if known := recorded_ranges(graph):
        return known
    ranges: dict[str, Range] = {}
    done = 0
    for batch in batches:
        check_batch(graph, batch)
        _widen(ranges, by_name(graph, batch), "calibration data")
        for node, results in iterate(graph, batch):
            _widen(ranges, results, f"{node.op.NAME} {node.name}")
        done += count_of(batch)
        if progress is not None:
            progress(done, 0)
    if not done:
        raise DataError(
            "calibration data", "no sample", hint="give at least one, better 100", code="no-samples"
        )
    return ranges


def check_batch(graph: Graph, batch: Batch) -> None:
    """Raise DataError unless the batch has each graph input's shape after the leading axis."""
    arrays = by_name(graph, batch)
    if set(arrays) != set(graph.inputs):
        raise DataError(
            "calibration data",
            f"arrays for {', '.join(arrays)}",
            allowed=f"one for each of {', '.join(graph.inputs)}",
            hint="give every input of the model",
            code="input-names",
        )
    for name, array in arrays.items():
        expected = graph[name].shape[1:]
        if array.shape[1:] != expected:
            raise DataError(
                "calibration data",
                f"samples of shape {list(array.shape[1:])}",
                allowed=f"shape {list(expected)}, the model's input {name}",
                hint="resize or reshape the samples, or choose how with --resize and --color",
                code="sample-shape",
            )


def _widen(ranges: dict[str, Range], arrays: Mapping[str, Array], subject: str) -> None:
    for name, array in arrays.items():
        if not np.issubdtype(array.dtype, np.floating):
            continue
        low, high = float(array.min()), float(array.max())
        if not np.isfinite([low, high]).all():
            raise DataError(
                subject,
                f"{name} holds values that are not finite ({low:g} to {high:g})",
                hint="look for NaN in the data, a wrong input scale, or broken weights",
                code="not-finite",
            )
        known = ranges.get(name, (low, high))
        ranges[name] = (min(low, known[0]), max(high, known[1]))
