"""TensorFlow's converter in a process of its own: float and int8 .tflite from a Keras model.

    python tensorflow_quantize.py MODEL.h5 SAMPLES.npy OUT_PREFIX

writes OUT_PREFIX_float.tflite and OUT_PREFIX_int8.tflite; "branches" as MODEL builds a small
network with a concatenation, padding, pooling and a gate. With "float16", "dynamic" or "int16"
behind the prefix the second file holds that instead of int8.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np


def quantize_with_tensorflow(
    model: str | Path, samples: np.ndarray, folder: Path, form: str = "int8"
) -> tuple[bytes, bytes]:
    """(float, `form`) .tflite files made by TensorFlow from `samples` (n, *input shape)."""
    return _converted(str(model), samples, folder, form)


def store_smaller_with_tensorflow(form: str, folder: Path) -> tuple[bytes, bytes]:
    """(float, "float16" or "dynamic") files of "wide", a small network that has weights of every
    kind."""
    samples = np.random.default_rng(0).normal(0, 1, (24, 16, 16, 3)).astype(np.float32)
    return _converted("wide", samples, folder, form)


def _converted(model: str, samples: np.ndarray, folder: Path, form: str) -> tuple[bytes, bytes]:
    np.save(folder / "samples.npy", samples)
    places = [str(folder / "samples.npy"), str(folder / "tf")]
    command = [sys.executable, __file__, model, *places, form]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return (folder / "tf_float.tflite").read_bytes(), (folder / f"tf_{form}.tflite").read_bytes()


def _load(name: str) -> Any:
    import keras

    if name == "branches":
        return _branches()
    if name == "wide":
        return _wide()

    class Depthwise(keras.layers.DepthwiseConv2D):  # type: ignore[misc]
        """Keras 2 files say `groups`, which Keras 3 does not know."""

        def __init__(self, *values: Any, groups: int = 1, **options: Any) -> None:
            assert groups == 1
            super().__init__(*values, **options)

    custom = {"DepthwiseConv2D": Depthwise}
    return keras.models.load_model(name, compile=False, custom_objects=custom)


def _branches() -> Any:
    import keras

    layers = keras.layers
    keras.utils.set_random_seed(1)
    x = keras.Input((12, 12, 3))
    a = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu6")(x)
    b = layers.Conv2D(4, 1, activation="relu")(a)
    c = layers.Conv2D(4, 3, padding="same")(a)
    y = layers.ZeroPadding2D(2)(layers.Concatenate()([b, c, a]))
    y = layers.Conv2D(16, 1)(layers.MaxPool2D(2)(y))
    gate = layers.GlobalAveragePooling2D(keepdims=True)(y)
    y = layers.Multiply()([y, layers.Conv2D(16, 1, activation="sigmoid")(gate)])
    y = layers.Dense(5, activation="softmax")(layers.GlobalAveragePooling2D()(y))
    return keras.Model(x, y)


def _wide() -> Any:
    """Of each kind of layer one with more weights than dynamic range asks for, and one with less;
    biases that are not 0."""
    import keras

    layers = keras.layers
    keras.utils.set_random_seed(2)
    x = keras.Input((16, 16, 3))
    y = layers.Conv2D(8, 3, padding="same", activation="relu")(x)
    y = layers.DepthwiseConv2D(3, padding="same")(y)
    y = layers.Conv2D(32, 3, strides=2, activation="relu")(y)
    y = layers.DepthwiseConv2D(3, depth_multiplier=4)(y)
    y = layers.Conv2D(24, 1, dilation_rate=1, activation="relu6")(y)
    y = layers.Dense(70, activation="relu")(layers.Flatten()(y))
    model = keras.Model(x, layers.Dense(10, activation="softmax")(y))
    rng = np.random.default_rng(2)
    for weight in model.weights:
        if "bias" in weight.path:
            weight.assign(rng.normal(0, 0.1, weight.shape))
    return model


def _convert(model: Any, samples: np.ndarray, prefix: str, form: str) -> None:
    import keras
    import tensorflow as tf

    entry = keras.Input(samples.shape[1:], batch_size=1)
    fixed = keras.Model(entry, model(entry))
    Path(f"{prefix}_float.tflite").write_bytes(
        tf.lite.TFLiteConverter.from_keras_model(fixed).convert()
    )
    converter = tf.lite.TFLiteConverter.from_keras_model(fixed)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if form == "float16":
        converter.target_spec.supported_types = [tf.float16]
    elif form != "dynamic":
        converter.representative_dataset = lambda: ([sample[None]] for sample in samples)
        wide, narrow = tf.lite.OpsSet, tf.lite.OpsSet.TFLITE_BUILTINS_INT8
        sets = wide.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
        converter.target_spec.supported_ops = [sets if form == "int16" else narrow]
        number = tf.int16 if form == "int16" else tf.int8
        converter.inference_input_type = converter.inference_output_type = number
    Path(f"{prefix}_{form}.tflite").write_bytes(converter.convert())


if __name__ == "__main__":
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    _convert(_load(sys.argv[1]), np.load(sys.argv[2]), *sys.argv[3:])
