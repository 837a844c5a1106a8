"""Put a report together from what conversion, runs and meters yielded."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from importlib import metadata
from typing import TYPE_CHECKING

from edgekit.artifacts.bundle import AccuracySummary, Manifest, StepInfo
from edgekit.artifacts.figures import Figure, Note
from edgekit.artifacts.power import EnergyResult, PowerTrace
from edgekit.artifacts.report import BundleSummary, Report, TargetSummary
from edgekit.artifacts.report_migrations import kernel_sets
from edgekit.artifacts.run import RunResult
from edgekit.runtime.report.envelope import envelope
from edgekit.runtime.report.figures import build_figures
from edgekit.targets.reader import profile_sha256

if TYPE_CHECKING:
    from edgekit.targets.model import Target


def make_report(
    manifest: Manifest,
    target: Target,
    *,
    runs: Sequence[RunResult] = (),
    energy: EnergyResult | None = None,
    trace: PowerTrace | None = None,
    sizes: Mapping[str, int] | None = None,
    figures: Mapping[str, Figure] | None = None,
    warnings: Iterable[Note] = (),
    created: str = "",
    environment: Mapping[str, str] | None = None,
    tool: str | None = None,
) -> Report:
    """The report of a bundle: of its conversion alone when there are no runs.

    `target` is what it ran on (or was converted for), `sizes` the built image's sections (see
    `build_figures`), `figures` are those of other programs, `created` an ISO 8601 date or "" for a
    report that must not change.
    Warnings of manifest, runs, energy and trace come along, each once.
    """
    found: list[Note] = [*manifest.warnings, *warnings]
    for run in runs:
        found += run.warnings
    found += energy.warnings if energy else ()
    found += trace.warnings if trace else ()
    return Report(
        tool=tool or f"edgekit {_version()}",
        created=created,
        bundle=summarize_bundle(manifest),
        target=summarize_target(target),
        figures=build_figures(
            manifest, target, runs=runs, energy=energy, sizes=sizes, others=figures
        ),
        runs=_with_sizes(runs, sizes),
        energy=energy,
        trace=envelope(trace) if trace is not None and len(trace.t) else None,
        warnings=tuple(dict.fromkeys(found)),
        environment=dict(environment or {}),
    )


def summarize_bundle(manifest: Manifest) -> BundleSummary:
    """The manifest's facts that a report repeats; infinite ratios become None ("exact")."""
    return BundleSummary(
        name=manifest.name,
        model_sha256=manifest.model_sha256,
        model_bytes=manifest.model_bytes,
        source=manifest.source,
        precision=str(manifest.recipe.get("precision", "")),
        macs=manifest.macs,
        operators=manifest.operators,
        inputs=manifest.inputs,
        outputs=manifest.outputs,
        recipe=manifest.recipe,
        sizes=manifest.sizes,
        accuracy=_accuracy(manifest.accuracy),
        layers_sqnr_db={name: _ratio(db) for name, db in manifest.layers_sqnr_db.items()},
        steps=tuple(_step(step) for step in manifest.steps),
        memory=manifest.memory,
        coding=manifest.coding,
        pruning=manifest.pruning,
        streaming=manifest.streaming,
        formats=manifest.precision,
        cost_basis=manifest.cost_basis,
        versions=manifest.versions,
        labels=manifest.labels,
        manifest_sha256=hashlib.sha256(manifest.to_json().encode()).hexdigest(),
        kernel_sets=_kernel_sets(manifest),
    )


def _kernel_sets(manifest: Manifest) -> dict[str, str]:
    version = f"edgekit {manifest.versions.get('edgekit', '')}".strip()
    return dict.fromkeys(kernel_sets(step.kernel for step in manifest.steps), version)


def summarize_target(target: Target) -> TargetSummary:
    """The profile's facts that a report repeats. Only microcontrollers have a limit to meet."""
    limited = target.family == "cortex-m"
    return TargetSummary(
        name=target.name,
        title=target.title,
        cpu=target.cpu.name,
        clock_hz=target.clock_hz,
        flash_bytes=target.total("flash") if limited else 0,
        ram_bytes=target.total("ram") if limited else 0,
        stack_bytes=target.stack_bytes if limited else 0,
        profile_sha256=profile_sha256(target),
    )


def _with_sizes(
    runs: Sequence[RunResult], sizes: Mapping[str, int] | None
) -> tuple[RunResult, ...]:
    """The first run keeps the image's sections, so that views can show them."""
    if not sizes or not runs:
        return tuple(runs)
    return (replace(runs[0], memory={**runs[0].memory, **sizes}), *runs[1:])


def _accuracy(summary: AccuracySummary | None) -> AccuracySummary | None:
    if summary is None or summary.sqnr_db is None:
        return summary
    return replace(summary, sqnr_db=_ratio(summary.sqnr_db))


def _step(step: StepInfo) -> StepInfo:
    return replace(step, sqnr_db=None if step.sqnr_db is None else _ratio(step.sqnr_db))


def _ratio(decibels: float) -> float | None:
    return decibels if math.isfinite(decibels) else None


def _version() -> str:
    try:
        return metadata.version("edgekit-sdk")
    except metadata.PackageNotFoundError:
        return "(not installed)"
