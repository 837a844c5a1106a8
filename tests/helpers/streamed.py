"""Streaming networks beside the window networks they were made from, call by call."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from edgekit.converter.interpret import run
from edgekit.converter.stream.stream import Streamed, silence
from tests.helpers.int8_graphs import Array

BEYOND = 3
"""Calls after the window is full of given steps."""


def steps(streamed: Streamed, seed: int = 0) -> list[Array]:
    """The new time steps of each call, random, until the window has moved on beyond all zeros."""
    [name] = streamed.window.inputs
    tensor = streamed.graph[name]
    rng = np.random.default_rng(seed)
    calls = -(-streamed.steps // streamed.hop) + BEYOND
    if tensor.dtype.numpy.kind == "f":
        return [rng.normal(size=tensor.shape).astype(np.float32) for _ in range(calls)]
    info = np.iinfo(tensor.dtype.value)
    return [rng.integers(info.min, info.max + 1, tensor.shape, info.dtype) for _ in range(calls)]


def windows(streamed: Streamed, given: list[Array]) -> Iterator[Array]:
    """The window that ends with each call's steps; zeros came before the first."""
    [past] = silence(streamed.window).values()
    for new in given:
        joined = np.concatenate([past, new], axis=streamed.axis)
        past = joined.take(range(streamed.hop, joined.shape[streamed.axis]), axis=streamed.axis)
        yield past


def wanted(streamed: Streamed, given: list[Array]) -> list[list[Array]]:
    """What the window network says of each call's window; of outputs with time the rows that a
    call gives."""
    found = []
    for window in windows(streamed, given):
        results = run(streamed.window, window)
        found.append([_newest(streamed, name, results[name]) for name in streamed.window.outputs])
    return found


def _newest(streamed: Streamed, name: str, whole: Array) -> Array:
    track = streamed.tracks.get(name)
    if track is None:
        return whole
    rows = whole.shape[track.axis]
    return whole.take(range(max(0, rows - streamed.hop // track.step), rows), axis=track.axis)
