"""What a graph computes in, and whether a conversion may leave it so."""

from __future__ import annotations

from edgekit.artifacts.figures import Note
from edgekit.converter.interpret.hybrid import is_hybrid
from edgekit.converter.ir.graph import DType, Graph, Node, Tensor
from edgekit.converter.ir.ops import Dequantize, FullyConnected, LceBconv2d, Quantize, TreeEnsemble
from edgekit.converter.options import FLOAT_ACTIVATIONS, ConvertOptions
from edgekit.converter.quantize.halves import has_halves
from edgekit.converter.quantize.int8 import is_quantized
from edgekit.converter.quantize.scheme import WEIGHTED
from edgekit.errors import UsageError

_BORDERS = (Quantize, Dequantize)
_FORMATS = (DType.FLOAT32, DType.INT8, DType.INT16)


def precision_of(graph: Graph) -> str:
    """ "float32", "int8", "int16", or several of them joined by "+", borders apart; "float16" or
    "dynamic" where the weights of a float32 graph have 16 or 8 bits. Trees count as what they
    compare."""
    inner = [node for node in graph.nodes if not isinstance(node.op, _BORDERS)]
    found = {_computes_in(graph, node) for node in inner}
    found = found or {graph[name].dtype for name in graph.outputs}
    if found == {DType.FLOAT32} and has_halves(graph):
        return DType.FLOAT16.value
    weighted = [node for node in inner if type(node.op) in WEIGHTED]
    if found == {DType.FLOAT32} and any(is_hybrid(graph, node) for node in weighted):
        return "dynamic"
    return "+".join(dtype.value for dtype in _FORMATS if dtype in found) or "int8"


def _computes_in(graph: Graph, node: Node) -> DType:
    trees = isinstance(node.op, TreeEnsemble)
    return (graph.source(node) if trees else graph.output(node)).dtype


def widths_of(graph: Graph) -> str:
    """Bits of weights and of activations, "W4A8"; several widths as "W4/8A8", "" for a graph
    without weights. The weights are those of weighted operators."""
    weighted = [node for node in graph.nodes if "weights" in node.op.INPUTS]
    signs = {1 for node in weighted if isinstance(node.op, LceBconv2d)}
    weighted = [node for node in weighted if not isinstance(node.op, LceBconv2d)]
    weights = {
        _stored(graph, operand).dtype.bits
        for node in weighted
        if (operand := graph.role(node, "weights"))
    }
    activations = {graph.source(node).dtype.bits for node in weighted}
    weights, activations = weights | signs, activations | signs
    return f"W{_joined(weights)}A{_joined(activations)}" if weights else ""


def _stored(graph: Graph, weights: Tensor) -> Tensor:
    """The constant that weights are widened from, or they themselves."""
    producer = graph.producer(weights.name)
    return weights if producer is None else graph.input(producer)


def _joined(bits: set[int]) -> str:
    return "/".join(map(str, sorted(bits)))


def is_mixed(graph: Graph) -> bool:
    """Whether float and integer operators stand side by side, joined by QUANTIZE, DEQUANTIZE."""
    return "+" in precision_of(graph)


def kept_as_is(graph: Graph, precision: str) -> tuple[Note, ...] | None:
    """The notes of a graph that is not quantized now: because float32 was asked for, or because
    it mixes formats already. None for one that is.

    Raises UsageError for float activations of a model that came quantized.
    """
    if precision in FLOAT_ACTIVATIONS and is_quantized(graph):
        raise UsageError(
            f"--precision {precision}",
            f"{graph.name} came quantized ({precision_of(graph)})",
            hint="add --requantize to turn its values back into float32, or leave --precision out",
            code="precision-quantized",
        )
    if is_mixed(graph):
        text = f"the model mixes {precision_of(graph)} and is used as it is"
        return (Note("mixed-precision", graph.name, text, level="info"),)
    return () if precision == "float32" else None


TREE_PRECISIONS = ("int8", "int16", "float32")


def check_trees(graph: Graph, options: ConvertOptions) -> None:
    """Raise UsageError for what is done to weights, asked for a model of trees, which has none."""
    trees = [node for node in graph.nodes if isinstance(node.op, TreeEnsemble)]
    if not trees or any(type(node.op) in WEIGHTED for node in graph.nodes):
        return
    asked = {
        f"--precision {options.precision}": options.precision not in TREE_PRECISIONS,
        "--layer-precision": bool(options.layer_precision),
        f"--rounding {options.rounding}": options.rounding != "nearest",
        "--cluster": options.cluster is not None,
        f"--prune {options.prune}": options.prune is not None,
        f"--compress-weights {options.compress_weights}": options.compress_weights is not None,
    }
    for option, there in asked.items():
        if there:
            raise UsageError(
                option,
                f"{graph.name} is made of trees, which compare features with thresholds and have"
                " no weights",
                allowed=f"--precision {', '.join(TREE_PRECISIONS)}",
                hint="leave it out: int8 takes 7 bytes an inner node, and whole numbers of 0 to 255"
                " lose nothing in it; fewer or shallower trees make the model smaller",
                code="trees-without-weights",
            )


def soft_float_note(name: str, flags: tuple[str, ...], kernels: tuple[str, ...]) -> Note | None:
    """A note when kernels in float32 are to run on a processor that computes floats in software."""
    floats = [kernel for kernel in kernels if kernel.split("__")[0].endswith("_f32")]
    floats = [kernel for kernel in floats if not kernel.startswith("ek_dequantize_")]
    if not floats or "-mfloat-abi=soft" not in flags:
        return None
    return Note(
        "soft-float",
        name,
        f"has no floating-point unit: {len(floats)} float32 kernels run in software, tens of times"
        " slower than int8",
        "quantize the model (--precision int8 with --calibration), or take a Cortex-M4 or larger",
    )


def runtime_notes(graph: Graph) -> tuple[Note, ...]:
    """Which interpreters do not run what the graph mixes."""
    weighted = [node for node in graph.nodes if type(node.op) in WEIGHTED]
    wide = [node for node in weighted if graph.source(node).dtype is DType.INT16]
    narrow = sum(graph.input(node, 1).dtype is DType.INT4 for node in wide)
    dense = [node for node in weighted if isinstance(node.op, FullyConnected)]
    rows = sum(is_hybrid(graph, node) for node in dense)
    notes = []
    if narrow:
        text = (
            f"{narrow} layers have int4 weights under int16 activations: LiteRT 2.3 computes them;"
            " tflite-runtime 2.14 and tflite-micro refuse the file"
        )
        advice = "the generated C runs anywhere; for those runtimes take --precision int16 or int4"
        notes.append(Note("newer-runtime", graph.name, text, advice, level="info"))
    if rows:
        text = (
            f"{rows} FULLY_CONNECTED have int8 weights with a scale per output under float32"
            " activations: LiteRT 2.3 computes them, tflite-runtime 2.14 refuses the file"
        )
        advice = "for that runtime take --precision int8 or float16"
        notes.append(Note("newer-runtime", graph.name, text, advice, level="info"))
    return tuple(notes)
