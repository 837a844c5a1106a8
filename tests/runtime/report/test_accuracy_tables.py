"""The converted model beside the float one, and the confusion matrix."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edgekit.artifacts.bundle import AccuracySummary
from edgekit.artifacts.report import Report
from edgekit.runtime.report.accuracy_tables import accuracy_table, confusion_table
from edgekit.runtime.report.html import html
from edgekit.runtime.report.markdown import markdown
from tests.helpers import sample_report as sample


def _with(summary: AccuracySummary | None, labels: tuple[str, ...] = ()) -> Report:
    report = sample.board_report(4)
    return replace(report, bundle=replace(report.bundle, accuracy=summary, labels=labels))


FULL = AccuracySummary(
    "top1", 0.9, 0.88, 100, "photos", 30.0, 0.25, agreement=0.97, expected_drop=0.015,
    auc=(0.95, 0.94), confusion=((50, 8), (4, 38)),
)  # fmt: skip


def test_everything_known_of_both_models_has_a_row() -> None:
    rows = {row[0].text: [c.text for c in row[1:]] for row in accuracy_table(_with(FULL)).rows}
    assert rows == {
        "top-1": ["90.00 %", "88.00 %", "-2.00 points"],
        "area under the ROC curve": ["0.9500", "0.9400", "-0.0100"],
        "same class as the float model": ["", "97.00 %", ""],
        "expected by the float model's probabilities": ["", "", "-1.50 points"],
        "output signal to quantization noise": ["", "30.0 dB", ""],
        "largest difference of an output": ["", "0.25", ""],
    }


def test_without_a_check_there_is_no_table() -> None:
    assert accuracy_table(_with(None)).rows == ()
    assert confusion_table(_with(None)).rows == ()
    assert confusion_table(_with(replace(FULL, confusion=None))).rows == ()


def test_the_matrix_has_classes_recall_and_its_worst_pair() -> None:
    table = confusion_table(_with(FULL, ("cat", "dog")))
    assert [column.title for column in table.columns] == ["Class", "cat", "dog", "Recall"]
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["cat", "50", "8", "86.2 %"],
        ["dog", "4", "38", "90.5 %"],
    ]
    assert "Confused most: cat taken for dog, 8 times." in table.caption
    assert [cell.right for cell in table.rows[1]] == [False, False, True, False]
    assert table.rows[0][1].shade == pytest.approx(50 / 58)


def test_classes_without_names_are_numbers_and_may_be_empty() -> None:
    table = confusion_table(_with(replace(FULL, confusion=((0, 0), (0, 9)))))
    assert [column.title for column in table.columns] == ["Class", "0", "1", "Recall"]
    assert [cell.text for cell in table.rows[0]] == ["0", "·", "·", ""]
    assert "Confused most" not in table.caption


def test_the_page_shades_right_and_wrong_answers() -> None:
    text = html(sample.board_report(4))
    assert text.count('class="num right"') == 10
    assert text.count('class="num wrong"') == 20
    assert "<summary>Confusion matrix</summary>" in markdown(sample.board_report(4))
