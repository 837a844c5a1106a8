"""Pruning in words and rows: for `convert` and `train`."""

from __future__ import annotations

from edgekit.artifacts.pruning import PruneSummary
from edgekit.units import count_text, percent

COLUMNS = ("layer", "operator", ">channels", ">weights", ">zeros")


def pruning_rows(found: PruneSummary) -> list[tuple[str, str]]:
    """(what, value) pairs: weights and multiply-accumulates left, and by which criterion."""
    before, after = found.weights
    text = f"{found.asked}, by magnitude"
    if found.criterion == "data":
        text = f"{found.asked}, by what {found.samples} calibration samples say"
    rows = [("pruned", text)]
    if after < before:
        macs, left = found.macs
        rows.append(("", f"{count_text(after)} of {count_text(before)} weights are left"))
        rows.append(("", f"{count_text(left)} of {count_text(macs)} MACs ({percent(left / macs)})"))
    if found.zeros:
        share = percent(found.zeros / after)
        rows.append(
            ("", f"{count_text(found.zeros)} of {count_text(after)} weights are 0 ({share})")
        )
    if found.sqnr_db is not None:
        plain, fitted = found.sqnr_db
        rows.append(("", f"output SQNR {plain:.1f} dB, {fitted:.1f} dB with the others fitted"))
    return rows


def layer_rows(found: PruneSummary) -> list[tuple[str, ...]]:
    """A row of COLUMNS for each layer."""
    return [
        (
            layer.layer,
            layer.operator,
            " of ".join(map(str, reversed(layer.channels))),
            f"{count_text(layer.weights)} of {count_text(layer.weights_before)}",
            percent(layer.sparsity),
        )
        for layer in found.layers
    ]
