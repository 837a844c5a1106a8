"""Which function builds the kernel of which operator."""

from __future__ import annotations

from edgekit.converter.interpret import (
    borders,
    conv,
    dense,
    depthwise,
    elementwise,
    matmul,
    movement,
    pool,
    reduce,
    resize,
    softmax,
    transposed,
    unary,
)
from edgekit.converter.interpret.kernel import Build
from edgekit.converter.ir import ops
from edgekit.converter.moves import TAKES, VIEWS

BUILDS: dict[type[ops.Op], Build] = {
    ops.Conv2D: conv.conv2d,
    ops.DepthwiseConv2D: depthwise.depthwise_conv2d,
    ops.FullyConnected: dense.fully_connected,
    ops.TransposeConv: transposed.transpose_conv,
    ops.BatchMatmul: matmul.batch_matmul,
    ops.Sum: reduce.total,
    ops.ReduceMax: reduce.largest,
    ops.ArgMax: reduce.arg_max,
    ops.ResizeBilinear: resize.resize_bilinear,
    ops.AveragePool2D: pool.average_pool2d,
    ops.MaxPool2D: pool.max_pool2d,
    ops.Mean: pool.mean,
    ops.Add: elementwise.add,
    ops.Sub: elementwise.sub,
    ops.Mul: elementwise.mul,
    ops.Maximum: elementwise.maximum,
    ops.Minimum: elementwise.minimum,
    ops.Prelu: elementwise.prelu,
    ops.Logistic: unary.unary,
    ops.Tanh: unary.unary,
    ops.Relu: unary.unary,
    ops.Relu6: unary.unary,
    ops.ReluN1To1: unary.unary,
    ops.Relu0To1: unary.unary,
    ops.LeakyRelu: unary.unary,
    ops.Elu: unary.unary,
    ops.HardSwish: unary.unary,
    ops.Softmax: softmax.softmax,
    ops.Pad: movement.pad,
    ops.Concatenation: movement.concatenation,
    ops.Reshape: movement.reshape,
    ops.Squeeze: movement.reshape,
    ops.ExpandDims: movement.reshape,
    ops.Pack: movement.pack,
    ops.PadV2: movement.pad,
    **dict.fromkeys(VIEWS, movement.viewed),
    **dict.fromkeys(TAKES, movement.taken),
    ops.Quantize: borders.quantize,
    ops.Dequantize: borders.dequantize,
}
