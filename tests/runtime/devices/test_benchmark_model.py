"""What LiteRT's benchmark_model prints, read as documented; what is no such program."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from edgekit.artifacts.figures import Provenance
from edgekit.errors import UsageError
from edgekit.runtime.devices.benchmark_model import (
    ToolTimes,
    check_tool,
    parse_times,
    tool_figures,
)
from tests.helpers.benchmark_tool import FIRST_US, INIT_US, MEDIAN_US, PRINTED

TIMES = ToolTimes(
    count=50,
    init_s=INIT_US / 1e6,
    first_s=FIRST_US / 1e6,
    mean_s=0.0537432,
    median_s=MEDIAN_US / 1e6,
    memory_bytes=round(56.5 * (1 << 20)),
)
OLDER = """count=9 first=87112 curr=51629 min=51629 max=87112 avg=58147.4 std=11478
count=50 first=52162 curr=49785 min=49088 max=68610 avg=5.37432e+04 std=6071
Inference timings in us: Init: 1.19515e+05, First inference: 87112, Warmup (avg): 58147.4, """
OLDER += "Inference (avg): 5.37432e+04"


def test_the_documented_lines() -> None:
    times = parse_times(PRINTED)
    assert times is not None
    assert asdict(times) == pytest.approx(asdict(TIMES))


def test_lines_without_a_median() -> None:
    """The warm-up is not taken for the measurement."""
    times = parse_times(OLDER)
    assert times is not None
    assert (times.count, times.median_s, times.memory_bytes) == (50, None, None)
    assert times.typical_s == pytest.approx(0.0537432)


@pytest.mark.parametrize("text", ["", "ERROR: no model", PRINTED.partition("INFO: Inference t")[0]])
def test_lines_that_break_off(text: str) -> None:
    assert parse_times(text) is None


def test_figures_name_the_tool_and_its_build(tmp_path: Path) -> None:
    tool = tmp_path / "benchmark_model"
    tool.write_bytes(b"tool")
    figures = tool_figures(tool, TIMES)
    assert list(figures) == ["tool_latency", "tool_init", "tool_memory"]
    assert figures["tool_latency"].basis == (
        "benchmark_model (SHA-256 7c9bbe5ec9b3), XNNPACK, 1 thread: the median it printed, "
        "of 50 inferences; the first took 87.1 ms"
    )
    assert {figure.provenance for figure in figures.values()} == {Provenance.MEASURED}
    assert list(tool_figures(tool, ToolTimes(3, 1.0, 2.0, 1.5))) == ["tool_latency", "tool_init"]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"#!/bin/sh\n", "it is no ELF program"),
        (b"\x7fELF".ljust(18, b"\0") + b"\x3e\0", "it is for ELF machine 62"),
        (b"\x7fELF".ljust(18, b"\0") + b"\x28\0", "it is for ELF machine 40"),
    ],
)
def test_what_is_no_program_for_the_device(
    content: bytes | None, found: str, tmp_path: Path
) -> None:
    tool = tmp_path / "benchmark_model"
    if content is not None:
        tool.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        check_tool(tool, "aarch64")
    assert caught.value.code == "bad-benchmark-model"
    assert caught.value.subject == f"--benchmark-model {tool}"
    assert caught.value.found == found


def test_a_program_for_the_device(tmp_path: Path) -> None:
    tool = tmp_path / "benchmark_model"
    tool.write_bytes(b"\x7fELF".ljust(18, b"\0") + b"\xb7\0")
    check_tool(tool, "aarch64")
