"""Random graphs over all operators: references, interpreter and generated C agree."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.ir.graph import DType
from edgekit.converter.ir.ops import BY_NAME, DetectionPostProcess, TreeEnsemble
from edgekit.converter.ir.ops_binary import BINARY
from tests.conformance.against_references import activations
from tests.conformance.campaign import SEVERAL, Campaign, Result
from tests.conformance.deviations import MICRO, RUNTIME
from tests.conformance.graphs import Case, case
from tests.conformance.keep import keep
from tests.conformance.references import PACKAGES, installed
from tests.conformance.registry import GENERATORS, without_generator
from tests.helpers.toolchains import require

GRAPHS = 120
"""Besides one for every operator in every number format it has."""
SANITIZED = 50
SPREAD = 30
MANY = 5000

WAITING: dict[str, str] = {
    **{
        operator.NAME: "no reference here has it: tests/converter/interpret/test_against_lce.py"
        for operator in BINARY
    },
    DetectionPostProcess.NAME: "constant anchors: tests/converter/interpret/test_detections.py",
    TreeEnsemble.NAME: "no reference has it: tests/converter/interpret/test_trees.py",
}
"""Operators without a generator -> why."""


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    """Random ones, and one that starts with each operator in each of its number formats."""
    pairs = dict.fromkeys((dtype, row.operator) for row in GENERATORS for dtype in row.formats)
    firsts = [(dtype, name) for dtype, name in pairs if name in BY_NAME]
    return [
        *(case(seed) for seed in range(GRAPHS)),
        *(case(GRAPHS + index, *pair) for index, pair in enumerate(firsts)),
    ]


@pytest.fixture(scope="module")
def result(cases: list[Case], tmp_path_factory: pytest.TempPathFactory) -> Result:
    require("gcc")
    with Campaign(tmp_path_factory.mktemp("random")) as campaign:
        return _run(campaign, cases)


def _run(campaign: Campaign, cases: list[Case], *options: str) -> Result:
    """The result; a failure is shrunk and kept first."""
    result = campaign.run(cases)
    for failure in result.failures[:3]:
        print(keep(campaign, failure, options))
    return result


def test_every_operator_has_a_generator() -> None:
    assert set(without_generator()) == set(WAITING)


def test_equal_seeds_give_equal_graphs(cases: list[Case]) -> None:
    for one in cases[:20]:
        other = case(one.seed)
        assert one.graph.nodes == other.graph.nodes
        for name, tensor in one.graph.tensors.items():
            assert tensor.quant == other.graph[name].quant
            assert np.array_equal(tensor.data, other.graph[name].data)  # type: ignore[arg-type]
        assert all(map(np.array_equal, one.samples[0], other.samples[0]))


def test_everything_agrees(result: Result) -> None:
    assert not result.failures, result.report


def test_all_operators_were_there(result: Result) -> None:
    assert set(result.operators) == set(BY_NAME) - set(WAITING)


def test_graphs_are_varied(cases: list[Case]) -> None:
    graphs = [case.graph for case in cases]
    assert sum(len(graph.inputs) > 1 for graph in graphs) > GRAPHS / 20
    assert sum(len(graph.outputs) > 1 for graph in graphs) > GRAPHS / 3
    kinds = {graph[name].dtype for graph in graphs for name in graph.activations()}
    assert {DType.INT8, DType.INT16, DType.FLOAT32} <= kinds
    shared = [g for g in graphs if any(len(g.consumers(name)) > 1 for name in g.tensors)]
    assert len(shared) > GRAPHS / 4


def test_outputs_are_not_all_constant(cases: list[Case]) -> None:
    """Else the comparison would be of saturated values. Booleans have but two."""
    lively = total = 0
    for one in cases[:100]:
        for values in activations(one.graph, one.samples[:1]):
            numbers = [values[name] for name in one.graph.outputs if values[name].dtype != bool]
            outputs = [output for output in numbers if output.size > 3]
            lively += sum(np.unique(output).size > 2 for output in outputs)
            total += len(outputs)
    assert lively > 0.75 * total


def test_references_were_asked(result: Result) -> None:
    missing = sorted(set(PACKAGES) - set(installed()))
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    for name in (MICRO, RUNTIME):
        assert result.compared[name] > 3 * GRAPHS
    assert sum(result.skipped.values()) < 0.25 * sum(map(result.compared.__getitem__, PACKAGES))


def test_generated_c_was_run(result: Result) -> None:
    unfinished = len(result.failures) + sum(result.refused.values())
    assert result.compared["C: host"] >= GRAPHS - unfinished
    assert sum(result.refused.values()) < GRAPHS / 5


def test_graphs_in_stripes_agree_under_sanitizers(tmp_path: Path) -> None:
    require("gcc")
    with Campaign(tmp_path, sanitize=True, stripes=True) as campaign:
        result = _run(campaign, [case(seed) for seed in range(60_000, 60_000 + SANITIZED)])
    assert not result.failures, result.report


def test_graphs_over_several_memories_agree_under_sanitizers(tmp_path: Path) -> None:
    """Half of them in stripes as well: each block alone on the heap."""
    require("gcc")
    for start, stripes in ((70_000, False), (70_000 + SPREAD, True)):
        folder = tmp_path / str(start)
        with Campaign(folder, sanitize=True, stripes=stripes, spreads=True) as campaign:
            campaign.references = []
            seeds = range(start, start + SPREAD)
            result = _run(
                campaign, [case(seed) for seed in seeds], "--spread", *["--stripes"] * stripes
            )
        assert not result.failures, result.report
        assert result.compared[SEVERAL] > SPREAD / 3


def test_sanitizers_find_nothing(tmp_path: Path) -> None:
    """Other graphs, under AddressSanitizer and UBSan, each arena alone on the heap."""
    require("gcc")
    with Campaign(tmp_path, sanitize=True) as campaign:
        campaign.references = []
        result = _run(campaign, [case(10_000 + seed) for seed in range(SANITIZED)])
    assert not result.failures, result.report
    assert result.compared["C: host, sanitized"] > SANITIZED / 2


@pytest.mark.slow
@pytest.mark.parametrize("start", range(100_000, 100_000 + MANY, 500))
def test_thousands_agree(start: int, tmp_path: Path) -> None:
    with Campaign(tmp_path) as campaign:
        result = _run(campaign, [case(seed) for seed in range(start, start + 500)])
    assert not result.failures, result.report


@pytest.mark.slow
def test_sanitizers_find_nothing_in_a_thousand(tmp_path: Path) -> None:
    with Campaign(tmp_path, sanitize=True) as campaign:
        campaign.references = []
        result = _run(campaign, [case(200_000 + seed) for seed in range(1000)])
    assert not result.failures, result.report
