"""Of a streaming bundle the network of the whole window, as an engine to compare with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.ir.graph import Graph
from edgekit.deploy.bundles import Bundle
from edgekit.deploy.inputs import Sample


@contextmanager
def window_engine(
    bundle: Bundle, window: Graph
) -> Iterator[tuple[Callable[[tuple[Sample, ...]], list[NDArray[Any]]], str]]:
    """The network that a streaming one was made from, on the window that a row ends with; zeros
    came before the row."""
    from edgekit.converter.interpret import run as interpret
    from edgekit.converter.stream.stream import silence

    streaming = bundle.manifest.streaming
    assert streaming is not None, "only of streaming bundles"
    axis, [past] = streaming.axis, silence(window).values()

    def run(row: tuple[Sample, ...]) -> list[NDArray[Any]]:
        steps = np.concatenate([past, *(sample[0] for sample in row)], axis=axis)
        end = steps.shape[axis]
        found = interpret(window, steps.take(range(end - streaming.window, end), axis=axis))
        shapes = [tensor.shape for tensor in bundle.manifest.outputs]
        pairs = zip(window.outputs, shapes, strict=True)
        return [_newest(found[name], shape) for name, shape in pairs]

    yield run, "whole window, NumPy interpreter"


def _newest(whole: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """The last of an output's rows, as many as a streaming network gives."""
    return whole[tuple(slice(whole.shape[at] - extent, None) for at, extent in enumerate(shape))]
