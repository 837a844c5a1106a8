"""Keras models -> float .tflite, through TensorFlow.

TensorFlow is imported here and in the modules beside it that build on this one, inside functions:
importing it takes seconds.
"""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from edgekit.converter.binary.layers import layers as binary_layers
from edgekit.converter.load.clock import Clock
from edgekit.converter.load.export import Exported
from edgekit.converter.load.keras2 import is_keras2, load_keras2
from edgekit.converter.load.larq import larq_activations, larq_layers
from edgekit.converter.load.norms import norms_of
from edgekit.converter.load.quiet import quiet
from edgekit.converter.load.recurrent import unroll
from edgekit.converter.load.tolerant import tolerant_layers
from edgekit.converter.tflite.names import Namer
from edgekit.errors import EdgeKitError, MissingExtraError, ModelError, UnsupportedError, UsageError

_T = TypeVar("_T")


def require_tensorflow(purpose: str) -> None:
    """Raise MissingExtraError where TensorFlow is not installed; does not import it."""
    if importlib.util.find_spec("tensorflow") is None:
        raise MissingExtraError("tensorflow", "convert", purpose)


def import_tensorflow(clock: Clock) -> Any:
    """The `tensorflow` module; its import time goes to the clock's "import_tensorflow".

    Raises MissingExtraError where it is not installed.
    """
    require_tensorflow("reading Keras models and SavedModels")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    with clock.step("import_tensorflow"), quiet():
        try:
            import tensorflow as tf

            # Both are loaded on first use: their time belongs to the import.
            _ = (tf.keras.models, tf.lite.TFLiteConverter)
        except ImportError as error:
            raise MissingExtraError(
                "tensorflow", "convert", f"reading Keras models ({error})"
            ) from None
    return tf


def export_keras(path: Path, input_size: tuple[int, int] | None, clock: Clock) -> Exported:
    """A `.keras` file of Keras 3, or of Keras 2 as in `export_h5`, as a float .tflite.

    Raises ModelError with Keras' own reason.
    """
    tf = import_tensorflow(clock)
    binary_layers()
    if is_keras2(path):
        return _export_tolerant(tf, path, input_size, clock, partial(load_keras2, tf, path))
    with clock.step("load"):
        model = attempt(path, "load", lambda: tf.keras.models.load_model(path, compile=False))
    return export_model(tf, model, str(path), input_size, clock)


def export_h5(path: Path, input_size: tuple[int, int] | None, clock: Clock) -> Exported:
    """A Keras 2 or 3 `.h5` file as a float .tflite.

    Keras 3 refuses arguments that Keras 2 wrote and it no longer knows (DepthwiseConv2D's
    `groups`); such arguments are dropped, and the notes name them. Larq's layers are read as
    Keras 3 layers of our own. Raises ModelError.
    """
    tf = import_tensorflow(clock)
    binary_layers()

    def load(classes: dict[str, Any]) -> Any:
        return tf.keras.models.load_model(path, compile=False, custom_objects=classes)

    return _export_tolerant(tf, path, input_size, clock, load)


def _export_tolerant(
    tf: Any,
    path: Path,
    input_size: tuple[int, int] | None,
    clock: Clock,
    load: Callable[[dict[str, Any]], Any],
) -> Exported:
    """The model that `load` makes of layers which forgive what older Keras wrote."""
    dropped: set[str] = set()
    classes = tolerant_layers(tf, dropped, larq_activations()) | larq_layers(tf)
    with clock.step("load"):
        model = attempt(path, "load", lambda: load(classes))
    exported = export_model(tf, model, str(path), input_size, clock)
    return _with_notes(exported, sorted(dropped))


def _with_notes(exported: Exported, dropped: Sequence[str]) -> Exported:
    if not dropped:
        return exported
    notes = exported.notes
    return replace(
        exported,
        notes=(
            *notes,
            f"arguments of older Keras ignored: {', '.join(dropped)}",
        ),
    )


def export_model(
    tf: Any, model: Any, subject: str, input_size: tuple[int, int] | None, clock: Clock
) -> Exported:
    """A Keras model in memory as a float .tflite with batch 1. Raises ModelError."""
    inputs = _inputs(model, subject)
    names = readable_names([str(x.name) for x in inputs])
    specs = [
        tf.TensorSpec(fixed_shape(subject, x.shape, input_size), x.dtype, name=name)
        for x, name in zip(inputs, names, strict=True)
    ]

    layers = all_layers(model)
    notes = unroll(tf, layers)

    def call(*arrays: Any) -> Any:
        return model(_as_given(tf, model, arrays), training=False)

    with clock.step("convert"):
        tflite = attempt(subject, "convert", lambda: to_tflite(tf, call, specs))
    return Exported(
        tflite=tflite,
        layers=tuple(layer.name for layer in layers),
        inputs=names,
        outputs=_output_names(model),
        notes=notes,
        norms=norms_of(layers),
    )


def readable_names(names: Sequence[str]) -> tuple[str, ...]:
    """Input names; those that Keras made up ("keras_tensor_12") become "input", "input_2", ..."""
    namer = Namer()
    bare = [name.partition(":")[0] for name in names]
    return tuple(namer.unique("input" if name.startswith("keras_") else name) for name in bare)


def _output_names(model: Any) -> tuple[str, ...]:
    """Names of the outputs in the order in which tracing lists them: a dict's by its keys."""
    found = getattr(model, "output", None)
    if isinstance(found, dict):
        return tuple(sorted(found))
    return tuple(getattr(model, "output_names", ()) or [model.layers[-1].name])


def _as_given(tf: Any, model: Any, arrays: Sequence[Any]) -> Any:
    """The arrays in the structure the model was built with: one alone, a list or a dict."""
    structure = getattr(model, "input", None)
    if isinstance(structure, dict):
        return tf.nest.pack_sequence_as(structure, list(arrays))
    return arrays[0] if len(arrays) == 1 else list(arrays)


def all_layers(model: Any) -> list[Any]:
    """The model's layers, those of nested models included."""
    found = []
    for layer in model.layers:
        found.append(layer)
        if hasattr(layer, "layers"):
            found += all_layers(layer)
    return found


def to_tflite(tf: Any, call: Callable[..., Any], specs: Sequence[Any]) -> bytes:
    """The function, traced for these shapes and frozen, as a float .tflite."""
    traced = tf.function(call, input_signature=specs).get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([traced])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    data: bytes = converter.convert()
    return data


def _inputs(model: Any, subject: str) -> list[Any]:
    try:
        inputs = model.inputs
    except (AttributeError, ValueError):
        inputs = None
    if not inputs:
        raise ModelError(
            subject,
            "the model does not know its input shape",
            hint="call it once, or give it an Input layer, before saving",
            code="unbuilt-model",
        )
    return list(inputs)


def fixed_shape(
    subject: str, shape: Sequence[int | None], input_size: tuple[int, int] | None
) -> tuple[int, ...]:
    """The shape with batch 1 and, for an image, height and width from `input_size` where open.

    Raises UnsupportedError for extents that stay open and UsageError for a size that differs.
    """
    extents = [1, *shape[1:]]
    if input_size is not None and len(extents) == 4:
        for axis, size in zip((1, 2), input_size, strict=True):
            if extents[axis] not in (None, size):
                raise UsageError(
                    "input size",
                    f"{input_size[0]}x{input_size[1]}",
                    allowed=f"{shape[1]}x{shape[2]}, which {subject} fixes",
                    hint="leave --input-size out",
                    code="input-size",
                )
            extents[axis] = size
    if None in extents:
        shown = [extent if extent is not None else "?" for extent in shape]
        raise UnsupportedError(
            subject,
            f"dynamic input shape {shown}",
            allowed="a dynamic batch only",
            hint="fix it with --input-size PIXELS, the height and width"
            if len(extents) == 4
            else "save the model with a fixed input shape",
            code="dynamic-shape",
        )
    return tuple(int(extent) for extent in extents if extent is not None)


def attempt(subject: str | Path, step: str, work: Callable[[], _T]) -> _T:
    """Run TensorFlow code in silence; whatever it raises becomes a ModelError with the reason."""
    with quiet() as log:
        try:
            return work()
        except EdgeKitError:
            raise
        except Exception as error:  # TensorFlow and Keras raise anything
            reason = f"{type(error).__name__}: {error}"
            raise explain(str(subject), step, reason, log()) from None


_REASONS = (
    (
        r"Could not locate class '(\w+)'|Unknown layer: '?(\w+)",
        "uses the custom class {}",
        "custom-class",
        "export it as a SavedModel (model.export) and give that folder",
    ),
    (
        r"(Lambda) layer|deserializ\w+ of (?:a |the )?`?(Lambda)|safe_mode",
        "holds Python code (a Lambda layer)",
        "lambda-layer",
        "export it as a SavedModel (model.export) and give that folder",
    ),
    (
        r"(Only input tensors may be passed as positional)|(Could not parse config)",
        "holds an operation in a form that Keras writes into .h5 files and cannot read back",
        "keras-operation",
        "save it as model.keras, or export it as a SavedModel (model.export)",
    ),
    (
        r"(TensorListReserve)",
        "holds a loop that TFLite's own operators cannot express",
        "unsupported-operator",
        "save the model with unroll=True in its recurrent layers, or give the .keras file",
    ),
    (
        r"custom op|flex op|Select TF op|needs? Flex|TF Select",
        "uses TensorFlow operators that TFLite does not have",
        "unsupported-operator",
        "replace the layers named above with standard ones",
    ),
)


def explain(subject: str, step: str, reason: str, log: str = "") -> ModelError:
    """TensorFlow's complaint as one of ours: the known ones in our words, others quoted."""
    for pattern, found, code, hint in _REASONS:
        match = re.search(pattern, reason, re.IGNORECASE)
        if match:
            name = next((group for group in match.groups() if group), "")
            text = found.format(name) + _operators(reason)
            return UnsupportedError(subject, text, hint=hint, code=code)
    return ModelError(
        subject,
        f"TensorFlow cannot {step} it: {first_lines(reason)}",
        hint="check that the file is whole and that this TensorFlow reads it"
        if step == "load"
        else "export it as .tflite yourself, or report this model",
        code=f"{step}-failed",
    )


def _operators(reason: str) -> str:
    names = sorted(set(re.findall(r"\btf\.([A-Z]\w+)", reason)))
    return f": {', '.join(names)}" if names else ""


def first_lines(reason: str, limit: int = 400) -> str:
    """A long complaint cut to what a person reads."""
    text = " ".join(reason.split())
    return text if len(text) <= limit else text[:limit].rsplit(" ", 1)[0] + " ..."
