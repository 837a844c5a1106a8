"""The record of a sweep: every trial, what was found best, and why others were not."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from edgekit.artifacts.figures import Provenance
from edgekit.deploy.sweep.axes import Point
from edgekit.deploy.sweep.objectives import Limits, Objective, Violation, violations
from edgekit.deploy.sweep.outcome import Outcome
from edgekit.deploy.sweep.study import Told
from edgekit.errors import EdgeKitError, Verdict

RECORD_NAME = "sweep.json"
RECORD_SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Trial:
    """A finished trial. `front` says that no other trial within the limits is better in one
    objective and at least as good in all; `bundle` is its folder, where it was kept."""

    number: int
    label: str
    point: Point
    outcome: Outcome
    broken: tuple[Violation, ...] = ()
    front: bool = False
    bundle: str = ""

    @property
    def state(self) -> str:
        """ "ok", "infeasible" (a limit, or the target's memory) or "failed"."""
        if self.outcome.misfit or self.broken:
            return "infeasible"
        return "failed" if self.outcome.error is not None else "ok"

    @property
    def problem(self) -> str:
        """Why it is not "ok", in words."""
        if self.outcome.error is not None:
            return f"{self.outcome.error['subject']}: {self.outcome.error['found']}"
        return "; ".join(row.text for row in self.broken)

    def value(self, objective: str) -> float:
        """The figure of an objective."""
        return self.outcome.figures[objective].value


@dataclass(frozen=True, slots=True)
class SweepRecord:
    """What a sweep found. `combinations` is the size of the space, `complete` whether the sweep ran
    to its end, `metric` what accuracy is; `provenance` says for each objective how all its figures
    were had; `how` how the combinations were chosen; `conditions` what the sweep was made of."""

    tool: str
    objectives: tuple[Objective, ...]
    limits: Limits
    how: str
    combinations: int
    metric: str
    provenance: Mapping[str, Provenance]
    trials: tuple[Trial, ...]
    conditions: Mapping[str, Any]
    complete: bool = True

    @property
    def front(self) -> tuple[Trial, ...]:
        """The trials that no other dominates, best in the first objective first."""
        first = self.objectives[0]
        sign = -1 if first.more else 1
        found = [trial for trial in self.trials if trial.front]
        return tuple(sorted(found, key=lambda t: (sign * t.value(first.name), t.number)))

    def counts(self) -> dict[str, int]:
        """How many trials there are of each state."""
        states = [trial.state for trial in self.trials]
        return {state: states.count(state) for state in ("ok", "infeasible", "failed")}

    def to_json(self) -> str:
        """Everything, as JSON text."""
        return json.dumps(self.record(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"

    def record(self) -> dict[str, Any]:
        """Everything, as plain values."""
        return {
            "schema": RECORD_SCHEMA,
            "tool": self.tool,
            "objectives": [
                {
                    "name": row.name,
                    "unit": row.unit,
                    "better": "more" if row.more else "less",
                    "provenance": self.provenance.get(row.name),
                }
                for row in self.objectives
            ],
            "metric": self.metric,
            "limits": asdict(self.limits),
            "how": self.how,
            "combinations": self.combinations,
            "complete": self.complete,
            "counts": self.counts(),
            "front": [trial.number for trial in self.front],
            "conditions": dict(self.conditions),
            "trials": [_trial(trial) for trial in self.trials],
        }

    def verdict(self) -> EdgeKitError | None:
        """What to raise when there is no trial to choose: exit 1 where all failed, exit 3 where
        none keeps the limits; None where there is one."""
        counts = self.counts()
        if counts["ok"]:
            return None
        if not counts["infeasible"]:
            return _all_failed(self.trials)
        return _none_fits(self.trials)


def _trial(trial: Trial) -> dict[str, Any]:
    return {
        "number": trial.number,
        "label": trial.label,
        "params": dict(trial.point),
        "state": trial.state,
        "front": trial.front,
        "bundle": trial.bundle,
        "broken": [{**asdict(row), "text": row.text} for row in trial.broken],
        **trial.outcome.record(),
    }


def _all_failed(trials: Sequence[Trial]) -> EdgeKitError:
    if not trials:
        return EdgeKitError(
            "edgekit sweep",
            "no trial was finished",
            hint="go on with --resume",
            code="sweep-empty",
        )
    reasons = dict.fromkeys(trial.problem for trial in trials)
    more = f" ({len(reasons) - 1} other reasons in sweep.json)" if len(reasons) > 1 else ""
    hint = str((trials[0].outcome.error or {}).get("hint", ""))
    return EdgeKitError(
        "edgekit sweep",
        f"all {len(trials)} trials failed: {next(iter(reasons))}{more}",
        hint=hint or "see sweep.json for the reason of each",
        code="sweep-failed",
    )


def _none_fits(trials: Sequence[Trial]) -> Verdict:
    """The verdict names the trial that is nearest to the limits, and what it misses."""
    close = [trial for trial in trials if trial.broken]
    if close:
        nearest = min(close, key=lambda t: (sum(row.excess for row in t.broken), t.number))
    else:
        nearest = next(trial for trial in trials if trial.state == "infeasible")
    return Verdict(
        "edgekit sweep",
        f"none of {len(trials)} trials keeps the limits; closest is trial {nearest.number}"
        f" ({nearest.label}): {nearest.problem}",
        hint="loosen that limit, add values to the axes, or choose a smaller network",
        code="sweep-infeasible",
    )


def judged(told: Told, label: str, limits: Limits, bundle: str = "") -> Trial:
    """A trial held against the limits."""
    broken = () if told.outcome.error is not None else violations(told.outcome.figures, limits)
    return Trial(told.number, label, told.point, told.outcome, broken, False, bundle)
