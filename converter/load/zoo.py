"""Architectures by name, built with Keras: random weights, or given ones."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from edgekit.converter.load.clock import Clock
from edgekit.converter.load.export import Exported
from edgekit.converter.load.keras import attempt, export_model, import_tensorflow
from edgekit.converter.load.model import ZooOptions
from edgekit.errors import ModelError, UsageError

_CLASSES = 1000
_SIZES = {"mobilenet_v1": 224, "mobilenet_v2": 224, "squeezenet": 227}
_SMALLEST = {"mobilenet_v1": 32, "mobilenet_v2": 32, "squeezenet": 32}
_INPUT_RANGE = (-1.0, 1.0)
"""The range Keras' own MobileNet weights were trained with."""


def export_zoo(
    name: str, input_size: tuple[int, int] | None, options: ZooOptions, clock: Clock
) -> Exported:
    """The architecture as a float .tflite, RGB in -1..1 to class probabilities.

    Random weights are drawn from `options.seed` and do not depend on Keras' version. Raises
    UsageError for options outside the architecture and ModelError for weights that do not fit.
    """
    size = input_size or (_SIZES[name], _SIZES[name])
    _check(name, size, options)
    tf = import_tensorflow(clock)
    with clock.step("load"):
        model = attempt(name, "build", lambda: build(tf, name, size, options))
        if options.weights is None:
            randomize(model, options.seed)
        else:
            _load_weights(tf, model, name, options.weights)
    exported = export_model(tf, model, name, None, clock)
    return Exported(
        exported.tflite,
        exported.layers,
        exported.inputs,
        exported.outputs,
        _INPUT_RANGE,
        exported.notes if options.weights else (*exported.notes, _random_note(options)),
        exported.norms,
        _sha256(name, size, options),
    )


def _random_note(options: ZooOptions) -> str:
    return f"random weights (seed {options.seed}): good for size and speed, not for answers"


def _sha256(name: str, size: tuple[int, int], options: ZooOptions) -> str:
    """A hash that stands for the model: its options, and its weights file."""
    digest = hashlib.sha256(
        f"{name} {size} {options.alpha} {options.classes} {options.seed}".encode()
    )
    if options.weights is not None:
        digest.update(options.weights.read_bytes())
    return digest.hexdigest()


def _check(name: str, size: tuple[int, int], options: ZooOptions) -> None:
    if options.alpha is not None and not 0 < options.alpha <= 4:
        raise UsageError(
            "alpha",
            f"{options.alpha}",
            allowed="above 0, up to 4",
            hint="it multiplies the width of every layer: 0.25, 0.5 and 1 are usual",
            code="alpha",
        )
    if options.classes is not None and options.classes < 1:
        raise UsageError(
            "classes",
            f"{options.classes}",
            allowed="1 or more",
            hint="it is the number of the network's outputs; leave it out for 1000",
            code="classes",
        )
    if min(size) < _SMALLEST[name]:
        raise UsageError(
            "input size",
            f"{size[0]}x{size[1]}",
            allowed=f"{_SMALLEST[name]} or more for {name}",
            hint="give a larger --input-size, or leave it out",
            code="input-size",
        )
    if options.weights is not None and not options.weights.is_file():
        raise ModelError(
            str(options.weights), "no such file", hint="check the path", code="model-missing"
        )


def build(tf: Any, name: str, size: tuple[int, int], options: ZooOptions) -> Any:
    """The Keras model, with whatever weights Keras starts from."""
    return _BUILDERS[name](
        tf, (*size, 3), 1.0 if options.alpha is None else options.alpha, options.classes or _CLASSES
    )


def _mobilenet_v1(tf: Any, shape: tuple[int, ...], alpha: float, classes: int) -> Any:
    return tf.keras.applications.MobileNet(
        input_shape=shape, alpha=alpha, weights=None, classes=classes, name="mobilenet_v1"
    )


def _mobilenet_v2(tf: Any, shape: tuple[int, ...], alpha: float, classes: int) -> Any:
    return tf.keras.applications.MobileNetV2(
        input_shape=shape, alpha=alpha, weights=None, classes=classes, name="mobilenet_v2"
    )


_FIRES = ((16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256))
_POOL_AFTER = (1, 3)


def _squeezenet(tf: Any, shape: tuple[int, ...], alpha: float, classes: int) -> Any:
    """SqueezeNet 1.1 (Iandola et al. 2016, in the authors' smaller revision).

    The classifier has no ReLU: it would only cut the scores before the mean.
    """
    layers = tf.keras.layers

    def conv(x: Any, filters: int, size: int, name: str, **options: Any) -> Any:
        width = max(1, round(filters * alpha))
        return layers.Conv2D(width, size, activation="relu", name=name, **options)(x)

    def fire(x: Any, squeeze: int, expand: int, name: str) -> Any:
        narrow = conv(x, squeeze, 1, f"{name}_squeeze1x1")
        small = conv(narrow, expand, 1, f"{name}_expand1x1")
        large = conv(narrow, expand, 3, f"{name}_expand3x3", padding="same")
        return layers.Concatenate(name=f"{name}_concat")([small, large])

    image = layers.Input(shape, name="image")
    x = conv(image, 64, 3, "conv1", strides=2)
    x = layers.MaxPooling2D(3, 2, padding="same", name="pool1")(x)
    for index, (squeeze, expand) in enumerate(_FIRES):
        x = fire(x, squeeze, expand, f"fire{index + 2}")
        if index in _POOL_AFTER:
            x = layers.MaxPooling2D(3, 2, padding="same", name=f"pool{index + 2}")(x)
    x = layers.Conv2D(classes, 1, name="conv10")(x)
    x = layers.GlobalAveragePooling2D(name="pool10")(x)
    return tf.keras.Model(image, layers.Softmax(name="softmax")(x), name="squeezenet")


_BUILDERS: dict[str, Callable[[Any, tuple[int, ...], float, int], Any]] = {
    "mobilenet_v1": _mobilenet_v1,
    "mobilenet_v2": _mobilenet_v2,
    "squeezenet": _squeezenet,
}


def randomize(model: Any, seed: int) -> None:
    """Draw kernels from N(0, 2 / fan-in) (He et al. 2015); the rest as at the start of training."""
    rng = np.random.default_rng(seed)
    for variable in model.weights:
        shape = tuple(variable.shape)
        if len(shape) < 2:
            continue
        depthwise = "depthwise" in variable.path.rsplit("/", 1)[-1]
        fan_in = int(np.prod(shape[:2] if depthwise else shape[:-1]))
        variable.assign(rng.normal(0.0, (2.0 / fan_in) ** 0.5, shape).astype(np.float32))


def _load_weights(tf: Any, model: Any, name: str, path: Path) -> None:
    """Fill every weight from the file.

    Keras only warns when a file lacks some of them, so all are set to NaN first.
    """

    def work() -> None:
        model.set_weights([np.full(w.shape, np.nan, np.float32) for w in model.get_weights()])
        if path.suffix == ".keras":
            source = tf.keras.models.load_model(path, compile=False)
            model.set_weights(source.get_weights())
        else:
            model.load_weights(path)

    try:
        attempt(path, "load", work)
    except ModelError as error:
        raise _mismatch(path, name, _shapes(error.found)) from None
    missing = [row.path for row in model.weights if np.isnan(row.numpy()).any()]
    if missing:
        raise _mismatch(path, name, f"{len(missing)} are not in it, {missing[0]} first")


def _mismatch(path: Path, name: str, reason: str) -> ModelError:
    return ModelError(
        str(path),
        f"its weights do not fit {name}: {reason}",
        hint="give the alpha and the classes it was trained with",
        code="weights-mismatch",
    )


def _shapes(reason: str) -> str:
    """The two shapes in Keras' complaint, where it names them: the model's, then the file's."""
    shapes = re.findall(r"\([\d, ]+\)", reason)
    if len(shapes) < 2:
        return reason
    return f"{shapes[1]} in the file where {shapes[0]} is needed"
