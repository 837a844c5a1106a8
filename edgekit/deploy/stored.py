"""Stored weights in words and rows: for `convert`, `--explain` and `inspect`."""

from __future__ import annotations

from edgekit.artifacts.coding import CodingSummary
from edgekit.units import bytes_text, count_text, percent

COLUMNS = ("weights", "stored as", ">values", ">bits each", ">raw", ">stored", ">saved")


def coding_rows(found: CodingSummary) -> list[tuple[str, str]]:
    """(what, value) pairs: flash saved, what it costs, what others would make of it, and why."""
    raw, stored = count_text(found.raw_bytes), count_text(found.weight_bytes)
    before, after = found.flash
    return [
        ("coded weights", f"{stored} B instead of {raw} B ({percent(found.saved)} less)"),
        ("", f"flash {count_text(before - after)} B less without the decoder's code"),
        ("", _ram(found)),
        ("", _time(found)),
        ("", _others(found)),
        *([("", why(found))] if found.planes else []),
    ]


def _ram(found: CodingSummary) -> str:
    before, after = found.arena
    if before == after:
        return f"RAM as before: {count_text(after)} B"
    word = "more" if after > before else "less"
    return f"RAM {count_text(abs(after - before))} B {word}: {count_text(after)} B"


def _time(found: CodingSummary) -> str:
    text = f"{count_text(found.decode_instructions)} instructions"
    when = "once, at start-up" if found.mode == "boot" else "in each inference"
    share = ""
    if found.mode == "layer" and found.inference_instructions:
        share = f", {percent(found.decode_instructions / found.inference_instructions)} more"
    return f"decoding takes about {text} {when}{share} (estimated)"


def _others(found: CodingSummary) -> str:
    sizes = ", ".join(f"{name} {count_text(size)} B" for name, size in found.baselines.items())
    return f"for comparison: {sizes or 'nothing to compress'}"


def why(found: CodingSummary) -> str:
    """Why the weights do not become smaller: what their lowest bits carry.

    Bits given the bits above them, so that the sum is the entropy of a weight.
    """
    whole, tosses = sum(found.planes), found.coin_tosses
    text = f"a weight carries {whole:.2f} bits: no code by frequencies takes less"
    if not tosses:
        return text
    bits = "its lowest bit is" if tosses == 1 else f"its {tosses} lowest bits are"
    return f"{text}; {bits} like coin tosses, which nothing compresses"


def stored_rows(found: CodingSummary) -> list[tuple[str, ...]]:
    """A row of COLUMNS for each array of weights, and one for the sums."""
    rows = [
        (
            array.array,
            array.form,
            str(array.values),
            f"{array.entropy_bits:.2f}",
            bytes_text(array.raw_bytes),
            bytes_text(array.flash_bytes),
            percent(1 - array.flash_bytes / array.raw_bytes),
        )
        for array in found.arrays
    ]
    sums = (bytes_text(found.raw_bytes), bytes_text(found.weight_bytes), percent(found.saved))
    return [*rows, ("all", "", "", "", *sums)]
