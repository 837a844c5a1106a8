""".tflite file -> Graph, without TensorFlow."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.ir.graph import DType, Graph, Node, Quant, State, Tensor
from edgekit.converter.ir.ops import BY_NAME, Reshape
from edgekit.converter.tflite import support
from edgekit.converter.tflite.dilated import join_dilations
from edgekit.converter.tflite.names import layer_name, tensor_names
from edgekit.converter.tflite.options import read_options
from edgekit.converter.tflite.raw import (
    KNOWN_CUSTOM,
    RawModel,
    RawOperator,
    RawTensor,
    read_raw,
)
from edgekit.converter.tflite.resolve import Resolved, resolve
from edgekit.converter.tflite.variables import RawState, initial_value, without_variables
from edgekit.errors import UnsupportedError

TRAINED_FOR = "edgekit_trained_for"
"""The metadata entry, in a file and in a graph, that names the precision of a training."""
SIGNATURE_INPUTS = "signature_inputs"
SIGNATURE_OUTPUTS = "signature_outputs"
"""Metadata keys: the signature's names of inputs and outputs in graph order, one per line."""


def read_tflite(
    data: bytes, name: str, *, subject: str = "", size: tuple[int, int] | None = None
) -> Graph:
    """The main graph of a .tflite file, called `name`; errors name `subject` (or `name`).

    Operators that contribute nothing to the outputs are left out, and so is arithmetic on
    shapes, whose results become constants. A dynamic batch becomes 1, and open heights and widths
    of images `size`; resource variables states.
    Element types are not judged here beyond being known to the IR: `verify` does that.

    Raises ModelError for a file that is damaged or no .tflite, and UnsupportedError for control
    flow, sparse or block-quantized tensors, dynamic extents, and operators, element
    types or attributes outside the IR.
    """
    model, states = without_variables(join_dilations(read_raw(data, subject or name)))
    resolved = resolve(model, size)
    operators = live_operators(model, resolved.values, [state.written for state in states])
    _check_operators(model, operators)
    _check_subgraphs(model)
    named = {index: state.name for state in states for index in (state.read, state.written)}
    kept = frozenset(variable_operands(operators))
    reading = _Reading(model, tensor_names(model.main, operators, named), resolved, kept)
    nodes = tuple(reading.node(operator) for operator in operators)
    return outputs_apart(
        Graph(
            name=name,
            tensors={tensor.name: tensor for tensor in reading.tensors(operators, named)},
            nodes=nodes,
            inputs=tuple(reading.names[index] for index in model.main.inputs),
            outputs=tuple(reading.names[index] for index in model.main.outputs),
            metadata=_metadata(model),
            states=(*map(reading.state, states), *map(reading.own_state, sorted(kept))),
        )
    )


def outputs_apart(graph: Graph) -> Graph:
    """The graph with a copy for each output that is a state, whose own bytes change, or a
    constant, which no node writes."""
    copies = {state.read: f"{state.read}_now" for state in graph.states}
    copies |= {name: f"{name}_copy" for name in graph.outputs if graph[name].constant}
    copies = {read: copy for read, copy in copies.items() if read in graph.outputs}
    if not copies:
        return graph
    made = [replace(graph[read], name=copy, data=None) for read, copy in copies.items()]
    nodes = [Node(copy, Reshape(), (read,), (copy,)) for read, copy in copies.items()]
    outputs = tuple(copies.get(name, name) for name in graph.outputs)
    return replace(graph.with_tensors(*made), nodes=(*graph.nodes, *nodes), outputs=outputs)


def live_operators(
    model: RawModel, known: Collection[int] = frozenset(), more: Collection[int] = ()
) -> tuple[RawOperator, ...]:
    """The main subgraph's operators that its outputs (and the tensors `more`) depend on, without
    those of `known` tensors.

    A RESHAPE's computed target shape does not count: the stored output shape says the same.
    """
    needed = {*model.main.outputs, *more}
    kept: list[RawOperator] = []
    for operator in reversed(model.main.operators):
        if needed.isdisjoint(operator.outputs) and operator.outputs:
            continue
        if operator.outputs and operator.outputs[0] in known:
            continue
        kept.append(operator)
        needed.update(data_inputs(model, operator))
    return tuple(reversed(kept))


def variable_operands(operators: Sequence[RawOperator]) -> list[int]:
    """Indices of the variable tensors that are states of their operators."""
    return [
        operator.inputs[at]
        for operator in operators
        for at in BY_NAME[operator.name].STATES
        if at < len(operator.inputs) and operator.inputs[at] >= 0
    ]


def data_inputs(model: RawModel, operator: RawOperator) -> tuple[int, ...]:
    """The operator's inputs, without a RESHAPE's computed shape."""
    if operator.name == "RESHAPE":
        computed = [
            index
            for index in operator.inputs[1:]
            if index >= 0 and not model.constant(model.main.tensors[index])
        ]
        return tuple(index for index in operator.inputs if index not in computed)
    return operator.inputs


def _check_subgraphs(model: RawModel) -> None:
    """Refuse several models in one file; subgraphs that nothing calls do not matter, and what
    calls one is refused before."""
    if len(model.subgraphs) > 1 and len(model.signatures) > 1:
        raise UnsupportedError(
            model.subject,
            f"{len(model.signatures)} signatures over {len(model.subgraphs)} subgraphs: "
            + ", ".join(signature.key for signature in model.signatures),
            allowed="1 signature",
            hint=f"export one function; or {support.RUN_ANYWAY}",
            code="several-subgraphs",
        )


def _check_operators(model: RawModel, operators: Sequence[RawOperator]) -> None:
    """Refuse the first unsupported operator, and name all of them."""
    refused = [operator for operator in operators if not support.supported(operator)]
    if refused:
        first = refused[0]
        raise UnsupportedError(
            f"{model.subject}: node {first.index} ({_layer(model, first)})",
            f"operator not supported: {support.summary(refused)}",
            allowed=", ".join(sorted(BY_NAME)),
            hint=support.advice(first, computed_inputs(model, first)),
            code="unsupported-operator",
        )
    for operator in operators:
        several = BY_NAME[operator.name].SEVERAL
        if not operator.outputs or (len(operator.outputs) > 1 and not several):
            operator.table.buffer.fail(
                f"operator {operator.index} ({operator.name}) has {len(operator.outputs)} outputs"
            )


def computed_inputs(model: RawModel, operator: RawOperator) -> list[str]:
    """The names, as stored, of what an operator computes from."""
    tensors = [model.main.tensors[index] for index in operator.inputs if index >= 0]
    return [repr(tensor.name) for tensor in tensors if not model.constant(tensor)]


def _layer(model: RawModel, operator: RawOperator) -> str:
    """The layer an operator of any kind belongs to."""
    raw_name = model.main.tensors[operator.outputs[0]].name if operator.outputs else ""
    return layer_name(raw_name, operator.name)


@dataclass(frozen=True, slots=True)
class _Reading:
    """Raw parts -> IR parts, with the names chosen for the tensors."""

    model: RawModel
    names: dict[int, str]
    resolved: Resolved
    kept: frozenset[int]
    """Variable tensors that are states."""

    def node(self, raw: RawOperator) -> Node:
        name = self.names[raw.outputs[0]]
        shown = [i if i in data_inputs(self.model, raw) else -1 for i in raw.inputs]
        inputs = tuple(None if index < 0 else self.names[index] for index in shown)
        outputs = tuple(self.names[index] for index in raw.outputs)
        outputs += tuple(self._next(index) for index in variable_operands([raw]))
        return Node(name, read_options(raw, name), stored_operands(raw.name, inputs), outputs)

    def state(self, raw: RawState) -> State:
        """A variable of the file as a state."""
        read = self.tensor(self.model.main.tensors[raw.read])
        initial = initial_value(raw, read.shape, read.dtype.numpy, self.model.fail)
        return State(raw.name, self.names[raw.read], self.names[raw.written], initial)

    def own_state(self, index: int) -> State:
        """A variable tensor as a state; a reset is real zero, as in tflite-micro."""
        read = self.tensor(self.model.main.tensors[index])
        zero = read.quant.zero_point if read.quant is not None else 0
        initial = np.full(read.shape, zero, read.dtype.numpy)
        return State(read.name, read.name, self._next(index), initial)

    def _next(self, index: int) -> str:
        return f"{self.names[index]}_next"

    def tensors(self, operators: Sequence[RawOperator], more: Collection[int]) -> list[Tensor]:
        """Every tensor used, inputs first, then in the order of the operators."""
        main = self.model.main
        order = [*main.inputs]
        for raw in operators:
            order += [*data_inputs(self.model, raw), *raw.outputs]
        used = dict.fromkeys([*order, *main.outputs, *more])
        found = [self.tensor(main.tensors[index]) for index in used if index >= 0]
        updated = [self.tensor(main.tensors[index]) for index in sorted(self.kept)]
        return [*found, *(replace(tensor, name=f"{tensor.name}_next") for tensor in updated)]

    def tensor(self, raw: RawTensor) -> Tensor:
        name = self.names[raw.index]
        judged = replace(raw, variable=False) if raw.index in self.kept else raw
        problem = support.tensor_problem(judged, open_shape=raw.index in self.resolved.open)
        if problem is not None:
            raise UnsupportedError(
                f"{self.model.subject}: tensor {name}",
                problem.found,
                allowed=problem.allowed,
                hint=problem.hint,
                code=problem.code,
            )
        dtype = DType(raw.dtype.lower())
        if raw.index in self.resolved.values:
            value = self.resolved.values[raw.index]
            return Tensor(name, value.shape, dtype, _quant(raw), value)
        shape = self.resolved.shapes[raw.index]
        data = self._data(raw, name, shape, dtype) if self.model.constant(raw) else None
        known = _range(raw) if dtype is DType.FLOAT32 and data is None else None
        return Tensor(name, shape, dtype, _quant(raw), data, known)

    def _data(
        self, raw: RawTensor, name: str, shape: tuple[int, ...], dtype: DType
    ) -> NDArray[np.generic]:
        """The constant's array: a view of the file where its alignment allows."""
        start, length = self.model.buffers[raw.buffer]
        count = 1
        for extent in shape:
            count *= extent
        if (count * dtype.bits + 7) // 8 != length:
            self.model.fail(f"tensor {name} {list(shape)} of {length} bytes")
        if dtype is DType.INT4:
            packed = np.frombuffer(self.model.data, np.uint8, length, start)
            return _frozen(unpack_int4(packed, count).reshape(shape))
        array = np.frombuffer(self.model.data, dtype.numpy, count, start).reshape(shape)
        return array if array.flags.aligned else _frozen(array.copy())


def stored_operands(operator: str, names: tuple[str | None, ...]) -> tuple[str | None, ...]:
    """The operands as files list them: an absent last one is left out.

    Only FULLY_CONNECTED and custom operators keep its place; interpreters refuse a convolution
    that does.
    """
    keeping = operator == "FULLY_CONNECTED" or operator in KNOWN_CUSTOM
    while not keeping and names and names[-1] is None:
        names = names[:-1]
    return names


def unpack_int4(packed: NDArray[np.uint8], count: int) -> NDArray[np.int8]:
    """Two's complement nibbles, low one first, as int8 (count,)."""
    low, high = packed << 4, packed & 0xF0
    nibbles = np.stack([low, high], axis=1).reshape(-1)[:count].view(np.int8)
    values: NDArray[np.int8] = np.right_shift(nibbles, 4)
    return values


def _frozen(array: NDArray[np.generic]) -> NDArray[np.generic]:
    array.flags.writeable = False
    return array


def _quant(raw: RawTensor) -> Quant | None:
    if not raw.scales:
        return None
    if len(raw.scales) == 1:
        return Quant.per_tensor(raw.scales[0], raw.zero_points[0])
    # Some exporters give one-dimensional biases the axis of their weights.
    return Quant(raw.scales, raw.zero_points, 0 if len(raw.shape) == 1 else raw.axis)


def _range(raw: RawTensor) -> tuple[float, float] | None:
    """The recorded range of a float activation; None for none, and for what is no range."""
    if len(raw.lows) != 1 or len(raw.highs) != 1:
        return None
    [low], [high] = raw.lows, raw.highs
    return (low, high) if math.isfinite(low) and math.isfinite(high) and low <= high else None


def _metadata(model: RawModel) -> dict[str, str]:
    """Description, what it was trained for, and signature names, where the file has them."""
    told = {"description": model.description, TRAINED_FOR: model.fact(TRAINED_FOR)}
    facts = {name: text for name, text in told.items() if text}
    for signature in model.signatures[:1]:
        inputs = [signature.inputs.get(index, "") for index in model.main.inputs]
        outputs = [signature.outputs.get(index, "") for index in model.main.outputs]
        if all(inputs) and all(outputs):
            facts[SIGNATURE_INPUTS] = "\n".join(inputs)
            facts[SIGNATURE_OUTPUTS] = "\n".join(outputs)
    return facts
