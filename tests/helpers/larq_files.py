"""Model files as Larq 0.14 under tf.keras 2 writes them, written without either.

The layout (a `model_config` in JSON, weights by layer) is HDF5's under Keras 2; the configurations
are what Larq's layers return from `get_config`.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

WEIGHTS = {
    "kernel": "kernel:0",
    "depthwise": "depthwise_kernel:0",
    "pointwise": "pointwise_kernel:0",
    "bias": "bias:0",
}


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of a sequential model: its class, own arguments, and weights by role."""

    class_name: str
    config: dict[str, Any] = field(default_factory=dict)
    weights: dict[str, np.ndarray] = field(default_factory=dict)


def registered(class_name: str, **config: Any) -> dict[str, Any]:
    """An object as Keras 2.13 and later write it."""
    module = "larq.quantizers"
    full = {"name": class_name.lower(), "trainable": True, "dtype": "float32", **config}
    return {
        "module": module,
        "class_name": class_name,
        "config": full,
        "registered_name": class_name,
        "build_config": {"input_shape": [None, 4]},
    }


CLIP = {
    "module": "larq.constraints",
    "class_name": "weight_clip",
    "config": {"clip_value": 1},
    "registered_name": "weight_clip",
}


def quant(class_name: str, weights: dict[str, np.ndarray], **config: Any) -> Layer:
    """A layer of Larq's, with what Keras 2 and Larq add to its configuration."""
    two = {"strides": [1, 1], "dilation_rate": [1, 1], "padding": "same", "pad_values": 0.0,
           "data_format": "channels_last", "groups": 1}  # fmt: skip
    one = {**two, "strides": [1], "dilation_rate": [1]}
    common = {} if class_name == "QuantDense" else one if class_name.endswith("1D") else two
    full = {
        "activation": "linear", "use_bias": "bias" in weights,
        "kernel_initializer": {"class_name": "GlorotUniform", "config": {"seed": None}},
        "bias_initializer": {"class_name": "Zeros", "config": {}}, "kernel_regularizer": None,
        "kernel_constraint": CLIP, "input_quantizer": registered("SteSign", clip_value=1.0),
        **common, **config,
    }  # fmt: skip
    return Layer(class_name, full, weights)


def sequential(shape: Sequence[int], layers: Sequence[Layer]) -> tuple[dict[str, Any], list[str]]:
    """The configuration of a sequential model over inputs of this shape, and its layers' names."""
    first = {"batch_input_shape": [None, *shape], "dtype": "float32", "name": "input_1",
             "sparse": False, "ragged": False}  # fmt: skip
    listed: list[dict[str, Any]] = [{"class_name": "InputLayer", "config": first}]
    names = []
    for number, layer in enumerate(layers):
        name = layer.config.get("name", f"layer_{number}")
        names.append(name)
        config = {"name": name, "trainable": True, "dtype": "float32", **layer.config}
        listed.append({"class_name": layer.class_name, "config": config})
    return {"class_name": "Sequential", "config": {"name": "net", "layers": listed}}, names


def write_h5(path: Path, shape: Sequence[int], layers: Sequence[Layer]) -> Path:
    """A sequential model, as HDF5."""
    import h5py

    model, names = sequential(shape, layers)
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"], file.attrs["backend"] = "2.21.0", "tensorflow"
        file.attrs["model_config"] = json.dumps(model)
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [name.encode() for name in names]
        group.attrs["keras_version"], group.attrs["backend"] = "2.21.0", "tensorflow"
        for name, layer in zip(names, layers, strict=True):
            own = group.create_group(name)
            paths = [f"{name}/{WEIGHTS.get(role, role)}" for role in layer.weights]
            own.attrs["weight_names"] = [path.encode() for path in paths]
            for path_, values in zip(paths, layer.weights.values(), strict=True):
                own[path_] = values
    return path


def write_keras2(path: Path, shape: Sequence[int], layers: Sequence[Layer]) -> Path:
    """A sequential model, as `.keras` of Keras 2.21."""
    import h5py

    model, _ = sequential(shape, layers)
    for entry in model["config"]["layers"]:
        module = "larq.layers" if entry["class_name"].startswith("Quant") else "keras.layers"
        entry |= {"module": module, "registered_name": entry["class_name"]}
        entry["build_config"] = {"input_shape": [None, *shape]}
    model |= {"module": "keras", "registered_name": None}
    weights, used = BytesIO(), Counter[str]()
    with h5py.File(weights, "w") as file:
        for layer in layers:
            name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", layer.class_name).lower()
            count = used[name]
            used[name] += 1
            group = file.create_group(f"layers/{name}_{count}" if count else f"layers/{name}")
            own = group.create_group("vars")
            for number, values in enumerate(layer.weights.values()):
                own[str(number)] = values
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "2.21.0"}))
        archive.writestr("config.json", json.dumps(model))
        archive.writestr("model.weights.h5", weights.getvalue())
    return path
