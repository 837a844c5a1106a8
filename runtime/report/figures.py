"""The named figures of a report, each with its provenance and basis.

Nothing is mixed: instructions counted in an emulator are simulated, a time derived from them is
estimated and names the clock and the cycles per instruction it assumes, energy from a virtual
meter stays simulated. A figure that cannot be had is left out; none is ever guessed at.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING

from edgekit.artifacts.bundle import Manifest
from edgekit.artifacts.figures import OF_MEANS, Figure, Provenance
from edgekit.artifacts.power import EnergyResult
from edgekit.artifacts.run import RunResult
from edgekit.runtime.measure.stats import median_interval, summarize
from edgekit.runtime.measure.sustained import trend
from edgekit.runtime.report.text import RESOLUTION, metric_text, plural, samples_text
from edgekit.units import count_text, si

if TYPE_CHECKING:
    from edgekit.targets.model import Target

LABELS: dict[str, str] = {
    "accuracy": "Accuracy, converted",
    "accuracy_before": "Accuracy, float",
    "output_sqnr": "Output signal to noise",
    "latency": "Latency, median",
    "estimated_latency": "Latency, estimated",
    "tool_latency": "Latency, LiteRT's benchmark_model",
    "tool_init": "Loading, LiteRT's benchmark_model",
    "throughput": "Throughput",
    "sustained_throughput": "Throughput, sustained",
    "cold_start": "Cold start, to the first result",
    "instructions": "Instructions per inference",
    "estimated_instructions": "Instructions, estimated",
    "cycles": "Cycles per inference",
    "instructions_per_mac": "Instructions per MAC",
    "macs": "Multiply-accumulates",
    "macs_computed": "Multiply-accumulates, computed",
    "model_size": "Model file",
    "flash": "Flash",
    "ram": "RAM",
    "arena": "Arena",
    "stack": "Stack, high-water",
    "peak_memory": "Peak memory of the process",
    "tool_memory": "Memory, LiteRT's benchmark_model",
    "energy_gross": "Energy per inference, gross",
    "energy_net": "Energy per inference, net of idle",
    "average_power": "Average power",
    "idle_power": "Idle power",
    "board_clock": "Board's clock against the meter's",
    "computer_clock": "This computer's clock against the meter's",
    "estimated_energy": "Energy per inference, estimated",
    "energy_per_correct": "Energy per correct answer",
    "energy_delay": "Energy-delay product",
    "inferences_per_charge": "Inferences per charge",
    "duty_power": "Average power with pauses",
    "battery_life": "Battery life",
    "cost_per_million": "Cost of a million inferences",
}
"""Every name a figure can have, in the order views show them, with its label."""

_JUDGED_BY: dict[str, str] = {
    "agreement": "Same class as the float model",
    "sqnr": "Output's power kept",
}
"""Metrics that hold the converted model against the float one, so that the latter has no value of
its own: what the figure "accuracy" is then called."""

CACHE = "files already in the page cache"
"""How files lie when cold starts are timed: the benchmark has read them before."""

Named = Iterator[tuple[str, Figure]]


def build_figures(
    manifest: Manifest,
    target: Target,
    *,
    runs: Sequence[RunResult] = (),
    energy: EnergyResult | None = None,
    sizes: Mapping[str, int] | None = None,
    others: Mapping[str, Figure] | None = None,
) -> dict[str, Figure]:
    """All figures these records yield, and `others`, in the order of LABELS.

    `sizes` holds bytes of the built image as "flash.<section>" and "ram.<section>"; a key
    "flash.total" or "ram.total", where there is one, is taken instead of the sum. Without
    `sizes` those of the first run that has any are used. Headline figures come from the first
    run that provides them.
    """
    image = dict(sizes or next((run.memory for run in runs if _has_sections(run.memory)), {}))
    found = dict(_accuracy(manifest))
    found |= _sizes(manifest, target, image)
    for run in reversed(runs):
        found |= _run(run, manifest)
    found |= _modelled(manifest, target)
    found |= _estimates(target, found)
    if energy is not None:
        found |= _energy(energy)
        found |= _consequences(energy, manifest)
    found |= others or {}
    return {name: found[name] for name in LABELS if _finite(found.get(name))}


def _accuracy(manifest: Manifest) -> Named:
    yield "macs", Figure(manifest.macs, "MAC", Provenance.MEASURED, "operators of the model")
    computed = computed_macs(manifest)
    if computed != manifest.macs:
        basis = "the generated C, without channels that no input changes"
        yield "macs_computed", Figure(computed, "MAC", Provenance.MEASURED, basis)
    summary = manifest.accuracy
    if summary is None:
        return
    basis = f"{metric_text(summary.metric)}, {samples_text(summary)}"
    runs = summary.samples
    measured = Provenance.MEASURED
    yield "accuracy", Figure(summary.after, "fraction", measured, basis, runs)
    if summary.metric not in _JUDGED_BY:
        yield "accuracy_before", Figure(summary.before, "fraction", measured, basis, runs)
    if summary.sqnr_db is not None:
        yield "output_sqnr", Figure(summary.sqnr_db, "dB", measured, basis, runs)


def label_of(name: str, figure: Figure) -> str:
    """What a view calls a figure. Agreement with the float model is not called accuracy."""
    if name == "accuracy":
        for metric, label in _JUDGED_BY.items():
            if figure.basis.startswith(metric_text(metric)):
                return label
    return LABELS.get(name, name)


def computed_macs(manifest: Manifest) -> int:
    """MACs of the generated C where there is one; it may leave out what no input changes."""
    return sum(step.macs for step in manifest.steps) or manifest.macs


def _sizes(manifest: Manifest, target: Target, image: Mapping[str, int]) -> dict[str, Figure]:
    counted = Provenance.MEASURED
    found = {
        "model_size": Figure(manifest.model_bytes, "B", counted, "size of model.tflite"),
    }
    if manifest.memory is not None:
        basis = "memory plan of the generated C"
        found["arena"] = Figure(manifest.memory.arena_bytes, "B", counted, basis)
    for name in ("flash", "ram"):
        if _has_sections(image, name):
            basis = f"sections of the built image: {_sections(image, name)}"
            found[name] = Figure(section_total(image, name), "B", counted, basis)
    if target.total("flash") and "c" in target.formats and not image:
        found |= _sizes_before_build(manifest, target)
    return found


def _sizes_before_build(manifest: Manifest, target: Target) -> dict[str, Figure]:
    """What is known without compiling: constants, without the code; arena plus stack."""
    sizes, found = manifest.sizes, {}
    if "weights" in sizes:
        constants = sizes["weights"] + sizes.get("constants", 0)
        basis = "weights and constants of the generated C, without its code"
        found["flash"] = Figure(constants, "B", Provenance.ESTIMATED, basis)
    if manifest.memory is not None:
        basis = f"arena and {target.stack_bytes:,} B set aside for the stack"
        total = manifest.memory.arena_bytes + target.stack_bytes
        found["ram"] = Figure(total, "B", Provenance.ESTIMATED, basis)
    return found


def _has_sections(image: Mapping[str, int], kind: str = "flash") -> bool:
    return any(key.startswith(f"{kind}.") for key in image)


def section_total(image: Mapping[str, int], kind: str) -> int:
    """Bytes of "<kind>.total", or of all "<kind>.<section>" together."""
    rows = {key: size for key, size in image.items() if key.startswith(f"{kind}.")}
    return rows.get(f"{kind}.total", sum(rows.values()))


def _sections(image: Mapping[str, int], kind: str) -> str:
    rows = sorted(key.partition(".")[2] for key in image if key.startswith(f"{kind}."))
    return ", ".join(row for row in rows if row != "total") or "total"


def _run(run: RunResult, manifest: Manifest) -> dict[str, Figure]:
    found = dict(_counts(run, manifest))
    if run.latency_s and run.counter_unit != "instructions":
        found |= _latency(run)
    if len(run.sustained) > 1:
        found["sustained_throughput"] = _sustained(run)
    if run.cold:
        found["cold_start"] = _cold_start(run)
    if "stack_high_water" in run.memory:
        basis = f"painted stack on {run.device}"
        found["stack"] = Figure(run.memory["stack_high_water"], "B", run.provenance, basis)
    if "peak_rss" in run.memory:
        before = run.memory.get("rss_before_model")
        basis = "whole process"
        if before is not None:
            basis += f", {before / 2**20:.1f} MiB of it before the model was opened"
        found["peak_memory"] = Figure(run.memory["peak_rss"], "B", run.provenance, basis)
    return found


def _counts(run: RunResult, manifest: Manifest) -> Named:
    """Counter readings; the spread is the counter's resolution."""
    count = run.count_per_inference
    if count is None or run.counter_unit not in ("instructions", "cycles"):
        return
    windows = len(run.windows)
    basis = f"{run.device}, {run.engine}"
    step = run.count_resolution
    spread = (count - step / 2, count + step / 2, RESOLUTION) if step else (None,) * 2
    yield (
        run.counter_unit,
        Figure(count, run.counter_unit, run.provenance, basis, max(windows, 1), *spread),
    )
    macs = computed_macs(manifest)
    if macs and run.counter_unit == "instructions":
        over = f"{basis}, over {count_text(macs)} MACs"
        yield (
            "instructions_per_mac",
            Figure(count / macs, "instructions/MAC", run.provenance, over, max(windows, 1)),
        )


def _latency(run: RunResult) -> dict[str, Figure]:
    summary = summarize(run.latency_s)
    basis = f"{run.device}, {run.engine}, {plural(run.threads, 'thread')}"
    found = {
        "latency": Figure(
            summary.median, "s", run.provenance, basis, summary.count, summary.p5, summary.p95,
            OF_MEANS if run.averaged else "p5..p95",
        )
    }  # fmt: skip
    rates = [(row.batch / summarize(row.seconds).median, row) for row in run.batches if row.seconds]
    if rates:
        rate, row = max(rates, key=lambda pair: pair[0])
        low, high = median_interval(row.seconds)
        found["throughput"] = Figure(
            rate, "1/s", run.provenance, f"batch {row.batch}, {basis}", len(row.seconds),
            row.batch / high, row.batch / low, "95 % CI",
        )  # fmt: skip
    return found


def _sustained(run: RunResult) -> Figure:
    windows = run.sustained
    rates = [window.rate for window in windows]
    last = windows[-1]
    basis = (
        f"last of {len(windows)} windows in {si(last.start_s + last.seconds, 's')}, "
        f"{trend(windows).change:+.1%} against the first; {run.device}, {run.engine}, "
        f"{plural(run.threads, 'thread')}"
    )
    return Figure(
        rates[-1], "1/s", run.provenance, basis, last.inferences, min(rates), max(rates),
        "slowest..fastest window",
    )  # fmt: skip


def _cold_start(run: RunResult) -> Figure:
    totals = [start.total_s for start in run.cold]
    basis = f"{run.device}, {run.engine}, {plural(run.threads, 'thread')}; fresh processes, {CACHE}"
    return Figure(
        median(totals), "s", run.provenance, basis, len(totals), min(totals), max(totals),
        "smallest..largest",
    )  # fmt: skip


def _modelled(manifest: Manifest, target: Target) -> Named:
    """Instructions as the cost model has them, for targets whose time goes by instructions."""
    estimates = [step.estimate for step in manifest.steps]
    if not estimates or not all(estimates) or target.seconds_per_instruction is None:
        return
    basis = "; ".join(f"{isa} kernels from {text}" for isa, text in manifest.cost_basis.items())
    yield (
        "estimated_instructions",
        Figure(sum(estimates), "instructions", Provenance.ESTIMATED, f"cost model, {basis}"),
    )


def _estimates(target: Target, found: Mapping[str, Figure]) -> Named:
    """Time from instructions, and energy from that time; both say what they assume."""
    counted = found.get("instructions", found.get("estimated_instructions"))
    seconds = target.seconds_per_instruction
    if counted is None or seconds is None:
        return
    latency = counted.value * seconds
    cpi = target.cpu.cycles_per_instruction
    basis = (
        f"{count_text(counted.value)} instructions ({counted.provenance}) x {cpi:g} cycles per "
        f"instruction / {si(target.clock_hz, 'Hz')}; {target.cpu.cycles_source}"
    )
    yield "estimated_latency", Figure(latency, "s", Provenance.ESTIMATED, basis)
    power = target.power
    if power is not None and power.active_mw is not None:
        basis = f"estimated latency x {power.active_mw:g} mW; {power.source}"
        yield (
            "estimated_energy",
            Figure(latency * power.active_mw / 1e3, "J", Provenance.ESTIMATED, basis),
        )


def _energy(energy: EnergyResult) -> Named:
    windows = energy.windows
    source = windows[0].source if windows else "windows"
    basis = f"{energy.meter}, windows by {source}"
    count = max(len(windows), 1)
    yield (
        "energy_gross",
        Figure(
            energy.gross_j, "J", energy.provenance, basis, count, energy.low_j, energy.high_j,
            "95 % CI",
        ),
    )  # fmt: skip
    yield "average_power", Figure(energy.average_w, "W", energy.provenance, basis, count)
    if energy.net_j is not None and energy.idle_w is not None:
        less = f"{basis}, less {si(energy.idle_w, 'W')} idle"
        interval = (energy.net_low_j, energy.net_high_j)
        spread = (*interval, "" if None in interval else "95 % CI")
        yield "energy_net", Figure(energy.net_j, "J", energy.provenance, less, count, *spread)
        yield "idle_power", Figure(energy.idle_w, "W", energy.provenance, basis)

    for clock in energy.clocks:
        interval = (clock.low_ppm, clock.high_ppm)
        spread = (*interval, "" if None in interval else "95 % CI")
        less = f"{basis}; positive where it runs fast"
        ratio = Figure(clock.ppm, "ppm", energy.provenance, less, clock.windows, *spread)
        yield f"{clock.name}_clock", ratio


# Key of EnergyResult.extra -> figure, unit, factor, and what of the use it depends on.
_USES = (
    ("energy_delay_js", "energy_delay", "J s", 1.0, ()),
    ("inferences_per_charge", "inferences_per_charge", "inferences", 1.0, ("battery_wh",)),
    ("duty_w", "duty_power", "W", 1.0, ("every_s", "sleep_w")),
    ("battery_life_s", "battery_life", "d", 1 / 86400, ("battery_wh", "every_s", "sleep_w")),
    ("cost_per_million", "cost_per_million", "price", 1.0, ("price_per_kwh",)),
)
_GIVEN = {
    "battery_wh": lambda value: f"a battery of {value:.4g} Wh",
    "every_s": lambda value: f"one inference every {si(value, 's')}",
    "sleep_w": lambda value: f"{si(value, 'W')} asleep",
    "price_per_kwh": lambda value: f"{value:g} per kWh",
}


def _consequences(energy: EnergyResult, manifest: Manifest) -> Named:
    """What the energy means for a battery, a bill and an answer: computed, so estimated."""
    extra = energy.extra
    basis = f"gross energy ({energy.provenance}, {energy.meter})"
    for key, name, unit, factor, needs in _USES:
        if key in extra:
            given = "".join(f", {_GIVEN[need](extra[need])}" for need in needs)
            yield name, Figure(extra[key] * factor, unit, Provenance.ESTIMATED, basis + given)
    accuracy = manifest.accuracy
    if accuracy is not None and accuracy.metric == "top1" and accuracy.after > 0:
        over = f"{basis} over the accuracy on {accuracy.data}"
        each = energy.gross_j / accuracy.after
        yield "energy_per_correct", Figure(each, "J", Provenance.ESTIMATED, over)


def _finite(figure: Figure | None) -> bool:
    return figure is not None and math.isfinite(figure.value)
