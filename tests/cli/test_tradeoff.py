"""`edgekit tradeoff`: reports in, front and reasons out, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from edgekit.runtime.report.browser import find_browser
from tests.helpers.command_line import fails, succeeds
from tests.helpers.sample_report import board_report


@pytest.fixture
def reports(desk: Path) -> Path:
    """Folders with reports: b is worse than a, c has no accuracy, d steers terminals."""
    made = board_report(4)
    worse = {**made.figures, "accuracy": replace(made.figures["accuracy"], value=0.8)}
    bare = {name: figure for name, figure in made.figures.items() if name != "accuracy"}
    steering = replace(made, bundle=replace(made.bundle, name="\x1b[2J[bold]x"))
    rows = {"a": made, "b": replace(made, figures=worse), "c": replace(made, figures=bare)}
    for name, report in {**rows, "d": steering}.items():
        Path(name).mkdir()
        Path(name, "report.json").write_text(report.to_json(), encoding="utf-8")
    return desk


def test_the_front_and_who_is_below(reports: Path) -> None:
    done = succeeds("tradeoff", "a", "b", "c", "--svg", "pictures")
    text = " ".join(done.out.split())
    assert "Accuracy against Flash" in text
    assert "6.97 points more accurate at the same cost" in text
    assert sorted(path.name for path in Path("pictures").iterdir()) == [
        f"accuracy-{name}.svg" for name in ("energy", "flash", "latency", "ram")
    ]
    record = succeeds("tradeoff", "a", "b", "--json", "--against", "flash").record
    (pair,) = record["tradeoffs"]
    assert [row["on_front"] for row in pair["reports"]] == [True, False]


def test_all_in_one_picture(reports: Path) -> None:
    done = succeeds("tradeoff", "a", "b", "d", "-o", "all.svg")
    assert done.out.endswith("picture: all.svg\n")
    root = ElementTree.parse("all.svg").getroot()
    panels = root.findall("{http://www.w3.org/2000/svg}svg")
    assert [panel.get("y") for panel in panels] == ["0", "420", "840", "1260"]
    assert root.get("height") == "1680"
    texts = [each.text or "" for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "Accuracy against RAM, measured" in texts
    assert any("\\x1b[2J[bold]x" in text for text in texts), "XML holds no control characters"
    succeeds("tradeoff", "a", "b", "--against", "flash", "-o", "one.svg")
    one = ElementTree.parse("one.svg").getroot()
    assert one.get("height") == "420"
    assert not one.findall("{http://www.w3.org/2000/svg}svg")


@pytest.mark.skipif(find_browser() is None, reason="no Chromium is installed")
def test_a_picture_as_png(reports: Path) -> None:
    succeeds("tradeoff", "a", "b", "--against", "flash,ram", "-o", "all.PNG")
    assert Image.open("all.PNG").size == (2 * 760, 2 * 840)


def test_names_do_not_steer_the_terminal(reports: Path) -> None:
    done = succeeds("tradeoff", "a", "d")
    assert "\x1b[2J" not in done.out
    assert "\\x1b[2J[bold]x" in "".join(done.out.split())


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["a", "b", "--against", "beauty"], "tradeoff-cost"),
        (["c", "c"], "tradeoff-nothing"),
        (["a"], "compare-few"),
        (["a", "b", "--across", "weather"], "compare-condition"),
        (["a", "b", "-o", "all.pdf"], "picture-format"),
        (["a", "b", "-o", "all"], "picture-format"),
        (["a", "c", "-o", "all.svg"], "tradeoff-nothing"),
    ],
)
def test_what_is_refused(words: list[str], code: str, reports: Path) -> None:
    assert fails("tradeoff", *words, exit_code=2, code=code)["hint"]
