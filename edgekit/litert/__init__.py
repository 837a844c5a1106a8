"""The one provider of TFLite interpreters.

Three packages offer the same interpreter: `ai_edge_litert`, its predecessor `tflite_runtime`, and
`tf.lite` inside TensorFlow. They are tried in this order and imported only when one is opened.
Which kernels computed a result matters as much as which package: XNNPACK, the optimized builtin
kernels and the reference kernels differ in the last bits, so an `Interpreter` says which it used.

Known traps, handled here: tflite_runtime 2.14 fails with numpy 2, fails when TensorFlow was
imported first, and crashes the process on a damaged file. It does not verify the flatbuffer, so
its offsets are checked here, and the model is opened once in a process of its own.
"""

from __future__ import annotations

from edgekit.litert.interpreter import Interpreter, TensorDetails
from edgekit.litert.opening import Kernels, open_interpreter
from edgekit.litert.providers import ProviderInfo, available, load_provider

__all__ = [
    "Interpreter",
    "Kernels",
    "ProviderInfo",
    "TensorDetails",
    "available",
    "load_provider",
    "open_interpreter",
]
