"""Keras' layers as subclasses that forgive what older Keras wrote into files."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from typing import Any

_HARMLESS_GROUPS = (None, 1)
_TRAINING = ("_initializer", "_regularizer", "_constraint")
"""Ends of arguments that only training asks for; their classes may be anybody's."""


def tolerant_layers(
    tf: Any, dropped: set[str], activations: Mapping[str, Callable[..., Any]] | None = None
) -> dict[str, Any]:
    """Keras' layers, each as a subclass that ignores constructor arguments it does not know, and
    initializers, regularizers and constraints of others' classes.

    What was ignored of the former is added to `dropped`. `groups` other than 1 is not ignored but
    refused. `activations` are functions by names that Keras does not know.
    """
    found = _operations(tf)
    for name, layer in inspect.getmembers(tf.keras.layers, inspect.isclass):
        if issubclass(layer, tf.keras.layers.Layer) and layer is not tf.keras.layers.Layer:
            known = known_arguments(layer)
            found[name] = _tolerant(layer, name, known, dropped, activations or {})
    return found


def _operations(tf: Any) -> dict[str, Any]:
    """Keras' operations (a slice, a division in a functional model) by name: .h5 files hold them
    as if they were layers, and Keras does not find them by itself."""
    found: dict[str, Any] = {}
    for name, module in list(sys.modules.items()):
        if name.startswith("keras.src.ops."):
            members = inspect.getmembers(module, inspect.isclass)
            found |= {key: value for key, value in members if issubclass(value, tf.keras.Operation)}
    return found


def known_arguments(layer: Any) -> set[str] | None:
    """Names its constructor takes, None when it takes any."""
    known: set[str] = set()
    for base in layer.__mro__:
        parameters = inspect.signature(base.__init__).parameters
        known |= set(parameters)
        if base.__name__ == "Layer":
            return known | {"input_shape", "batch_input_shape", "batch_shape"}
        if not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
            return known
    return None


def without_training(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments without initializers, regularizers and constraints in the form of files: the
    weights come from the file."""
    return {
        key: value
        for key, value in arguments.items()
        if not (key.endswith(_TRAINING) and isinstance(value, dict))
    }


def known_activation(given: Any, activations: Mapping[str, Callable[..., Any]]) -> Any:
    """The function of this name, which files hold as a word or as an object, if it is there."""
    name = given.get("config") if isinstance(given, dict) else given
    return activations.get(name, given) if isinstance(name, str) else given


def _tolerant(
    layer: Any,
    name: str,
    known: set[str] | None,
    dropped: set[str],
    activations: Mapping[str, Callable[..., Any]],
) -> Any:
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        unknown = {key for key in kwargs if known is not None and key not in known}
        if kwargs.get("groups") not in _HARMLESS_GROUPS and "groups" in unknown:
            raise ValueError(f"{name} with groups={kwargs['groups']} has no Keras 3 counterpart")
        dropped.update(f"{name}.{key}" for key in unknown)
        kept = without_training({k: v for k, v in kwargs.items() if k not in unknown})
        if "activation" in kept:
            kept["activation"] = known_activation(kept["activation"], activations)
        layer.__init__(self, *args, **kept)

    return type(layer)(name, (layer,), {"__init__": init, "__module__": layer.__module__})
