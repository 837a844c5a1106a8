"""Reading and writing .tflite files without TensorFlow."""

from edgekit.converter.tflite.listing import FileSummary, OperatorInfo, list_operators, summarize
from edgekit.converter.tflite.reader import read_tflite
from edgekit.converter.tflite.writer import write_tflite

__all__ = [
    "FileSummary",
    "OperatorInfo",
    "list_operators",
    "read_tflite",
    "summarize",
    "write_tflite",
]
