"""A report in Prometheus' text exposition format (version 0.0.4), for a Pushgateway or the textfile
collector: a gauge for each figure in base units, and one for each layer's cost."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from edgekit.artifacts.figures import Figure
from edgekit.artifacts.report import Report
from edgekit.runtime.report.figures import label_of
from edgekit.runtime.report.harmless import cleaned
from edgekit.runtime.report.layers import layers

UNITS: Mapping[str, tuple[str, float]] = {
    "s": ("seconds", 1.0),
    "d": ("seconds", 86400.0),
    "B": ("bytes", 1.0),
    "J": ("joules", 1.0),
    "J s": ("joule_seconds", 1.0),
    "W": ("watts", 1.0),
    "fraction": ("ratio", 1.0),
    "dB": ("decibels", 1.0),
    "ppm": ("ratio", 1e-6),
    "1/s": ("per_second", 1.0),
    "instructions/MAC": ("", 1.0),
    "MAC": ("", 1.0),
    "price": ("", 1.0),
}
"""Unit of a figure -> the last word of its metric's name, and the factor to that base unit."""

Labels = dict[str, str]


def prometheus(report: Report) -> str:
    """Every figure as `edgekit_<name>_<unit>` with its provenance as a label; the spread of a
    figure has the names `..._low` and `..._high`."""
    report = cleaned(report)
    common = {
        "model": report.bundle.name,
        "target": report.target.name,
        "model_sha256": report.bundle.model_sha256[:12],
    }
    lines = [line for row in report.figures.items() for line in _figure(*row, common)]
    lines += _layers(report, common)
    lines += _report(report, common)
    return "\n".join(lines) + "\n"


def _figure(name: str, figure: Figure, common: Labels) -> Iterator[str]:
    unit, factor = UNITS.get(figure.unit, (figure.unit, 1.0))
    metric = _metric(name, unit)
    labels = {**common, "provenance": figure.provenance.value}
    label = label_of(name, figure)
    yield from _family(metric, label, [(labels, figure.value * factor)])
    for end, value in (("low", figure.low), ("high", figure.high)):
        if value is not None:
            words = f"{label}, {end} end of {figure.spread or 'its spread'}"
            yield from _family(_metric(f"{name}_{end}", unit), words, [(labels, value * factor)])


def _layers(report: Report, common: Labels) -> Iterator[str]:
    found = layers(report)
    rows = [(row, row.cost) for row in found.rows if row.cost is not None]
    if not rows:
        return
    unit, factor = UNITS.get(found.unit, (found.unit, 1.0))
    provenance = found.provenance.value if found.provenance else ""
    samples = [
        (
            {**common, "provenance": provenance, "index": str(row.index), "layer": row.name,
             "operator": row.operator},
            cost * factor,
        )
        for row, cost in rows
    ]  # fmt: skip
    yield from _family(_metric("layer_cost", unit), "Cost of a layer in one inference", samples)


def _report(report: Report, common: Labels) -> Iterator[str]:
    warnings = sum(note.level == "warning" for note in report.warnings)
    yield from _family("edgekit_warnings", "Warnings of the report", [(common, warnings)])
    info = {**common, "tool": report.tool, "precision": report.bundle.precision}
    yield from _family("edgekit_report_info", "What the report is of", [(info, 1)])
    try:
        created = datetime.fromisoformat(report.created).timestamp()
    except (ValueError, OverflowError):
        return
    words = "When the report was made"
    yield from _family("edgekit_report_created_timestamp_seconds", words, [(common, created)])


def _family(metric: str, words: str, samples: list[tuple[Labels, float]]) -> Iterator[str]:
    """HELP, TYPE and the samples of one metric, which stand together."""
    text = words.replace("\\", "\\\\").replace("\n", "\\n")
    yield f"# HELP {metric} {text}"
    yield f"# TYPE {metric} gauge"
    for labels, value in samples:
        inside = ",".join(f'{key}="{_label(text)}"' for key, text in labels.items())
        yield f"{metric}{{{inside}}} {float(value)!r}"


def _metric(name: str, unit: str) -> str:
    """A valid name that ends in its unit once: "edgekit_latency_seconds"."""
    words = re.sub(r"[^a-zA-Z0-9_]+", "_", name).strip("_").lower() or "figure"
    last = re.sub(r"[^a-zA-Z0-9_]+", "_", unit).strip("_").lower()
    return f"edgekit_{words}" if not last or last in words.split("_") else f"edgekit_{words}_{last}"


def _label(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
