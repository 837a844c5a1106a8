"""Random graphs of binarized operators on virtual boards, with the kernels chosen for each core."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.ir.graph import DType, Graph
from tests.conformance.boards import BOARDS
from tests.conformance.campaign import Campaign
from tests.conformance.graphs import Case
from tests.helpers.binary_graphs import bconv_graph, pool_graph, random_case, random_values
from tests.helpers.toolchains import require

pytestmark = pytest.mark.qemu


def graph_of(seed: int) -> Graph:
    rng = np.random.default_rng([seed, 5])
    if seed % 6 == 5:
        return pool_graph(rng, (DType.FLOAT32, DType.INT8)[seed % 4 // 2])
    return bconv_graph(random_case(rng, batch=1 + seed % 2), rng)


def case(seed: int) -> Case:
    graph = graph_of(seed)
    rng = np.random.default_rng([seed, 6])
    return Case(seed, graph, tuple((random_values(graph, rng),) for _ in range(2)))


def _check(name: str, folder: Path, seeds: range) -> None:
    require("arm-none-eabi-gcc", "qemu-system-arm")
    with Campaign(folder, board=BOARDS[name]) as campaign:
        result = campaign.run([case(seed) for seed in seeds])
    assert not result.failures, result.report
    assert result.compared[f"C: {name}"] > 0.8 * len(seeds)


@pytest.mark.parametrize("name", ["virtual-m4", "virtual-m55"])
def test_binarized_graphs_equal_the_interpreter(name: str, tmp_path: Path) -> None:
    _check(name, tmp_path, range(24))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["virtual-m3", "virtual-m4", "virtual-m7", "virtual-m55"])
def test_hundreds_of_binarized_graphs(name: str, tmp_path: Path) -> None:
    _check(name, tmp_path, range(1000, 1480))
