"""float16: weights of 16 bits in the file, arithmetic in float32."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgekit.artifacts.figures import Note
from edgekit.converter.ir.graph import DType, Graph, Node, Tensor
from edgekit.converter.ir.ops import Dequantize, DetectionPostProcess

LARGEST = float(np.finfo(np.float16).max)


def half_weights(graph: Graph) -> tuple[Graph, tuple[Note, ...]]:
    """A float graph whose weights, biases and other constants are float16 (to nearest, halves to
    even), each behind a DEQUANTIZE, as TensorFlow's converter writes them; and what stayed float32.

    That are constants with magnitudes that no float16 has (above 65,504), and those of recurrent
    layers and detection heads, whose kernels read them when they are prepared.
    """
    found = float_constants(graph)
    beyond = [t for t in found if np.abs(t.values.astype(np.float64)).max(initial=0.0) > LARGEST]
    halves = {t.name: replace(t, name=f"{t.name}_half", dtype=DType.FLOAT16,
                              data=t.values.astype(np.float16))
              for t in found if t not in beyond}  # fmt: skip
    real = [replace(graph[name], data=None) for name in halves]
    widened = [
        Node(f"{name}_dequantize", Dequantize(), (half.name,), (name,))
        for name, half in halves.items()
    ]
    whole = graph.with_tensors(*real, *halves.values())
    return replace(whole, nodes=(*widened, *graph.nodes)), tuple(map(_beyond, beyond))


def has_halves(graph: Graph) -> bool:
    """Whether weights are stored as float16."""
    return any(tensor.dtype is DType.FLOAT16 for tensor in graph.tensors.values())


def float_constants(graph: Graph) -> list[Tensor]:
    """The float32 constants that are halved, each once."""
    names = [name for node in graph.nodes for name in node.inputs if name is not None]
    kept = {
        name
        for node in graph.nodes
        if node.op.STATES or isinstance(node.op, DetectionPostProcess)
        for name in node.inputs
    }
    found = [graph[name] for name in dict.fromkeys(names) if name not in kept]
    return [t for t in found if t.constant and t.dtype is DType.FLOAT32]


def _beyond(tensor: Tensor) -> Note:
    return Note(
        "half-range",
        tensor.name,
        f"holds magnitudes above {LARGEST:,.0f}, which no float16 has, and stays float32",
        "scale the layer down and the next one up, or use --precision float32",
    )
