"""A streaming network of TensorFlow: a convolution over a ring of frames, and a running mean."""

from __future__ import annotations

import tempfile
from typing import Any

import numpy as np


def streaming_tflite(*, quantized: bool, frames: int = 64) -> bytes:
    """The file that TensorFlow's converter writes, its variables in float32 either way."""
    import tensorflow as tf

    with tempfile.TemporaryDirectory() as folder:
        network = _network(tf)
        tf.saved_model.save(network, folder, signatures=network.step)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.experimental_enable_resource_variables = True
        if quantized:
            rng = np.random.default_rng(1)
            data = [rng.normal(size=(1, 1, 1, 4)).astype(np.float32) for _ in range(frames)]
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = lambda: ([frame] for frame in data)
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = converter.inference_output_type = tf.int8
        return bytes(converter.convert())


def _network(tf: Any) -> Any:
    rng = np.random.default_rng(0)

    class Network(tf.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.ring = tf.Variable(tf.zeros([1, 2, 1, 4]), name="ring", trainable=False)
            self.mean = tf.Variable(tf.ones([1, 3]), name="mean", trainable=False)
            self.kernel = tf.Variable(0.3 * rng.normal(size=(3, 1, 4, 8)).astype(np.float32))
            self.weights = tf.Variable(rng.normal(size=(8, 3)).astype(np.float32))

        @tf.function(input_signature=[tf.TensorSpec([1, 1, 1, 4], tf.float32)])
        def step(self, x):  # type: ignore[no-untyped-def]
            window = tf.concat([self.ring, x], 1)
            self.ring.assign(window[:, 1:])
            y = tf.nn.relu(tf.nn.conv2d(window, self.kernel, 1, "VALID"))
            mean = self.mean * 0.75 + tf.matmul(tf.reshape(y, [1, 8]), self.weights) * 0.25
            self.mean.assign(mean)
            return tf.nn.softmax(mean)

    return Network()
