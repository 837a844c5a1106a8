"""Single-operator `.tflite` models of reductions and matrix products."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tests.helpers.movement_models import example, ints, options
from tests.helpers.single_operator import Quant, Tensor, schema_module, single_operator


def reduce_model(
    operator: str, x: Tensor, output: Quant, axes: Sequence[int], *, keep_dims: bool
) -> bytes:
    """SUM or REDUCE_MAX."""
    shape = example(x).sum(axis=tuple(axes), keepdims=keep_dims).shape
    y = Tensor(shape, x.dtype, output.scale, output.zero_point)
    made = options("ReducerOptionsT", keepDims=keep_dims)
    return single_operator(operator, made, [x, ints(axes)], y)


def arg_max_model(x: Tensor, axis: int) -> bytes:
    """ARG_MAX with int32 indices."""
    kind = schema_module().TensorType.INT32
    made = options("ArgMaxOptionsT", outputType=kind)
    y = Tensor(example(x).sum(axis=axis).shape, "int32")
    return single_operator("ARG_MAX", made, [x, ints(axis)], y)


def batch_matmul_model(
    a: Tensor, b: Tensor, output: Quant, *, adj_x: bool = False, adj_y: bool = False
) -> bytes:
    """BATCH_MATMUL, either operand transposed or not."""
    left = np.swapaxes(example(a), -1, -2) if adj_x else example(a)
    right = np.swapaxes(example(b), -1, -2) if adj_y else example(b)
    y = Tensor((left @ right).shape, a.dtype, output.scale, output.zero_point)
    made = options("BatchMatMulOptionsT", adjX=adj_x, adjY=adj_y)
    return single_operator("BATCH_MATMUL", made, [a, b], y)
