"""Reading and writing .tflite files without TensorFlow."""

from edgekit.converter.tflite.reader import read_tflite
from edgekit.converter.tflite.writer import write_tflite

__all__ = ["read_tflite", "write_tflite"]
