"""Whole files of anyone: read, written back, interpreted, compared with the references and as C.

The folder is EDGEKIT_CONFORMANCE_MODELS, else the models of the test data.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgekit.converter.ir.graph import DType, Graph, Tensor
from edgekit.converter.ir.verify import verify
from edgekit.converter.load.load import prepare
from edgekit.converter.tflite.raw import read_raw
from edgekit.converter.tflite.reader import read_tflite
from edgekit.converter.tflite.resolve import resolve, static_shape
from edgekit.converter.tflite.writer import write_tflite
from edgekit.errors import EdgeKitError
from tests.conformance.against_references import activations, difference
from tests.conformance.campaign import Campaign, Result
from tests.conformance.deviations import MICRO, deviation
from tests.conformance.graphs import Case, random_inputs
from tests.conformance.maker import Array
from tests.conformance.references import Refused
from tests.conformance.same_graph import read_back
from tests.conformance.shrink import Samples

ROOT = Path(__file__).parent.parent.parent
MOST_BYTES = 4 << 20
"""Larger files are listed and not run: the portable C takes too long to compile and to run."""


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one file: "equal", "not supported", "too large" or "differs"."""

    name: str
    verdict: str
    detail: str

    @property
    def failed(self) -> bool:
        """Whether it is EdgeKit's fault."""
        return self.verdict == "differs"

    def __str__(self) -> str:
        return f"{self.verdict:<14} {self.name}: {self.detail}"


def models_folder() -> Path:
    """Where the files are."""
    data = Path(os.environ.get("EDGEKIT_TEST_DATA", ROOT.parent / "shared" / "data"))
    return Path(os.environ.get("EDGEKIT_CONFORMANCE_MODELS", data / "models"))


def model_files(folder: Path) -> list[Path]:
    """Every .tflite below the folder, sorted."""
    return sorted(folder.rglob("*.tflite"))


def check_files(folder: Path) -> list[Row]:
    """A row per file below the folder."""
    with tempfile.TemporaryDirectory() as scratch, Campaign(Path(scratch)) as campaign:
        return [check_file(path, campaign) for path in model_files(folder)]


def check_file(path: Path, campaign: Campaign) -> Row:
    """One file through everything."""
    if path.stat().st_size > MOST_BYTES:
        return Row(path.name, "too large", f"{path.stat().st_size:,} bytes")
    try:
        stored = read_tflite(path.read_bytes(), "model", subject=path.name)
        graph, _ = prepare(stored)
        verify(graph)
    except EdgeKitError as error:
        return Row(path.name, "not supported", f"[{error.code}] {error.found}")
    except Exception as error:
        return Row(path.name, "differs", f"reader: {type(error).__name__}: {error}")
    samples = _samples(graph)
    problem = _written_back(graph)
    problem = problem or _at_references(path.read_bytes(), stored, graph, samples, campaign)
    if problem:
        return Row(path.name, "differs", problem)
    result = campaign.run([Case(0, graph, samples)])
    if result.failures:
        return Row(path.name, "differs", str(result.failures[0].mismatch))
    return Row(path.name, "equal", _compared(result))


def _samples(graph: Graph) -> Samples:
    rng = np.random.default_rng(11)
    styles = (0, 2) if any(graph[name].dtype is DType.FLOAT32 for name in graph.inputs) else (0, 1)
    return tuple(random_inputs(graph, rng, style) for style in styles)


def _written_back(graph: Graph) -> str:
    """Written, read and written again it is the same file."""
    same = write_tflite(read_back(graph)) == write_tflite(graph)
    return "" if same else "written back it changes"


def _at_references(
    data: bytes, stored: Graph, graph: Graph, samples: Samples, campaign: Campaign
) -> str:
    """The file's own bytes give what the interpreter makes of the graph that was loaded."""
    if _hybrid(stored):
        return ""
    expected = activations(graph, samples)
    inputs = [
        [_as_stored(v, stored[n]) for v, n in zip(s, stored.inputs, strict=True)] for s in samples
    ]
    for reference in campaign.references:
        if any(deviation(reference.name, graph, node) for node in graph.nodes):
            continue
        if reference.name == MICRO and (_unknown_to_micro(stored) or _decided_late(data)):
            continue
        try:
            found = reference.run(data, len(graph.outputs), inputs)
        except Refused as error:
            return f"{reference.name} refuses the file: {error}"
        for values, outputs in zip(expected, found, strict=True):
            names = zip(graph.outputs, stored.outputs, outputs, strict=True)
            for ours, theirs, output in names:
                text = difference(_as_stored(values[ours], stored[theirs]), output)
                if text:
                    return f"the file in {reference.name}: {theirs}: {text}"
    return ""


def _hybrid(stored: Graph) -> bool:
    """int8 weights under float32: real numbers here, while the references round activations too."""
    return any(
        graph_input.dtype is DType.FLOAT32 and weights.dtype is DType.INT8
        for node in stored.nodes
        for graph_input, weights in [(stored.source(node), stored.operand(node, 1))]
        if weights is not None
    )


def _decided_late(data: bytes) -> bool:
    """A dynamic batch on which other extents depend: tflite-micro takes the stored ones."""
    model = read_raw(data, "model")
    resolved = resolve(model)
    late = [t for t in model.main.tensors if resolved.shapes[t.index] != static_shape(t)]
    spread = [row.outputs[0] for row in model.main.operators if row.name == "SPACE_TO_BATCH_ND"]
    batches = [model.main.tensors[index].signature[:1] for index in spread]
    return bool(late or resolved.values) or (-1,) in batches


def _unknown_to_micro(stored: Graph) -> bool:
    """float16 weights, which tflite-micro does not unpack, and uint8 ones, which it lacks."""
    kinds = (DType.FLOAT16, DType.UINT8)
    return any(tensor.constant and tensor.dtype in kinds for tensor in stored.tensors.values())


def _as_stored(value: Array, tensor: Tensor) -> Array:
    """int8 as the uint8 that a legacy file has."""
    if tensor.dtype is DType.UINT8 and value.dtype == np.int8:
        return (value.view(np.uint8) ^ 0x80).astype(np.uint8)
    return value


def _compared(result: Result) -> str:
    parts = [f"{what} {count}" for what, count in sorted(result.compared.items())]
    parts += [f"no C: {reason}" for reason in result.refused]
    return ", ".join(parts)


def verdicts(rows: Sequence[Row]) -> dict[str, int]:
    """How many files have which verdict."""
    return {v: sum(row.verdict == v for row in rows) for v in sorted({row.verdict for row in rows})}
