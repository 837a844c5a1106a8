"""The memory plan as a picture: text for terminals and C comments, SVG for reports."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from xml.sax.saxutils import escape, quoteattr

from edgekit.artifacts.bundle import ArenaBlock, CascadeInfo, MemorySummary, PlacedBuffer
from edgekit.units import bytes_text, count_text, percent

_WIDEST = 72
"""Columns of the text picture; longer programs show several steps a column."""


def plan_text(memory: MemorySummary) -> str:
    """One line per buffer, top of the arena first; `#` marks the steps it lives in.

    Of an arena in several memories each has its own lines. Ends with a newline.
    """
    steps = _steps(memory.buffers)
    width = min(steps, _WIDEST)
    size = max((len(count_text(p.size)) for p in memory.buffers), default=1)
    name = max((len(p.name) for p in memory.buffers), default=1)
    head = f"{'offset':>10}  {'bytes':>{max(size, 5)}}  {'buffer':{name}}  steps 0..{steps - 1}"
    lines = [_title(memory)] if len(memory.blocks) < 2 else [_titles(memory)]
    for index, part in enumerate(memory.parts()):
        if len(memory.blocks) > 1:
            lines += ["", block_text(memory, memory.blocks[index])]
        rows = [
            f"{count_text(p.offset):>10}  {count_text(p.size):>{max(size, 5)}}  {p.name:{name}}  "
            + _bar(p, steps, width)
            for p in sorted(part.buffers, key=lambda p: (-p.offset, p.first, p.name))
        ]
        lines += [head, *rows]
    return "\n".join((*lines, *_stripes(memory, steps, width, head))) + "\n"


def block_text(memory: MemorySummary, block: ArenaBlock) -> str:
    """A block in words: "DTCM: 18,688 B of 24,544 B, 99.0 % of the bytes touched (estimated)"."""
    text = f"{block.memory}: {count_text(block.bytes)} B of {count_text(block.room)} B"
    over = block.bytes - block.lower_bound
    if over > 0:
        text += f", {count_text(over)} B above the most that is live in it at once"
    if not block.touched:
        return text
    return f"{text}, {percent(memory.touched_share(block), 1)} of the bytes touched (estimated)"


def _stripes(memory: MemorySummary, steps: int, width: int, head: str) -> list[str]:
    """A line that marks the steps that run in stripes, and one for each cascade."""
    if not memory.cascades:
        return []
    inside = [step for c in memory.cascades for step in range(c.first, c.last + 1)]
    columns = {step * width // steps for step in inside}
    marks = "".join("=" if column in columns else "." for column in range(width))
    at = head.index("steps 0..")
    return [f"{'in stripes':{at}}{marks}", *(f"  {stripes_text(c)}" for c in memory.cascades)]


def stripes_text(cascade: CascadeInfo) -> str:
    """A cascade in words: "steps 2..3 in 3 stripes of 8 rows"."""
    span = f"step {cascade.first}"
    if cascade.last > cascade.first:
        span = f"steps {cascade.first}..{cascade.last}"
    rows = f"{cascade.rows} row" + ("s" if cascade.rows > 1 else "")
    return f"{span} in {cascade.stripes} stripes of {rows}" + (", upward" * cascade.upward)


def _titles(memory: MemorySummary) -> str:
    where = ", ".join(block.memory for block in memory.blocks)
    return (
        f"arena {count_text(memory.arena_bytes)} B in {where};"
        f" at most {count_text(memory.lower_bound)} B are live at once"
    )


def _title(memory: MemorySummary) -> str:
    where = f" in {memory.blocks[0].memory}" if memory.blocks else ""
    arena = f"arena {count_text(memory.arena_bytes)} B{where}"
    over = memory.arena_bytes - memory.lower_bound
    if over <= 0:
        rival = "no plan with these stripes" if memory.cascades else "no plan"
        return f"{arena}, the most that is live at once: {rival} needs less"
    return f"{arena}, {count_text(over)} B above the most that is live at once"


def _steps(placements: Sequence[PlacedBuffer]) -> int:
    return max((placed.last for placed in placements), default=0) + 1


def _bar(placed: PlacedBuffer, steps: int, width: int) -> str:
    first, last = placed.first * width // steps, placed.last * width // steps
    return "".join("#" if first <= column <= last else "." for column in range(width))


_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 860, 360, 76, 34, 34
_COLOURS = {
    "input": "#4e79a7",
    "output": "#59a14f",
    "activation": "#a0b4c8",
    "scratch": "#e6a141",
    "state": "#b07aa1",
}


def plan_svg(memory: MemorySummary) -> str:
    """Steps to the right, addresses upwards, one box per buffer with a tooltip.

    Of an arena in several memories each has a picture, one below the other. Self-contained, without
    a fixed text colour, so it suits light and dark pages.
    """
    steps, parts = _steps(memory.buffers), memory.parts()
    if len(parts) == 1:
        title, body = _title(memory), _panel(memory, steps, _title(memory))
    else:
        title, body = _titles(memory), []
        for index, (part, block) in enumerate(zip(parts, memory.blocks, strict=True)):
            panel = _panel(part, steps, block_text(memory, block))
            body += [f'<g transform="translate(0 {index * _HEIGHT})">', *panel, "</g>"]
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {len(parts) * _HEIGHT}"'
            f' role="img" aria-label={quoteattr(title)}'
            ' font-family="system-ui, sans-serif" font-size="11" fill="currentColor">',
            *body,
            "</svg>",
            "",
        )
    )


def _panel(memory: MemorySummary, steps: int, title: str) -> list[str]:
    """The picture of one block."""
    arena = max(memory.arena_bytes, 1)
    wide, tall = (_WIDTH - _LEFT - 10) / steps, (_HEIGHT - _TOP - _BOTTOM) / arena
    overwritten = {old.name for old, new in permutations(memory.buffers, 2) if _heir(old, new)}
    boxes = [
        _box(placed, wide, tall, arena, placed.name in overwritten) for placed in memory.buffers
    ]
    return [
        f'<text x="{_LEFT}" y="18" font-size="13">{escape(title)}</text>',
        *_bands(memory, wide, tall * arena),
        *boxes,
        *_axes(steps, wide, tall, arena),
    ]


def _heir(old: PlacedBuffer, new: PlacedBuffer) -> bool:
    """Whether `new` takes the place of `old` in the very step that both matter in."""
    meet = old.last == new.first and old.first < new.first
    return meet and old.offset < new.offset + new.size and new.offset < old.offset + old.size


def _bands(memory: MemorySummary, wide: float, tall: float) -> list[str]:
    """A shaded column behind the steps of each cascade, with a tooltip."""
    return [
        f'<g><title>{escape(stripes_text(c))}</title><rect class="stripes"'
        f' x="{_LEFT + c.first * wide:.1f}" y="{_TOP - 8}"'
        f' width="{(c.last - c.first + 1) * wide:.1f}" height="{tall + 8:.1f}"'
        ' fill="#b07aa1" fill-opacity="0.25"/></g>'
        for c in memory.cascades
    ]


def _box(placed: PlacedBuffer, wide: float, tall: float, arena: int, overwritten: bool) -> str:
    """One buffer; one that is overwritten in place ends where the box of its heir begins."""
    shown = max(placed.last - placed.first + (not overwritten), 0.5)
    x = _LEFT + placed.first * wide
    y = _TOP + (arena - placed.offset - placed.size) * tall
    width, height = shown * wide, placed.size * tall
    colour = _COLOURS.get(placed.kind, _COLOURS["activation"])
    tip = (
        f"{placed.name}: {count_text(placed.size)} B at {count_text(placed.offset)},"
        f" steps {placed.first}..{placed.last}"
    )
    label = ""
    if width > 7 * len(placed.name) and height > 13:
        label = (
            f'<text x="{x + width / 2:.1f}" y="{y + height / 2 + 4:.1f}" text-anchor="middle"'
            f' fill="#10202e">{escape(placed.name)}</text>'
        )
    return (
        f'<g><title>{escape(tip)}</title><rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}"'
        f' height="{max(height, 0.5):.1f}" fill="{colour}" stroke="#10202e"'
        f' stroke-width="0.5" rx="2"/>{label}</g>'
    )


def _axes(steps: int, wide: float, tall: float, arena: int) -> list[str]:
    bottom = _TOP + arena * tall
    every = max(1, -(-steps // 24))
    below = [
        f'<text x="{_LEFT + (step + 0.5) * wide:.1f}" y="{bottom + 15:.1f}"'
        f' text-anchor="middle">{step}</text>'
        for step in range(0, steps, every)
    ]
    beside = [
        f'<text x="{_LEFT - 6}" y="{bottom - share * arena / 4 * tall + 4:.1f}"'
        f' text-anchor="end">{bytes_text(share * arena // 4)}</text>'
        for share in range(5)
    ]
    name = f'<text x="{_LEFT}" y="{bottom + 29:.1f}">step</text>'
    return [*below, *beside, name]
