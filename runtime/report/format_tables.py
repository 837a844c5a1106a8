"""The number format of every layer with the price of each that was looked at, as a table."""

from __future__ import annotations

from collections.abc import Iterator

from edgekit.artifacts.precision import FormatPrice, LayerPrecision, PrecisionSummary
from edgekit.artifacts.report import Report
from edgekit.runtime.report.tables import Cell, Column, Table
from edgekit.units import count_text, percent

_COLUMNS = (
    Column("Layer"), Column("Format"), Column("Instructions", True), Column("Flash, B", True),
    Column("RAM, B", True), Column("Accuracy", True), Column("Why", wide=True),
)  # fmt: skip


def formats_table(report: Report) -> Table:
    """A row for each layer and format, the one taken first; the model as a whole last."""
    found = report.bundle.formats
    if found is None:
        return Table("formats", "Precision by layer", _COLUMNS, ())
    rows = [row for layer in found.layers for row in _layer(layer)]
    rows += [_row("model, all W8A8", found.before, ""), _row("model", found.after, "as converted")]
    return Table("formats", "Precision by layer", _COLUMNS, tuple(rows), _caption(found))


def _layer(layer: LayerPrecision) -> Iterator[tuple[Cell, ...]]:
    ordered = sorted(layer.prices, key=lambda price: price.format != layer.format)
    for price in ordered:
        taken = price.format == layer.format
        yield _row(layer.layer, price, f"taken; {layer.reason}".rstrip("; ") if taken else "")
    for name, why in (layer.refused or {}).items():
        yield (Cell(layer.layer), Cell(name), *[Cell("")] * 4, Cell(f"not possible: {why}"))


def _row(name: str, price: FormatPrice, why: str) -> tuple[Cell, ...]:
    return (
        Cell(name),
        Cell(price.format),
        Cell(count_text(price.instructions) if price.instructions else ""),
        Cell(count_text(price.flash_bytes)),
        Cell(count_text(price.ram_bytes)),
        Cell("" if price.accuracy is None else percent(price.accuracy)),
        Cell(why),
    )


def _caption(found: PrecisionSummary) -> str:
    each = any(price.accuracy is not None for layer in found.layers for price in layer.prices)
    what = "with that layer alone in the format" if each else "of the model as a whole"
    measured = (
        f"Accuracy ({found.metric}) is measured {what}, on {count_text(found.samples)} samples of"
        f" {found.data}; the float model has {percent(found.reference)} ({found.evaluations}"
        f" evaluations, at most {found.most}). "
    )
    rest = (
        "Instructions are estimated by the cost model; flash is constants; RAM what the layer's"
        " steps touch at once, of the model the arena."
    )
    limit = f"Tolerated is {found.limit}. " if found.limit else ""
    return measured + limit + rest if found.samples else rest
