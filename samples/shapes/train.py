"""Trains the shapes network and writes shapes.keras (a small MobileNet, about 30,000 parameters).

    python samples/shapes/train.py

Needs TensorFlow; takes a few minutes on two cores.
"""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
from keras import layers
from shapes import CLASSES, SIZE, arrays

HERE = Path(__file__).parent


def block(x: object, filters: int, stride: int) -> object:
    """Depthwise 3x3 and pointwise, each with batch normalisation and ReLU6."""
    x = layers.DepthwiseConv2D(3, strides=stride, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU(6.0)(x)
    x = layers.Conv2D(filters, 1, use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    return layers.ReLU(6.0)(x)


def network() -> keras.Model:
    """Input 32x32x3 in 0..1, six classes."""
    inputs = keras.Input((SIZE, SIZE, 3), name="image")
    x = layers.Conv2D(16, 3, strides=2, padding="same", use_bias=False)(inputs)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU(6.0)(x)
    for filters, stride in ((24, 1), (32, 2), (32, 1), (48, 2), (64, 1)):
        x = block(x, filters, stride)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(len(CLASSES), activation="softmax", name="shape")(x))


def main() -> None:
    keras.utils.set_random_seed(7)
    x, y = arrays(24000, seed=11)
    test_x, test_y = arrays(2000, seed=12)
    model = network()
    epochs, batch = 14, 64
    schedule = keras.optimizers.schedules.CosineDecay(4e-3, epochs * len(x) // batch)
    model.compile(
        keras.optimizers.Adam(schedule), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    model.fit(x / 255.0, y, batch, epochs, validation_data=(test_x / 255.0, test_y), verbose=2)
    bare = network()  # without the optimizer's state
    bare.set_weights(model.get_weights())
    bare.save(HERE / "shapes.keras")
    print(f"{model.count_params():,} parameters, {(HERE / 'shapes.keras').stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
