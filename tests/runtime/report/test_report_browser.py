"""The page as a browser shows it: nothing said on the console, nothing wider than the screen, both
themes; and colours that can be read, computed from the style."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from PIL import Image

from edgekit.runtime.report.browser import NAMES, draw, find_browser
from edgekit.runtime.report.html import TEMPLATES, html
from edgekit.runtime.report.picture_files import picture_files
from edgekit.runtime.report.zoom import Stretch, zoom_of
from tests.helpers import sample_report as sample

browser = pytest.mark.skipif(
    find_browser() is None, reason=f"no {' or '.join(NAMES)} is installed: apt install chromium"
)

PROBE = """<script>
const wide = [...document.querySelectorAll("body *")].filter(e =>
  !e.closest(".scroll, .picture, .skip") && e.getBoundingClientRect().right > innerWidth + 1);
const scrollers = [...document.querySelectorAll(".scroll, .zooms .picture > div")];
const bar = document.querySelector(".zoombar"), seen = [];
const look = () => seen.push(document.querySelector(".seen").textContent);
const zoomed = document.querySelector(".zooms .picture > div");
const choice = bar.querySelector("select");
choice.value = "1";
choice.dispatchEvent(new Event("change"));
look();
for (const key of ["+", "+", "+", "+", "ArrowRight"]) {
  zoomed.dispatchEvent(new KeyboardEvent("keydown", { key }));
}
look();
const curve = document.querySelector(".zooms .curve").getAttribute("d").split("L").length - 1;
bar.querySelectorAll("button")[4].click();
look();
console.log("PROBE" + JSON.stringify({
  inner: innerWidth,
  scroll: document.documentElement.scrollWidth,
  wide: wide.map(e => e.tagName + "." + e.className),
  ground: getComputedStyle(document.body).backgroundColor,
  reachable: scrollers.every(e => e.tabIndex === 0),
  layers: document.querySelector("#table-layers .scroll").clientHeight,
  seen, curve,
  answered: document.querySelector(".answers").getBoundingClientRect().bottom,
  hidden: [...document.querySelectorAll("caption")].every(e => e.clientHeight <= 1),
}));
</script>"""
"""Put at the end of a copy of the page, which itself has no script."""

GROUNDS = {False: "rgb(251, 251, 250)", True: "rgb(21, 24, 27)"}


@browser
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [(390, 2400), (1280, 2000)], ids=["phone", "desktop"])
@pytest.mark.parametrize("layers", [10, 200])
def test_a_page_in_a_browser(
    layers: int, size: tuple[int, int], dark: bool, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    text = html(sample.board_report(layers), _recording())
    page.write_text(_open(text).replace("</body>", f"{PROBE}</body>"), encoding="utf-8")
    png, console = draw(_framed(page, size), size, dark=dark)
    (line,) = console.splitlines()
    found = json.loads(re.sub(r'.*"PROBE(\{.*\})", source:.*', r"\1", line))
    assert found["inner"] == size[0]
    assert found["scroll"] <= size[0], "the page does not scroll sideways"
    assert found["wide"] == []
    assert found["ground"] == GROUNDS[dark]
    assert found["reachable"], "what scrolls can be reached by the keyboard"
    assert found["hidden"]
    assert found["seen"][0].startswith("0.897 s to 1.203 s: smallest, mean and largest of ")
    assert re.fullmatch(r"1\.0\d+ s to 1\.0\d+ s: each of 19\d samples.", found["seen"][1])
    assert 190 < found["curve"] < 200, "every sample is a point of the line"
    assert found["seen"][2].startswith("0 to 2.00 s: ")
    assert found["answered"] < 844, "the first screen has all six answers, of a phone too"
    assert found["layers"] < 600, "many layers scroll under their headings"
    picture = Image.open(io.BytesIO(png))
    assert picture.size == size
    assert len(picture.convert("RGB").getcolors(1 << 24) or []) > 100


@browser
def test_a_page_on_paper_has_all_columns(tmp_path: Path) -> None:
    """A4 without its margins; the rules for paper are made to count on the screen."""
    page = tmp_path / "page.html"
    probe = """<script>console.log("PROBE" + JSON.stringify([...document.querySelectorAll("table")]
      .filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.innerText)));
    </script>"""
    text = _open(html(sample.board_report(10))).replace("@media print", "@media all")
    page.write_text(text.replace("</body>", f"{probe}</body>"), encoding="utf-8")
    console = draw(_framed(page, (718, 1000)), (718, 1000))[1]
    assert "PROBE[]" in console.replace('\\"', '"')


@browser
def test_a_page_lets_no_other_script_run(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    text = html(sample.board_report(10))
    page.write_text(text, encoding="utf-8")
    assert draw(page, (800, 600))[1] == "", "nothing to complain of"
    page.write_text(text.replace("</body>", "<script>console.log('ran')</script></body>"))
    said = draw(page, (800, 600))[1]
    assert "Content Security Policy" in said
    assert "ran" not in said.replace("transaction", "")


def _recording() -> tuple[Stretch, ...]:
    trace = sample.trace()
    return zoom_of((trace,), (float(trace.t[0]), float(trace.t[-1])), len(trace.t))


def _open(page: str) -> str:
    """The page without its policy, which would keep a probe out."""
    return re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)


@browser
def test_a_picture_as_png(tmp_path: Path) -> None:
    name, text = next(iter(picture_files(sample.board_report(10)).items()))
    (tmp_path / name).write_text(text, encoding="utf-8")
    png, console = draw(tmp_path / name, (900, 218), density=2.0)
    assert console == ""
    assert Image.open(io.BytesIO(png)).size == (1800, 436)


def _framed(page: Path, size: tuple[int, int]) -> Path:
    """A page that holds another in a frame of `size`: a window of Chromium has 500 pixels."""
    width, height = size
    frame = f'<iframe src="{page.name}" width="{width}" height="{height}" style="border:0">'
    path = page.with_name("frame.html")
    path.write_text(f'<!DOCTYPE html><body style="margin:0">{frame}</iframe>', encoding="utf-8")
    return path


Colours = dict[str, str]


def _themes() -> dict[str, Colours]:
    """Theme -> its colours; print has those of the light one."""
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root \{([^}]*)\}", style)
    assert len(blocks) == 3
    named = [dict(re.findall(r"--([a-z]+): (#[0-9a-f]+)", block)) for block in blocks]
    return dict(zip(("light", "dark", "print"), named, strict=True))


def _luminance(colour: str) -> float:
    """Relative luminance of "#rgb" or "#rrggbb", as WCAG 2.2 defines it."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_of_known_colours() -> None:
    assert _contrast("#000", "#ffffff") == pytest.approx(21)
    assert _contrast("#777777", "#fff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", ["light", "dark", "print"])
def test_text_can_be_read_on_its_ground(theme: str) -> None:
    """4.5 to 1 for every colour of text, and for names inside the boxes of the memory plan."""
    colours = _themes()[theme]
    for ground in ("ground", "panel"):
        for text in ("ink", "soft", "accent", "good", "bad"):
            assert _contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    for box in ("accent", "depth", "dense", "other"):
        assert _contrast(colours["ground"], colours[box]) >= 4.5, box


def _mixed(one: str, other: str, share: float) -> str:
    pairs = ((int(one[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in pairs)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_counts_can_be_read_on_the_deepest_shade(theme: str) -> None:
    """A cell of the confusion matrix has at most 40 % of a colour behind its count."""
    colours = _themes()[theme]
    for colour in ("accent", "bad"):
        mixed = _mixed(colours[colour], colours["ground"], 0.4)
        assert _contrast(colours["ink"], mixed) >= 4.5
