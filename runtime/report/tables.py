"""The tables of a report as values. Terminal, Markdown, HTML and CSV only draw them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from edgekit.artifacts.figures import Provenance
from edgekit.artifacts.report import Report
from edgekit.artifacts.run import RunResult
from edgekit.artifacts.samples import stored_of
from edgekit.runtime.measure.stats import Summary, summarize
from edgekit.runtime.report.figures import LABELS, label_of
from edgekit.runtime.report.layers import LayerRow, Layers, layers
from edgekit.runtime.report.text import (
    figure_text,
    plural,
    runs_text,
    shape_text,
    share_text,
    spread_text,
    value_text,
)
from edgekit.units import bytes_text, count_text, si


@dataclass(frozen=True, slots=True)
class Cell:
    """Text, and what a view may draw with it: a provenance badge, a bar of a length of 0..1, a
    shade of 0..1 behind it, of a right answer or of a wrong one."""

    text: str
    provenance: Provenance | None = None
    bar: float | None = None
    shade: float | None = None
    right: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A heading; numbers are set flush right, `wide` text may wrap."""

    title: str
    numeric: bool = False
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a stable `key`, a title and a sentence that says what it shows."""

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""


def tables(report: Report) -> tuple[Table, ...]:
    """Every table that has rows, in reading order."""
    from edgekit.runtime.report.accuracy_tables import accuracy_table, confusion_table
    from edgekit.runtime.report.cold_table import cold_table
    from edgekit.runtime.report.format_tables import formats_table
    from edgekit.runtime.report.mlperf_tables import rules_table, timed_table
    from edgekit.runtime.report.streaming_tables import streaming_layers_table, streaming_table
    from edgekit.runtime.report.sustained_tables import sustained_table, sustained_windows_table

    makers: tuple[Callable[[Report], Table], ...] = (
        rules_table, timed_table, figures_table, runs_table, batches_table, cold_table,
        sustained_table, sustained_windows_table,
        layers_table, formats_table, streaming_table, streaming_layers_table,
        accuracy_table, confusion_table, windows_table, image_table,
        memory_table, conditions_table,
    )  # fmt: skip
    made = (filled(make(report)) for make in makers)
    return tuple(table for table in made if table.rows)


def filled(table: Table) -> Table:
    """The table without the columns that are empty in every row."""
    kept = [i for i in range(len(table.columns)) if any(row[i].text for row in table.rows)]
    return replace(
        table,
        columns=tuple(table.columns[i] for i in kept),
        rows=tuple(tuple(row[i] for i in kept) for row in table.rows),
    )


def figures_table(report: Report) -> Table:
    """Each figure with spread, samples, provenance and basis."""
    rows = []
    for name, figure in ((name, report.figures.get(name)) for name in LABELS):
        if figure is None:
            continue
        source = figure.provenance
        value = (figure_text(figure), spread_text(figure), runs_text(figure.runs))
        texts = (label_of(name, figure), *value)
        rows.append((*map(Cell, texts), Cell(source.value, source), Cell(figure.basis)))
    columns = (
        Column("Figure"), Column("Value", True), Column("Spread"), Column("Samples", True),
        Column("Provenance"), Column("Basis", wide=True),
    )  # fmt: skip
    return Table("figures", "Figures and where they come from", columns, tuple(rows))


def runs_table(report: Report) -> Table:
    """Each run: engine, threads, latency quantiles or counted instructions."""
    rows = [_run_row(run) for run in report.runs]
    columns = (
        Column("Device", wide=True), Column("Engine", wide=True), Column("Threads", True),
        Column("Samples", True), Column("Median", True), Column("p5", True), Column("p95", True),
        Column("p99", True), Column("Outputs equal", True), Column("Provenance"),
    )  # fmt: skip
    timed = any(run.latency_s and run.counter_unit != "instructions" for run in report.runs)
    caption = "Latency of one inference; p5, p95 and p99 are percentiles of all samples."
    if not timed:
        caption = "Counted in one inference; a sample is a window of inferences."
    return Table("runs", "Runs", columns, tuple(rows), caption if rows else "")


def _run_row(run: RunResult) -> tuple[Cell, ...]:
    equal = f"{run.outputs_equal} of {run.outputs_checked}" if run.outputs_checked else ""
    texts = (run.device, run.engine, str(run.threads), *_quantiles(run), equal)
    return (*map(Cell, texts), Cell(run.provenance.value, run.provenance))


def _quantiles(run: RunResult) -> tuple[str, str, str, str, str]:
    """Samples, median, p5, p95, p99."""
    kept = run.latency_stored or stored_of(run.latency_s)
    if run.latency_s and kept is None and run.counter_unit != "instructions":
        row: Summary = summarize(run.latency_s)
        return _row_of(row.count, row.median, row.p5, row.p95, row.p99)
    if kept is not None:
        return _row_of(kept.count, kept.median_s, kept.p5_s, kept.p95_s, kept.p99_s)
    if run.count_per_inference is None:
        return ("", "", "", "", "")
    count = f"{count_text(run.count_per_inference)} {run.counter_unit}"
    return (count_text(len(run.windows)) if run.windows else "", count, "", "", "")


def _row_of(
    count: int, median: float, p5: float, p95: float, p99: float
) -> tuple[str, str, str, str, str]:
    return (count_text(count), si(median, "s"), si(p5, "s"), si(p95, "s"), si(p99, "s"))


def batches_table(report: Report) -> Table:
    """Throughput against batch size, of every run with more than one size."""
    rows = []
    for run in report.runs:
        if len(run.batches) < 2:
            continue
        for batch in run.batches:
            stored = batch.seconds_stored or stored_of(batch.seconds)
            median = stored.median_s if stored else summarize(batch.seconds).median
            count = stored.count if stored else len(batch.seconds)
            texts = (
                run.engine, str(run.threads), str(batch.batch), si(median, "s"),
                value_text(batch.batch / median, "1/s"), count_text(count),
            )  # fmt: skip
            rows.append(tuple(map(Cell, texts)))
    columns = (
        Column("Engine", wide=True), Column("Threads", True), Column("Batch", True),
        Column("Median", True), Column("Throughput", True), Column("Samples", True),
    )  # fmt: skip
    return Table("batches", "Throughput against batch size", columns, tuple(rows))


def layers_table(report: Report) -> Table:
    """One row per layer."""
    found = layers(report)
    unit = {"s": "time"}.get(found.unit, found.unit)
    largest = max((row.share or 0.0 for row in found.rows), default=0.0) or 1.0
    makers: tuple[tuple[Column, Callable[[LayerRow], Cell]], ...] = (
        (Column("#", True), lambda row: Cell(str(row.index))),
        (Column("Layer"), lambda row: Cell(row.name)),
        (Column("Operator"), lambda row: Cell(row.operator)),
        (Column("Output", True), lambda row: Cell(shape_text(row.shape) if row.shape else "")),
        (Column("MACs", True), lambda row: Cell(count_text(row.macs) if row.macs else "")),
        (Column(unit.capitalize(), True), lambda row: Cell(_optional(row.cost, found.unit))),
        (Column("Estimated", True), lambda row: Cell(_estimate(row, found.unit))),
        (Column("Share"), lambda row: Cell(_share(row), bar=(row.share or 0.0) / largest)),
        (Column("Per MAC", True), lambda row: Cell(_per_mac(row, found.unit))),
        (Column("Weights", True), lambda row: Cell(_bytes(row.weight_bytes))),
        (Column("RAM", True), lambda row: Cell(_bytes(row.live_bytes))),
        (Column("SQNR", True), lambda row: Cell(_noise(row))),
    )
    columns = tuple(column for column, _ in makers)
    rows = tuple(tuple(make(row) for _, make in makers) for row in found.rows)
    return Table("layers", "Each layer", columns, rows, _layers_caption(report, found))


def _layers_caption(report: Report, found: Layers) -> str:
    """What the columns hold, and where counts and estimates come from."""
    unit = {"s": "time"}.get(found.unit, found.unit)
    said = [f"{unit.capitalize()} per inference on {found.source}."] if found.source else []
    basis = report.bundle.cost_basis
    if basis and any(_estimate(row, found.unit) for row in found.rows):
        texts = "; ".join(f"{isa} kernels from {text}" for isa, text in basis.items())
        said.append(f"Estimated: instructions by the cost model, {texts}.")
    if any(row.live_bytes for row in found.rows):
        said.append("RAM is what of the arena is live in the layer's step.")
    if any(_noise(row) for row in found.rows):
        said.append("SQNR is the signal to quantization noise ratio of the layer's output.")
    return " ".join(said)


def _estimate(row: LayerRow, unit: str) -> str:
    """The estimate stands beside counts of the same unit, or where there are none yet."""
    return count_text(row.estimate) if row.estimate and unit in ("", "instructions") else ""


def _optional(value: float | None, unit: str) -> str:
    return "" if value is None else value_text(value, unit)


def _share(row: LayerRow) -> str:
    return "" if row.share is None else share_text(row.share)


def _per_mac(row: LayerRow, unit: str) -> str:
    if row.per_mac is None:
        return ""
    return si(row.per_mac, "s") if unit == "s" else f"{row.per_mac:.2f}"


def _bytes(count: int) -> str:
    return bytes_text(count) if count else ""


def _noise(row: LayerRow) -> str:
    return "exact" if row.exact else "" if row.sqnr_db is None else f"{row.sqnr_db:.1f} dB"


def windows_table(report: Report) -> Table:
    """The energy windows, each with its inferences."""
    columns = (
        Column("Window", True), Column("Start", True), Column("Length", True),
        Column("Inferences", True), Column("Energy", True), Column("Per inference", True),
    )  # fmt: skip
    if report.energy is None:
        return Table("windows", "Energy windows", columns, ())
    rows = []
    for index, window in enumerate(report.energy.windows):
        texts = (
            str(index + 1), si(window.start_s, "s"), si(window.end_s - window.start_s, "s"),
            count_text(window.inferences), si(window.joules, "J"),
            si(window.joules / window.inferences, "J") if window.inferences else "",
        )  # fmt: skip
        rows.append(tuple(map(Cell, texts)))
    lost = plural(report.energy.lost_samples, "sample")
    caption = f"{report.energy.meter}, {report.energy.provenance}; {lost} lost."
    return Table("windows", "Energy windows", columns, tuple(rows), caption)


ORIGINS = {
    "kernels": "kernels",
    "model": "the model's own code",
    "weights": "weights, biases, factors",
    "app": "application, arena included",
    "port": "board support",
    "libc": "C library",
    "stack": "stack",
    "padding": "alignment",
    "total": "all",
}
"""Origin of bytes in a built image -> its row."""
MEMORY = {
    "arena": "arena",
    "arena_high_water": "arena, high-water",
    "input_buffer": "copy of the input",
    "stack_high_water": "stack, high-water",
    "model": "model.tflite",
    "weights": "weights in the C",
    "constants": "other constants in the C",
    "peak_rss": "peak resident memory",
    "rss_before_model": "resident memory before the model",
}
"""What else is known in bytes -> its row."""


def image_table(report: Report) -> Table:
    """Flash and RAM of the built firmware by origin, in bytes."""
    found = report.runs[0].memory if report.runs else {}
    names = {key.partition(".")[2] for key in found if key.startswith(("flash.", "ram."))}
    rows = [
        tuple(map(Cell, (ORIGINS.get(name, name), *(_part(found, k, name) for k in _KINDS))))
        for name in sorted(names, key=[*ORIGINS, *sorted(names - ORIGINS.keys())].index)
    ]
    columns = (Column("Firmware"), Column("Flash", True), Column("RAM", True))
    return Table("image", "Firmware by origin, in bytes", columns, tuple(rows))


_KINDS = ("flash", "ram")


def _part(found: dict[str, int], kind: str, name: str) -> str:
    size = found.get(f"{kind}.{name}")
    return "" if size is None else count_text(size)


def memory_table(report: Report) -> Table:
    """What the memory plan and the runs reported, in bytes."""
    found = dict(report.bundle.sizes)
    for run in report.runs[:1]:
        found |= run.memory
    sections = any("." in key for key in found)
    keys = [key for key in MEMORY if key in found]
    keys += [key for key in sorted(found) if key not in MEMORY and "." not in key]
    rows = [
        (Cell(MEMORY.get(key, key.replace("_", " "))), Cell(count_text(found[key])))
        for key in keys
        if key != "stack" or not sections
    ]
    columns = (Column("Memory"), Column("Bytes", True))
    return Table("memory", "Memory, in bytes", columns, tuple(rows))


def conditions_table(report: Report) -> Table:
    """Everything that must be equal before two reports may be compared."""
    bundle, target = report.bundle, report.target
    facts = {
        "model": f"{bundle.name}, sha256 {bundle.model_sha256}",
        "source": ", ".join(f"{key} {value}" for key, value in sorted(bundle.source.items())),
        "precision": bundle.precision,
        "recipe": _recipe(report),
        "target": f"{target.name}: {target.title}",
        "cpu": f"{target.cpu}, {si(target.clock_hz, 'Hz')}" if target.clock_hz else target.cpu,
        "made by": report.tool,
        "date": report.created,
        **{f"tool: {key}": value for key, value in sorted(bundle.versions.items())},
        **{f"machine: {key}": value for key, value in sorted(_environment(report).items())},
    }
    rows = tuple((Cell(key), Cell(value)) for key, value in facts.items() if value)
    columns = (Column("Condition"), Column("Value", wide=True))
    return Table("conditions", "Conditions", columns, rows)


def _recipe(report: Report) -> str:
    rows = (f"{key} {value}" for key, value in sorted(report.bundle.recipe.items()))
    return ", ".join(row for row in rows if not row.startswith("precision "))


def _environment(report: Report) -> dict[str, str]:
    return {**(report.runs[0].environment if report.runs else {}), **report.environment}
