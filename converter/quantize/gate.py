"""The accuracy gate: refuse a conversion that lost too much, and say why and what to try."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from edgekit.artifacts.bundle import AccuracySummary
from edgekit.artifacts.figures import Note
from edgekit.converter.ir.graph import Graph
from edgekit.converter.quantize.sqnr import culprits
from edgekit.converter.quantize.tasks import head
from edgekit.errors import AccuracyError

DEFAULT_DROP = 0.02
DEFAULT_AGREEMENT = 0.9
DEFAULT_SQNR_DB = 10.0
DEFAULT_EXPECTED_DROP = 0.05
"""Less than this means that the classes which changed places were near a tie."""

ONE_SIDED_95 = 1.645


@dataclass(frozen=True, slots=True)
class Limits:
    """What is tolerated. None means the default, which gives the benefit of sampling noise.

    A limit the user states is taken literally: `max_drop` and `min_agreement` are fractions.
    """

    max_drop: float | None = None
    min_agreement: float | None = None
    min_sqnr_db: float = DEFAULT_SQNR_DB


def check_accuracy(
    name: str,
    graph: Graph,
    summary: AccuracySummary,
    layers: Mapping[str, float],
    *,
    limits: Limits = Limits(),
    calibration_samples: int = 0,
) -> tuple[Note, ...]:
    """Raise AccuracyError (exit 3) when `summary` is below `limits`, else return warnings.

    `graph` is the float graph and `layers` the SQNR by node (`layer_sqnr`), from which the message
    names the layers that lose most. Defaults: with labels a drop of 2 percentage points beyond
    chance; without labels 90 % agreement, or less where the float model's own probabilities say
    that it costs under 5 points (with many classes near ties are common); for outputs that are no
    classes 10 dB.
    """
    problem, allowed = verdict(summary, limits)
    if problem:
        raise AccuracyError(
            name,
            f"{problem} on {summary.samples} samples of {summary.data}",
            allowed=allowed,
            hint=_advice(graph, summary, layers, calibration_samples),
            code="accuracy-gate",
        )
    return _warnings(graph, summary)


def verdict(summary: AccuracySummary, limits: Limits) -> tuple[str, str]:
    """(What is wrong, what is allowed), or empty texts where the limits are kept."""
    if summary.metric in ("top1", "auc"):
        problem = _dropped(summary, limits)
        if problem[0] or limits.min_agreement is None:
            return problem
    if summary.metric == "sqnr":
        return _noisy(summary, limits)
    return _disagrees(summary, limits)


def tolerated(summary: AccuracySummary, limits: Limits) -> str:
    """What `verdict` allows on such data, in words."""
    if summary.metric == "sqnr":
        return _noisy(replace(summary, sqnr_db=None), limits)[1]
    if summary.metric == "agreement" and limits.min_agreement is None:
        return (
            f"an agreement of at least {DEFAULT_AGREEMENT:.0%} less chance, or any that by the"
            f" float model's confidence costs at most {100 * DEFAULT_EXPECTED_DROP:g} points"
        )
    if summary.metric == "agreement":
        return f"an agreement of at least {limits.min_agreement:.1%}"
    drop = _drop_text(_allowed_drop(summary, limits))
    if limits.max_drop is None:
        drop += f" ({100 * DEFAULT_DROP:g} and what chance moves on {summary.samples} samples)"
    if limits.min_agreement is None:
        return drop
    return f"{drop}, and an agreement of at least {limits.min_agreement:.1%}"


def with_chance(limits: Limits, summary: AccuracySummary) -> Limits:
    """Limits that were stated, widened by what chance may move on as few samples as these."""
    agreement = DEFAULT_AGREEMENT if summary.agreement is None else summary.agreement
    noise = _noise(1 - agreement, summary.samples)
    drop, least = limits.max_drop, limits.min_agreement
    return replace(
        limits,
        max_drop=None if drop is None else drop + noise,
        min_agreement=None if least is None else least - noise,
    )


def _allowed_drop(summary: AccuracySummary, limits: Limits) -> float:
    if limits.max_drop is not None:
        return limits.max_drop
    flips = 1 - (summary.agreement if summary.agreement is not None else DEFAULT_AGREEMENT)
    return DEFAULT_DROP + _noise(flips, summary.samples)


def _drop_text(allowed: float) -> str:
    return f"a drop of at most {100 * allowed:.1f} percentage points"


def _dropped(summary: AccuracySummary, limits: Limits) -> tuple[str, str]:
    drop, allowed = summary.before - summary.after, _allowed_drop(summary, limits)
    if drop <= allowed + 1e-9:
        return "", ""
    label = {"top1": "top-1", "auc": "AUC"}[summary.metric]
    problem = f"{label} falls from {summary.before:.2%} to {summary.after:.2%}"
    return problem, _drop_text(allowed)


def _disagrees(summary: AccuracySummary, limits: Limits) -> tuple[str, str]:
    agreement = 1.0 if summary.agreement is None else summary.agreement
    allowed = limits.min_agreement
    if allowed is None:
        drop = 1.0 if summary.expected_drop is None else summary.expected_drop
        noise = _noise(1 - DEFAULT_AGREEMENT, summary.samples)
        allowed = 0.0 if drop <= DEFAULT_EXPECTED_DROP else DEFAULT_AGREEMENT - noise
    if agreement >= allowed - 1e-9:
        return "", ""
    problem = f"the converted model predicts the float model's class for only {agreement:.1%}"
    return problem, f"at least {allowed:.1%}"


def _noisy(summary: AccuracySummary, limits: Limits) -> tuple[str, str]:
    found = -math.inf if summary.sqnr_db is None else summary.sqnr_db
    if found >= limits.min_sqnr_db:
        return "", ""
    problem = f"the output's signal to quantization noise ratio is {found:.1f} dB"
    return problem, f"at least {limits.min_sqnr_db:g} dB"


def _noise(share: float, samples: int) -> float:
    """What a share of changed samples can move the figure by chance (one-sided 95 %)."""
    return ONE_SIDED_95 * math.sqrt(max(share, 1 / max(samples, 1)) / max(samples, 1))


def _advice(
    graph: Graph, summary: AccuracySummary, layers: Mapping[str, float], calibration_samples: int
) -> str:
    """The layers that lose most, then what to try, the cheapest first."""
    worst = culprits(graph, layers)
    named = ", ".join(f"{name} (-{loss:.0f} dB to {left:.0f} dB)" for name, loss, left in worst)
    steps = []
    if summary.sqnr_db is not None and summary.sqnr_db < 0:
        steps.append("check the input scale (--mean, --scale): the output is mostly noise")
    if not calibration_samples:
        steps.append("take the ranges from data: --calibration DATA")
    elif calibration_samples < 100:
        steps.append(f"calibrate with 100 or more samples (now {calibration_samples})")
    else:
        steps.append("calibrate with data closer to what is evaluated")
    steps.append("train quantization-aware, or with weight decay against wide weight ranges")
    steps.append("or accept it with --no-gate")
    lead = f"most is lost in {named}; " if named else ""
    return f"{lead}{'; '.join(steps)}"


def _warnings(graph: Graph, summary: AccuracySummary) -> tuple[Note, ...]:
    notes = []
    size = max(head(graph).size, 2)
    chance = 1 / size if summary.metric == "top1" else 0.5
    margin = 2 * math.sqrt(chance * (1 - chance) / max(summary.samples, 1))
    if summary.metric in ("top1", "auc") and summary.before <= chance + margin:
        notes.append(
            Note(
                "float-at-chance",
                summary.data,
                f"the float model itself reaches only {summary.before:.1%}, no better than chance",
                "check the preprocessing (--color, --mean, --scale) and the order of the classes",
            )
        )
    if summary.metric == "agreement" and (summary.agreement or 0.0) < DEFAULT_AGREEMENT:
        notes.append(
            Note(
                "low-agreement",
                summary.data,
                f"both models name the same class for {summary.agreement:.1%} of the samples; by "
                "the float model's own confidence that costs "
                f"{100 * (summary.expected_drop or 0):.1f} percentage points",
                "give labelled data with --eval to see what that costs",
            )
        )
    return tuple(notes)
