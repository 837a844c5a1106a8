"""A picture as a file of its own: the document around it, and the words in it."""

from __future__ import annotations

from html import escape

INK, FAINT = "#1a1a1a", "#666666"


def document(width: int, height: int, *content: str, title: str = "") -> str:
    """An SVG file of this size in pixels on white; `title` for those who cannot see it."""
    body = "\n".join(content)
    role = ' role="img"' if title else ""
    heading = f"<title>{escape(title)}</title>\n" if title else ""
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
) -> str:
    """A line of text whose `anchor` ("start", "middle", "end") is at (x, y), in pixels."""
    place = "" if anchor == "start" else f' text-anchor="{anchor}"'
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}"{place}{weight}>'
        f"{escape(text)}</text>"
    )
