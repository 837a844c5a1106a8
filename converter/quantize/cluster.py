"""Weight clustering: at most k different int8 weights in a tensor, or in each of its channels.

Clustered weights are stored as indices into a palette (Han, Mao and Dally 2016, "Deep Compression",
section 3), or coded by how often each occurs (converter/coding). Nothing is retrained: the palette
minimises the error of the real weights, sum of (scale[c] * (w - palette(w)))^2 over all channels c,
and bias correction takes the mean error off afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edgekit.artifacts.figures import Note
from edgekit.converter.ir.graph import DType, Graph, Node, Tensor
from edgekit.converter.quantize.kmeans import nearest_of_few
from edgekit.converter.quantize.scheme import WEIGHTED
from edgekit.errors import UnsupportedError


@dataclass(frozen=True, slots=True)
class Clustered:
    """The graph with clustered weights, and the signal to noise ratio in dB that they keep."""

    graph: Graph
    tensors: int
    weights_db: float

    def note(self, clusters: int, scope: str) -> Note:
        """What was done, as the manifest has it."""
        text = (
            f"{self.tensors} weight tensors have at most {clusters} different values"
            f" per {scope}, {self.weights_db:.1f} dB above the error of that"
        )
        advice = "--compress-weights stores them in fewer bytes; model.tflite keeps int8"
        return Note("clustered", self.graph.name, text, advice, level="info")


def cluster_weights(graph: Graph, clusters: int, scope: str = "tensor") -> Clustered:
    """The int8 weights of convolutions and fully connected layers with at most `clusters` values.

    `scope` "tensor" has one palette for a whole tensor, "channel" one for each output channel,
    which loses less and is coded less well. 0 stays 0. Raises UnsupportedError for a graph without
    int8 weights.
    """
    assert scope in ("tensor", "channel"), scope
    assert clusters >= 2, clusters
    found = dict(_weights(graph))
    if not found:
        raise UnsupportedError(
            graph.name,
            "has no int8 weights to cluster",
            allowed="convolutions and fully connected layers with int8 weights",
            hint="leave out --cluster, or convert with --precision int8",
            code="nothing-to-cluster",
        )
    made, power, noise = [], 0.0, 0.0
    for tensor, axis in found.values():
        stored = _clustered(tensor, axis, clusters, scope)
        scales, exact = _scales(tensor, axis), tensor.values.astype(np.float64)
        power += float(((exact * scales) ** 2).sum())
        noise += float((((stored.astype(np.float64) - exact) * scales) ** 2).sum())
        made.append(replace(tensor, data=stored))
    kept = 10 * np.log10(power / noise) if noise else np.inf
    return Clustered(graph.with_tensors(*made), len(made), float(kept))


def _weights(graph: Graph) -> Iterator[tuple[str, tuple[Tensor, int]]]:
    """Weight tensors by name, with the axis that counts output channels."""
    for node in graph.nodes:
        tensor = _of(graph, node)
        if tensor is not None:
            yield tensor.name, (tensor, WEIGHTED[type(node.op)])


def _of(graph: Graph, node: Node) -> Tensor | None:
    tensor = graph.role(node, "weights") if type(node.op) in WEIGHTED else None
    fits = tensor is not None and tensor.constant and tensor.quant is not None
    return tensor if fits and tensor is not None and tensor.dtype is DType.INT8 else None


def _scales(tensor: Tensor, axis: int) -> NDArray[np.float64]:
    """The scale of each weight, in a shape that broadcasts."""
    assert tensor.quant is not None
    scales = np.array(tensor.quant.scales, np.float64)
    shape = [1] * len(tensor.shape)
    shape[axis] = len(scales)
    return scales.reshape(shape)


def _clustered(tensor: Tensor, axis: int, clusters: int, scope: str) -> NDArray[np.int8]:
    stored = np.array(tensor.values, np.int8)
    if scope == "tensor":
        importance = np.broadcast_to(_scales(tensor, axis) ** 2, stored.shape)
        return _mapped(stored, importance, clusters)
    channels = np.moveaxis(stored, axis, 0)
    for index, channel in enumerate(channels):
        channels[index] = _mapped(channel, np.ones(channel.shape), clusters)
    return stored


def _mapped(
    stored: NDArray[np.int8], importance: NDArray[np.float64], clusters: int
) -> NDArray[np.int8]:
    """Each value replaced by the centre that stands for it."""
    values, places = np.unique(stored, return_inverse=True)
    weights = np.bincount(places.ravel(), importance.ravel(), len(values)).astype(np.float64)
    centres = nearest_of_few(values.astype(np.int64), weights, clusters).astype(np.int8)
    return centres[places].reshape(stored.shape)
