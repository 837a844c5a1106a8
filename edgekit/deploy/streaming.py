"""Streaming in words and rows: for `convert`, the layers with --explain."""

from __future__ import annotations

from edgekit.artifacts.streaming import StreamSummary
from edgekit.units import count_text, percent

COLUMNS = ("layer", "operator", ">rows", ">computed", ">at edges", ">kept")


def streaming_rows(found: StreamSummary) -> list[tuple[str, str]]:
    """(what, value) pairs: steps, and each figure beside that of the whole window."""
    calls = f"the window is full after {found.warm_up} calls"
    rows = [
        ("streaming", f"{found.hop} new of {found.window} time steps a call; {calls}"),
        ("", f"MACs of a call: {_beside(found.macs)}"),
        ("", f"{count_text(found.state_bytes)} B kept between calls"),
    ]
    if found.arena is not None:
        whole, now = found.arena
        rows.append(("", f"arena {count_text(now)} B, {count_text(whole)} B for the window"))
    if all(found.instructions):
        rows.append(("", f"instructions of a call: {_beside(found.instructions)}, estimated"))
    return rows


def layer_rows(found: StreamSummary) -> list[tuple[str, ...]]:
    """A row for each layer with time."""
    return [
        (
            layer.layer,
            layer.operator,
            *map(str, (layer.rows, layer.computed, layer.edges, layer.kept)),
        )
        for layer in found.layers
    ]


def end_lines(found: StreamSummary) -> list[str]:
    """A sentence for each layer that is computed from the whole window."""
    return [f"{end.layer} ({end.operator}) {end.reason}: computed in full" for end in found.ends]


def _beside(pair: tuple[int, int]) -> str:
    whole, now = pair
    return f"{count_text(now)} of the window's {count_text(whole)} ({percent(now / whole)})"
