"""The pictures of a report's page as SVG files of their own, in the page's light colours."""

from __future__ import annotations

import re
from xml.etree import ElementTree as Xml

from edgekit.artifacts.report import Report
from edgekit.runtime.report.harmless import cleaned
from edgekit.runtime.report.html import TEMPLATES, Picture, Section, sections
from edgekit.runtime.report.svg_file import document, label

WIDTH, MARGIN, HEADING = 900, 16, 44
"""Pixels of a file, of its border, and of the room for the title above the picture."""


def picture_files(report: Report) -> dict[str, str]:
    """File name -> SVG text of every picture on the page, numbered in its order."""
    report = cleaned(report)
    pictures = [(part, picture) for part in sections(report) for picture in part.pictures]
    about = f"{report.bundle.name} on {report.target.title}"
    return {
        f"{number:02}-{_slug(part, picture)}.svg": standalone(picture, about)
        for number, (part, picture) in enumerate(pictures, 1)
    }


def _slug(part: Section, picture: Picture) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", picture.title.lower()).strip("-")
    return f"{part.key}-{words}"[:60].strip("-")


def standalone(picture: Picture, about: str) -> str:
    """A picture with its title and its legend on white."""
    block = Xml.fromstring(picture.markup)
    drawing = block.find("./div/svg")
    gutter = block.find("./svg")
    if drawing is None:
        raise ValueError("a picture without a drawing")
    left = MARGIN
    parts = []
    if gutter is not None:
        gutter.attrib |= {"x": str(left), "y": str(HEADING)}
        left += int(gutter.attrib["width"])
        parts.append(Xml.tostring(gutter, encoding="unicode"))
    drawing.attrib |= {"x": str(left), "y": str(HEADING), "width": str(WIDTH - left - MARGIN)}
    parts.append(Xml.tostring(drawing, encoding="unicode"))
    height = HEADING + int(drawing.attrib["height"]) + MARGIN
    provenance = f" ({picture.provenance})" if picture.provenance else ""
    return document(
        WIDTH,
        height,
        f"<style>{_style()}</style>",
        label(MARGIN, 24, f"{picture.title}{provenance}: {about}", bold=True),
        _legend(picture),
        f'<g class="picture" font-size="11">{"".join(parts)}</g>',
        title=picture.title,
    )


def _legend(picture: Picture) -> str:
    """Squares in the colours of the kinds, from the right."""
    parts, right = [], float(WIDTH - MARGIN)
    for key, name in reversed(picture.legend):
        right -= 7 * len(name)
        parts.append(label(right, 40, name, size=11))
        right -= 16
        parts.append(f'<rect x="{right}" y="30" width="11" height="11" class="box bar {key}"/>')
        right -= 10
    return "".join(parts)


def _style() -> str:
    """The rules of pictures with the values of the light theme: drawing programs know no
    variables."""
    page = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    light = dict(re.findall(r"--([a-z]+): ([^;]+);", page.partition("}")[0]))
    rules = (TEMPLATES / "picture.css").read_text(encoding="utf-8")
    return re.sub(r"var\(--([a-z]+)\)", lambda found: light[found[1]], rules)
