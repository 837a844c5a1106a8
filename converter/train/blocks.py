"""What the zoo's networks are built of: layers with BatchNorm, widths, strides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edgekit.converter.binary.layers import layers as binary_layers
from edgekit.converter.train.shapes import Shape

BN_MOMENTUM = 0.9
"""Keras' 0.99 is for trainings of a million steps: after a few epochs its averages still lag."""
BN_EPSILON = 1e-3


def channels(base: int, width: float, step: int = 8) -> int:
    """`base` channels times `width`, rounded to a multiple of `step` but never below 90 %.

    The rule of Sandler et al., "MobileNetV2" (2018), in the authors' implementation.
    """
    wanted = base * width
    rounded = max(step, int(wanted + step / 2) // step * step)
    return rounded if rounded >= 0.9 * wanted else rounded + step


@dataclass(frozen=True, slots=True)
class Blocks:
    """Layers of one Keras, each followed by BatchNorm, which conversion folds into it.

    Tensors are (batch, height, width, channels). `batch_norm` makes the BatchNorm layers: Keras'
    own, or one for training that has the same variables. `binary` False makes of binarized
    layers ordinary ones, to compare with.
    """

    keras: Any
    batch_norm: Callable[..., Any]
    binary: bool = True

    @property
    def layers(self) -> Any:
        """Keras' layers."""
        return self.keras.layers

    def input(self, shape: Shape, *, flexible: bool) -> Any:
        """The network's input; `flexible` leaves height and width open."""
        height, width, depth = shape
        free = (None, None, depth) if flexible else (height, width, depth)
        return self.layers.Input(free, name="image")

    def conv(
        self,
        x: Any,
        filters: int,
        size: int | tuple[int, int] = 1,
        stride: int = 1,
        *,
        activation: str | None = "relu",
        name: str,
    ) -> Any:
        """Convolution without bias, BatchNorm, activation."""
        x = self.layers.Conv2D(
            filters, size, stride, padding="same", use_bias=False, name=f"{name}_conv"
        )(x)
        return self._finish(x, activation, name)

    def depthwise(
        self,
        x: Any,
        size: int = 3,
        stride: int = 1,
        *,
        activation: str | None = "relu",
        name: str,
    ) -> Any:
        """Depthwise convolution without bias, BatchNorm, activation."""
        x = self.layers.DepthwiseConv2D(
            size, stride, padding="same", use_bias=False, name=f"{name}_depthwise"
        )(x)
        return self._finish(x, activation, name)

    def binary_conv(
        self, x: Any, filters: int, size: int = 3, stride: int = 1, *, name: str
    ) -> Any:
        """Convolution of the signs of `x` with signs, padded with +1, and BatchNorm; or, where
        `binary` is False, of the positive part of `x` with real weights, padded with 0."""
        if not self.binary:
            x = self.activate(x, "relu", name)
            return self.conv(x, filters, size, stride, activation=None, name=name)
        make = binary_layers()["BinaryConv2D"]
        x = make(filters, size, stride, sign="approximate", name=f"{name}_conv")(x)
        return self._finish(x, None, name)

    def prelu(self, x: Any, name: str) -> Any:
        """A slope per channel for what is negative: He et al., "Delving Deep into Rectifiers"
        (2015)."""
        start = self.keras.initializers.Constant(0.25)
        return self.layers.PReLU(start, shared_axes=(1, 2), name=f"{name}_prelu")(x)

    def _finish(self, x: Any, activation: str | None, name: str) -> Any:
        x = self.batch_norm(momentum=BN_MOMENTUM, epsilon=BN_EPSILON, name=f"{name}_bn")(x)
        return x if activation is None else self.activate(x, activation, name)

    def activate(self, x: Any, activation: str, name: str) -> Any:
        """One of relu, relu6, hard_swish and hard_sigmoid."""
        if activation == "relu6":
            return self.layers.ReLU(6.0, name=f"{name}_relu6")(x)
        kind = {"hard_swish": "hard_silu"}.get(activation, activation)
        return self.layers.Activation(kind, name=f"{name}_{activation}")(x)

    def squeeze_excite(self, x: Any, name: str) -> Any:
        """Channels weighted by what the whole image says: Hu et al., "Squeeze-and-Excitation
        Networks" (2018), with the hard sigmoid and the factor 1/4 of MobileNetV3."""
        depth = int(x.shape[-1])
        s = self.layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_squeeze")(x)
        s = self.layers.Conv2D(
            channels(depth, 0.25), 1, activation="relu", name=f"{name}_squeeze_conv"
        )(s)
        s = self.layers.Conv2D(depth, 1, name=f"{name}_excite_conv")(s)
        s = self.activate(s, "hard_sigmoid", f"{name}_excite")
        return self.layers.Multiply(name=f"{name}_weigh")([x, s])

    def classify(self, image: Any, x: Any, classes: int, name: str) -> Any:
        """Mean over the image, a fully connected layer, softmax; the whole as a model."""
        x = self.layers.GlobalAveragePooling2D(name="mean")(x)
        return self.scores(image, self.layers.Dense(classes, name="scores")(x), name)

    def scores(self, image: Any, logits: Any, name: str) -> Any:
        """The model from its input and its scores before the softmax."""
        return self.keras.Model(image, self.layers.Softmax(name="softmax")(logits), name=name)
