"""One model in three engines: tflite-micro, the NumPy interpreter, generated C on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgekit.converter.interpret import run
from edgekit.converter.ir.graph import Graph
from edgekit.converter.ir.verify import verify
from edgekit.converter.tflite.reader import read_tflite
from tests.helpers import oracle
from tests.helpers.generated_c import build, generate, run_c
from tests.helpers.oracle import Array


@dataclass(frozen=True)
class Case:
    """A `.tflite` with one array per input."""

    name: str
    model: bytes
    inputs: list[Array]

    @property
    def graph(self) -> Graph:
        """The verified graph that EdgeKit reads."""
        graph = read_tflite(self.model, self.name)
        verify(graph)
        return graph


def reference(case: Case) -> Array:
    """The first output in tflite-micro."""
    return oracle.run_tflm(case.model, case.inputs)[0]


def interpreted(case: Case) -> Array:
    """The first output in the NumPy interpreter."""
    graph = case.graph
    return run(graph, case.inputs)[graph.outputs[0]]


def compiled(cases: Sequence[Case], folder: Path, *flags: str) -> list[Array]:
    """The first output of each case's generated C; one library for all of them."""
    generated = [generate(case.graph, f"case_{index}") for index, case in enumerate(cases)]
    library = build(generated, folder, *flags)
    return [
        run_c(library, made, case.inputs, poison=index)[0]
        for index, (made, case) in enumerate(zip(generated, cases, strict=True))
    ]
