"""What pruning took out of a network, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PrunedLayer:
    """A layer's weights before; how many are left in it, and how many of those are zero. Output
    channels before and after."""

    layer: str
    operator: str
    weights_before: int
    weights: int
    zeros: int
    channels: tuple[int, int]

    @property
    def sparsity(self) -> float:
        """The share of the weights that are zero."""
        return self.zeros / self.weights if self.weights else 0.0


@dataclass(frozen=True, slots=True)
class PruneSummary:
    """Pruning as asked for, by which criterion, with multiply-accumulates and output SQNR.

    `criterion` is "magnitude" or "data" (second moments of the inputs, from `samples` calibration
    samples). `sqnr_db` is that of the float network before further training, against the one that
    was given, on samples that were not used: as pruned, and with the weights that stay fitted; None
    without data.
    """

    asked: str
    criterion: str
    samples: int
    macs: tuple[int, int]
    layers: tuple[PrunedLayer, ...]
    sqnr_db: tuple[float, float] | None = None

    @property
    def weights(self) -> tuple[int, int]:
        """Of all layers, before and after."""
        before = sum(layer.weights_before for layer in self.layers)
        return before, sum(layer.weights for layer in self.layers)

    @property
    def zeros(self) -> int:
        """Weights that are left and zero."""
        return sum(layer.zeros for layer in self.layers)
