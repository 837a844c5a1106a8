"""Why a layer has its format, in words, and whether one bit was worth it."""

from __future__ import annotations

from edgekit.artifacts.figures import Note
from edgekit.artifacts.precision import FormatPrice, LayerPrecision, PrecisionSummary
from edgekit.converter.mixed.choices import NAMES
from edgekit.converter.mixed.search import Found
from edgekit.units import count_text, percent

_UNIT = {"instructions": "instructions", "flash": "B of flash", "ram": "B of RAM"}


def reason(layer: LayerPrecision, found: Found, prefer: str) -> str:
    """What the layer's format saves, or why the others do not do."""
    base = layer.price("W8A8")
    own = layer.price(layer.format)
    if base is None or own is None:
        return ""
    if layer.format != "W8A8":
        saved = _of(base, prefer) - _of(own, prefer)
        if saved > 0:
            return f"saves {count_text(saved)} {_UNIT[prefer]}"
        wide = {NAMES[form] for form in found.start.values()}
        beside = any(move.layer == layer.layer for move in found.moves)
        return (
            "for accuracy"
            if layer.format in wide
            else "saves beside others"
            if beside
            else "as asked"
        )
    others = [price for price in layer.prices if price.format != "W8A8"]
    unmeasured = [price for price in others if price.accuracy is None]
    dearer = [p.format for p in unmeasured if _of(p, prefer) > _of(base, prefer)]
    parts = [f"{', '.join(dearer)} would take more {prefer}"] if dearer else []
    for price in others:
        if price.accuracy is not None:
            parts.append(f"{price.format} alone gives {percent(price.accuracy)}")
        elif price.format not in dearer:
            parts.append(f"{price.format} saves nothing")
    return "; ".join(parts)


def _of(price: FormatPrice, prefer: str) -> int:
    return {
        "instructions": price.instructions,
        "flash": price.flash_bytes,
        "ram": price.ram_bytes,
    }[prefer]


def binary_loss(name: str, summary: PrecisionSummary) -> tuple[Note, ...]:
    """Where layers were binarized because somebody said so: those for which int8 is no worse in
    instructions or flash, and what all of them together cost in accuracy."""
    binary = [layer for layer in summary.layers if layer.format == "W1A1"]
    if not binary or summary.asked == "auto":
        return ()
    notes = []
    slower = [layer.layer for layer in binary if _loses(layer, "instructions")]
    larger = [layer.layer for layer in binary if _loses(layer, "flash")]
    for layers, what in ((slower, "instructions (estimated)"), (larger, "flash")):
        if layers:
            notes.append(
                Note(
                    "binary-loses",
                    name,
                    f"{len(layers)} of {len(binary)} binarized layers take no less {what} than in"
                    f" int8: {', '.join(layers[:6])}{', ...' if len(layers) > 6 else ''}",
                    "keep those in int8: --layer-precision NAME=int8, or --precision auto",
                )
            )
    before, after = summary.before.accuracy, summary.after.accuracy
    if before is not None and after is not None and after < before:
        notes.append(
            Note(
                "binary-accuracy",
                name,
                f"binarization costs {100 * (before - after):.1f} points: {percent(before)} in"
                f" int8, {percent(after)} with {len(binary)} layers of 1 bit"
                f" ({summary.samples} samples of {summary.data})",
                "train with binarized layers (docs/binary.md): after training they lose most",
                level="warning" if before - after > 0.01 else "info",
            )
        )
    return tuple(notes)


def _loses(layer: LayerPrecision, what: str) -> bool:
    base, own = layer.price("W8A8"), layer.price("W1A1")
    if base is None or own is None or not _of(own, what):
        return False
    return _of(own, what) >= _of(base, what)
