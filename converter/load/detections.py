"""Detection heads over quantized tensors, as legacy files have them: DEQUANTIZE moves in front."""

from __future__ import annotations

from dataclasses import replace

from edgekit.converter.ir.graph import DType, Graph, Node, Tensor
from edgekit.converter.ir.ops import Dequantize, DetectionPostProcess
from edgekit.converter.load.dequantize import real_values

_BYTES = (DType.UINT8, DType.INT8)


def real_detections(graph: Graph) -> Graph:
    """The graph whose detection heads read float32.

    TFLite's kernel computes scale * (q - zero point) in float32 before anything else, which is what
    a DEQUANTIZE does; tflite-micro has it for float32 alone. Constants are computed here.
    """
    nodes: list[Node] = []
    made: list[Tensor] = []
    for node in graph.nodes:
        if isinstance(node.op, DetectionPostProcess):
            names = [_real(graph, name, nodes, made) for name in node.inputs]
            node = replace(node, inputs=tuple(names))
        nodes.append(node)
    return graph.with_tensors(*made).with_nodes(nodes) if made else graph


def _real(graph: Graph, name: str | None, nodes: list[Node], made: list[Tensor]) -> str | None:
    """The operand in float32; adds what it takes to `nodes` and `made`."""
    if name is None or graph[name].dtype not in _BYTES or graph[name].quant is None:
        return name
    stored, quant = graph[name], graph[name].quant
    assert quant is not None
    real = replace(stored, name=f"{name}/real", dtype=DType.FLOAT32, quant=None, data=None)
    if stored.constant:
        real = replace(real, data=real_values(stored.values, quant))
    elif all(known.name != real.name for known in made):
        nodes.append(Node(real.name, Dequantize(), (name,), (real.name,)))
    made.append(real)
    return real.name
