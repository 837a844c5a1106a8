"""Which function lowers which operator."""

from __future__ import annotations

from collections.abc import Callable

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.lower import (
    elementwise,
    movement,
    moves,
    products,
    recurrent,
    reductions,
    resizes,
    trees,
    weighted,
    windows,
)
from edgekit.converter.lower.calls import Call

Lowering = Callable[[Graph, Node], tuple[Call, ...]]

LOWERINGS: dict[type[ops.Op], Lowering] = {
    # 1. multiply-accumulate
    ops.Conv2D: products.conv2d,
    ops.DepthwiseConv2D: weighted.depthwise_conv2d,
    ops.FullyConnected: weighted.fully_connected,
    # 2. pooling and reduction
    ops.TransposeConv: resizes.transpose_conv,
    ops.BatchMatmul: products.batch_matmul,
    ops.Svdf: recurrent.svdf,
    ops.UnidirectionalSequenceLstm: recurrent.lstm,
    ops.Sum: reductions.total,
    ops.ReduceMax: reductions.largest,
    ops.ReduceMin: reductions.minima,
    ops.ArgMax: reductions.arg_max,
    ops.ResizeBilinear: resizes.resize_bilinear,
    ops.AveragePool2D: windows.average_pool,
    ops.MaxPool2D: windows.max_pool,
    ops.Mean: windows.mean,
    # 3. elementwise
    ops.Add: elementwise.add,
    ops.Sub: elementwise.sub,
    ops.Mul: elementwise.mul,
    ops.Maximum: elementwise.maximum,
    ops.Minimum: elementwise.minimum,
    ops.Prelu: elementwise.prelu,
    ops.Logistic: elementwise.lookup,
    ops.Tanh: elementwise.lookup,
    ops.Relu: elementwise.lookup,
    ops.Relu6: elementwise.lookup,
    ops.ReluN1To1: elementwise.lookup,
    ops.Relu0To1: elementwise.lookup,
    ops.LeakyRelu: elementwise.lookup,
    ops.Elu: elementwise.lookup,
    ops.HardSwish: elementwise.lookup,
    ops.Abs: elementwise.lookup,
    ops.Rsqrt: elementwise.lookup,
    ops.Exp: elementwise.lookup,
    ops.Log: elementwise.lookup,
    ops.Sqrt: elementwise.lookup,
    ops.Neg: elementwise.lookup,
    ops.Gelu: elementwise.lookup,
    ops.Div: elementwise.div,
    ops.SquaredDifference: elementwise.squared_difference,
    ops.Softmax: elementwise.softmax,
    ops.LogSoftmax: elementwise.log_softmax,
    ops.L2Normalization: elementwise.l2_normalization,
    # 4. movement; a reshape is only lowered when it cannot be another name for its input
    ops.Pad: movement.pad,
    ops.Concatenation: movement.concatenation,
    ops.Reshape: movement.copy,
    ops.Squeeze: movement.copy,
    ops.ExpandDims: movement.copy,
    ops.PadV2: movement.pad,
    **moves.LOWERINGS,
    ops.TreeEnsemble: trees.tree_ensemble,
    # 5. borders between number formats
    ops.Quantize: movement.quantize,
    ops.Dequantize: movement.dequantize,
}

ALIASES = (ops.Reshape, ops.Squeeze, ops.ExpandDims)
"""Operators that only rename bytes."""
