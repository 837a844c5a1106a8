"""Every rule, met and just not met."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edgekit.artifacts.figures import Provenance
from edgekit.artifacts.mlperf import MlperfScore, MlperfWindow
from edgekit.runtime.mlperf.rules import MODES, RULES, Facts, judge

WINDOW = MlperfWindow("a.bin", 100, 10, 10.0)
PERFORMANCE = Facts("performance", Provenance.MEASURED, "direct", (WINDOW,) * 5)
ENERGY = Facts(
    "energy", Provenance.MEASURED, "interface board", (WINDOW,) * 5, source="trigger", lost=0
)
SCORE = MlperfScore("top1", 0.9, 0.9, 1000, 1000, 1000)
ACCURACY = Facts("accuracy", Provenance.MEASURED, "direct", score=SCORE)
SHORT = replace(WINDOW, seconds=9.999)
LONG = replace(WINDOW, seconds=30.001)


@pytest.mark.parametrize("facts", [PERFORMANCE, ENERGY, ACCURACY])
def test_all_met(facts: Facts) -> None:
    assert all(rule.met for rule in judge(facts))


@pytest.mark.parametrize(
    ("facts", "broken", "found"),
    [
        (replace(PERFORMANCE, provenance=Provenance.SIMULATED), "hardware", "simulated"),
        (replace(PERFORMANCE, windows=(WINDOW,) * 4), "windows", "4"),
        (replace(PERFORMANCE, windows=(WINDOW,) * 4 + (SHORT,)), "window-length", "9.999 s"),
        (replace(PERFORMANCE, windows=(WINDOW,) * 4 + (LONG,)), "window-limit", "30.001 s"),
        (replace(ENERGY, windows=(SHORT,) + (WINDOW,) * 4), "window-length", "9.999 s"),
        (replace(ENERGY, source="plateau"), "trigger", "by plateau"),
        (replace(ENERGY, lost=3), "samples", "3 lost"),
        (replace(ENERGY, link="direct"), "isolation", "direct"),
        (replace(ACCURACY, score=replace(SCORE, value=0.899)), "accuracy", "89.9 %"),
        (replace(ACCURACY, score=replace(SCORE, files=999)), "data-set", "999 of 1000"),
    ],
)
def test_one_broken(facts: Facts, broken: str, found: str) -> None:
    outcomes = judge(facts)
    assert [rule.name for rule in outcomes if not rule.met] == [broken]
    assert found in next(rule.found for rule in outcomes if not rule.met)


def test_nothing_found_meets_nothing() -> None:
    outcomes = judge(Facts("accuracy", Provenance.MEASURED, "direct"))
    assert [rule.name for rule in outcomes if not rule.met] == ["data-set", "accuracy"]


def test_the_area_under_a_curve_is_told_as_such() -> None:
    score = MlperfScore("auc", 0.8612, 0.85, 248, 248, 48608)
    (found,) = (r.found for r in judge(replace(ACCURACY, score=score)) if r.name == "accuracy")
    assert found == "AUC 0.861 of 0.85 required"


def test_the_manual_has_every_rule() -> None:
    page = (Path(__file__).parents[3] / "docs" / "mlperf.md").read_text(encoding="utf-8")
    for rule in RULES:
        assert rule.sentence in page, rule.sentence
        assert set(rule.modes) <= set(MODES)
