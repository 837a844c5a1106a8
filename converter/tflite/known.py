"""Arithmetic on shapes, done at reading.

An export with a dynamic batch computes its target shapes: SHAPE, a slice of it, a PACK or a
product, then the RESHAPE or RESIZE that wanted to know. All extents are known here, so all of that
is constant.
"""

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
_DTYPES: dict[str, np.dtype[Any]] = {
    "INT32": np.dtype("int32"),
    "INT64": np.dtype("int64"),
    "FLOAT32": np.dtype("float32"),
}
_MOST = 64
"""Elements; arithmetic on shapes has a few."""


def known_tensors(model: RawModel) -> dict[int, Array]:
    """The value of every tensor that depends on extents and small constants only, by index.

    The graph's own outputs are not among them.
    """
    known: dict[int, Array] = {}
    for operator in model.main.operators:
        results = [model.main.tensors[index] for index in operator.outputs]
        if len(results) != 1 or results[0].index in model.main.outputs:
            continue
        value = _value(model, operator, known)
        if value is not None and _plain(results[0]):
            known[results[0].index] = value.astype(_DTYPES[results[0].dtype])
    return known


def _plain(tensor: RawTensor) -> bool:
    return tensor.dtype in _DTYPES and not tensor.scales and not tensor.sparse


def _value(model: RawModel, operator: RawOperator, known: dict[int, Array]) -> Array | None:
    """What the operator computes, or None where that is not known or not done here."""
    if operator.name == "SHAPE":
        return np.array(static_shape(model.main.tensors[operator.inputs[0]]))
    compute = _FUNCTIONS.get(operator.name)
    if compute is None:
        return None
    operands = [_operand(model, index, known) for index in operator.inputs]
    present = [array for array in operands if array is not None]
    if len(present) < len(operands):
        return None
    try:
        return np.asarray(compute(operator, present))
    except (ValueError, IndexError, ZeroDivisionError, UnsupportedError):
        return None  # not arithmetic on shapes: the graph's own checks will say what is wrong


def _operand(model: RawModel, index: int, known: dict[int, Array]) -> Array | None:
    if index < 0 or index in known:
        return known.get(index)
    tensor = model.main.tensors[index]
    count = int(np.prod(tensor.shape, dtype=np.int64))
    if not _plain(tensor) or not model.constant(tensor) or not 0 < count <= _MOST:
        return None
    start, length = model.buffers[tensor.buffer]
    dtype = _DTYPES[tensor.dtype]
    if length != count * dtype.itemsize:
        return None
    array: Array = np.frombuffer(model.data, dtype, count, start)
    return array.reshape(tensor.shape)


def static_shape(raw: RawTensor) -> tuple[int, ...]:
    """The shape, with a dynamic batch taken as 1."""
    dynamic = bool(raw.shape) and (raw.shape[0] < 0 or raw.signature[:1] == (-1,))
    return (1, *raw.shape[1:]) if dynamic else raw.shape


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
    "RESHAPE": lambda raw, xs: xs[0].reshape(xs[1]),
    "SQUEEZE": lambda raw, xs: xs[0].squeeze(_attribute(raw, "axes") or None),
    "EXPAND_DIMS": lambda raw, xs: np.expand_dims(xs[0], int(xs[1].ravel()[0])),
    "REDUCE_PROD": _product,
    "ADD": _binary(np.add),
    "SUB": _binary(np.subtract),
    "MUL": _binary(np.multiply),
    "FLOOR_DIV": _binary(np.floor_divide),
    "MAXIMUM": _binary(np.maximum),
    "MINIMUM": _binary(np.minimum),
}
