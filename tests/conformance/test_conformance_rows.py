"""Every row of the table of deviations still holds: its reference does refuse, or differ."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from edgekit.converter.ir.graph import DType
from edgekit.converter.ir.ops import BY_NAME
from edgekit.converter.tflite.writer import write_tflite
from tests.conformance.against_references import activations, difference, probed
from tests.conformance.deviations import ROWS, Deviation
from tests.conformance.graphs import Case, case
from tests.conformance.references import Reference, Refused, installed
from tests.conformance.registry import GENERATORS

SEEDS = 1000
"""At most, of graphs that start with the operator; the first that shows the row ends the search."""

PAIRS = [(row, operator) for row in ROWS for operator in row.operators]


@pytest.mark.parametrize(
    ("row", "operator"), PAIRS, ids=[f"{row.reference}-{name}-{row.kind}" for row, name in PAIRS]
)
def test_the_row_holds(row: Deviation, operator: str) -> None:
    if row.reference not in installed():
        pytest.skip(f"not installed: {row.reference}")
    with Reference(row.reference) as reference:
        assert any(_shows(one, row, operator, reference) for one in _cases(operator))


def _cases(operator: str) -> Iterator[Case]:
    formats = {form for row in GENERATORS if row.operator == operator for form in row.formats}
    kinds = [form for form in DType if form in formats and form is not DType.FLOAT32]
    for seed in range(SEEDS):
        yield from (case(seed, dtype, operator) for dtype in kinds or [DType.FLOAT32])


def _shows(one: Case, row: Deviation, operator: str, reference: Reference) -> bool:
    """Whether a node of the graph is refused, or computed otherwise, as the row says."""
    nodes = [n for n in one.graph.nodes if operator == n.op.NAME and row.holds(one.graph, n)]
    expected = activations(one.graph, one.samples) if nodes else []
    for node in nodes:
        alone = probed(one.graph, [node])
        assert alone is not None
        samples = [[values[name] for name in alone.inputs] for values in expected]
        try:
            found = reference.run(write_tflite(alone), len(alone.outputs), samples)
        except Refused:
            return row.kind == "refuses"
        pairs = zip(expected, found, strict=True)
        if row.kind == "differs" and any(difference(v[node.output], f[0]) for v, f in pairs):
            return True
    return False


def test_rows_name_operators_and_reasons() -> None:
    for row in ROWS:
        assert set(row.operators) <= set(BY_NAME)
        assert len(row.reason) > 15
