"""Quantized graphs back to float32, wholly or only where a file mixes the two."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node, Quant, State, Tensor
from edgekit.converter.load.rewire import bypass
from edgekit.errors import ModelError

_QUANTIZED = (DType.INT8, DType.UINT8, DType.INT4, DType.INT16)


def dequantize_graph(graph: Graph) -> Graph:
    """The float32 graph whose weights are the quantized ones' real values.

    Activations become float32 and lose their ranges, so outputs differ from the quantized
    graph's by its activation rounding, and no clipping remains but the fused activations. For
    quantizing a model again with other data. Float graphs come back as they are.
    """
    biases = _bias_quants(graph)
    tensors = {
        name: _to_float(tensor, biases.get(name, tensor.quant))
        for name, tensor in graph.tensors.items()
    }
    steps = [n.name for n in graph.nodes if isinstance(n.op, ops.Quantize | ops.Dequantize)]
    states = tuple(_real_state(graph, state) for state in graph.states)
    return bypass(replace(graph, tensors=tensors, states=states), steps)


def _real_state(graph: Graph, state: State) -> State:
    quant = graph[state.read].quant
    return replace(state, initial=real_values(state.initial, quant)) if quant else state


def fold_stored_weights(graph: Graph) -> tuple[Graph, tuple[str, ...]]:
    """Constants that a float graph stores in fewer bits, as float32; and notes about them.

    Covers float16 weights behind DEQUANTIZE and dynamic-range files (int8 weights on float
    activations).
    """
    steps = [node for node in graph.nodes if _unpacks_constant(graph, node)]
    hybrid = {
        name: graph[name]
        for node in graph.nodes
        if "weights" in node.op.INPUTS and graph.source(node).dtype is DType.FLOAT32
        for name, role in zip(node.inputs, node.op.INPUTS, strict=False)
        if role in ("weights", "bias?")
        and name is not None
        and graph[name].constant
        and graph[name].dtype is not DType.FLOAT32
    }
    packed = {name: graph[name] for node in steps for name in node.inputs if name is not None}
    if not packed and not hybrid:
        return graph, ()
    floats = [_to_float(tensor, tensor.quant) for tensor in {**packed, **hybrid}.values()]
    folded = bypass(graph.with_tensors(*floats), [node.name for node in steps])
    kinds = sorted({tensor.dtype.value for tensor in {**packed, **hybrid}.values()})
    return folded, (f"{len(floats)} {' and '.join(kinds)} weight tensors expanded to float32",)


def _unpacks_constant(graph: Graph, node: Node) -> bool:
    return isinstance(node.op, ops.Dequantize) and graph.input(node).constant


def _bias_quants(graph: Graph) -> dict[str, Quant]:
    """Scales of the int32 biases: their own, else input scale times weight scale."""
    found = {}
    for node in graph.nodes:
        bias = graph.role(node, "bias")
        if bias is None or bias.dtype is not DType.INT32:
            continue
        x, weights = graph.source(node).quant, graph.input(node, 1).quant
        if bias.quant is not None or x is None or weights is None:
            continue
        scales = [x.scale * scale for scale in weights.scales]
        found[bias.name] = Quant.per_channel(scales, 0)
    return found


def _to_float(tensor: Tensor, quant: Quant | None) -> Tensor:
    """The tensor in float32; indices and tensors that are float already stay."""
    if tensor.dtype is DType.FLOAT16 and tensor.data is not None:
        return replace(tensor, dtype=DType.FLOAT32, quant=None, data=_float16(tensor.data))
    real = tensor.dtype in _QUANTIZED or (tensor.dtype is DType.INT32 and quant is not None)
    if not real or quant is None:
        return tensor
    _check_scales(tensor, quant)
    data = None if tensor.data is None else real_values(tensor.data, quant)
    return replace(tensor, dtype=DType.FLOAT32, quant=None, data=data)


def _check_scales(tensor: Tensor, quant: Quant) -> None:
    along = tensor.shape[(quant.axis or 0) :][:1]
    if len(quant.scales) != 1 and along != (len(quant.scales),):
        found = f"{len(quant.scales)} scales along axis {quant.axis}"
    elif not all(np.isfinite(scale) and scale > 0 for scale in quant.scales):
        found = f"scales {min(quant.scales)}..{max(quant.scales)}"
    else:
        return
    raise ModelError(
        f"tensor {tensor.name} {list(tensor.shape)}",
        found,
        allowed="one positive scale, or one per channel",
        hint="export the model again",
        code="bad-scales",
    )


def _float16(data: NDArray[np.generic]) -> NDArray[np.generic]:
    return data.astype(np.float32)


def real_values(data: NDArray[np.generic], quant: Quant) -> NDArray[np.generic]:
    """scale * (q - zero point) as float32, per tensor or along the quantization's axis."""
    scales = np.array(quant.scales, np.float64)
    zeros = np.array(quant.zero_points, np.float64)
    if len(scales) > 1:
        extents = [1] * data.ndim
        extents[quant.axis or 0] = -1
        scales, zeros = scales.reshape(extents), zeros.reshape(extents)
    values: NDArray[np.generic] = ((data.astype(np.float64) - zeros) * scales).astype(np.float32)
    return values
