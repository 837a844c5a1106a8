"""Limits and verdicts."""

from __future__ import annotations

import pytest

from edgekit.artifacts.figures import Figure, Provenance
from edgekit.deploy.sweep.objectives import Limits, parse_objectives, require, violations
from edgekit.deploy.sweep.outcome import Outcome, outcome_of
from edgekit.deploy.sweep.record import SweepRecord, Trial, judged
from edgekit.deploy.sweep.study import Told
from edgekit.errors import EdgeKitError, Verdict
from tests.deploy.sweep.conftest import made_up

OBJECTIVES = parse_objectives(["accuracy", "instructions", "flash"])


def _trial(number: int, values: tuple[int, ...]) -> Trial:
    pairs = zip(OBJECTIVES, values, strict=True)
    figures = {row.name: Figure(v, row.unit, Provenance.MEASURED, "-") for row, v in pairs}
    return Trial(number, str(number), {}, Outcome(figures))


def _record(trials: list[Trial], limits: Limits | None = None) -> SweepRecord:
    limits = limits or Limits()
    return SweepRecord("edgekit", OBJECTIVES, limits, "grid", 9, "top1", {}, tuple(trials), {})


def test_limits_are_held_against_figures() -> None:
    figures = made_up({"precision": "int8"}).figures
    assert violations(figures, Limits(flash=200, drop=0.06)) == ()
    broken = violations(figures, Limits(flash=100, drop=0.05))
    assert [row.text for row in broken] == [
        "flash 200 B of at most 100 B",
        "drop 6.00 points of at most 5.00",
    ]
    assert [round(row.excess, 6) for row in broken] == [1.0, 1.0]


def test_a_figure_that_is_needed_and_not_there_is_named() -> None:
    figures = made_up({"precision": "int8"}).figures
    with pytest.raises(EdgeKitError) as caught:
        require(figures, ["accuracy", "energy"], "target rpi4")
    assert caught.value.code == "sweep-no-figure"
    assert "no figure for energy" in str(caught.value)


def test_an_outcome_survives_its_record() -> None:
    for precision in ("int4", "binary"):
        outcome = made_up({"precision": precision})
        again = outcome_of(outcome.record())
        assert again.record() == outcome.record()
        assert again.files == {}


def _judged(precisions: list[str], limits: Limits) -> SweepRecord:
    found = [
        judged(Told(n, {"precision": p}, made_up({"precision": p})), p, limits)
        for n, p in enumerate(precisions)
    ]
    return _record(found, limits)


def test_the_closest_trial_is_named_with_what_it_misses() -> None:
    wrong = _judged(["int4", "int8", "int16"], Limits(flash=150)).verdict()
    assert isinstance(wrong, Verdict)
    assert (wrong.code, wrong.exit_code) == ("sweep-infeasible", 3)
    assert "closest is trial 1 (int8): flash 200 B of at most 150 B" in wrong.found


def test_what_does_not_fit_the_target_is_infeasible_not_failed() -> None:
    error = {"subject": "net on board", "found": "RAM needs more", "code": "does-not-fit"}
    trial = Trial(0, "int8", {}, Outcome(error=error, misfit=True))
    assert trial.state == "infeasible"
    wrong = _record([trial]).verdict()
    assert isinstance(wrong, Verdict)
    assert "net on board: RAM needs more" in wrong.found


def test_all_failed_and_none_tried_are_failures() -> None:
    wrong = _judged(["binary", "binary"], Limits()).verdict()
    assert wrong is not None
    assert (wrong.code, wrong.exit_code) == ("sweep-failed", 1)
    assert wrong.found == "all 2 trials failed: net: has no signs"
    empty = _record([]).verdict()
    assert empty is not None
    assert (empty.code, empty.exit_code) == ("sweep-empty", 1)


def test_one_good_trial_is_enough() -> None:
    record = _judged(["binary", "int8", "int16"], Limits(flash=300))
    assert record.verdict() is None
    assert record.counts() == {"ok": 1, "infeasible": 1, "failed": 1}
