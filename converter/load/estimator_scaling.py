"""Pipelines: what stands before the estimator, as one affine map of the features."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from edgekit.converter.load.estimator_graph import Affine, Array
from edgekit.errors import UnsupportedError


def unwrapped(model: Any) -> tuple[Any, Affine, int]:
    """The estimator inside pipelines and searches, the scaling in front of it, and how many
    features the whole reads. Raises UnsupportedError for steps that are no scalers."""
    features = int(model.n_features_in_)
    scaling = Affine.identity(features)
    while True:
        if hasattr(model, "best_estimator_"):
            model = model.best_estimator_
        elif hasattr(model, "steps"):
            for _, step in model.steps[:-1]:
                scaling = _after(step, scaling)
            model = model.steps[-1][1]
        else:
            return model, scaling, features


def _after(step: Any, scaling: Affine) -> Affine:
    if step is None or isinstance(step, str):  # "passthrough"
        return scaling
    name = type(step).__name__
    if name not in SCALERS or not type(step).__module__.startswith("sklearn."):
        raise UnsupportedError(
            f"pipeline step {name}",
            "is no scaler",
            allowed=", ".join(sorted(SCALERS)),
            hint="do this step before the device sees the features, and save the model without it",
            code="pipeline-step",
        )
    if getattr(step, "clip", False):
        raise UnsupportedError(
            f"pipeline step {name}",
            "clips features to its range (clip=True)",
            allowed="clip=False",
            hint="train it with clip=False",
            code="estimator-option",
        )
    return scaling.then(*SCALERS[name](step))


def _divided(step: Any, centre: str) -> tuple[Array, Array]:
    """(x - centre) / scale_, of which either may be off."""
    count = int(step.n_features_in_)
    scale, shift = step.scale_, getattr(step, centre, None)
    factor = np.ones(count) if scale is None else 1.0 / np.asarray(scale, np.float64)
    before = np.zeros(count) if shift is None else np.asarray(shift, np.float64)
    return factor, -before * factor


SCALERS: dict[str, Callable[[Any], tuple[Array, Array]]] = {
    "StandardScaler": lambda step: _divided(step, "mean_"),
    "RobustScaler": lambda step: _divided(step, "center_"),
    "MaxAbsScaler": lambda step: _divided(step, "no centre"),
    "MinMaxScaler": lambda step: (np.asarray(step.scale_), np.asarray(step.min_)),
}
"""Factor and shift of each scaler."""
