"""Accuracies that differ by a handful of answers."""

from __future__ import annotations

from dataclasses import replace
from math import comb

import pytest

from edgekit.artifacts.bundle import AccuracySummary
from edgekit.artifacts.report import Report
from edgekit.runtime.report.change_views import markdown, record, sentences
from edgekit.runtime.report.changes import changes
from edgekit.runtime.report.few_answers import FEWEST, few_answers
from tests.helpers.sample_report import board_report


def right(answers: int, *, of: int = 256, metric: str = "top1", data: str = "test.npz") -> Report:
    base = board_report()
    summary = AccuracySummary(metric, 1.0, answers / of, of, data)
    figures = {**base.figures, "accuracy": replace(base.figures["accuracy"], value=answers / of)}
    return replace(base, bundle=replace(base.bundle, accuracy=summary), figures=figures)


@pytest.mark.parametrize(
    ("after", "said"), [(255, "1 more of 256"), (249, "5 fewer of 256"), (256, "2 more of 256")]
)
def test_few_answers_are_told_in_every_view(after: int, said: str) -> None:
    found = changes(right(254), right(after), ("old", "new"))
    [line] = [line for line in sentences(found) if line.startswith("Accuracy: ")]
    assert line.startswith(f"Accuracy: {said} answers right;")
    assert line in markdown([found], [])
    assert line in record(found)["besides"]


@pytest.mark.parametrize(
    "other",
    [
        right(254),
        right(248),
        right(255, metric="auc"),
        right(255, data="another.npz"),
        right(255, of=1000),
        replace(right(255), bundle=replace(right(255).bundle, accuracy=None)),
    ],
    ids=["equal", "many", "no answers", "other data", "other samples", "none"],
)
def test_otherwise_nothing_is_said(other: Report) -> None:
    assert few_answers(right(254), other) == ""


def test_the_bound_is_that_of_the_sign_test() -> None:
    def least_probability(more: int, differing: int) -> float:
        """Two-sided, of at least so uneven a split of the answers that differ."""
        one_side = (differing + more) // 2
        tail = sum(comb(differing, k) for k in range(one_side, differing + 1))
        return 2 * tail / 2**differing

    fewer = [least_probability(FEWEST - 1, n) for n in range(FEWEST - 1, 200, 2)]
    assert min(fewer) == fewer[0] > 0.05
    assert least_probability(FEWEST, FEWEST) < 0.05
