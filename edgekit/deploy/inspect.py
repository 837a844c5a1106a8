"""What is inside a model file: operators, shapes, quantization, sizes, MACs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from edgekit.artifacts.bundle import MANIFEST_NAME, MODEL_NAME
from edgekit.artifacts.figures import Note
from edgekit.converter.ir.cost import graph_cost
from edgekit.converter.ir.graph import Graph, Node, Quant, Tensor
from edgekit.converter.ir.text import graph_text
from edgekit.converter.load import Format, detect, load_model
from edgekit.converter.lower.formats import lowered
from edgekit.converter.lower.operators import ALIASES
from edgekit.converter.quantize.int8 import is_quantized
from edgekit.converter.tflite import FileSummary, OperatorInfo, summarize
from edgekit.errors import UnsupportedError
from edgekit.targets.model import Target
from edgekit.targets.reader import load_target
from edgekit.units import bytes_text, count_text

LAYER_COLUMNS = (">#", "operator", "name", "output", "type", ">MACs", ">weights", "C")
NARROW_COLUMNS = (">#", "operator, name", "output", ">MACs", ">weights", "C")


@dataclass(frozen=True, slots=True)
class TensorRow:
    """An input or output: `quantization` is "scale * (q - zero point)", "per channel (n)" or ""."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    quantization: str = ""


@dataclass(frozen=True, slots=True)
class Layer:
    """One operator. `runs_as_c` is "yes", "after int8" (a float operator that has a kernel once
    quantized) or the reason why not."""

    index: int
    operator: str
    name: str
    output: TensorRow
    macs: int
    weight_bytes: int
    runs_as_c: str


@dataclass(frozen=True, slots=True)
class Inspection:
    """Everything `edgekit inspect` shows; `text` is the graph as text, "" when it has none."""

    name: str
    format: str
    inputs: tuple[TensorRow, ...]
    outputs: tuple[TensorRow, ...]
    layers: tuple[Layer, ...]
    operators: dict[str, int]
    macs: int
    weight_bytes: int
    file_bytes: int
    quantized: str
    """"int8", "uint8 (legacy)" or "no"."""
    text: str = field(default="", repr=False)
    notes: tuple[Note, ...] = ()

    def summary_rows(self) -> list[tuple[str, str]]:
        """(what, value) pairs."""
        rows = [(f"input {row.name}", _row_text(row)) for row in self.inputs]
        rows += [(f"output {row.name}", _row_text(row)) for row in self.outputs]
        counted = ", ".join(f"{count} {name}" for name, count in self.operators.items())
        return [
            *rows,
            ("operators", f"{len(self.layers)}: {counted}"),
            ("MACs", count_text(self.macs)),
            ("constants", bytes_text(self.weight_bytes)),
            ("file", bytes_text(self.file_bytes) if self.file_bytes else "-"),
            ("quantized", self.quantized),
        ]

    def layer_rows(self, *, narrow: bool = False) -> list[tuple[str, ...]]:
        """One row of strings per operator: LAYER_COLUMNS, or NARROW_COLUMNS of two lines each."""
        rows = self._layer_rows()
        if not narrow:
            return rows
        return [
            (index, f"{operator}\n  {name}", f"{shape}\n{dtype}", *rest)
            for index, operator, name, shape, dtype, *rest in rows
        ]

    def _layer_rows(self) -> list[tuple[str, ...]]:
        return [
            (
                str(layer.index),
                layer.operator,
                layer.name,
                "x".join(map(str, layer.output.shape)),
                layer.output.dtype,
                count_text(layer.macs) if layer.macs else "",
                bytes_text(layer.weight_bytes) if layer.weight_bytes else "",
                layer.runs_as_c,
            )
            for layer in self.layers
        ]


def inspect(model: str | Path, *, target: str | Target | None = None) -> Inspection:
    """Look into a model source; a .tflite with operators EdgeKit cannot hold is listed as well.

    A bundle stands for its model.tflite. `target` adds a note on what runs there. Raises
    ModelError, UsageError, MissingExtraError.
    """
    source = _inside(Path(model)) or model
    found = detect(source)
    profile = load_target(target) if isinstance(target, str) else target
    try:
        loaded = load_model(source)
    except UnsupportedError as error:
        if found.format is not Format.TFLITE:
            raise
        return _listing(found.path, error, profile)
    result = _graph(loaded.graph, loaded.source, found.format.value, _size(found.path))
    return _with_target(result, profile)


def _inside(folder: Path) -> Path | None:
    """The model file of a bundle; None for anything else."""
    return folder / MODEL_NAME if (folder / MANIFEST_NAME).is_file() else None


def _size(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(item.stat().st_size for item in path.rglob("*") if item.is_file())


def _graph(graph: Graph, name: str, form: str, size: int) -> Inspection:
    cost = graph_cost(graph)
    pairs = zip(graph.nodes, cost.nodes, strict=True)
    return Inspection(
        name=name,
        format=form,
        inputs=tuple(_tensor(graph[item]) for item in graph.inputs),
        outputs=tuple(_tensor(graph[item]) for item in graph.outputs),
        layers=tuple(
            Layer(
                index,
                node.op.NAME,
                node.name,
                _tensor(graph.output(node)),
                row.macs,
                row.weight_bytes,
                _as_c(graph, node),
            )
            for index, (node, row) in enumerate(pairs)
        ),
        operators=_counted(node.op.NAME for node in graph.nodes),
        macs=cost.macs,
        weight_bytes=cost.weight_bytes,
        file_bytes=size,
        quantized="int8" if is_quantized(graph) else "no",
        text=graph_text(graph),
    )


def _as_c(graph: Graph, node: Node) -> str:
    """Whether a kernel exists for the node as it is, or once it is int8."""
    if not is_quantized(graph):
        return "after int8"
    if isinstance(node.op, ALIASES):
        return "yes"
    try:
        lowered(graph, node)
    except UnsupportedError as error:
        return f"no: {error.found}"
    return "yes"


def _listing(path: Path, error: UnsupportedError, target: Target | None) -> Inspection:
    """A file that cannot become a graph, from its own tables alone."""
    summary = summarize(path.read_bytes(), str(path))
    note = Note("unsupported", error.subject, error.found, error.hint)
    result = Inspection(
        name=path.name,
        format="tflite",
        inputs=tuple(TensorRow(t.name, t.shape, t.dtype) for t in summary.inputs),
        outputs=tuple(TensorRow(t.name, t.shape, t.dtype) for t in summary.outputs),
        layers=tuple(_listed(row) for row in summary.operators),
        operators=_counted(row.operator for row in summary.operators),
        macs=0,
        weight_bytes=summary.constant_bytes,
        file_bytes=path.stat().st_size,
        quantized=_integer(summary),
        notes=(note, *_rewrites(summary)),
    )
    return _with_target(result, target)


def _listed(row: OperatorInfo) -> Layer:
    output = row.outputs[0] if row.outputs else None
    weights = sum(t.bytes for t in row.inputs if t is not None and t.constant)
    shown = TensorRow("-", (), "-")
    if output is not None:
        shown = TensorRow(output.name, output.shape, output.dtype)
    verdict = "yes" if row.supported else f"no: {row.problem}"
    return Layer(row.index, row.operator, shown.name, shown, 0, weights, verdict)


def _rewrites(summary: FileSummary) -> tuple[Note, ...]:
    """The cheapest rewrite of each kind of unsupported operator, once."""
    advice = {row.operator: row.advice for row in summary.unsupported if row.advice}
    return tuple(
        Note("rewrite", operator, "cannot be turned into C", text)
        for operator, text in sorted(advice.items())
    )


def _integer(summary: FileSummary) -> str:
    """What the operators write: "no" as soon as one writes floats."""
    kinds = {tensor.dtype for row in summary.operators for tensor in row.outputs}
    if not kinds or "float32" in kinds:
        return "no"
    return "uint8 (legacy)" if "uint8" in kinds else "int8"


def _with_target(result: Inspection, target: Target | None) -> Inspection:
    """The result with a note on what the target makes of it."""
    if target is None:
        return result
    refused = sorted({row.operator for row in result.layers if row.runs_as_c.startswith("no")})
    advice, level = "", "info"
    if not refused:
        text = "every operator runs there"
    elif target.family == "cortex-m":
        text, level = f"cannot run there: {', '.join(refused)}", "warning"
        advice = (
            "docs/supported_ops.md has the operators and formats that can; or take a Pi or phone"
        )
    else:
        text = f"through the interpreter only, not as C: {', '.join(refused)}"
    note = Note("target", target.name, text, advice, level=level)
    return replace(result, notes=(*result.notes, note))


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


def _tensor(tensor: Tensor) -> TensorRow:
    return TensorRow(tensor.name, tensor.shape, tensor.dtype.value, _quant(tensor.quant))


def _quant(quant: Quant | None) -> str:
    if quant is None:
        return ""
    if quant.axis is not None:
        return f"per channel ({len(quant.scales)})"
    sign = "-" if quant.zero_point >= 0 else "+"
    return f"{quant.scale:.6g} * (q {sign} {abs(quant.zero_point)})"


def _row_text(row: TensorRow) -> str:
    shape = "x".join(map(str, row.shape))
    return f"{row.dtype} {shape}" + (f", {row.quantization}" if row.quantization else "")
