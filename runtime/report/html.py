"""A report as one self-contained HTML page: no network, light and dark, printable.

Its one script lets the power recording be zoomed into, and the page's policy lets no other run;
without it everything is there to read."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.artifacts.bundle import MemorySummary
from edgekit.artifacts.figures import Provenance
from edgekit.artifacts.report import Report
from edgekit.runtime.report import svg_layers, svg_memory
from edgekit.runtime.report.answers import answers
from edgekit.runtime.report.harmless import cleaned
from edgekit.runtime.report.layers import LayerRow, Layers, layers, noisiest
from edgekit.runtime.report.svg_latency import PEAK, histogram, sequence
from edgekit.runtime.report.svg_layers import columns
from edgekit.runtime.report.svg_memory import byte_ticks, memory_plan
from edgekit.runtime.report.svg_sustained import sustained
from edgekit.runtime.report.svg_trace import power_trace
from edgekit.runtime.report.tables import Table, tables
from edgekit.runtime.report.terminal import by_urgency
from edgekit.runtime.report.text import EXPLAINED, plural, value_text
from edgekit.runtime.report.zoom import Stretch, zoom_json, zoom_of_envelope, zoom_text
from edgekit.units import count_text, percent, si

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATES = Path(__file__).parent / "templates"

_DISTRIBUTIONS = 4
"""Most latency distributions that are drawn; the table of runs has them all."""

LONG = 40
"""Rows above which a table scrolls under its headings."""

MEANINGS = {
    Provenance.MEASURED: "read from hardware, or counted in the real file",
    Provenance.SIMULATED: "read from a virtual board or a virtual meter",
    Provenance.ESTIMATED: "computed from a model that the basis names",
}
"""What each badge means, for the legend."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An SVG with its heading, a sentence, a legend of (colour class, name), and a badge."""

    title: str
    markup: str
    caption: str = ""
    legend: tuple[tuple[str, str], ...] = ()
    provenance: Provenance | None = None
    zoom: str = ""
    """What the page's script needs to zoom into it, as JSON; empty: it cannot."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page: its pictures, then its tables."""

    key: str
    title: str
    pictures: tuple[Picture, ...] = ()
    tables: tuple[Table, ...] = ()


def html(report: Report, recording: tuple[Stretch, ...] = ()) -> str:
    """The page as text. Every name that comes from a model or a device is escaped.

    `recording` is what `zoom_of` kept of the power recording; without it the page zooms into the
    envelope of the record.
    """
    from markupsafe import Markup

    report = cleaned(report)
    parts = sections(report, recording)
    zooms = any(picture.zoom for part in parts for picture in part.pictures)
    script = _text("zoom.js") if zooms else ""
    return _template().render(
        report=report,
        answers=answers(report),
        notes=by_urgency(report.warnings),
        sections=parts,
        meanings=MEANINGS,
        long=LONG,
        explained=EXPLAINED,
        markup=Markup,
        style=Markup("".join(map(_text, ("style.css", "picture.css")))),
        script=Markup(script),
        script_hash=Markup(base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()),
    )


def _text(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


@cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2")


def sections(report: Report, recording: tuple[Stretch, ...] = ()) -> tuple[Section, ...]:
    """The parts below the answers; a part with nothing to show is left out."""
    by_key = {table.key: table for table in tables(report)}
    found = layers(report)

    def pick(*keys: str) -> tuple[Table, ...]:
        return tuple(by_key[key] for key in keys if key in by_key)

    speed = pick("runs", "batches", "cold", "sustained", "sustained-windows")
    parts = (
        Section("mlperf", "MLPerf Tiny", (), pick("mlperf-rules", "mlperf-windows")),
        Section("speed", "Speed", (*_latency(report), *_sustained(report)), speed),
        Section("layers", "Layers", tuple(_layers(found)), pick("layers")),
        Section("formats", "Precision", (), pick("formats")),
        Section("streaming", "Streaming", (), pick("streaming", "streaming-layers")),
        Section("energy", "Energy", tuple(_power(report, recording)), pick("windows")),
        Section("memory", "Memory", tuple(_memory(report)), pick("image", "memory")),
        Section("accuracy", "Accuracy", tuple(_noise(found)), pick("accuracy", "confusion")),
        Section("figures", "Figures and conditions", (), pick("figures", "conditions")),
    )
    return tuple(part for part in parts if part.pictures or part.tables)


def _latency(report: Report) -> Iterator[Picture]:
    """A distribution for each run that measured time, and the first one's course."""
    timed = [r for r in report.runs if r.latency_s and r.counter_unit != "instructions"]
    for run in timed[:_DISTRIBUTIONS]:
        settings = f"{run.engine}, {plural(run.threads, 'thread')}"
        title = f"Latency: {settings}" if len(timed) > 1 else "Latency distribution"
        warm = f"{plural(len(run.latency_s), 'sample')} after {count_text(run.warmup)} to warm up"
        caption = f"{warm}; {settings}, on {run.device}."
        yield Picture(title, histogram(run.latency_s, title), caption, (), run.provenance)
        order = sequence(run.latency_s) if run is timed[0] else ""
        if order:
            words = (
                f"Line: median of neighbours; band: smallest to largest, up to {PEAK:g} medians."
            )
            yield Picture("In the order of the samples", order, words, (), run.provenance)


def _sustained(report: Report) -> Iterator[Picture]:
    """Throughput over time of the first runs that went on for long."""
    for run in [run for run in report.runs if len(run.sustained) > 1][:_DISTRIBUTIONS]:
        title = f"Throughput over time: {run.engine}, {plural(run.threads, 'thread')}"
        words = "One level a window: inferences per second of computing."
        yield Picture(title, sustained(run.sustained), words, (), run.provenance)


def _layers(found: Layers) -> Iterator[Picture]:
    """Cost, MACs and cost per MAC, one above the other with the same layers in each column."""
    rows = found.rows
    kinds = _kinds(rows)
    if found.unit:
        costs = [row.cost for row in rows]
        name = {"s": "Time"}.get(found.unit, found.unit.capitalize())
        yield _columns(f"{name} per layer", rows, costs, found, kinds, height=140)
    macs = [float(row.macs) for row in rows]
    yield from _plain("MACs per layer", rows, macs, "MAC", kinds if not found.unit else ())
    if found.unit:
        per_mac = [row.per_mac for row in rows]
        unit = "s" if found.unit == "s" else f"{found.unit}/MAC"
        name = {"s": "Time"}.get(found.unit, found.unit.capitalize())
        yield from _plain(f"{name} per MAC", rows, per_mac, unit, ())
    live = [float(row.live_bytes) for row in rows]
    yield from _plain("RAM live in each step", rows, live, "B", ())


def _columns(
    title: str,
    rows: Sequence[LayerRow],
    values: Sequence[float | None],
    found: Layers,
    legend: tuple[tuple[str, str], ...],
    *,
    height: int,
) -> Picture:
    form = partial(_short, unit=found.unit)
    mark = _largest(values, 1 if len(rows) > 24 else 2)
    markup = columns(rows, values, name=title, form=form, height=height, mark=mark)
    return Picture(title, markup, f"{found.source}.", legend, found.provenance)


def _plain(
    title: str,
    rows: Sequence[LayerRow],
    values: Sequence[float | None],
    unit: str,
    legend: tuple[tuple[str, str], ...],
) -> Iterator[Picture]:
    form = partial(_short, unit=unit)
    ticks = byte_ticks(int(max((v or 0.0 for v in values), default=0.0))) if unit == "B" else None
    mark = _largest(values, 1)
    markup = columns(rows, values, name=title, form=form, height=80, mark=mark, ticks=ticks)
    if markup:
        yield Picture(title, markup, "", legend)


def _largest(values: Sequence[float | None], count: int) -> tuple[int, ...]:
    order = sorted(range(len(values)), key=lambda i: -(values[i] or 0.0))
    return tuple(order[:count])


def _kinds(rows: Sequence[LayerRow]) -> tuple[tuple[str, str], ...]:
    """The legend: only the kinds of operator that occur."""
    present = {svg_layers.kind(row.operator) for row in rows}
    return tuple((key, name) for key, name in svg_layers.KINDS.items() if key in present)


def _power(report: Report, recording: tuple[Stretch, ...]) -> Iterator[Picture]:
    trace = report.trace
    drawn = power_trace(trace, report.energy) if trace else ""
    if trace is None or not drawn:
        return
    stretches = recording or zoom_of_envelope(trace)
    caption = (
        f"{count_text(trace.samples)} samples at {si(trace.sample_rate_hz, 'Hz')} by "
        f"{trace.meter}. "
        f"Line: mean; band: smallest to largest; shaded: inference windows. {zoom_text(stretches)}"
    )
    if trace.file:
        caption += f" All samples: {trace.file}."
    provenance = report.energy.provenance if report.energy else None
    zoom = zoom_json(stretches, trace, report.energy)
    yield Picture("Power over time", drawn, caption, (), provenance, zoom)


def _memory(report: Report) -> Iterator[Picture]:
    memory = report.bundle.memory
    if memory is None or not memory.buffers:
        return
    present = {buffer.kind for buffer in memory.buffers}
    legend = tuple((k, name) for k, name in svg_memory.KINDS.items() if k in present)
    steps = 1 + max(buffer.last for buffer in memory.buffers)
    for part in memory.parts():
        title = "Memory plan" + "".join(f": {block.memory}" for block in part.blocks)
        markup = memory_plan(part, steps)
        yield Picture(title, markup, _memory_caption(memory, part), legend, Provenance.MEASURED)


def _memory_caption(memory: MemorySummary, part: MemorySummary) -> str:
    above = part.arena_bytes / part.lower_bound - 1 if part.lower_bound else 0.0
    what = "Arena" if len(memory.blocks) < 2 else "Block of the arena,"
    text = (
        f"{what} {count_text(part.arena_bytes)} B, {percent(above, 1)} above the largest live set "
        f"({count_text(part.lower_bound)} B). Steps to the right, addresses upwards."
    )
    for block in part.blocks:
        share = percent(memory.touched_share(block), 1)
        text += (
            f" In {block.memory}, which has {count_text(block.room)} B for it: {share} of the bytes"
            " that an inference touches in the arena (estimated)."
        )
    return text


def _noise(found: Layers) -> Iterator[Picture]:
    """Signal to noise of each layer; the worst ones carry their value."""
    worst = noisiest(found.rows)
    if not worst:
        return
    values = [None if row.sqnr_db is None else max(row.sqnr_db, 0.0) for row in found.rows]
    mark = [found.rows.index(row) for row in worst[:1]]
    title = "Signal to quantization noise per layer"
    markup = columns(found.rows, values, name=title, form=_decibels, height=110, mark=mark)
    names = ", ".join(f"{row.name} {row.sqnr_db:.1f} dB" for row in worst)
    if markup:
        yield Picture(
            title, markup, f"Higher is better; an exact layer has no column. Lowest: {names}."
        )


def _decibels(value: float) -> str:
    return f"{value:.0f} dB" if value == round(value) else f"{value:.1f} dB"


def _short(value: float, unit: str) -> str:
    """A tick or mark: counts get an SI prefix, which is shorter than all their digits."""
    if not value:
        return "0"
    if unit in ("s",):
        return si(value, "s")
    if unit in ("instructions", "cycles", "MAC"):
        return si(value, "", 3).strip() if value >= 1000 else f"{value:g}"
    return f"{value:.2g}" if unit.endswith("/MAC") else value_text(value, unit)
