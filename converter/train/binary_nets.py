"""Binarized networks for small inputs: first layer, transitions and last layer stay real.

What keeps them trainable is a shortcut around every binarized convolution: the signs that a layer
sees are those of a sum that has kept its real values since the stem (Bi-Real Net: Liu et al., ECCV
2018). Channels of binarized layers are multiples of 32, so that packed words are full.
"""

from __future__ import annotations

from typing import Any

from edgekit.converter.train.blocks import Blocks, channels
from edgekit.converter.train.compact import FIRES
from edgekit.converter.train.mobilenets import V1_BLOCKS
from edgekit.converter.train.shapes import Shape, strides

WORD = 32

# (filters, binarized layers)
QUICKNET_STAGES = ((64, 3), (96, 4), (160, 2))


def quicknet(blocks: Blocks, shape: Shape, classes: int, width: float, *, flexible: bool) -> Any:
    """In the style of QuickNet (Bannink et al., "Larq Compute Engine: Design, Benchmark, and Deploy
    State-of-the-Art Binarized Neural Networks", MLSys 2021): residual binarized 3x3 convolutions,
    and between stages ReLU, a max pool and a real pointwise convolution. Stages are narrower
    than the paper's, which is for images of 224 pixels."""
    first, *rest = strides(shape, 3)
    image = blocks.input(shape, flexible=flexible)
    x = blocks.conv(image, channels(WORD, width), 3, name="stem")
    x = blocks.depthwise(x, 3, first, activation=None, name="stem_down")
    for stage, (filters, count) in enumerate(QUICKNET_STAGES, 1):
        depth = channels(filters, width, WORD)
        if stage > 1:
            x = blocks.activate(x, "relu", f"s{stage}_in")
            if rest[stage - 2] == 2:
                x = blocks.layers.MaxPooling2D(2, padding="same", name=f"s{stage}_pool")(x)
        x = blocks.conv(x, depth, activation=None, name=f"s{stage}_in")
        for layer in range(1, count + 1):
            name = f"s{stage}b{layer}"
            y = blocks.binary_conv(x, depth, name=name)
            x = blocks.layers.Add(name=f"{name}_add")([x, y])
    return blocks.classify(image, blocks.activate(x, "relu", "head"), classes, "quicknet")


def binary_mobilenet(
    blocks: Blocks, shape: Shape, classes: int, width: float, *, flexible: bool
) -> Any:
    """MobileNet V1 as ReActNet binarizes it (Liu et al., ECCV 2020): in place of each depthwise
    layer a whole 3x3, because a sum of nine signs says too little; a shortcut around it and
    around the pointwise that follows, which goes in twice where channels double; a slope per
    channel for negative sums. Without the paper's learned shifts in front of signs, most of which
    BatchNorm's offsets do."""
    first, *rest = strides(shape, 5)
    image = blocks.input(shape, flexible=flexible)
    x = blocks.conv(image, channels(32, width, WORD), 3, first, activation=None, name="stem")
    for number, (filters, halves) in enumerate(V1_BLOCKS, 1):
        stride = rest.pop(0) if halves else 1
        x = _spatial(blocks, x, stride, f"b{number}_spatial")
        x = _pointwise(blocks, x, channels(filters, width, WORD), f"b{number}_pointwise")
    return blocks.classify(image, x, classes, "binary_mobilenet")


def _spatial(blocks: Blocks, x: Any, stride: int, name: str) -> Any:
    y = blocks.binary_conv(x, int(x.shape[-1]), 3, stride, name=name)
    if stride == 2:
        x = blocks.layers.AveragePooling2D(2, padding="same", name=f"{name}_pool")(x)
    return blocks.prelu(blocks.layers.Add(name=f"{name}_add")([x, y]), name)


def _pointwise(blocks: Blocks, x: Any, filters: int, name: str) -> Any:
    y = blocks.binary_conv(x, filters, 1, name=name)
    depth = int(x.shape[-1])
    if filters == 2 * depth:
        x = blocks.layers.Concatenate(name=f"{name}_twice")([x, x])
    elif filters != depth:  # rounded widths
        x = blocks.conv(x, filters, activation=None, name=f"{name}_shortcut")
    return blocks.prelu(blocks.layers.Add(name=f"{name}_add")([x, y]), name)


def binary_squeezenet(
    blocks: Blocks, shape: Shape, classes: int, width: float, *, flexible: bool
) -> Any:
    """SqueezeNet 1.1 (Iandola et al. 2016) with binarized fire modules, each with the paper's
    bypass: the module's input itself where channels agree, else a real pointwise convolution."""
    first, *rest = strides(shape, 4)
    image = blocks.input(shape, flexible=flexible)
    x = blocks.conv(image, channels(64, width, WORD), 3, first, activation=None, name="stem")
    for number, (squeeze, expand, pooled) in enumerate(FIRES, 2):
        if pooled and rest.pop(0) == 2:
            x = blocks.layers.MaxPooling2D(3, 2, padding="same", name=f"pool{number}")(x)
        # Four times the paper's squeeze: sixteen signs carry too little.
        narrow, wide = channels(4 * squeeze, width, WORD), channels(expand, width, WORD)
        x = _fire(blocks, x, narrow, wide, f"fire{number}")
    return blocks.classify(image, blocks.activate(x, "relu", "head"), classes, "binary_squeezenet")


def _fire(blocks: Blocks, x: Any, squeeze: int, expand: int, name: str) -> Any:
    narrow = blocks.binary_conv(x, squeeze, 1, name=f"{name}_squeeze")
    small = blocks.binary_conv(narrow, expand, 1, name=f"{name}_expand1x1")
    large = blocks.binary_conv(narrow, expand, 3, name=f"{name}_expand3x3")
    y = blocks.layers.Concatenate(name=f"{name}_concat")([small, large])
    if int(x.shape[-1]) != 2 * expand:
        x = blocks.conv(x, 2 * expand, activation=None, name=f"{name}_bypass")
    return blocks.layers.Add(name=f"{name}_add")([x, y])
