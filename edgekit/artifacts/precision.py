"""The number format of every layer, and what each alternative would have cost.

Formats are written WxAy: weights of x bits under activations of y bits.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FormatPrice:
    """One layer in one format while all others are W8A8 (or, of a whole model, all layers in it).

    Instructions are estimated by the cost model for the target, 0 without an estimate. Flash is
    constants of the layer, RAM what its steps read, write and need as scratch at once (of a whole
    model: constants without code, and the arena). `accuracy` is the model's in the summary's
    metric, measured; None where it was not measured. `sqnr_db` is that of the model's output.
    """

    format: str
    instructions: int = 0
    flash_bytes: int = 0
    ram_bytes: int = 0
    accuracy: float | None = None
    sqnr_db: float | None = None


@dataclass(frozen=True, slots=True)
class LayerPrecision:
    """A layer's format, why it has it, the formats that were priced, and those it cannot have."""

    layer: str
    operator: str
    format: str
    reason: str
    prices: tuple[FormatPrice, ...] = ()
    refused: dict[str, str] | None = None
    """Why not, by format."""

    def price(self, name: str) -> FormatPrice | None:
        """The price in the format of this name, if it was asked for."""
        return next((price for price in self.prices if price.format == name), None)


@dataclass(frozen=True, slots=True)
class PrecisionSummary:
    """How the formats of the layers came about.

    `metric`, `samples` and `data` say what `accuracy` is measured in and on; `reference` is what
    the float model reaches there. `before` has every layer in one format, `after` the layers'
    own. `evaluations` counts the graphs that were run on the samples, `most` how many there might
    have been. `held` says whether `after` keeps the accuracy asked for.
    """

    asked: str
    """ "auto", "binary", "given": who chose."""
    prefer: str
    metric: str
    reference: float
    samples: int
    data: str
    before: FormatPrice
    after: FormatPrice
    layers: tuple[LayerPrecision, ...]
    evaluations: int = 0
    most: int = 0
    held: bool = True
    limit: str = ""
    """What is tolerated: "a drop of at most 1.0 percentage points"."""
    basis: str = ""
    """What the estimates rest on."""

    @property
    def formats(self) -> tuple[str, ...]:
        """The different formats in use, the most frequent first."""
        names = [layer.format for layer in self.layers]
        return tuple(sorted(set(names), key=lambda name: (-names.count(name), name)))
