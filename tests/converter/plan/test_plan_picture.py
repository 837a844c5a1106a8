"""The memory plan as people see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree

from edgekit.artifacts.bundle import ArenaBlock, CascadeInfo, MemorySummary
from edgekit.converter.plan.lifetimes import Live
from edgekit.converter.plan.picture import plan_svg, plan_text
from edgekit.converter.plan.plan import memory_summary, plan_buffers


def drawn(lives: list[Live]) -> MemorySummary:
    return memory_summary(plan_buffers(lives))


MEMORY = drawn(
    [
        Live("input", 3072, 0, 0, "input"),
        Live("conv_y", 16384, 0, 3),
        Live("pool_y", 4096, 1, 2),
        Live("work", 1024, 2, 2, "scratch"),
        Live("output", 10, 3, 3, "output"),
    ]
)


def test_text(golden: Callable[[str, str], None]) -> None:
    golden("plan/plan.txt", plan_text(MEMORY))


def test_text_of_a_plan_above_the_bound_says_so() -> None:
    higher = type(MEMORY)(MEMORY.arena_bytes + 32, MEMORY.lower_bound, MEMORY.buffers)
    first = plan_text(higher).splitlines()[0]
    assert first == "arena 21,536 B, 32 B above the most that is live at once"


def test_long_programs_stay_within_a_terminal() -> None:
    memory = drawn([Live(f"b{i}", 64, i, i + 1) for i in range(300)])
    assert max(map(len, plan_text(memory).splitlines())) <= 110


def test_svg(golden: Callable[[str, str], None]) -> None:
    golden("plan/plan.svg", plan_svg(MEMORY))


def test_svg_is_well_formed_and_complete() -> None:
    root = ElementTree.fromstring(plan_svg(MEMORY))
    rectangles = root.findall(".//{http://www.w3.org/2000/svg}rect")
    assert len(rectangles) == len(MEMORY.buffers)


def test_svg_escapes_names() -> None:
    memory = drawn([Live('<a&"b>', 64, 0, 0)])
    assert "<a&" not in plan_svg(memory)
    ElementTree.fromstring(plan_svg(memory))


STRIPED = replace(MEMORY, cascades=(CascadeInfo(0, 0, 4, 1, upward=True), CascadeInfo(2, 3, 3, 2)))


def test_text_of_stripes() -> None:
    lines = plan_text(STRIPED).splitlines()
    assert lines[0].endswith("no plan with these stripes needs less")
    assert lines[-3].split() == ["in", "stripes", "=.=="]
    assert lines[-3].index("=") == lines[1].index("steps")
    assert lines[-2:] == [
        "  step 0 in 4 stripes of 1 row, upward",
        "  steps 2..3 in 3 stripes of 2 rows",
    ]


def test_svg_of_stripes() -> None:
    root = ElementTree.fromstring(plan_svg(STRIPED))
    bands = root.findall(".//{http://www.w3.org/2000/svg}rect[@class='stripes']")
    assert [round(float(band.get("width", "0"))) for band in bands] == [194, 387]
    assert "steps 2..3 in 3 stripes of 2 rows" in plan_svg(STRIPED)


SPLIT = replace(
    MEMORY,
    buffers=tuple(
        replace(placed, block=1, offset=0) if placed.name == "conv_y" else placed
        for placed in MEMORY.buffers
    ),
    blocks=(
        ArenaBlock("DTCM", 5120, 5104, 8192, 300),
        ArenaBlock("A & B", 16384, 16384, 20000, 100),
    ),
)


def test_text_of_two_memories() -> None:
    lines = plan_text(SPLIT).splitlines()
    assert lines[0] == "arena 21,504 B in DTCM, A & B; at most 21,504 B are live at once"
    assert lines[1:3] == [
        "",
        "DTCM: 5,120 B of 8,192 B, 16 B above the most that is live in it at once,"
        " 75.0 % of the bytes touched (estimated)",
    ]
    at = lines.index("A & B: 16,384 B of 20,000 B, 25.0 % of the bytes touched (estimated)")
    assert [line.split()[2] for line in lines[at + 2 :]] == ["conv_y"]
    assert "conv_y" not in "".join(lines[:at])


def test_svg_of_two_memories() -> None:
    root = ElementTree.fromstring(plan_svg(SPLIT))
    assert root.get("viewBox") == "0 0 860 720"
    panels = [element for element in root if element.get("transform")]
    assert [panel.get("transform") for panel in panels] == ["translate(0 0)", "translate(0 360)"]
    boxes = [len(panel.findall(".//{http://www.w3.org/2000/svg}rect")) for panel in panels]
    assert boxes == [len(MEMORY.buffers) - 1, 1]


def test_a_named_memory_of_one_block() -> None:
    named = replace(MEMORY, blocks=(ArenaBlock("DTCM", MEMORY.arena_bytes, 0, 99999),))
    assert plan_text(named).startswith("arena 21,504 B in DTCM, the most that is live at once")
    assert plan_text(named).splitlines()[1:] == plan_text(MEMORY).splitlines()[1:]
