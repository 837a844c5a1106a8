"""The report of a benchmark by MLPerf Tiny's rules, with or without a bundle."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from edgekit import __version__
from edgekit.artifacts.figures import Figure, Note, Provenance
from edgekit.artifacts.mlperf import MlperfRecord
from edgekit.artifacts.power import EnergyResult, PowerTrace
from edgekit.artifacts.report import BundleSummary, Report, TargetSummary
from edgekit.artifacts.run import RunResult, Window
from edgekit.deploy.build import image_sizes
from edgekit.deploy.bundles import Bundle
from edgekit.deploy.mlperf_board import MlperfBoard
from edgekit.runtime.mlperf.rules import score_text
from edgekit.runtime.report.build import make_report, summarize_target
from edgekit.runtime.report.envelope import envelope
from edgekit.runtime.runner import environment
from edgekit.targets.model import Target


def mlperf_report(
    bundle: Bundle | None,
    board: MlperfBoard,
    record: MlperfRecord,
    *,
    energy: EnergyResult | None = None,
    trace: PowerTrace | None = None,
) -> Report:
    """Everything that was found, with a note for each rule that was not met."""
    run = _run(board, record)
    notes = tuple(_note(record, index) for index, rule in enumerate(record.rules) if not rule.met)
    if bundle is not None and board.virtual is None and not board.tells_model:
        notes += (_unchecked(bundle, board),)
    created = datetime.now().astimezone().isoformat(timespec="seconds")
    around = {**environment.describe(), "inputs": record.data, "link": record.link}
    if bundle is not None and board.target is not None:
        report = make_report(
            bundle.manifest,
            board.target,
            runs=(run,),
            energy=energy,
            trace=trace,
            sizes=image_sizes(board.image) if board.image else None,
            warnings=notes,
            created=created,
            environment=around,
            tool=f"edgekit {__version__}",
        )
    else:
        report = Report(
            tool=f"edgekit {__version__}",
            created=created,
            bundle=_foreign(record),
            target=_target(board.target),
            runs=(run,),
            energy=energy,
            trace=envelope(trace) if trace is not None else None,
            warnings=(*notes, *(energy.warnings if energy else ())),
            environment=around,
        )
    figures = {**report.figures, **_figures(board, record, energy)}
    return replace(report, figures=figures, mlperf=record)


def _run(board: MlperfBoard, record: MlperfRecord) -> RunResult:
    windows = tuple(Window(w.inferences, w.seconds, w.seconds) for w in record.windows)
    real = board.virtual is None
    return RunResult(
        device=board.description,
        engine=f"MLPerf Tiny firmware of {record.vendor}",
        provenance=record.provenance,
        latency_s=tuple(w.seconds / w.inferences for w in windows) if real else (),
        windows=windows,
        warmup=record.windows[0].warmup if record.windows else 0,
        environment={"profile": record.firmware, "clock": record.clock},
    )


def _note(record: MlperfRecord, index: int) -> Note:
    rule = record.rules[index]
    return Note(
        f"mlperf-{rule.name}",
        f"{record.benchmark}, {record.mode} mode",
        f"would not qualify; not met: {rule.sentence} ({rule.found})",
        ADVICE.get(rule.name, ""),
    )


def _unchecked(bundle: Bundle, board: MlperfBoard) -> Note:
    place = board.device.name
    text = f"nothing told whether the board at {place} runs it: only its benchmark is known"
    return Note("mlperf-bundle-unchecked", bundle.manifest.name, text, level="info")


ADVICE = {
    "hardware": "run it on a board for a result to submit",
    "windows": "measure again: a run that ends well has them all",
    "window-length": "leave out --quick",
    "window-limit": "take a faster board or a smaller model; the figures stand as EdgeKit's own",
    "data-set": "leave out --files, and take the whole official set",
    "accuracy": "convert with more calibration data, or take the reference model",
    "trigger": "wire the board's time stamp pin to the meter's trigger input, and the grounds",
    "samples": "use a faster computer or a direct USB port",
    "isolation": "put an IO manager or an STM32H573I-DK between, and give its port with --port",
}
"""Rule -> what to do about it."""


def _figures(
    board: MlperfBoard, record: MlperfRecord, energy: EnergyResult | None
) -> dict[str, Figure]:
    found: dict[str, Figure] = {}
    basis = f"{board.description}, {record.benchmark}, median of {len(record.windows)} windows"
    if record.throughput is not None:
        virtual = board.virtual is not None
        source = Provenance.ESTIMATED if virtual else record.provenance
        if virtual:
            basis = f"{basis}; clock {record.clock}"
        latency = "estimated_latency" if virtual else "latency"
        count = len(record.windows)
        found[latency] = Figure(1 / record.throughput, "s", source, basis, count)
        found["throughput"] = Figure(record.throughput, "1/s", source, basis, count)
    if record.score is not None:
        score = record.score
        text = f"{score_text(score)} of {score.files} files, {record.data}, {board.description}"
        found["accuracy"] = Figure(score.value, "fraction", record.provenance, text, score.files)
    if energy is not None:
        how = f"{energy.meter}, {basis}"
        count = len(energy.windows)
        found["energy_gross"] = Figure(
            energy.gross_j, "J", energy.provenance, how, count, energy.low_j, energy.high_j,
            "95 % CI",
        )  # fmt: skip
        found["average_power"] = Figure(energy.average_w, "W", energy.provenance, how, count)
    return found


def _foreign(record: MlperfRecord) -> BundleSummary:
    """What is known of a model in somebody else's firmware: its benchmark."""
    return BundleSummary(
        name=record.benchmark,
        model_sha256="",
        model_bytes=0,
        source={"firmware": record.firmware, "vendor": record.vendor},
        precision="unknown",
        macs=0,
        operators={},
        inputs=(),
        outputs=(),
    )


def _target(target: Target | None) -> TargetSummary:
    if target is not None:
        return summarize_target(target)
    return TargetSummary("unknown", "a board not named", "unknown", 0)
