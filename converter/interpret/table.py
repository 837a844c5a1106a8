"""Which function builds the kernel of which operator."""

from __future__ import annotations

from edgekit.converter.interpret import (
    borders,
    conv,
    dense,
    depthwise,
    elementwise,
    movement,
    pool,
    softmax,
)
from edgekit.converter.interpret.kernel import Build
from edgekit.converter.ir import ops

BUILDS: dict[type[ops.Op], Build] = {
    ops.Conv2D: conv.conv2d,
    ops.DepthwiseConv2D: depthwise.depthwise_conv2d,
    ops.FullyConnected: dense.fully_connected,
    ops.AveragePool2D: pool.average_pool2d,
    ops.MaxPool2D: pool.max_pool2d,
    ops.Mean: pool.mean,
    ops.Add: elementwise.add,
    ops.Mul: elementwise.mul,
    ops.Logistic: elementwise.logistic,
    ops.Relu: elementwise.rectify,
    ops.Relu6: elementwise.rectify,
    ops.Softmax: softmax.softmax,
    ops.Pad: movement.pad,
    ops.Concatenation: movement.concatenation,
    ops.Reshape: movement.reshape,
    ops.Squeeze: movement.reshape,
    ops.Quantize: borders.quantize,
    ops.Dequantize: borders.dequantize,
}
