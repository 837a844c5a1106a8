"""Random graphs on virtual boards, with the kernels chosen for each core."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.converter.ir.graph import DType
from tests.conformance.boards import BOARDS
from tests.conformance.campaign import Campaign
from tests.conformance.graphs import case
from tests.conformance.keep import keep
from tests.helpers.toolchains import require

pytestmark = pytest.mark.qemu

SAMPLE = {"virtual-m4": 100, "virtual-m55": 60, "virtual-m0": 20}
"""Graphs in the normal suite; `slow` runs more, on all boards."""

MIXED = {"virtual-m4": 30, "virtual-m55": 20}
"""Graphs in any number format."""


STRIPED = {"virtual-m4": 60, "virtual-m55": 40}
"""Graphs run stripe by stripe."""
SPREAD = 40
"""Graphs with an arena in several memories."""


def _check(
    name: str,
    folder: Path,
    seeds: range,
    dtype: DType | None,
    stripes: bool = False,
    spreads: bool = False,
) -> None:
    require("arm-none-eabi-gcc", "qemu-system-arm")
    with Campaign(folder, board=BOARDS[name], stripes=stripes, spreads=spreads) as campaign:
        result = campaign.run([case(seed, dtype) for seed in seeds])
        for failure in result.failures[:2]:
            options = ["--stripes"] * stripes + ["--spread"] * spreads
            print(keep(campaign, failure, [f"--board {name}", *options]))
    assert not result.failures, result.report
    assert result.compared[f"C: {name}"] > len(seeds) / 2


@pytest.mark.parametrize("name", SAMPLE)
def test_int8_graphs_equal_the_interpreter(name: str, tmp_path: Path) -> None:
    _check(name, tmp_path, range(20_000, 20_000 + SAMPLE[name]), DType.INT8)


@pytest.mark.parametrize("name", MIXED)
def test_all_formats_equal_the_interpreter(name: str, tmp_path: Path) -> None:
    _check(name, tmp_path, range(30_000, 30_000 + MIXED[name]), None)


@pytest.mark.parametrize("name", STRIPED)
def test_graphs_in_stripes_equal_the_interpreter(name: str, tmp_path: Path) -> None:
    _check(name, tmp_path, range(40_000, 40_000 + STRIPED[name]), None, stripes=True)


def test_graphs_over_several_memories_equal_the_interpreter(tmp_path: Path) -> None:
    _check("virtual-m55", tmp_path, range(50_000, 50_000 + SPREAD), None, spreads=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", BOARDS)
def test_many_graphs_on_every_board(name: str, tmp_path: Path) -> None:
    _check(name, tmp_path, range(300_000, 300_000 + 10 * BOARDS[name].batch), DType.INT8)
