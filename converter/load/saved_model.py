"""SavedModel folders -> float .tflite."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edgekit.converter.load.clock import Clock
from edgekit.converter.load.export import Exported
from edgekit.converter.load.keras import (
    attempt,
    fixed_shape,
    import_tensorflow,
    readable_names,
    to_tflite,
)
from edgekit.errors import ModelError

_KEYS = ("serving_default", "serve")


def export_saved_model(path: Path, input_size: tuple[int, int] | None, clock: Clock) -> Exported:
    """The folder's serving signature as a float .tflite with batch 1.

    Folders that Keras 2 saved with optimizer state cannot be loaded object by object any more;
    they are read the TensorFlow 1 way, as a graph. Raises ModelError.
    """
    tf = import_tensorflow(clock)
    with clock.step("load"):
        try:
            function = attempt(path, "load", lambda: _serving(tf, path))
        except ModelError as error:
            if error.code == "no-signature":
                raise
            function = attempt(path, "load", lambda: frozen_function(tf, path))
    with clock.step("convert"):
        signature = dict(sorted(function.structured_input_signature[1].items()))
        specs = _specs(tf, signature, str(path), input_size)
        outputs = sorted(function.structured_outputs)

        def call(*arrays: Any) -> Any:
            results = function(**dict(zip(signature, arrays, strict=True)))
            return [results[name] for name in outputs]

        tflite = attempt(path, "convert", lambda: to_tflite(tf, call, specs))
    return Exported(tflite, inputs=tuple(spec.name for spec in specs), outputs=tuple(outputs))


def _serving(tf: Any, path: Path) -> Any:
    loaded = tf.saved_model.load(str(path))
    function = loaded.signatures[_choose(path, list(loaded.signatures))]
    function.owner = loaded  # the function does not keep its variables alive by itself
    return function


def _choose(path: Path, keys: list[str]) -> str:
    found = [key for key in _KEYS if key in keys] or (keys if len(keys) == 1 else [])
    if not found:
        raise ModelError(
            str(path),
            f"no serving signature (has {', '.join(keys) or 'none'})",
            allowed=", ".join(_KEYS),
            hint="save it with model.export(folder), or pass signatures= to tf.saved_model.save",
            code="no-signature",
        )
    return found[0]


def _specs(
    tf: Any, signature: dict[str, Any], subject: str, input_size: tuple[int, int] | None
) -> list[Any]:
    """The signature's inputs with their shapes fixed and names that people gave."""
    specs = []
    for name, spec in zip(readable_names(list(signature)), signature.values(), strict=True):
        if spec.shape.rank is None:
            raise ModelError(
                subject,
                f"input {name} has no known rank",
                hint="save the model with an input shape",
                code="dynamic-shape",
            )
        shape = fixed_shape(subject, spec.shape.as_list(), input_size)
        specs.append(tf.TensorSpec(shape, spec.dtype, name=name))
    return specs


class _Frozen:
    """A pruned graph function that looks like a serving signature."""

    def __init__(self, pruned: Any, inputs: dict[str, Any], outputs: list[str]) -> None:
        self._pruned, self._inputs = pruned, inputs
        self.structured_input_signature = ((), inputs)
        self.structured_outputs = outputs

    def __call__(self, **arrays: Any) -> dict[str, Any]:
        results = self._pruned(*(arrays[name] for name in self._inputs))
        return dict(zip(self.structured_outputs, results, strict=True))


def frozen_function(tf: Any, path: Path) -> Any:
    """The serving signature with variables as constants, by TensorFlow 1's loader."""
    v1 = tf.compat.v1
    with v1.Graph().as_default(), v1.Session() as session:
        meta = v1.saved_model.load(session, ["serve"], str(path))
        signature = meta.signature_def[_choose(path, sorted(_plain_signatures(meta)))]
        outputs = sorted(signature.outputs)
        targets = [signature.outputs[name].name for name in outputs]
        frozen = v1.graph_util.convert_variables_to_constants(
            session,
            session.graph.as_graph_def(),
            [target.partition(":")[0] for target in targets],
        )
        inputs = _input_specs(tf, session.graph, signature)
    sources = [signature.inputs[name].name for name in inputs]
    return _Frozen(_pruned(tf, frozen, sources, targets), inputs, outputs)


def _plain_signatures(meta: Any) -> list[str]:
    """Signatures that serve; Keras 2 adds an initialiser among them."""
    return [key for key, row in meta.signature_def.items() if row.inputs and row.outputs]


def _input_specs(tf: Any, graph: Any, signature: Any) -> dict[str, Any]:
    specs = {}
    for name in sorted(signature.inputs):
        tensor = graph.get_tensor_by_name(signature.inputs[name].name)
        specs[name] = tf.TensorSpec(tensor.shape, tensor.dtype, name=name)
    return specs


def _pruned(tf: Any, frozen: Any, sources: list[str], targets: list[str]) -> Any:
    wrapped = tf.compat.v1.wrap_function(
        lambda: tf.graph_util.import_graph_def(frozen, name=""), []
    )
    return wrapped.prune(
        [wrapped.graph.get_tensor_by_name(name) for name in sources],
        [wrapped.graph.get_tensor_by_name(name) for name in targets],
    )
