"""Arithmetic on shapes: what operators compute from extents and small constants."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.ir.graph import DType, Graph, Node, Tensor
from edgekit.converter.ir.slicing import as_index, sliced
from edgekit.converter.tflite.options import read_options
from edgekit.converter.tflite.raw import RawModel, RawOperator, RawTensor
from edgekit.errors import UnsupportedError

Array = NDArray[Any]
_DTYPES = frozenset(("INT32", "INT64", "FLOAT32", "FLOAT16"))
_MOST = 64
"""Elements; arithmetic on shapes has a few."""


def computed(operator: RawOperator, operands: Sequence[Array | None]) -> Array | None:
    """What the operator makes of these operands, or None where that is not known or not done
    here."""
    compute = _FUNCTIONS.get(operator.name)
    present = [array for array in operands if array is not None]
    if compute is None or len(present) < len(operands):
        return None
    try:
        return np.asarray(compute(operator, present))
    except (ValueError, IndexError, ZeroDivisionError, UnsupportedError):
        return None  # not arithmetic on shapes: the graph's own checks will say what is wrong


def plain(tensor: RawTensor) -> bool:
    """Whether the tensor holds numbers as they are."""
    return tensor.dtype in _DTYPES and not tensor.scales and not tensor.sparse


def small_constant(model: RawModel, tensor: RawTensor, *, any_type: bool = False) -> Array | None:
    """The stored value of a small constant; None for others, and for quantized ones unless
    `any_type`."""
    count = int(np.prod(tensor.shape, dtype=np.int64))
    usable = tensor.dtype.lower() in frozenset(DType) and not tensor.sparse
    if not usable or not (any_type or plain(tensor)):
        return None
    if not model.constant(tensor) or not 0 < count <= _MOST:
        return None
    start, length = model.buffers[tensor.buffer]
    dtype = DType(tensor.dtype.lower()).numpy
    if length != count * dtype.itemsize:
        return None
    array: Array = np.frombuffer(model.data, dtype, count, start)
    return array.reshape(tensor.shape)


# ---------------------------------------------------------------------------------- operators


def _attribute(raw: RawOperator, name: str) -> Any:
    return getattr(read_options(raw, raw.name), name)


def _strided_slice(raw: RawOperator, operands: Sequence[Array]) -> Array:
    names = ("x", "begin", "end", "strides")
    tensors = {
        name: Tensor(name, array.shape, DType(str(array.dtype)), None, array)
        for name, array in zip(names, operands, strict=True)
    }
    node = Node("slice", read_options(raw, raw.name), names, ("y",))
    ranges, shape = sliced(Graph("shape", tensors, (node,), (), ()), node)
    part: Array = operands[0][as_index(ranges, operands[0].shape)]
    return part.reshape(shape)


def _product(raw: RawOperator, operands: Sequence[Array]) -> Array:
    axes = tuple(int(axis) for axis in operands[1].ravel())
    return np.asarray(np.prod(operands[0], axis=axes))


def _binary(compute: Callable[[Array, Array], Array]) -> Callable[..., Array]:
    return lambda raw, operands: compute(operands[0], operands[1])


_FUNCTIONS: dict[str, Callable[[RawOperator, Sequence[Array]], Array]] = {
    "STRIDED_SLICE": _strided_slice,
    "PACK": lambda raw, xs: np.stack(xs, _attribute(raw, "axis")),
    "CONCATENATION": lambda raw, xs: np.concatenate(xs, _attribute(raw, "axis")),
    "GATHER": lambda raw, xs: np.take(xs[0], xs[1], _attribute(raw, "axis")),
    "CAST": lambda raw, xs: xs[0],
    "DEQUANTIZE": lambda raw, xs: xs[0],
    "RESHAPE": lambda raw, xs: xs[0].reshape(xs[1]),
    "SQUEEZE": lambda raw, xs: xs[0].squeeze(_attribute(raw, "axes") or None),
    "EXPAND_DIMS": lambda raw, xs: np.expand_dims(xs[0], int(xs[1].ravel()[0])),
    "REDUCE_PROD": _product,
    "FILL": lambda raw, xs: np.full(tuple(int(n) for n in xs[0].ravel()), xs[1].ravel()[0]),
    "BROADCAST_TO": lambda raw, xs: np.broadcast_to(xs[0], tuple(int(n) for n in xs[1].ravel())),
    "ADD": _binary(np.add),
    "SUB": _binary(np.subtract),
    "MUL": _binary(np.multiply),
    "FLOOR_DIV": _binary(np.floor_divide),
    "MAXIMUM": _binary(np.maximum),
    "MINIMUM": _binary(np.minimum),
}
