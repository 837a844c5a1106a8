"""What EdgeKit's graphs cannot hold, and what to do about it.

For each refused operator the cheapest rewrite known: a change to the network that keeps its
accuracy close and uses supported operators only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from edgekit.converter.ir.graph import DType
from edgekit.converter.ir.ops import BY_NAME
from edgekit.converter.tflite.raw import RawOperator, RawTensor
from edgekit.converter.tflite.variables import VARIABLE_OPERATORS

REWRITES: dict[str, str] = {
    "WHERE": "use tf.where with all three arguments (SELECT_V2): a result's shape must be fixed",
    "FILL": "give it constant extents, so that it becomes a constant",
    "REDUCE_ANY": "convert to numbers (CAST) and use REDUCE_MAX",
    "REDUCE_ALL": "convert to numbers (CAST) and use REDUCE_MIN",
    "ARG_MIN": "negate and use ARG_MAX",
    "TOPK_V2": "end with the scores and sort outside the network",
    "NON_MAX_SUPPRESSION_V4": "cut the graph before it and suppress boxes outside the network",
    "NON_MAX_SUPPRESSION_V5": "cut the graph before it and suppress boxes outside the network",
    "FLOOR_MOD": "use a - b * FLOOR(a / b)",
    "EMBEDDING_LOOKUP": "use GATHER with constant indices, or look up outside the network",
    "ONE_HOT": "feed the encoded vector",
    "CONV_3D": "use 2-D convolutions with the third axis folded into the channels",
    "LSTM": "use 1-D (depthwise-separable) convolutions over the time axis",
    "UNIDIRECTIONAL_SEQUENCE_RNN": "use 1-D depthwise-separable convolutions over the time axis",
    "WHILE": "unroll the loop before exporting (unroll=True in Keras' recurrent layers), or give"
    " the .keras file itself: LSTM and GRU layers of up to 128 steps are unrolled",
    "IF": "export one branch only",
    "CUSTOM": "export without custom operators (no post-processing operator but"
    " TFLite_Detection_PostProcess)",
}

FAMILIES = (
    ("Flex", "export without custom operators: TFLite's builtin ones only, no SELECT_TF_OPS"),
    ("Lce", "convert it again with larq-compute-engine 0.16, or give the Larq model itself"),
    ("Lq", "convert it again with larq-compute-engine 0.16, or give the Larq model itself"),
)
"""How names of custom operators begin, and what to do about those."""

STATES_AS_PORTS = "pass the state in and out as inputs and outputs"

RUN_ANYWAY = "LiteRT on `host` and `rpi` has it, for a .tflite run without conversion"


def label(operator: RawOperator) -> str:
    """The operator's name; a custom one's own name too."""
    return f"CUSTOM {operator.custom!r}" if operator.custom else operator.name


def supported(operator: RawOperator) -> bool:
    """Whether the IR has this operator, or states in its place."""
    return operator.name in BY_NAME or operator.name in VARIABLE_OPERATORS


def summary(operators: Sequence[RawOperator]) -> str:
    """Names and counts of these operators, most frequent first: "GELU (3), CUSTOM 'x'"."""
    counts = Counter(map(label, operators))
    return ", ".join(f"{name} ({n})" if n > 1 else name for name, n in counts.most_common())


CUT_BEFORE = frozenset(("TOPK_V2", "NON_MAX_SUPPRESSION_V4", "NON_MAX_SUPPRESSION_V5"))
"""Operators at the end of a network that its application can do."""


def advice(operator: RawOperator, sources: Sequence[str] = ()) -> str:
    """The cheapest rewrite and where the file runs unchanged, which with custom operators is
    nowhere; `sources` are the tensors that the operator computes from, which become the outputs
    where it is cut off."""
    if operator.custom and operator.custom not in REWRITES:
        fits = (words for start, words in FAMILIES if operator.custom.startswith(start))
        return next(fits, REWRITES["CUSTOM"])
    rewrite = REWRITES.get(operator.custom or "") or REWRITES.get(operator.name)
    if rewrite and sources and CUT_BEFORE & {operator.name, operator.custom}:
        rewrite += f" (export with {' and '.join(sources)} as outputs)"
    return f"{rewrite}; or {RUN_ANYWAY}" if rewrite else RUN_ANYWAY


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a tensor is refused: the words of the UnsupportedError."""

    found: str
    allowed: str
    hint: str
    code: str


_ELEMENT_TYPES = ", ".join(kind.value for kind in DType)


def tensor_problem(tensor: RawTensor, *, open_shape: bool) -> Problem | None:
    """The first trait of a stored tensor that the IR cannot hold, or None.

    `open_shape` says that only the run decides its extents.
    """
    if tensor.dtype.lower() not in frozenset(DType):
        found = f"element type {tensor.dtype.lower()}"
        return Problem(found, _ELEMENT_TYPES, RUN_ANYWAY, "unsupported-dtype")
    if tensor.sparse:
        hint = "export it without sparse encoding"
        return Problem("stored in a sparse format", "dense tensors", hint, "sparse-tensor")
    if tensor.variable:
        found = "a variable, kept between runs"
        return Problem(found, "no state", STATES_AS_PORTS, "variable-tensor")
    if tensor.blockwise:
        allowed = "per tensor, per channel"
        return Problem("block-wise quantization", allowed, RUN_ANYWAY, "blockwise-quantization")
    if open_shape:
        return Problem(
            f"dynamic shape {list(tensor.signature)}",
            "a dynamic batch (the first extent) only",
            "fix an image's size with --input-size, or export the model with a fixed one",
            "dynamic-shape",
        )
    return None
