"""A picture as a file of its own: the document around it, and the words in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from edgekit.runtime.report.harmless import visible

INK, FAINT = "#1a1a1a", "#666666"


def document(width: int, height: int, *content: str, title: str = "") -> str:
    """An SVG file of this size in pixels on white; `title` for those who cannot see it."""
    body = "\n".join(content)
    role = ' role="img"' if title else ""
    heading = f"<title>{escape(visible(title))}</title>\n" if title else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif"{role}>\n{heading}'
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>\n{body}\n</svg>\n'
    )


def label(
    x: float,
    y: float,
    text: str,
    *,
    size: int = 13,
    bold: bool = False,
    anchor: str = "start",
    colour: str = INK,
    over: bool = False,
) -> str:
    """A line of text whose `anchor` ("start", "middle", "end") is at (x, y), in pixels. One that
    stands `over` lines has a white rim."""
    place = "" if anchor == "start" else f' text-anchor="{anchor}"'
    weight = ' font-weight="bold"' if bold else ""
    rim = ' stroke="#ffffff" stroke-width="4" paint-order="stroke"' if over else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}"{place}{weight}{rim}>'
        f"{escape(visible(text))}</text>"
    )


def shortened(name: str, most: int) -> str:
    """A name of at most `most` letters, its middle left out where it is longer."""
    if len(name) <= most:
        return name
    return f"{name[: (most - 1) // 2]}\u2026{name[len(name) - most // 2 :]}"


def stacked(drawings: Sequence[str]) -> str:
    """Several of `document` in one, each below the one before it."""
    if len(drawings) == 1:
        return drawings[0]
    sizes = [tuple(map(int, _SIZE.findall(text)[0])) for text in drawings]
    parts, y = [], 0
    for text, (_, height) in zip(drawings, sizes, strict=True):
        parts.append(text.strip().replace("<svg ", f'<svg y="{y}" ', 1))
        y += height
    return document(max(width for width, _ in sizes), y, *parts)


_SIZE = re.compile(r'^<svg [^>]*?width="(\d+)" height="(\d+)"')
