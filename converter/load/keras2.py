"""`.keras` files that Keras 2 (2.12 and later) wrote, read by Keras 3.

Their configurations name Keras 2's modules, and are otherwise those of its .h5 files, which Keras 3
reads; their weights lie under the same paths as Keras 3's.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_ELSEWHERE = ("module", "registered_name", "build_config", "compile_config", "shared_object_id")
"""Entries that tell where Keras 2 finds a class and how it was built."""


def is_keras2(path: Path) -> bool:
    """Whether a `.keras` archive says that Keras 2 wrote it."""
    with zipfile.ZipFile(path) as archive:
        try:
            metadata = json.loads(archive.read("metadata.json"))
        except (KeyError, ValueError, zipfile.BadZipFile):
            return False  # Keras says what is wrong with it
    version = metadata.get("keras_version") if isinstance(metadata, dict) else None
    return str(version).startswith("2.")


def load_keras2(tf: Any, path: Path, classes: Mapping[str, Any]) -> Any:
    """The model with its weights; `classes` are layers by name. Raises whatever Keras raises."""
    models = {name: getattr(tf.keras, name) for name in ("Model", "Sequential")}
    found = {**models, "Functional": tf.keras.Model, **classes}
    with zipfile.ZipFile(path) as archive, tempfile.TemporaryDirectory() as folder:
        config = _plain(json.loads(archive.read("config.json")))
        weights = archive.extract("model.weights.h5", folder)
        model = tf.keras.models.model_from_json(json.dumps(config), custom_objects=found)
        model.load_weights(weights)
    return model


def _plain(config: Any) -> Any:
    """The configuration without what Keras 3 has elsewhere."""
    if isinstance(config, list):
        return [_plain(entry) for entry in config]
    if not isinstance(config, dict):
        return config
    left = config if "class_name" not in config else _without(config)
    return {key: _plain(value) for key, value in left.items()}


def _without(config: Mapping[str, Any]) -> dict[str, Any]:
    """An object's configuration without where it came from."""
    return {key: value for key, value in config.items() if key not in _ELSEWHERE}
