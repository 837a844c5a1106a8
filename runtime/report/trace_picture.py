"""A power trace as a picture: in the terminal, and as PNG. Both are drawn from the envelope, so
that no peak is lost to the width."""

from __future__ import annotations

import io

from edgekit.artifacts.power import PowerTrace
from edgekit.artifacts.report import TraceEnvelope
from edgekit.runtime.power.trace_parts import Parts, Summary
from edgekit.runtime.report.envelope import envelope, envelope_of
from edgekit.units import si

DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Bits of a braille character's dots, by row and column."""
BRAILLE = 0x2800
PAPER, BAND, MEAN, GRID, PIN = "#ffffff", "#9db8dd", "#1f4e9c", "#dddddd", "#e8a33d"
LEFT, RIGHT, TOP, BOTTOM = 90, 20, 30, 40


def terminal_plot(trace: PowerTrace, width: int = 72, height: int = 12) -> str:
    """The trace in braille dots, `width` by `height` characters and a line of words below."""
    drawn = envelope(trace, columns=2 * width)
    top, rows = _top(drawn), 4 * height
    cells = [[0] * width for _ in range(height)]
    for column, (low, high) in enumerate(zip(drawn.low_w, drawn.high_w, strict=True)):
        if low is None or high is None:
            continue
        for row in range(_row(high, top, rows), _row(low, top, rows) + 1):
            cells[row // 4][column // 2] |= DOTS[row % 4][column % 2]
    lines = ["".join(chr(BRAILLE + cell) for cell in row).rstrip(chr(BRAILLE)) for row in cells]
    mean = float((trace.volts * trace.amps).mean())
    length = si(float(trace.t[-1] - trace.t[0]), "s")
    words = f"0 to {si(top, 'W')}, mean {si(mean, 'W')}, over {length}"
    return "\n".join([*lines, words])


def png(parts: Parts, summary: Summary, width: int = 1200, height: int = 400) -> bytes:
    """A recording as a PNG picture: band, mean, marks above it, power and time in words."""
    from PIL import Image, ImageDraw

    inside = width - LEFT - RIGHT
    span = (summary.first_s, summary.last_s)
    drawn = envelope_of(parts(), span, summary.samples, columns=inside)
    top = _top(drawn)
    image = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(image)

    def x(t: float) -> float:
        return LEFT + inside * (t - drawn.start_s) / (drawn.step_s * len(drawn.low_w))

    def y(watts: float) -> float:
        return TOP + (height - TOP - BOTTOM) * (1 - watts / (1.05 * top))

    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        draw.line((LEFT, y(share * top), width - RIGHT, y(share * top)), GRID)
        draw.text((8, y(share * top) - 6), si(share * top, "W"), "black")
    half = inside / len(drawn.low_w) / 2
    values = zip(drawn.low_w, drawn.mean_w, drawn.high_w, strict=True)
    for column, (low, mean, high) in enumerate(values):
        if low is None or mean is None or high is None:
            continue
        at = x(drawn.start_s + (column + 0.5) * drawn.step_s)
        draw.rectangle((at - half, y(high), at + half, y(low)), BAND)
        draw.line((at - half, y(mean), at + half, y(mean)), MEAN, 2)
    for mark in summary.marks:
        draw.line((x(mark.t), TOP - 10, x(mark.t), TOP), PIN, 2)
    words = f"{drawn.meter}: {summary.samples} samples over {si(summary.seconds, 's')}"
    draw.text((LEFT, height - 24), words, "black")
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def _top(drawn: TraceEnvelope) -> float:
    return max(max((high for high in drawn.high_w if high is not None), default=0.0), 1e-12)


def _row(watts: float, top: float, rows: int) -> int:
    """The row of dots, from above, in which a power lies."""
    return min(rows - 1, max(0, round((1 - watts / top) * (rows - 1))))
