"""The six questions a report answers first, as values that every view shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from edgekit.artifacts.bundle import AccuracySummary
from edgekit.artifacts.figures import Figure, Provenance
from edgekit.artifacts.report import Report
from edgekit.runtime.report.layers import layers, live_bytes
from edgekit.runtime.report.text import (
    figure_text,
    metric_text,
    plural,
    samples_text,
    share_text,
    spread_text,
)
from edgekit.units import bytes_text, count_text, percent, si

Tone = Literal["good", "bad", "neutral"]


@dataclass(frozen=True, slots=True)
class Use:
    """How much of a memory is taken, in bytes."""

    memory: str
    used: int
    total: int

    @property
    def share(self) -> float:
        """Used of total; above 1 it does not fit."""
        return self.used / self.total


@dataclass(frozen=True, slots=True)
class Answer:
    """A question, the short answer, and the sentences under it."""

    question: str
    value: str
    details: tuple[str, ...] = ()
    provenance: Provenance | None = None
    tone: Tone = "neutral"
    uses: tuple[Use, ...] = ()


def answers(report: Report) -> tuple[Answer, ...]:
    """How accurate, how fast, how big, how much energy, does it fit, what limits it."""
    questions: tuple[Callable[[Report], Answer], ...] = (
        accurate, fast, big, energy, fits, limits,
    )  # fmt: skip
    return tuple(question(report) for question in questions)


def accurate(report: Report) -> Answer:
    """The converted model's accuracy beside the float model's."""
    question = "How accurate?"
    summary, figure = report.bundle.accuracy, report.figures.get("accuracy")
    if report.mlperf is not None and report.mlperf.score is not None and figure is not None:
        return Answer(question, figure_text(figure), (figure.basis,), figure.provenance)
    if summary is None or figure is None:
        return Answer(question, "Not checked", ("convert with --eval DATA to find out",))
    details = [f"{metric_text(summary.metric)} on {samples_text(summary)}"]
    if summary.metric not in _AGAINST_FLOAT:
        change = 100 * (summary.after - summary.before)
        details.insert(0, f"float model {percent(summary.before)}, {change:+.2f} points")
    details += _more_accuracy(summary)
    return Answer(question, figure_text(figure), tuple(details), figure.provenance)


_AGAINST_FLOAT = ("agreement", "sqnr")
"""Metrics that compare with the float model's outputs, for which that model has no value."""


def _more_accuracy(summary: AccuracySummary) -> Iterator[str]:
    """What else was found on the same samples."""
    if summary.agreement is not None and summary.metric != "agreement":
        yield f"same class as the float model on {percent(summary.agreement)}"
    if summary.auc is not None and summary.metric != "auc":
        yield f"area under the ROC curve {summary.auc[0]:.4f} to {summary.auc[1]:.4f}"
    if summary.expected_drop is not None:
        yield f"expected loss {100 * summary.expected_drop:.2f} points"
    if summary.sqnr_db is not None:
        yield f"output signal to noise {summary.sqnr_db:.1f} dB"


def fast(report: Report) -> Answer:
    """The measured latency, else the estimate, else the instructions."""
    question = "How fast?"
    name, figure = _first(report, "latency", "estimated_latency", "instructions", "cycles")
    if figure is None:
        if report.runs:
            return Answer(question, "Not timed", ("an emulator's time would mean nothing",))
        return Answer(question, "Not run", ("run edgekit bench on the bundle",))
    details = [spread_text(figure)] if figure.spread else []
    if name == "latency":  # the basis begins with the device, which the heading has
        details.append(figure.basis.partition(", ")[2])
    if figure.runs > 1:
        details.append(plural(figure.runs, "sample"))
    _, counted = _first(report, "instructions", "estimated_instructions")
    if counted is not None and name not in ("instructions", "latency"):
        details.append(f"{figure_text(counted)} instructions ({counted.provenance})")
    per_mac = report.figures.get("instructions_per_mac")
    if per_mac is not None:
        details.append(f"{figure_text(per_mac)} instructions per MAC{_left_out(report)}")
    details += _startup(report)
    if name == "estimated_latency" and report.target.clock_hz:
        details.append(f"at {si(report.target.clock_hz, 'Hz')}, {report.target.cpu}")
    if not report.runs:
        details.append("nothing ran yet: edgekit bench counts")
    rate = report.figures.get("throughput")
    if rate is not None:
        details.append(f"throughput {figure_text(rate)}, {rate.basis.partition(',')[0]}")
    unit = f" {figure.unit}" if name in ("instructions", "cycles") else ""
    return Answer(question, figure_text(figure) + unit, tuple(details), figure.provenance)


def _startup(report: Report) -> list[str]:
    """What precedes the first inference, where it was counted."""
    run = next((run for run in report.runs if run.startup_count), None)
    if run is None or run.startup_count is None:
        return []
    return [
        f"start-up {count_text(round(run.startup_count))} {run.counter_unit} ({run.provenance})"
    ]


def _left_out(report: Report) -> str:
    """How many MACs that is, where they are not those of the model."""
    computed = report.figures.get("macs_computed")
    if computed is None:
        return ""
    return f" ({figure_text(computed)} of {count_text(report.bundle.macs)} are computed)"


def big(report: Report) -> Answer:
    """Flash of the firmware where there is one, else the size of the model file."""
    name, figure = _first(report, "flash", "model_size")
    if figure is None:  # somebody else's firmware
        return Answer("How big?", "Not known", ("the board's firmware was made elsewhere",))
    details = ["model file"]
    if name == "flash":
        counted = _is_counted(figure)
        details = ["flash of the built firmware" if counted else "flash, before code"]
        details += _model_flash(report)
        details.append(f"model file {bytes_text(report.bundle.model_bytes)}")
    details += _ram(report)
    for key, label in _MEMORY.items():
        if key in report.figures:
            details.append(f"{label} {figure_text(report.figures[key])}")
    return Answer("How big?", figure_text(figure), tuple(details), figure.provenance)


_MEMORY = {"stack": "stack high-water", "peak_memory": "peak memory of the process"}


def _model_flash(report: Report) -> list[str]:
    """What the model itself takes of the firmware's flash."""
    image = _image(report)
    weights = image.get("flash.weights", 0)
    code = image.get("flash.kernels", 0) + image.get("flash.model", 0)
    if not (weights and code):
        return []
    parts = f"weights {bytes_text(weights)}, code {bytes_text(code)}"
    return [f"of it the model {bytes_text(weights + code)} ({parts})"]


def _ram(report: Report) -> list[str]:
    """RAM with what it holds, or the arena alone."""
    ram, arena = report.figures.get("ram"), report.figures.get("arena")
    if ram is None:
        return [] if arena is None else [f"arena {figure_text(arena)}"]
    image = _image(report)
    parts = [] if arena is None else [f"arena {figure_text(arena)}"]
    for key, label in (("input_buffer", "copy of the input"), ("ram.stack", "stack")):
        if key in image:
            parts.append(f"{label} {bytes_text(image[key])}")
    return [f"RAM {figure_text(ram)}" + (f" ({', '.join(parts)})" if parts else "")]


def _image(report: Report) -> dict[str, int]:
    """Bytes of the firmware as the first run has them."""
    return report.runs[0].memory if report.runs else {}


def energy(report: Report) -> Answer:
    """Gross energy from the meter, else the estimate."""
    question = "How much energy?"
    name, figure = _first(report, "energy_gross", "estimated_energy")
    if figure is None:
        return Answer(question, "Not measured", ("run edgekit bench --power METER",))
    details = ["per inference, gross" if name == "energy_gross" else "per inference"]
    if "energy_net" in report.figures:
        net = report.figures["energy_net"]
        between = f", {spread_text(net)}" if spread_text(net) else ""
        details.append(f"net of idle {figure_text(net)}{between}")
    if "average_power" in report.figures:
        details.append(f"average power {figure_text(report.figures['average_power'])}")
    if figure.spread:
        details.append(spread_text(figure))
    if name == "estimated_energy":
        details.append("estimated latency x active power of the profile")
    return Answer(question, figure_text(figure), tuple(details), figure.provenance)


def fits(report: Report) -> Answer:
    """Flash and RAM taken of what the target has."""
    question = "Does it fit?"
    uses = _uses(report)
    if not uses:
        why = f"no memory limit stated for {report.target.name}"
        return Answer(question, "No limit", (why,))
    details = tuple(
        f"{use.memory} {bytes_text(use.used)} of {bytes_text(use.total)} ({share_text(use.share)})"
        for use in uses
    )
    worst = max(uses, key=lambda use: use.share)
    sure = all(
        _is_counted(report.figures[key]) for key in ("flash", "ram") if key in report.figures
    )
    provenance = Provenance.MEASURED if sure else Provenance.ESTIMATED
    if worst.share > 1:
        over = bytes_text(worst.used - worst.total)
        return Answer(question, f"No: {over} over", details, provenance, "bad", uses)
    return Answer(question, "Yes", details, provenance, "good", uses)


def _uses(report: Report) -> tuple[Use, ...]:
    """Flash as built; RAM with the stack set aside, unless a section or estimate holds it."""
    uses = []
    flash, ram = report.figures.get("flash"), report.figures.get("ram")
    if flash is not None and report.target.flash_bytes:
        uses.append(Use("flash", round(flash.value), report.target.flash_bytes))
    if ram is not None and report.target.ram_bytes:
        counted = _is_counted(ram) and "stack" not in ram.basis
        stack = report.target.stack_bytes if counted else 0
        uses.append(Use("RAM with stack", round(ram.value) + stack, report.target.ram_bytes))
    return tuple(uses)


def limits(report: Report) -> Answer:
    """The operator that takes most of the time, the heaviest layer, the memory peak."""
    question = "What limits it?"
    found = layers(report)
    shares = found.by_operator()
    if not shares:
        return Answer(question, "Not known", ("no per-layer figures in this report",))
    unit, weights = found.weight
    unit = {"s": "time"}.get(unit, unit)
    whole = sum(weights)
    heaviest, row = max(zip(weights, found.rows, strict=True), key=lambda pair: pair[0])
    share = share_text(heaviest / whole)
    operator, part = shares[0]
    details = [
        f"{share_text(part)} of the {unit}",
        f"heaviest layer {row.name}: {share} of the {unit}",
    ]
    if peak := memory_peak(report):
        details.append(peak)
    return Answer(question, operator, tuple(details), found.provenance)


def memory_peak(report: Report) -> str:
    """Where the largest live set of the arena is, or "" without a memory plan."""
    memory = report.bundle.memory
    if memory is None or not memory.buffers:
        return ""
    step, live = max(live_bytes(memory.buffers).items(), key=lambda pair: (pair[1], -pair[0]))
    names = {row.index: row.name for row in report.bundle.steps}
    return (
        f"RAM peaks at step {step}{f' ({names[step]})' if step in names else ''}: {live:,} B live"
    )


def _is_counted(figure: Figure) -> bool:
    return figure.provenance is Provenance.MEASURED


def _first(report: Report, *names: str) -> tuple[str, Figure | None]:
    for name in names:
        if name in report.figures:
            return name, report.figures[name]
    return "", None
