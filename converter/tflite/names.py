"""Readable, unique names for tensors and nodes from whatever a file calls them.

Exporters name an activation after everything that was fused into it
("model/activation/Relu;model/conv2d/BiasAdd;model/conv2d/Conv2D"), may repeat names and may leave
them empty. Here each node gets its layer's name ("conv2d"), its output the same, and its constants
that name and their role ("conv2d_weights"). Names are valid identifiers, so that generated C and
reports show the same ones; a file whose names are already unique identifiers keeps them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from edgekit.converter.ir.ops import BY_NAME
from edgekit.converter.tflite.raw import RawOperator, RawSubgraph

_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_MEANINGLESS = re.compile(
    r"(StatefulPartitionedCall|PartitionedCall|Identity|functional|model|sequential|output|tfl"
    r"|convolution)"
    r"[_\d]*(int8|uint8)?(_?\d+)*\Z",
    re.IGNORECASE,
)
_KERNEL_SUFFIXES = {
    "CONV_2D": ("/Conv2D", "/convolution"),
    "DEPTHWISE_CONV_2D": ("/depthwise", "/depthwise_conv"),
    "FULLY_CONNECTED": ("/MatMul", "/Tensordot"),
    "ADD": ("/add", "/Add", "/AddV"),
    "MUL": ("/mul", "/Mul"),
}
"""How the layer's own operation ends among the fused ones."""

_SIDE_STEPS = frozenset(("ExpandDims", "Squeeze"))
"""Steps beside a layer's own operation: a Conv1D is a reshape, a convolution and a reshape."""

MAX_LENGTH = 48


class Namer:
    """Hands out names that were not handed out before."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)

    def unique(self, wanted: str) -> str:
        """`wanted`, or `wanted_2`, `wanted_3`, ... when it is taken."""
        name, count = wanted, 1
        while name in self._taken:
            count += 1
            name = f"{wanted}_{count}"
        self._taken.add(name)
        return name


def tensor_names(
    graph: RawSubgraph,
    operators: Sequence[RawOperator],
    states: Mapping[int, str] = MappingProxyType({}),
) -> dict[int, str]:
    """A name for every tensor that the graph's borders or these operators touch.

    `states` are tensors that no operator need touch, with words for their names.
    """
    used = list(dict.fromkeys([*_touched(graph, operators), *states]))
    names = [graph.tensors[index].name for index in used]
    if len(set(names)) == len(names) and all(map(_IDENTIFIER.match, names)):
        return dict(zip(used, names, strict=True))
    return _new_names(graph, operators, states)


def identifier(text: str, default: str) -> str:
    """`text` as an identifier of reasonable length, or `default` when nothing is left of it."""
    clean = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")[:MAX_LENGTH].strip("_")
    if not clean:
        return default
    return clean if clean[0].isalpha() else f"{default}_{clean}"


def layer_name(raw_name: str, operator: str) -> str:
    """The layer an operator's output is named after: its last path part without the operation.

    Falls back on the operator's own name where the exporter's says nothing.
    """
    fallback = operator.lower()
    part = _telling_part(raw_name.split(";"), operator)
    steps = [step for step in re.split(r"[/:]", part) if step and not step.isdigit()]
    own = steps.pop() if len(steps) > 1 else ""
    layer = next((step for step in reversed(steps) if not _MEANINGLESS.match(step)), "")
    if layer and own in _SIDE_STEPS:
        layer = f"{layer}_{own.lower()}"
    return identifier(layer, fallback)


def _telling_part(parts: list[str], operator: str) -> str:
    """Which of the fused names belongs to the layer itself."""
    for suffix in ("/BiasAdd", *_KERNEL_SUFFIXES.get(operator, ())):
        found = [part for part in parts if part.rstrip("0123456789").endswith(suffix)]
        if found and operator in _KERNEL_SUFFIXES:
            return found[-1] if operator == "CONV_2D" else found[0]
    return parts[0]


def _touched(graph: RawSubgraph, operators: Sequence[RawOperator]) -> list[int]:
    order = [*graph.inputs]
    for operator in operators:
        order += [*operator.inputs, *operator.outputs]
    return [index for index in dict.fromkeys([*order, *graph.outputs]) if index >= 0]


def _new_names(
    graph: RawSubgraph, operators: Sequence[RawOperator], states: Mapping[int, str]
) -> dict[int, str]:
    namer = Namer()
    names: dict[int, str] = {}
    for index in graph.inputs:
        if index not in names:
            names[index] = namer.unique(_input_name(graph.tensors[index].name))
    made = {index for operator in operators for index in operator.outputs}
    for index, word in states.items():
        if index not in names and index not in made:
            names[index] = namer.unique(identifier(word, "state"))
    for operator in operators:
        layer = layer_name(graph.tensors[operator.outputs[0]].name, operator.name)
        for index in operator.outputs:
            if index not in names:
                names[index] = namer.unique(layer)
        _name_constants(operator, names, namer)
    for index in graph.outputs:
        if index not in names:
            names[index] = namer.unique("output")
    return names


def _name_constants(operator: RawOperator, names: dict[int, str], namer: Namer) -> None:
    """Names for the operands that no operator wrote: the node's name and their role."""
    roles = BY_NAME[operator.name].INPUTS if operator.name in BY_NAME else ()
    node = names[operator.outputs[0]]
    for position, index in enumerate(operator.inputs):
        if index >= 0 and index not in names:
            role = roles[position] if position < len(roles) else f"operand_{position}"
            names[index] = namer.unique(f"{node}_{role.rstrip('?.')}")


def _input_name(raw_name: str) -> str:
    name = raw_name.removeprefix("serving_default_").partition(":")[0].rpartition("/")[2]
    return identifier(name.removesuffix("_int8"), "input")
