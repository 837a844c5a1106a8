"""What a streaming network costs beside its window, and the rows it computes, as tables."""

from __future__ import annotations

from collections.abc import Iterator

from edgekit.artifacts.report import Report
from edgekit.artifacts.streaming import StreamSummary
from edgekit.runtime.report.tables import Cell, Column, Table
from edgekit.units import count_text, percent

_COSTS = (
    Column("Streaming"), Column("A call", True), Column("Whole window", True),
    Column("Of the window's", True),
)  # fmt: skip
_LAYERS = (
    Column("Layer"), Column("Operator"), Column("Rows", True), Column("Computed", True),
    Column("At edges", True), Column("Kept", True), Column("Computed in full", wide=True),
)  # fmt: skip


def streaming_table(report: Report) -> Table:
    """What a call takes and costs, beside the network of the whole window."""
    found = report.bundle.streaming
    rows = () if found is None else tuple(_costs(found))
    return Table("streaming", "Streaming", _COSTS, rows, "" if found is None else _caption(found))


def _costs(found: StreamSummary) -> Iterator[tuple[Cell, ...]]:
    yield _beside("Time steps", (found.window, found.hop))
    yield _beside("MACs", found.macs)
    if all(found.instructions):
        yield _beside("Instructions, estimated", found.instructions)
    if found.arena is not None:
        yield _beside("Arena, B", found.arena)
    yield _alone("Kept between calls, B", count_text(found.state_bytes))
    yield _alone("First output of given steps alone", f"call {found.warm_up}")


def _beside(name: str, pair: tuple[int, int]) -> tuple[Cell, ...]:
    whole, now = pair
    share = percent(now / whole) if whole else ""
    return Cell(name), Cell(count_text(now)), Cell(count_text(whole)), Cell(share)


def _alone(name: str, value: str) -> tuple[Cell, ...]:
    return Cell(name), Cell(value), Cell(""), Cell("")


def _caption(found: StreamSummary) -> str:
    text = (
        f"A call takes {found.hop} new of the window's {found.window} time steps, along axis"
        f" {found.axis} of the input; its outputs are the window network's. Steps from before the"
        " start count as zeros."
    )
    if not found.edge_macs:
        return text
    share = percent(found.edge_macs / found.macs[1])
    return f"{text} {share} of a call's MACs are rows at the window's ends, which padding changes."


def streaming_layers_table(report: Report) -> Table:
    """The rows of every layer with time, and where time ends."""
    found = report.bundle.streaming
    title = "Streaming by layer"
    if found is None:
        return Table("streaming-layers", title, _LAYERS, ())
    rows = [
        (
            Cell(layer.layer),
            Cell(layer.operator),
            *(Cell(str(n)) for n in (layer.rows, layer.computed, layer.edges, layer.kept)),
            Cell(""),
        )
        for layer in found.layers
    ]
    rows += [
        (Cell(end.layer), Cell(end.operator), *[Cell("")] * 4, Cell(end.reason))
        for end in found.ends
    ]
    caption = (
        "Rows that a call computes, those of them that only padding makes necessary, and rows kept"
        " from earlier calls."
    )
    return Table("streaming-layers", title, _LAYERS, tuple(rows), caption)
