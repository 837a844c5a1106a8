"""Files as TensorFlow's own converter writes them: `tensorflow_models.py FOLDER`.

A process of its own, because TensorFlow takes seconds to load and talks a lot.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

KINDS = ("float", "int8", "int8_per_tensor", "uint8_borders", "int16", "dynamic", "float16")


def detection(layers: Any, size: Any) -> tuple[Any, Any]:
    """Two feature maps, four heads, two outputs."""
    start = x = size(48, 40, 3)
    x = layers.Conv2D(8, 3, 2, padding="same", activation="relu6")(x)
    large = layers.SeparableConv2D(16, 3, 2, padding="same", activation="relu")(x)
    small = layers.LeakyReLU()(layers.Conv2D(24, 3, 2, padding="valid")(large))
    boxes, scores = [], []
    for features, count in ((large, 2), (small, 3)):
        box = layers.Conv2D(4 * count, 3, padding="same")(features)
        boxes.append(layers.Reshape((-1, 4))(box))
        scores.append(layers.Reshape((-1, 5))(layers.Conv2D(5 * count, 1)(features)))
    found = layers.Activation("sigmoid")(layers.Concatenate(axis=1)(scores))
    return start, [layers.Concatenate(axis=1)(boxes), found]


def segmentation(layers: Any, size: Any) -> tuple[Any, Any]:
    """Down, up by resizing and by a transposed convolution, odd padding, softmax per pixel."""
    start = size(32, 32, 1)
    wide = layers.Conv2D(6, 3, padding="same", activation="relu")(start)
    deep = layers.Conv2D(9, 3, padding="same", activation="relu")(layers.MaxPooling2D()(wide))
    resized = layers.UpSampling2D(interpolation="bilinear")(deep)
    grown = layers.Conv2DTranspose(5, 3, 2, padding="same")(deep)
    joined = layers.Concatenate()([resized, grown, wide])
    padded = layers.ZeroPadding2D(((1, 0), (0, 2)))(joined)
    return start, layers.Conv2D(2, 3, padding="valid", activation="softmax")(padded)


def mobile(layers: Any, size: Any) -> tuple[Any, Any]:
    """Hard swish, squeeze and excitation, dilation, PReLU, pooling that does not divide."""
    start = size(24, 24, 3)
    x = layers.Conv2D(16, 3, 2, padding="same", use_bias=False)(start)
    x = layers.Activation("hard_swish")(layers.BatchNormalization()(x))
    gate = layers.Conv2D(4, 1, activation="relu")(layers.GlobalAveragePooling2D(keepdims=True)(x))
    x = layers.Multiply()([x, layers.Conv2D(16, 1, activation="hard_sigmoid")(gate)])
    x = layers.DepthwiseConv2D(5, padding="same", dilation_rate=2)(x)
    x = layers.PReLU(shared_axes=[1, 2])(x)
    x = layers.AveragePooling2D(3, 2, padding="same")(x)
    return start, layers.Dense(5)(layers.Flatten()(x))


def two_inputs(layers: Any, size: Any) -> tuple[Any, Any]:
    """One-dimensional convolutions on a sequence, a second input, two outputs."""
    sequence, facts = size(10, 6), size(6)
    x = layers.Conv1D(8, 3, padding="same", activation="relu")(sequence)
    x = layers.DepthwiseConv1D(3, 2, padding="same", depth_multiplier=2)(x)
    x = layers.GlobalAveragePooling1D()(x)
    y = layers.Dense(16, activation="tanh")(facts)
    classes = layers.Dense(3, activation="softmax")(layers.Multiply()([x, y]))
    return [sequence, facts], [classes, layers.Dense(1)(layers.Subtract()([x, y]))]


MODELS: tuple[Callable[[Any, Any], tuple[Any, Any]], ...] = (
    detection,
    segmentation,
    mobile,
    two_inputs,
)


def convert(tf: Any, model: Any, kind: str) -> bytes:
    """The model as a .tflite of this kind."""
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    rng = np.random.default_rng(0)

    def batches() -> Iterator[list[Any]]:
        for _ in range(20):
            yield [rng.normal(0, 1, each.shape).astype(np.float32) for each in model.inputs]

    if kind != "float":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if kind == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if kind in ("int8", "int8_per_tensor", "uint8_borders", "int16"):
        converter.representative_dataset = batches
        sets = tf.lite.OpsSet
        wide = sets.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
        converter.target_spec.supported_ops = [
            wide if kind == "int16" else sets.TFLITE_BUILTINS_INT8
        ]
        border = {"int16": tf.int16, "uint8_borders": tf.uint8}.get(kind, tf.int8)
        converter.inference_input_type = converter.inference_output_type = border
        converter._experimental_disable_per_channel = kind == "int8_per_tensor"
    return bytes(converter.convert())


def main(folder: Path) -> None:
    """Write every model in every kind that TensorFlow can."""
    import keras
    import tensorflow as tf

    for build in MODELS:
        keras.utils.set_random_seed(1)
        start, end = build(keras.layers, lambda *shape: keras.Input(shape, batch_size=1))
        model = keras.Model(start, end)
        for kind in KINDS:
            try:
                data = convert(tf, model, kind)
            except Exception as error:
                print(f"{build.__name__} {kind}: {str(error)[:100]}")
            else:
                (folder / f"{build.__name__}_{kind}.tflite").write_bytes(data)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
