"""A wrong kernel, a wrong reference row and a wrong interpreter are found and shrunk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.interpret import run as interpret
from edgekit.converter.ir.graph import DType
from edgekit.converter.tflite.reader import read_tflite
from edgekit.firmware_stubs.catalog import kernel_source
from tests.conformance import deviations
from tests.conformance.campaign import Campaign, Failure
from tests.conformance.graphs import Case, case
from tests.conformance.keep import keep, smallest
from tests.conformance.references import installed
from tests.conformance.registry import generators
from tests.conformance.run import main
from tests.conformance.shrink import shrink
from tests.helpers.toolchains import require

WRONG = [
    ("conv2d_s8", "p->act_max", "p->act_max - 1", "CONV_2D"),
    ("add_s8", "p->act_max", "p->act_max - 1", "ADD"),
    ("concat_s8", "p->offset", "(p->offset > 0)", "CONCATENATION"),
]


@pytest.fixture
def campaign(tmp_path: Path) -> Campaign:
    require("gcc")
    campaign = Campaign(tmp_path)
    campaign.references = []
    return campaign


def break_kernel(campaign: Campaign, kernel: str, old: str, new: str) -> None:
    """Compile a mutant where the campaign keeps its compiled kernels."""
    text = kernel_source(f"ek_{kernel}__ref").read_text()
    assert old in text, "the mutation no longer applies"
    folder = campaign.folder / "mutant" / "ref"
    folder.mkdir(parents=True)
    (folder / f"{kernel}.c").write_text(text.replace(old, new))
    campaign.compiler.compile([folder / f"{kernel}.c"], campaign.compiler.objects, "-w")


def cases_of(operator: str, count: int = 8) -> list[Case]:
    """int8 graphs that begin with this operator."""
    table = [generator.operator for generator in generators(DType.INT8)]
    place = table.index(operator)
    return [case(place + turn * len(table), DType.INT8) for turn in range(count)]


@pytest.mark.parametrize(("kernel", "old", "new", "operator"), WRONG)
def test_a_wrong_kernel_is_found_and_shrunk_to_its_node(
    campaign: Campaign, kernel: str, old: str, new: str, operator: str
) -> None:
    break_kernel(campaign, kernel, old, new)
    failures = campaign.run(cases_of(operator)).failures
    assert failures
    shrunk = smallest(campaign, failures[0])
    assert [node.op.NAME for node in shrunk.graph.nodes] == [operator]
    assert len(shrunk.samples) == 1


def test_what_is_kept_shows_the_failure_again(campaign: Campaign) -> None:
    break_kernel(campaign, "add_s8", "p->act_max", "p->act_max - 1")
    text = keep(campaign, campaign.run(cases_of("ADD")).failures[0], ["--format int8"])
    assert "shrunk to 1 nodes" in text
    assert "again: python -m tests.conformance.run --seed" in text
    folder = Path(text.partition("written to ")[2].splitlines()[0])
    [model] = folder.glob("*.tflite")
    graph = read_tflite(model.read_bytes(), model.stem)
    with np.load(model.with_suffix(".npz")) as arrays:
        sample = tuple(arrays[f"0.{i}"] for i in range(len(graph.inputs)))
    assert interpret(graph, list(sample))
    assert campaign.why(graph, (sample,)) is not None


def test_a_model_that_kills_the_program_is_told_from_its_batch(campaign: Campaign) -> None:
    """Where a batch has no answer for each of its models they are run in smaller ones."""
    break_kernel(campaign, "add_s8", "p->act_max", "*(volatile int *)0")
    failures = campaign.run([case(7, DType.INT8), *cases_of("ADD", 3)]).failures
    assert failures
    for failure in failures:
        assert any(node.op.NAME == "ADD" for node in failure.case.graph.nodes)


def test_a_missing_row_is_found(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its row a known deviation is a failure, and it shrinks to the operator."""
    if deviations.MICRO not in installed():
        pytest.skip(f"not installed: {deviations.MICRO}")
    rows = tuple(row for row in deviations.ROWS if "RELU6" not in row.operators)
    monkeypatch.setattr(deviations, "ROWS", rows)
    with Campaign(campaign.folder, c=False) as references:
        failures = references.run(cases_of("RELU6")).failures
        assert failures
        shrunk = smallest(references, failures[0])
    assert [node.op.NAME for node in shrunk.graph.nodes] == ["RELU6"]


def test_shrinking_ends_where_nothing_smaller_fails() -> None:
    one = case(4, DType.INT8)
    shrunk = shrink(one.graph, one.samples, lambda graph, samples: False)
    assert shrunk.graph is one.graph


def test_an_interpreter_that_raises_is_a_failure(
    campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("no")

    monkeypatch.setattr("tests.conformance.campaign.activations", broken)
    [failure] = campaign.run([case(1)]).failures
    assert failure.mismatch.stage == "interpreter"
    assert "ValueError: no" in str(failure)


def test_the_command_line_runs_one_seed(capsys: pytest.CaptureFixture[str]) -> None:
    require("gcc")
    assert main(["--seed", "2", "--format", "int8"]) == 0
    assert "C: host" in capsys.readouterr().out


def test_a_failure_says_its_seed() -> None:
    from tests.conformance.against_references import Mismatch

    assert str(Failure(case(9), Mismatch("file", "x"))) == "seed 9: file: x"
