"""Larq's layers as Keras 3 layers, so that models trained with Larq are read without it.

Larq (0.14) runs under Keras 2 only. Its layers are Keras' with quantizers in front of inputs and
kernels, and with a value to pad with; names, arguments and what they compute follow its
documentation (docs.larq.dev/larq). Read for conversion: of constraints and gradients, which only
training asks for, nothing is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from edgekit.converter.binary.layers import layers as binary_layers
from edgekit.converter.ir.ops import Padding
from edgekit.converter.ir.shapes import output_extent, padding_before
from edgekit.converter.load.tolerant import known_activation, known_arguments, without_training
from edgekit.errors import UnsupportedError

Function = Callable[[Any], Any]

_SIGNS = ("ste_sign", "approx_sign", "swish_sign")
"""Quantizers that are a sign and differ in their gradients."""
_SCALED = "magnitude_aware_sign"
_OTHERS = ("ste_tern", "ste_heaviside", "dorefa_quantizer")
"""Quantizers to other values than two signs."""
_PREFIXES = ("", "Larq>", "larq>")
_REFUSED = (
    "QuantConv3D",
    "QuantConv2DTranspose",
    "QuantConv3DTranspose",
    "QuantLocallyConnected1D",
    "QuantLocallyConnected2D",
    "QuantSeparableConv1D",
)
_WAY_OUT = "export the model as a SavedModel from Larq: what is no sign is computed in int8 then"


def larq_layers(tf: Any) -> dict[str, Any]:
    """Keras 3 classes by the names under which Larq's layers stand in files.

    They raise UnsupportedError for quantizers to anything but signs and for layers without a
    counterpart.
    """
    made = {name: _layer(tf, name, *parts) for name, parts in _LAYERS.items()}
    made |= {name: _absent(tf, name) for name in _REFUSED}
    for name in (*_SIGNS, _SCALED, *_OTHERS):
        made[name] = made[_class_name(name)] = _quantizer_layer(tf, name)
    return {prefix + name: layer for prefix in _PREFIXES for name, layer in made.items()}


def larq_activations() -> dict[str, Function]:
    """Larq's activations, its signs among them, that Keras does not know."""
    return {"leaky_tanh": _leaky_tanh, **dict.fromkeys(_SIGNS, _sign)}


def _sign(x: Any) -> Any:
    return binary_layers()["binary_sign"](x)


def _leaky_tanh(x: Any) -> Any:
    """x within [-1, 1], and a fifth of what lies beyond."""
    import tensorflow as tf

    return 0.8 * tf.clip_by_value(x, -1.0, 1.0) + 0.2 * x


def _scaled_sign(kernel: Any) -> Any:
    """The sign times the mean magnitude of each output channel (Bi-Real Net: Liu et al., 2018)."""
    import tensorflow as tf

    axes = list(range(len(kernel.shape) - 1))
    return _sign(kernel) * tf.reduce_mean(tf.abs(kernel), axes)


def _class_name(name: str) -> str:
    """The class that `name` is short for: SteSign for ste_sign."""
    return {"dorefa_quantizer": "DoReFa"}.get(name, name.title().replace("_", ""))


def _key(name: str) -> str:
    """One spelling for "ste_sign", "SteSign" and "Larq>SteSign"."""
    return name.rpartition(">")[2].replace("_", "").lower().removesuffix("quantizer")


def _given_name(given: Any) -> str:
    """The quantizer's name as the file has it: a string, or an object's class."""
    if isinstance(given, Mapping):
        config = given.get("config")
        plain = given.get("class_name") == "function" and isinstance(config, str)
        return str(config if plain else given.get("class_name"))
    return str(given)


def _quantizer(layer: str, role: str, given: Any) -> Function:
    """The function for a quantizer in the form of a file; None is none.

    Raises UnsupportedError.
    """
    if given is None:
        return lambda x: x
    name = _given_name(given)
    key = _key(name)
    if key == "noop":
        return lambda x: x
    if key in map(_key, _SIGNS):
        return _sign
    scales = role != "input_quantizer"
    if key == _key(_SCALED) and scales:
        return _scaled_sign
    raise UnsupportedError(
        layer,
        f"{role} {name}",
        allowed=", ".join((*_SIGNS, *(_SCALED,) * scales)),
        hint=f"train it with one of these, or {_WAY_OUT}",
        code="larq-quantizer",
    )


def _quantizer_layer(tf: Any, name: str) -> Any:
    """A quantizer that stands in a model as a layer of its own."""

    class Quantizer(tf.keras.layers.Layer):  # type: ignore[misc]
        def __init__(self, **config: Any) -> None:
            super().__init__(name=config.get("name"))
            self.function = _quantizer(str(config.get("name")), "input_quantizer", name)

        @classmethod
        def from_config(cls, config: dict[str, Any]) -> Any:
            return cls(**config)

        def call(self, x: Any) -> Any:
            return self.function(x)

        def compute_output_shape(self, shape: Any) -> Any:
            return shape

    return _renamed(Quantizer, _class_name(name))


def _renamed(layer: Any, name: str) -> Any:
    """A subclass of this name, after which Keras names layers."""
    return type(layer)(name, (layer,), {})


def _layer(
    tf: Any, name: str, base_name: str, kernels: tuple[str, ...], compute: Callable[..., Any]
) -> Any:
    """The Keras layer with quantizers. `kernels` are those of `compute`, by their attributes."""
    base: Any = getattr(tf.keras.layers, base_name)
    known = known_arguments(base)
    depthwise = "Depthwise" in base_name
    roles = [f"{'depthwise' if depthwise else kernel.removesuffix('_kernel')}_quantizer"
             for kernel in kernels]  # fmt: skip

    def init(self: Any, *args: Any, **config: Any) -> None:
        shown = str(config.get("name") or name)
        if config.get("data_format") == "channels_first":
            raise UnsupportedError(
                shown, "data_format channels_first", allowed="channels_last",
                hint="TFLite has images with channels last: train the model so", code="larq-layer",
            )  # fmt: skip
        made = [_quantizer(shown, role, config.pop(role, None)) for role in roles]
        source = _quantizer(shown, "input_quantizer", config.pop("input_quantizer", None))
        pad_values = float(config.pop("pad_values", None) or 0)
        kept = {k: v for k, v in without_training(config).items() if known is None or k in known}
        if "activation" in kept:
            kept["activation"] = known_activation(kept["activation"], larq_activations())
        base.__init__(self, *args, **kept)
        self.pad_values, self.input_quantizer, self.kernel_quantizers = pad_values, source, made

    def call(self: Any, x: Any) -> Any:
        quantized = [
            quantize(tf.convert_to_tensor(getattr(self, kernel)))
            for quantize, kernel in zip(self.kernel_quantizers, kernels, strict=True)
        ]
        y = compute(tf, self, x, quantized)
        if self.use_bias:
            y = y + self.bias
        return y if self.activation is None else self.activation(y)

    # Keras' own from_config turns whatever a constructor raises into a TypeError.
    from_config = classmethod(lambda cls, config: cls(**config))
    members = {"__init__": init, "call": call, "from_config": from_config}
    return type(base)(name, (base,), members)


def _absent(tf: Any, name: str) -> Any:
    class Absent(tf.keras.layers.Layer):  # type: ignore[misc]
        @classmethod
        def from_config(cls, config: dict[str, Any]) -> Any:
            raise UnsupportedError(
                str(config.get("name") or name),
                f"Larq's {name}",
                allowed=", ".join(_LAYERS),
                hint=_WAY_OUT,
                code="larq-layer",
            )

    return _renamed(Absent, name)


def _padded(
    tf: Any, layer: Any, x: Any, kernel: Any, steps: Sequence[int], apart: Sequence[int]
) -> tuple[Any, str]:
    """An image with `pad_values` around it, and the padding that is left to do."""
    if layer.padding != "same" or layer.pad_values == 0:
        return x, layer.padding
    amounts = [(0, 0)]
    for axis in (0, 1):
        size, taps, step, gap = x.shape[1 + axis], kernel.shape[axis], steps[axis], apart[axis]
        before = padding_before(size, taps, step, gap, Padding.SAME)
        outputs = output_extent(size, taps, step, gap, Padding.SAME)
        total = max((outputs - 1) * step + (taps - 1) * gap + 1 - size, 0)
        amounts.append((before, total - before))
    return tf.pad(x, [*amounts, (0, 0)], constant_values=layer.pad_values), "valid"


def _dense(tf: Any, layer: Any, x: Any, kernels: Sequence[Any]) -> Any:
    return tf.matmul(layer.input_quantizer(x), kernels[0])


def _convolution(tf: Any, layer: Any, x: Any, kernels: Sequence[Any]) -> Any:
    x, steps, apart = layer.input_quantizer(x), layer.strides, layer.dilation_rate
    x, padding = _padded(tf, layer, x, kernels[0], steps, apart)
    return tf.nn.conv2d(x, kernels[0], steps, padding.upper(), dilations=apart)


def _convolution_1d(tf: Any, layer: Any, x: Any, kernels: Sequence[Any]) -> Any:
    """As a row of pixels, which is what TFLite makes of it: quantized behind the new axis, so that
    nothing stands between signs and convolution."""
    steps, apart = (1, *layer.strides), (1, *layer.dilation_rate)
    x, kernel = layer.input_quantizer(tf.expand_dims(x, 1)), tf.expand_dims(kernels[0], 0)
    if layer.padding == "causal":
        before = (kernel.shape[1] - 1) * apart[1]
        x, padding = tf.pad(x, [(0, 0), (0, 0), (before, 0), (0, 0)]), "valid"
    else:
        x, padding = _padded(tf, layer, x, kernel, steps, apart)
    return tf.squeeze(tf.nn.conv2d(x, kernel, steps, padding.upper(), dilations=apart), 1)


def _depthwise(tf: Any, layer: Any, x: Any, kernels: Sequence[Any]) -> Any:
    x, steps, apart = layer.input_quantizer(x), layer.strides, layer.dilation_rate
    x, padding = _padded(tf, layer, x, kernels[0], steps, apart)
    return tf.nn.depthwise_conv2d(
        x, kernels[0], [1, *steps, 1], padding.upper(), dilations=list(apart)
    )


def _separable(tf: Any, layer: Any, x: Any, kernels: Sequence[Any]) -> Any:
    """Signs go into the depthwise convolution only: its sums are integers, no signs."""
    return tf.nn.conv2d(_depthwise(tf, layer, x, kernels[:1]), kernels[1], 1, "VALID")


_LAYERS: dict[str, tuple[str, tuple[str, ...], Callable[..., Any]]] = {
    "QuantConv1D": ("Conv1D", ("kernel",), _convolution_1d),
    "QuantConv2D": ("Conv2D", ("kernel",), _convolution),
    "QuantDense": ("Dense", ("kernel",), _dense),
    "QuantDepthwiseConv2D": ("DepthwiseConv2D", ("kernel",), _depthwise),
    "QuantSeparableConv2D": (
        "SeparableConv2D",
        ("depthwise_kernel", "pointwise_kernel"),
        _separable,
    ),
}
"""Larq's layer -> Keras', the attributes with its kernels, what it computes."""
