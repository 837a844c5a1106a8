"""Keras 3 layers for binarized networks: `BinaryConv2D` and `BinaryDense`.

    from edgekit.converter.binary.layers import BinaryConv2D

    x = BinaryConv2D(64, 3)(x)             # signs of x times signs of the kernel, padded with +1
    x = keras.layers.BatchNormalization()(x)

Inputs are binarized in the layer: what goes in may be anything, often the output of a BatchNorm or
the sum of a shortcut. Training keeps real ("latent") weights, clipped to [-1, 1]. The gradient
passes the sign by a straight-through estimator (Hubara et al., "Binarized Neural Networks", NeurIPS
2016), or by the slope of a piecewise parabola (Bi-Real Net: Liu et al., ECCV 2018). Kernels may be
scaled per output channel: by their mean magnitude, which the gradient takes for a constant
(Bi-Real Net's magnitude-aware sign), or by learned factors (XNOR-Net++: Bulat and Tzimiropoulos,
BMVC 2019). Neither costs anything once converted: factors go into the layer's multipliers.

TensorFlow is imported when the first of these names is asked for.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from edgekit.errors import UsageError

SIGNS = ("ste", "approximate")
SCALES = ("magnitude", "learned")
PADDINGS = ("same", "valid", "same_zero")
PACKAGE = "edgekit"
"""Where Keras finds the classes when it loads a file."""

_NAMES = ("BinaryConv2D", "BinaryDense", "binary_sign")
__all__ = ["PADDINGS", "SCALES", "SIGNS", "BinaryConv2D", "BinaryDense", "binary_sign"]  # noqa: F822


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return layers()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _scale(value: bool | str | None) -> str:
    """A word of SCALES, or "" for none; True is "magnitude"."""
    if isinstance(value, str) and value:
        return _one_of("scale", value, SCALES)
    return SCALES[0] if value else ""


def _one_of(argument: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise UsageError(
            argument,
            f"unknown value {value!r}",
            allowed=", ".join(allowed),
            hint="docs/binary.md describes each",
            code="bad-option",
        )
    return value


@cache
def layers() -> dict[str, Any]:
    """The classes and functions by name, made once and registered with Keras.

    Raises MissingExtraError where TensorFlow is not installed.
    """
    from edgekit.converter.load.clock import Clock
    from edgekit.converter.load.keras import import_tensorflow

    tf = import_tensorflow(Clock())
    keras = tf.keras
    sign = _sign(tf)
    register = keras.utils.register_keras_serializable(package=PACKAGE)
    base = _base(tf, sign)
    return {
        "binary_sign": sign,
        "BinaryConv2D": register(_convolution(tf, base)),
        "BinaryDense": register(_dense(tf, base)),
    }


def _sign(tf: Any) -> Any:
    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def ste(x: Any) -> Any:
        def gradient(upstream: Any) -> Any:
            return tf.where(tf.abs(x) <= 1.0, upstream, tf.zeros_like(upstream))

        return tf.where(x >= 0.0, 1.0, -1.0), gradient

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def approximate(x: Any) -> Any:
        def gradient(upstream: Any) -> Any:
            return upstream * tf.maximum(2.0 - 2.0 * tf.abs(x), 0.0)

        return tf.where(x >= 0.0, 1.0, -1.0), gradient

    functions = {"ste": ste, "approximate": approximate}

    def binary_sign(x: Any, kind: str = "ste") -> Any:
        """+1 where x >= 0, else -1. The gradient is 1 for |x| <= 1 ("ste") or 2 - 2 |x| there
        ("approximate"), and 0 elsewhere. Raises UsageError for another kind."""
        return functions[_one_of("sign", kind, SIGNS)](tf.convert_to_tensor(x))

    return binary_sign


def _base(tf: Any, sign: Any) -> Any:
    keras = tf.keras

    class Unit(keras.constraints.Constraint):  # type: ignore[misc, name-defined]
        """Latent weights in [-1, 1]: beyond, the straight-through gradient is 0 for ever."""

        def __call__(self, weights: Any) -> Any:
            return keras.ops.clip(weights, -1.0, 1.0)

    class Binary(keras.layers.Layer):  # type: ignore[misc, name-defined]
        """What both layers share: latent weights, their sign and scale, the input's sign."""

        def __init__(
            self, units: int, *, sign: str, scale: bool | str, use_bias: bool, **kw: Any
        ) -> None:
            super().__init__(**kw)
            self.units, self.sign = int(units), _one_of("sign", sign, SIGNS)
            self.scale, self.use_bias = _scale(scale), bool(use_bias)
            self.real_weights = False
            """Whether the latent kernel itself is used, as in the first of two stages of training
            (Martinez et al., "Training Binary Neural Networks with Real-to-Binary Convolutions",
            ICLR 2020). Not kept in files: a saved layer is a binary one."""

        def add_weights(self, shape: tuple[int, ...]) -> None:
            """The latent kernel (output channels last), learned factors and the bias."""
            self.kernel = self.add_weight(
                shape=shape, initializer="glorot_uniform", constraint=Unit(), name="kernel"
            )
            self.factors = None
            if self.scale == "learned":
                self.factors = self.add_weight(
                    shape=(self.units,), initializer="ones", name="factors"
                )
            self.bias = None
            if self.use_bias:
                self.bias = self.add_weight(shape=(self.units,), initializer="zeros", name="bias")

        def binary_kernel(self) -> Any:
            """+1 and -1, times the factor of each output channel that `scale` asks for."""
            # A variable in a function with a gradient of its own would need a gradient by name.
            latent = tf.convert_to_tensor(self.kernel)
            if self.real_weights:
                return latent
            signs = sign_of(latent, "ste")
            if self.factors is not None:
                return signs * self.factors
            if not self.scale:
                return signs
            axes = list(range(len(latent.shape) - 1))
            return signs * tf.stop_gradient(tf.reduce_mean(tf.abs(latent), axes))

        def finished(self, y: Any) -> Any:
            return y if self.bias is None else y + self.bias

        def get_config(self) -> dict[str, Any]:
            own = {"sign": self.sign, "scale": self.scale, "use_bias": self.use_bias}
            return {**super().get_config(), **own}

    sign_of = sign
    return Binary


def _convolution(tf: Any, base: Any) -> Any:
    class BinaryConv2D(base):  # type: ignore[misc]
        """A convolution of signs, (N, H, W, C) -> (N, H', W', filters), float32.

        `padding` is "same" with +1 outside (every window then holds signs only, and the converted
        layer may hand packed signs on), "same_zero", or "valid". `sign` is the gradient of the
        input's sign: "ste" or "approximate". `scale` multiplies each output channel's signs by
        their mean latent magnitude ("magnitude" or True) or by a factor of its own ("learned").
        Raises UsageError.
        """

        def __init__(
            self,
            filters: int,
            kernel_size: int | tuple[int, int],
            strides: int | tuple[int, int] = 1,
            padding: str = "same",
            dilation_rate: int | tuple[int, int] = 1,
            *,
            sign: str = "ste",
            scale: bool | str = False,
            use_bias: bool = False,
            **kw: Any,
        ) -> None:
            super().__init__(filters, sign=sign, scale=scale, use_bias=use_bias, **kw)
            self.kernel_size, self.strides = _pair(kernel_size), _pair(strides)
            self.padding = _one_of("padding", padding, PADDINGS)
            self.dilation_rate = _pair(dilation_rate)

        def build(self, input_shape: Any) -> None:
            self.add_weights((*self.kernel_size, int(input_shape[-1]), self.units))

        def call(self, x: Any) -> Any:
            x = self._padded(self._signs(x))
            mode = "SAME" if self.padding == "same_zero" else "VALID"
            kernel = self.binary_kernel()
            y = tf.nn.conv2d(x, kernel, self.strides, mode, dilations=self.dilation_rate)
            return self.finished(y)

        def _signs(self, x: Any) -> Any:
            return layers()["binary_sign"](x, self.sign)

        def _padded(self, x: Any) -> Any:
            """With +1 around, as TensorFlow's SAME would pad: the odd one at the bottom, right."""
            if self.padding != "same":
                return x
            amounts = [(0, 0), *(self._amount(x, axis) for axis in (0, 1)), (0, 0)]
            return tf.pad(x, amounts, constant_values=1.0)

        def _amount(self, x: Any, axis: int) -> tuple[Any, Any]:
            """Before and after; tensors where the extent is open and the stride is not 1."""
            extent, stride = x.shape[1 + axis], self.strides[axis]
            reach = (self.kernel_size[axis] - 1) * self.dilation_rate[axis]
            if stride == 1:
                total = reach
            elif extent is None:
                extent = tf.shape(x)[1 + axis]
                total = tf.maximum(((extent - 1) // stride) * stride + reach + 1 - extent, 0)
            else:
                total = max(((extent - 1) // stride) * stride + reach + 1 - extent, 0)
            return total // 2, total - total // 2

        def compute_output_shape(self, shape: Any) -> tuple[Any, ...]:
            rows, columns = (self._extent(shape[1 + axis], axis) for axis in (0, 1))
            return (shape[0], rows, columns, self.units)

        def _extent(self, extent: Any, axis: int) -> Any:
            if extent is None:
                return None
            window = (self.kernel_size[axis] - 1) * self.dilation_rate[axis]
            inside = extent - window if self.padding == "valid" else extent
            return -(-inside // self.strides[axis])

        def get_config(self) -> dict[str, Any]:
            return {
                **super().get_config(),
                "filters": self.units,
                "kernel_size": self.kernel_size,
                "strides": self.strides,
                "padding": self.padding,
                "dilation_rate": self.dilation_rate,
            }

    return BinaryConv2D


def _dense(tf: Any, base: Any) -> Any:
    class BinaryDense(base):  # type: ignore[misc]
        """A matrix product of signs, (N, C) -> (N, units), float32. Arguments as BinaryConv2D's.
        Raises UsageError."""

        def __init__(
            self,
            units: int,
            *,
            sign: str = "ste",
            scale: bool | str = False,
            use_bias: bool = False,
            **kw: Any,
        ) -> None:
            super().__init__(units, sign=sign, scale=scale, use_bias=use_bias, **kw)

        def build(self, input_shape: Any) -> None:
            self.add_weights((int(input_shape[-1]), self.units))

        def call(self, x: Any) -> Any:
            signs = layers()["binary_sign"](x, self.sign)
            return self.finished(tf.matmul(signs, self.binary_kernel()))

        def compute_output_shape(self, shape: Any) -> tuple[Any, ...]:
            return (*shape[:-1], self.units)

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "units": self.units}

    return BinaryDense


def _pair(value: int | tuple[int, int]) -> tuple[int, int]:
    if isinstance(value, int):
        return value, value
    height, width = value
    return int(height), int(width)
