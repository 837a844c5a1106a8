"""The rules of the closed division that a host can check, as a table.

Facts: mlcommons/tiny, benchmark/MLPerfTiny_Rules.adoc and the runner's own checks. A rule's
sentence is what users read and docs/mlperf.md lists; its check says what was found and whether
that is enough.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edgekit.artifacts.figures import Provenance
from edgekit.artifacts.mlperf import MlperfScore, MlperfWindow, RuleOutcome
from edgekit.runtime.mlperf.windows import MOST_S, WINDOW_S, WINDOWS

MODES = ("performance", "accuracy", "energy")


@dataclass(frozen=True, slots=True)
class Facts:
    """What a run found. `source` is where energy windows came from, `lost` samples of the meter
    that are missing."""

    mode: str
    provenance: Provenance
    link: str
    windows: tuple[MlperfWindow, ...] = ()
    score: MlperfScore | None = None
    source: str = ""
    lost: int = 0


Check = Callable[[Facts], tuple[bool, str]]


@dataclass(frozen=True, slots=True)
class Rule:
    """`modes` in which it counts."""

    name: str
    modes: tuple[str, ...]
    sentence: str
    check: Check


def judge(facts: Facts) -> tuple[RuleOutcome, ...]:
    """Every rule of the mode with its outcome."""
    outcomes = []
    for rule in RULES:
        if facts.mode in rule.modes:
            met, found = rule.check(facts)
            outcomes.append(RuleOutcome(rule.name, rule.sentence, met, found))
    return tuple(outcomes)


def _real(facts: Facts) -> tuple[bool, str]:
    return facts.provenance is Provenance.MEASURED, str(facts.provenance)


def _count(facts: Facts) -> tuple[bool, str]:
    return len(facts.windows) == WINDOWS, f"{len(facts.windows)}"


def _length(facts: Facts) -> tuple[bool, str]:
    shortest = min((window.seconds for window in facts.windows), default=0.0)
    return shortest >= WINDOW_S, f"the shortest {shortest:.3f} s"


def _patience(facts: Facts) -> tuple[bool, str]:
    longest = max((window.seconds for window in facts.windows), default=0.0)
    return longest <= MOST_S, f"the longest {longest:.3f} s"


def _files(facts: Facts) -> tuple[bool, str]:
    score = facts.score
    if score is None:
        return False, "none"
    return score.files == score.files_in_set, f"{score.files} of {score.files_in_set}"


def _accuracy(facts: Facts) -> tuple[bool, str]:
    score = facts.score
    if score is None:
        return False, "not determined"
    return score.value >= score.required, f"{score_text(score)} of {_wanted(score)} required"


def score_text(score: MlperfScore) -> str:
    """ "Top-1 90.1 %" or "AUC 0.862"."""
    return (
        f"Top-1 {100 * score.value:.1f} %" if score.metric == "top1" else f"AUC {score.value:.3f}"
    )


def _wanted(score: MlperfScore) -> str:
    return f"{100 * score.required:g} %" if score.metric == "top1" else f"{score.required:g}"


def _edges(facts: Facts) -> tuple[bool, str]:
    return facts.source == "trigger", f"by {facts.source or 'nothing'}"


def _whole(facts: Facts) -> tuple[bool, str]:
    return facts.lost == 0, f"{facts.lost} lost"


def _isolated(facts: Facts) -> tuple[bool, str]:
    return facts.link == "interface board", facts.link


TIMED = ("performance", "energy")
RULES = (
    Rule("hardware", MODES, "Measured on hardware", _real),
    Rule("windows", TIMED, f"Exactly {WINDOWS} windows", _count),
    Rule("window-length", TIMED, f"Every window lasts at least {WINDOW_S:g} s", _length),
    Rule(
        "window-limit",
        ("performance",),
        f"No window lasts longer than the {MOST_S:g} s the official runner waits",
        _patience,
    ),
    Rule("data-set", ("accuracy",), "As many files as the official data set has", _files),
    Rule("accuracy", ("accuracy",), "The accuracy that the closed division requires", _accuracy),
    Rule("trigger", ("energy",), "Windows lie between edges of the board's time stamp pin", _edges),
    Rule("samples", ("energy",), "The meter lost no sample", _whole),
    Rule(
        "isolation",
        ("energy",),
        "The board's line goes through an interface board, so that only the meter feeds it",
        _isolated,
    ),
)
