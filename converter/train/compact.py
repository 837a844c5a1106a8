"""SqueezeNet, ShuffleNet V2, ResNet-8 and DS-CNN, from the papers."""

from __future__ import annotations

from typing import Any

from edgekit.converter.train.blocks import Blocks, channels
from edgekit.converter.train.shapes import Shape, strides

# (filters of the squeeze layer, of each expand layer, whether a pool comes before)
FIRES = (
    (16, 64, True),
    (16, 64, False),
    (32, 128, True),
    (32, 128, False),
    (48, 192, True),
    (48, 192, False),
    (64, 256, False),
    (64, 256, False),
)


def squeezenet(blocks: Blocks, shape: Shape, classes: int, width: float, *, flexible: bool) -> Any:
    """Iandola et al., "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters" (2016), in
    the cheaper revision 1.1 of the authors.

    With BatchNorm, which trains it without the paper's care for learning rates and is folded away
    by conversion, and without dropout, which small networks do not need.
    """
    first, *rest = strides(shape, 4)
    image = blocks.input(shape, flexible=flexible)
    x = blocks.conv(image, channels(64, width), 3, first, name="stem")
    for number, (squeeze, expand, pooled) in enumerate(FIRES, 2):
        if pooled and rest.pop(0) == 2:
            x = blocks.layers.MaxPooling2D(3, 2, padding="same", name=f"pool{number}")(x)
        x = _fire(blocks, x, channels(squeeze, width), channels(expand, width), f"fire{number}")
    logits = blocks.layers.Conv2D(classes, 1, name="scores")(x)
    mean = blocks.layers.GlobalAveragePooling2D(name="mean")(logits)
    return blocks.scores(image, mean, "squeezenet")


def _fire(blocks: Blocks, x: Any, squeeze: int, expand: int, name: str) -> Any:
    narrow = blocks.conv(x, squeeze, name=f"{name}_squeeze")
    small = blocks.conv(narrow, expand, 1, name=f"{name}_expand1x1")
    large = blocks.conv(narrow, expand, 3, name=f"{name}_expand3x3")
    return blocks.layers.Concatenate(name=f"{name}_concat")([small, large])


SHUFFLE_STAGES = ((116, 4), (232, 8), (464, 4))
"""Channels and units of each stage; the first unit halves the image."""


def shufflenet_v2(
    blocks: Blocks, shape: Shape, classes: int, width: float, *, flexible: bool
) -> Any:
    """Ma et al., "ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design"
    (2018), figure 3 c and d, table 5.

    Half of the channels pass a unit untouched, then both halves are mixed. Which channel of a
    half goes where does not matter to a network that is trained that way, so instead of the
    paper's interleaving (reshape, transpose, reshape) each half gives its first channels to one
    and its last to the other: the same network with channels renumbered, and on a microcontroller
    only copies of runs.
    """
    first, pool, *rest = strides(shape, 5)
    image = blocks.input(shape, flexible=flexible)
    x = blocks.conv(image, channels(24, width), 3, first, name="stem")
    if pool == 2:
        x = blocks.layers.MaxPooling2D(3, 2, padding="same", name="pool")(x)
    for stage, ((filters, units), stride) in enumerate(zip(SHUFFLE_STAGES, rest, strict=True), 2):
        half = channels(filters, width) // 2
        left, right = _down(blocks, x, half, stride, f"s{stage}u1")
        for unit in range(2, units + 1):
            name = f"s{stage}u{unit}"
            kept, seen = _mix(blocks, left, right, name)
            left, right = kept, _branch(blocks, seen, half, 1, name)
        x = blocks.layers.Concatenate(name=f"s{stage}_concat")([left, right])
    x = blocks.conv(x, channels(1024, width), name="head")
    return blocks.classify(image, x, classes, "shufflenet_v2")


def _down(blocks: Blocks, x: Any, half: int, stride: int, name: str) -> tuple[Any, Any]:
    """The unit that halves the image: both branches see all channels."""
    left = blocks.depthwise(x, 3, stride, activation=None, name=f"{name}_left")
    left = blocks.conv(left, half, name=f"{name}_left_out")
    return left, _branch(blocks, x, half, stride, name)


def _branch(blocks: Blocks, x: Any, half: int, stride: int, name: str) -> Any:
    x = blocks.conv(x, half, name=f"{name}_in")
    x = blocks.depthwise(x, 3, stride, activation=None, name=f"{name}_filter")
    return blocks.conv(x, half, name=f"{name}_out")


def _mix(blocks: Blocks, left: Any, right: Any, name: str) -> tuple[Any, Any]:
    """Two halves, each with half of the channels of both."""
    join = blocks.layers.Concatenate
    a, b = _halves(blocks, left, f"{name}_left")
    c, d = _halves(blocks, right, f"{name}_right")
    return join(name=f"{name}_keep")([a, c]), join(name=f"{name}_see")([b, d])


def _halves(blocks: Blocks, x: Any, name: str) -> tuple[Any, Any]:
    """The two halves of the channels. Keras numbers operations through, so that this one's name
    would depend on what was built before; it gets its own."""
    first, second = blocks.keras.ops.split(x, 2, axis=-1)
    first._keras_history.operation.name = name
    return first, second


RESNET_STAGES = (16, 32, 64)


def resnet8(blocks: Blocks, shape: Shape, classes: int, width: float, *, flexible: bool) -> Any:
    """He et al., "Deep Residual Learning for Image Recognition" (2016), with one block per stage as
    in Banbury et al., "MLPerf Tiny Benchmark" (2021)."""
    halves = (1, *strides(shape, 2))
    image = blocks.input(shape, flexible=flexible)
    x = blocks.conv(image, channels(RESNET_STAGES[0], width), 3, name="stem")
    for number, (filters, stride) in enumerate(zip(RESNET_STAGES, halves, strict=True), 1):
        depth, name = channels(filters, width), f"b{number}"
        y = blocks.conv(x, depth, 3, stride, name=f"{name}_first")
        y = blocks.conv(y, depth, 3, activation=None, name=f"{name}_second")
        if stride != 1 or int(x.shape[-1]) != depth:
            x = blocks.conv(x, depth, 1, stride, activation=None, name=f"{name}_shortcut")
        x = blocks.activate(blocks.layers.Add(name=f"{name}_add")([x, y]), "relu", f"{name}_add")
    return blocks.classify(image, x, classes, "resnet8")


DSCNN_FILTERS, DSCNN_BLOCKS, DSCNN_WINDOW = 64, 4, (10, 4)


def dscnn(blocks: Blocks, shape: Shape, classes: int, width: float, *, flexible: bool) -> Any:
    """Zhang et al., "Hello Edge: Keyword Spotting on Microcontrollers" (2017), the small DS-CNN:
    for spectrograms (49x10x1), time first."""
    (stride,) = strides(shape, 1)
    filters = channels(DSCNN_FILTERS, width)
    image = blocks.input(shape, flexible=flexible)
    x = blocks.conv(image, filters, DSCNN_WINDOW, stride, name="stem")
    for number in range(1, DSCNN_BLOCKS + 1):
        x = blocks.depthwise(x, name=f"dw{number}")
        x = blocks.conv(x, filters, name=f"pw{number}")
    return blocks.classify(image, x, classes, "dscnn")
