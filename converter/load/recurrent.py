"""Recurrent Keras layers, unrolled for export: TFLite has no loop that microcontrollers run."""

from __future__ import annotations

from typing import Any

MOST_STEPS = 128
"""Longer sequences keep their loop, which is then refused with the way out."""


def unroll(tf: Any, layers: list[Any]) -> tuple[str, ...]:
    """Set every recurrent layer with a known, moderate number of steps to unroll; notes on which.

    The results are the same: each step becomes operators of its own, over the same weights.
    """
    notes = []
    for layer in layers:
        for part in _recurrent(tf, layer):
            steps = _steps(layer)
            if steps is not None and not part.unroll:
                part.unroll = True
                notes.append(f"{layer.name} unrolled over {steps} steps")
    return tuple(dict.fromkeys(notes))


def _recurrent(tf: Any, layer: Any) -> list[Any]:
    """The recurrent layers in a layer: itself, or both directions."""
    if isinstance(layer, tf.keras.layers.Bidirectional):
        return [layer.forward_layer, layer.backward_layer]
    return [layer] if isinstance(layer, tf.keras.layers.RNN) else []


def _steps(layer: Any) -> int | None:
    """Steps of the sequences it was built for, where they are known and not too many."""
    try:
        shape = layer.input.shape
    except (AttributeError, ValueError):
        return None
    steps = shape[1] if len(shape) > 2 else None
    return int(steps) if steps is not None and 1 <= steps <= MOST_STEPS else None
