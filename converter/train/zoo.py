"""The networks that can be trained, as a table. No TensorFlow until one is built."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgekit.converter.train import binary_nets, compact, mobilenets
from edgekit.converter.train.backend import fused_batch_norm
from edgekit.converter.train.blocks import Blocks
from edgekit.converter.train.shapes import SMALLEST, Shape, shape_text
from edgekit.errors import DataError, UsageError

Builder = Callable[..., Any]
WIDEST = 4.0


@dataclass(frozen=True, slots=True)
class Architecture:
    """A row of the zoo: `build(blocks, shape, classes, width, flexible=...)` gives a Keras model
    from (height, width, channels) to class probabilities; `paper` names where it comes from,
    `title` what it is made of. `binary` networks have binarized layers."""

    name: str
    build: Builder
    paper: str
    title: str
    binary: bool = False


ZOO = (
    Architecture(
        "mobilenet_v1",
        mobilenets.mobilenet_v1,
        "Howard et al. 2017",
        "depthwise separable convolutions",
    ),
    Architecture(
        "mobilenet_v2", mobilenets.mobilenet_v2, "Sandler et al. 2018", "inverted residuals"
    ),
    Architecture(
        "mobilenet_v3_small",
        mobilenets.mobilenet_v3_small,
        "Howard et al. 2019",
        "inverted residuals, squeeze and excite, hard swish",
    ),
    Architecture("squeezenet", compact.squeezenet, "Iandola et al. 2016", "fire modules"),
    Architecture("shufflenet_v2", compact.shufflenet_v2, "Ma et al. 2018", "halves that are mixed"),
    Architecture(
        "resnet8", compact.resnet8, "He et al. 2016, Banbury et al. 2021", "three residual blocks"
    ),
    Architecture(
        "dscnn",
        compact.dscnn,
        "Zhang et al. 2017",
        "depthwise separable convolutions, for spectrograms",
    ),
    Architecture(
        "quicknet",
        binary_nets.quicknet,
        "Bannink et al. 2021",
        "binarized residual 3x3 convolutions",
        binary=True,
    ),
    Architecture(
        "binary_mobilenet",
        binary_nets.binary_mobilenet,
        "Liu et al. 2020 (ReActNet)",
        "binarized 3x3 and pointwise convolutions, each with a shortcut",
        binary=True,
    ),
    Architecture(
        "binary_squeezenet",
        binary_nets.binary_squeezenet,
        "Iandola et al. 2016, Liu et al. 2018",
        "binarized fire modules with bypass",
        binary=True,
    ),
)
NAMES = tuple(row.name for row in ZOO)


def find(name: str) -> Architecture:
    """The row called `name`; "-" and "_" are the same. Raises UsageError with the names."""
    wanted = name.lower().replace("-", "_")
    for row in ZOO:
        if row.name == wanted:
            return row
    near = difflib.get_close_matches(wanted, NAMES, n=1)
    raise UsageError(
        f"architecture {name!r}",
        "unknown",
        allowed=", ".join(NAMES),
        hint=f"did you mean {near[0]}?" if near else "see `edgekit train --list`",
        code="unknown-architecture",
    )


def check_shape(name: str, shape: Shape, source: str) -> None:
    """Raises DataError for images that are too small; `source` says whose shape it is."""
    if min(shape[:2]) < SMALLEST:
        raise DataError(
            source,
            f"{shape_text(shape)} is smaller than {name} can take",
            allowed=f"{SMALLEST} pixels or more each way",
            hint=f"enlarge the images with --input {SMALLEST * 4}x{SMALLEST * 4}x{shape[2]}",
            code="input-too-small",
        )


def build(
    tf: Any,
    architecture: Architecture,
    shape: Shape,
    classes: int,
    width: float,
    *,
    flexible: bool = False,
    binary: bool = True,
) -> Any:
    """The Keras model with Keras' own start; `binary` False makes binarized layers ordinary ones.

    `flexible` is the form to train: height and width are open (the strides are those of `shape`),
    and BatchNorm is fused. Its variables are those of the other form, in the same order.
    """
    layers = tf.keras.layers
    batch_norm = fused_batch_norm(tf) if flexible else layers.BatchNormalization
    return architecture.build(
        Blocks(tf.keras, batch_norm, binary), shape, classes, width, flexible=flexible
    )


def initialize(model: Any, seed: int) -> None:
    """Draw kernels from N(0, 2 / fan-in) (He et al. 2015), the last layer's from N(0, 1 / fan-in);
    BatchNorm and biases start as Keras starts them. Does not depend on Keras' version.
    """
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        kernel = getattr(layer, "kernel", None)
        if kernel is None:
            continue
        shape = tuple(kernel.shape)
        depthwise = type(layer).__name__ == "DepthwiseConv2D"
        fan_in = int(np.prod(shape[:2] if depthwise else shape[:-1]))
        gain = 1.0 if layer.name == "scores" else 2.0
        kernel.assign(rng.normal(0.0, (gain / fan_in) ** 0.5, shape).astype(np.float32))
