"""The formats of a model's layers as rows: in each int8 above, the other format below."""

from __future__ import annotations

from textwrap import wrap

from edgekit.artifacts.precision import FormatPrice, LayerPrecision, PrecisionSummary
from edgekit.units import count_text, percent

COLUMNS = ("layer", "format", ">instructions", ">flash", ">RAM", ">accuracy", "why")
WIDTH = 78


def format_rows(found: PrecisionSummary) -> list[tuple[str, ...]]:
    """A row of COLUMNS for each layer, and one for the model."""
    return [*(_row(layer, found) for layer in found.layers), _model(found)]


def format_lines(found: PrecisionSummary) -> list[str]:
    """What the figures of the table are."""
    lines = [
        *accuracy_lines(found),
        "instructions: estimated by the cost model for the target; flash: constants;"
        " RAM: what the layer's steps touch at once, of the model the arena",
    ]
    return [part for line in lines for part in wrap(line, WIDTH, subsequent_indent="  ")]


def accuracy_lines(found: PrecisionSummary) -> list[str]:
    """What the accuracies are of; none where nothing was measured."""
    if not found.samples:
        return []
    each = any(price.accuracy is not None for layer in found.layers for price in layer.prices)
    what = (
        "with that layer alone in the format" if each else "of the model, all in int8 and as it is"
    )
    evaluations = f"{found.evaluations} evaluations, at most {found.most}"
    lines = [
        f"accuracy ({found.metric}): measured {what}, on {found.samples} samples of {found.data};"
        f" float {percent(found.reference)}; {evaluations}"
    ]
    return [*lines, f"limit: {found.limit}"] if found.limit else lines


def _row(layer: LayerPrecision, found: PrecisionSummary) -> tuple[str, ...]:
    base, other = layer.price("W8A8"), _other(layer, found)
    shown = [price for price in (base, other) if price is not None]
    return (
        layer.layer,
        "\n".join(price.format + (" *" if price.format == layer.format else "") for price in shown),
        *_figures(shown),
        layer.reason,
    )


def _other(layer: LayerPrecision, found: PrecisionSummary) -> FormatPrice | None:
    """The format to set beside int8: the layer's own, else binary where that was asked for."""
    if layer.format != "W8A8":
        return layer.price(layer.format)
    return layer.price("W1A1") if found.asked == "binary" else None


def _model(found: PrecisionSummary) -> tuple[str, ...]:
    same = found.after.format == found.before.format
    shown = [found.before] if same else [found.before, found.after]
    return (
        "model",
        "\n".join(price.format.replace("+", "\n+") for price in shown),
        *_figures(shown),
        "",
    )


def _figures(shown: list[FormatPrice]) -> tuple[str, ...]:
    """Instructions, flash, RAM and accuracy, a line for each format."""
    return (
        "\n".join(count_text(p.instructions) if p.instructions else "-" for p in shown),
        "\n".join(count_text(p.flash_bytes) for p in shown),
        "\n".join(count_text(p.ram_bytes) for p in shown),
        "\n".join("" if p.accuracy is None else percent(p.accuracy) for p in shown),
    )
