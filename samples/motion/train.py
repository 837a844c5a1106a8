"""Trains the motion networks, about 6,000 parameters each: motion.keras and motion_same.keras.

    python samples/motion/train.py

Both are temporal convolutional networks over 64 steps; one has no padding in time, so that every
row is computed once when it streams, the other SAME padding. Needs TensorFlow; takes a minute.
"""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
from keras import layers
from motion import AXES, CLASSES, STEPS, arrays

HERE = Path(__file__).parent


def network(padding: str) -> keras.Model:
    """Input 64 steps of three axes; dilations 1, 1, 2, 4."""
    inputs = keras.Input((STEPS, AXES), name="axes")
    x = layers.Conv1D(16, 5, padding=padding, activation="relu")(inputs)
    for filters, dilation in ((24, 1), (24, 2), (32, 4)):
        x = layers.Conv1D(filters, 3, padding=padding, dilation_rate=dilation, activation="relu")(x)
    x = layers.GlobalAveragePooling1D()(x)
    return keras.Model(inputs, layers.Dense(len(CLASSES), activation="softmax", name="motion")(x))


def trained(padding: str) -> keras.Model:
    keras.utils.set_random_seed(7)
    x, y = arrays(8000, seed=11)
    test = arrays(2000, seed=12)
    model = network(padding)
    epochs, batch = 12, 64
    schedule = keras.optimizers.schedules.CosineDecay(4e-3, epochs * len(x) // batch)
    model.compile(
        keras.optimizers.Adam(schedule), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    model.fit(x, y, batch, epochs, validation_data=test, verbose=2)
    bare = network(padding)  # without the optimizer's state
    bare.set_weights(model.get_weights())
    return bare


def main() -> None:
    for padding, name in (("valid", "motion.keras"), ("same", "motion_same.keras")):
        model = trained(padding)
        model.save(HERE / name)
        print(f"{name}: {model.count_params():,} parameters")


if __name__ == "__main__":
    main()
