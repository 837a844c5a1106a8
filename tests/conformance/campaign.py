"""Many graphs through everything: the file, the interpreter, the references, the generated C.

    with Campaign(folder) as campaign:
        result = campaign.run([case(seed) for seed in range(300)])
        assert not result.failures

`Campaign.why` asks the same of a single graph, stage by stage; shrinking is built on it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from edgekit.converter.ir.graph import DType, Graph
from edgekit.converter.ir.verify import verify
from edgekit.converter.tflite.legacy import needs_uint8
from edgekit.converter.tflite.writer import write_tflite
from edgekit.errors import UnsupportedError
from edgekit.targets.model import Target
from tests.conformance.against_references import Mismatch, Values, activations, compare, difference
from tests.conformance.boards import Board
from tests.conformance.deviations import ELSEWHERE
from tests.conformance.generated import (
    SANITIZERS,
    Compiler,
    Emitted,
    Outcome,
    build,
    emit,
    host_target,
    run_on_host,
)
from tests.conformance.graphs import Case
from tests.conformance.references import Reference, installed
from tests.conformance.same_graph import changed_by_the_file, read_back
from tests.conformance.shrink import Samples

NOT_IN_C: dict[DType, str] = {
    DType.FLOAT32: "float32 arithmetic is not generated as C",
}
"""Number formats whose graphs the C generator may refuse, with the reason."""

SEVERAL = "C: arena in several memories"
"""What `Result.compared` counts those models under."""

BATCH = 150
"""Graphs in one program."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A graph that fails, and where."""

    case: Case
    mismatch: Mismatch

    def __str__(self) -> str:
        return f"seed {self.case.seed}: {self.mismatch.stage}: {self.mismatch.text}"


@dataclass(slots=True)
class Result:
    """Failures, and how much was compared with what."""

    failures: list[Failure] = field(default_factory=list)
    compared: Counter[str] = field(default_factory=Counter)
    """Node outputs per reference; models per program of generated C."""
    skipped: Counter[str] = field(default_factory=Counter)
    """Node outputs kept from a reference, per reason."""
    refused: Counter[str] = field(default_factory=Counter)
    """Graphs without C, per reason."""
    operators: Counter[str] = field(default_factory=Counter)

    @property
    def report(self) -> str:
        """All of it as text."""
        lines = [str(failure) for failure in self.failures]
        for title in ("compared", "skipped", "refused"):
            counts: Counter[str] = getattr(self, title)
            lines += [f"{title} {count:>6}  {what}" for what, count in counts.most_common()]
        return "\n".join(lines)


class Campaign:
    """The references' processes and the compiled kernels, kept from graph to graph."""

    def __init__(
        self,
        folder: Path,
        *,
        sanitize: bool = False,
        board: Board | None = None,
        c: bool = True,
        stripes: bool = False,
        spreads: bool = False,
    ) -> None:
        self.folder = folder
        self.board = board
        self.stripes, self.spreads = stripes, spreads
        self.c = c
        self.target: Target = board.target if board else host_target()
        flags = ("-O1", *SANITIZERS) if sanitize else ("-O0",)
        self.link = board.link if board else SANITIZERS if sanitize else ()
        command = board.compiler if board else "gcc"
        self.compiler = Compiler(command, board.flags if board else flags, folder / "kernels")
        self.place = board.name if board else "host, sanitized" if sanitize else "host"
        self.references = [] if board else [Reference(name) for name in installed()]
        self._programs = 0

    def __enter__(self) -> Campaign:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for reference in self.references:
            reference.close()

    # -------------------------------------------------------------------------- many graphs

    def run(self, cases: Sequence[Case]) -> Result:
        """Everything about every case."""
        result, emitted = Result(), []
        for case in cases:
            result.operators.update(node.op.NAME for node in case.graph.nodes)
            found = self._before_c(case.graph, case.samples, result)
            if isinstance(found, Mismatch):
                result.failures.append(Failure(case, found))
            elif found is not None:
                emitted.append((case, found))
        size = self.board.batch if self.board else BATCH
        for start in range(0, len(emitted), size):
            self._run_c(emitted[start : start + size], result)
        return result

    def _run_c(self, batch: Sequence[tuple[Case, Emitted]], result: Result) -> None:
        """One program of many models; one by one where that has no answer for each."""
        result.compared[f"C: {self.place}"] += len(batch)
        several = sum(len(emitted.memory.blocks) > 1 for _, emitted in batch)
        result.compared.update({SEVERAL: several} if several else {})
        try:
            outcome = self._program([emitted for _, emitted in batch])
        except AssertionError as error:
            outcome = Outcome({}, str(error), -1)
        if outcome.status == 0:
            return
        if not outcome.complete and len(batch) > 1:
            middle = len(batch) // 2
            result.compared[f"C: {self.place}"] -= len(batch)
            result.compared.subtract({SEVERAL: several} if several else {})
            self._run_c(batch[:middle], result)
            self._run_c(batch[middle:], result)
            return
        for case, emitted in batch:
            line = outcome.differing.get(emitted.name, "" if outcome.complete else outcome.words)
            if line:
                result.failures.append(Failure(case, Mismatch(f"C: {self.place}", line)))

    # --------------------------------------------------------------------------- one graph

    def why(self, graph: Graph, samples: Samples) -> Mismatch | None:
        """The first thing that goes wrong with a graph, or None."""
        found = self._before_c(graph, samples, Result())
        if found is None or isinstance(found, Mismatch):
            return found
        try:
            outcome = self._program([found])
        except AssertionError as error:
            return Mismatch(f"C: {self.place}", str(error))
        text = "" if outcome.status == 0 else outcome.words
        return Mismatch(f"C: {self.place}", text) if text else None

    def _before_c(
        self, graph: Graph, samples: Samples, result: Result
    ) -> Mismatch | Emitted | None:
        try:
            stage = "rules"
            verify(graph)
            stage = "file"
            read = read_back(graph)
            stage = "interpreter"
            expected = activations(read, samples)
        except Exception as error:
            return Mismatch(stage, f"{type(error).__name__}: {error}")
        problem = _file_problem(graph, read, samples, expected)
        if needs_uint8(graph):  # its file as a whole is compared; a node alone would be int8
            result.skipped["legacy uint8, node by node"] += len(graph.nodes)
        else:
            problem = problem or self._at_references(read, expected, result)
        return problem or self._emitted(read, samples, expected, result)

    def _at_references(
        self, graph: Graph, expected: Sequence[Values], result: Result
    ) -> Mismatch | None:
        for reference in self.references:
            answer = compare(graph, expected, reference)
            result.compared[reference.name] += answer.compared
            rows = [row for row in answer.skipped if row is not ELSEWHERE]
            result.skipped.update(f"{reference.name}: {row.reason}" for row in rows)
            if answer.mismatch is not None:
                return answer.mismatch
        return None

    def _emitted(
        self, graph: Graph, samples: Samples, expected: Sequence[Values], result: Result
    ) -> Mismatch | Emitted | None:
        if not self.c:
            return None
        name = graph.name if graph.name.isidentifier() else "model"
        try:
            emitted = emit(graph, name, self.target, samples, expected, self.stripes, self.spreads)
            if self.board is None or emitted.room <= self.board.most_arena:
                return emitted
            result.refused[f"too large for the RAM of {self.place}"] += 1
            return None
        except UnsupportedError as error:
            reason = _may_be_refused(graph)
            if reason:
                result.refused[reason] += 1
                return None
            return Mismatch("lowering", str(error))
        except Exception as error:
            return Mismatch("lowering", f"{type(error).__name__}: {error}")

    def _program(self, models: Sequence[Emitted]) -> Outcome:
        self._programs += 1
        folder = self.folder / f"{self.place.replace(', ', '_')}_{self._programs}"
        program = build(models, self.compiler, folder, *self.link, board=self.board is not None)
        return self.board.run(program) if self.board else run_on_host(program)


def _file_problem(
    graph: Graph, read: Graph, samples: Samples, expected: Sequence[Values]
) -> Mismatch | None:
    """The file, read back, is the same graph, gives the same file, and computes the same."""
    changed = changed_by_the_file(graph, read)
    if changed:
        return Mismatch("file", changed)
    if write_tflite(read_back(read)) != write_tflite(read):
        return Mismatch("file", "written, read and written again it differs")
    for ours, theirs in zip(activations(graph, samples), expected, strict=True):
        for before, after in zip(graph.outputs, read.outputs, strict=True):
            text = difference(ours[before], theirs[after])
            if text:
                return Mismatch("file", f"{before}, read back: {text}")
    return None


def _may_be_refused(graph: Graph) -> str:
    """Why this graph may have no C, or ""."""
    for node in graph.nodes:
        kinds = {graph[name].dtype for name in (*node.inputs, *node.outputs) if name}
        for dtype in kinds & set(NOT_IN_C):
            if node.op.NAME not in ("QUANTIZE", "DEQUANTIZE"):
                return NOT_IN_C[dtype]
    return ""
