"""MobileNet V1, V2 and V3-small, from the papers."""

from __future__ import annotations

from typing import Any

from edgekit.converter.train.blocks import Blocks, channels
from edgekit.converter.train.shapes import Shape, strides

# (filters, whether the block halves the image)
V1_BLOCKS = (
    (64, False),
    (128, True),
    (128, False),
    (256, True),
    (256, False),
    (512, True),
    *((512, False),) * 5,
    (1024, True),
    (1024, False),
)


def mobilenet_v1(
    blocks: Blocks, shape: Shape, classes: int, width: float, *, flexible: bool
) -> Any:
    """Howard et al., "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision
    Applications" (2017), table 1: depthwise 3x3 and pointwise in turn, with ReLU6."""
    first, *rest = strides(shape, 5)
    image = blocks.input(shape, flexible=flexible)
    x = blocks.conv(image, channels(32, width), 3, first, activation="relu6", name="stem")
    for number, (filters, halves) in enumerate(V1_BLOCKS, 1):
        stride = rest.pop(0) if halves else 1
        x = blocks.depthwise(x, 3, stride, activation="relu6", name=f"dw{number}")
        x = blocks.conv(x, channels(filters, width), activation="relu6", name=f"pw{number}")
    return blocks.classify(image, x, classes, "mobilenet_v1")


# (expansion, filters, repeats, whether the first of them halves the image)
V2_STAGES = (
    (1, 16, 1, False),
    (6, 24, 2, True),
    (6, 32, 3, True),
    (6, 64, 4, True),
    (6, 96, 3, False),
    (6, 160, 3, True),
    (6, 320, 1, False),
)
V2_HEAD = 1280


def mobilenet_v2(
    blocks: Blocks, shape: Shape, classes: int, width: float, *, flexible: bool
) -> Any:
    """Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks" (2018), table 2.

    The head of 1280 channels is scaled as the rest: the paper keeps it, which at a width of 0.25
    would be most of the network.
    """
    first, *rest = strides(shape, 5)
    image = blocks.input(shape, flexible=flexible)
    x = blocks.conv(image, channels(32, width), 3, first, activation="relu6", name="stem")
    number = 0
    for expansion, filters, repeats, halves in V2_STAGES:
        for repeat in range(repeats):
            number += 1
            stride = rest.pop(0) if halves and repeat == 0 else 1
            x = _inverted(blocks, x, expansion, channels(filters, width), stride, f"b{number}")
    x = blocks.conv(x, channels(V2_HEAD, width), activation="relu6", name="head")
    return blocks.classify(image, x, classes, "mobilenet_v2")


def _inverted(blocks: Blocks, x: Any, expansion: int, filters: int, stride: int, name: str) -> Any:
    """Widen, filter each channel, narrow without activation; added to its input if it fits."""
    depth = int(x.shape[-1])
    y = x
    if expansion > 1:
        y = blocks.conv(y, depth * expansion, activation="relu6", name=f"{name}_expand")
    y = blocks.depthwise(y, 3, stride, activation="relu6", name=f"{name}_filter")
    y = blocks.conv(y, filters, activation=None, name=f"{name}_project")
    same = stride == 1 and depth == filters
    return blocks.layers.Add(name=f"{name}_add")([x, y]) if same else y


# (kernel, expanded channels, filters, squeeze and excite, activation, halves the image)
V3_BLOCKS = (
    (3, 16, 16, True, "relu", True),
    (3, 72, 24, False, "relu", True),
    (3, 88, 24, False, "relu", False),
    (5, 96, 40, True, "hard_swish", True),
    (5, 240, 40, True, "hard_swish", False),
    (5, 240, 40, True, "hard_swish", False),
    (5, 120, 48, True, "hard_swish", False),
    (5, 144, 48, True, "hard_swish", False),
    (5, 288, 96, True, "hard_swish", True),
    (5, 576, 96, True, "hard_swish", False),
    (5, 576, 96, True, "hard_swish", False),
)
V3_HEAD = (576, 1024)


def mobilenet_v3_small(
    blocks: Blocks, shape: Shape, classes: int, width: float, *, flexible: bool
) -> Any:
    """Howard et al., "Searching for MobileNetV3" (2019), table 2; its head is scaled by the width
    too. The last hidden layer comes after the mean over the image, where it is cheap."""
    first, *rest = strides(shape, 5)
    image = blocks.input(shape, flexible=flexible)
    x = blocks.conv(image, channels(16, width), 3, first, activation="hard_swish", name="stem")
    for number, (size, wide, filters, excite, activation, halves) in enumerate(V3_BLOCKS, 1):
        stride, name = rest.pop(0) if halves else 1, f"b{number}"
        depth, y = int(x.shape[-1]), x
        if number > 1:  # the first block's expansion is none
            y = blocks.conv(y, channels(wide, width), activation=activation, name=f"{name}_expand")
        y = blocks.depthwise(y, size, stride, activation=activation, name=f"{name}_filter")
        y = blocks.squeeze_excite(y, name) if excite else y
        y = blocks.conv(y, channels(filters, width), activation=None, name=f"{name}_project")
        same = stride == 1 and depth == int(y.shape[-1])
        x = blocks.layers.Add(name=f"{name}_add")([x, y]) if same else y
    last, hidden = (channels(count, width) for count in V3_HEAD)
    x = blocks.conv(x, last, activation="hard_swish", name="head")
    x = blocks.layers.GlobalAveragePooling2D(name="mean")(x)
    x = blocks.activate(blocks.layers.Dense(hidden, name="hidden")(x), "hard_swish", "hidden")
    return blocks.scores(
        image, blocks.layers.Dense(classes, name="scores")(x), "mobilenet_v3_small"
    )
