"""Resource variables of a file as states of the graph.

A streaming model holds VAR_HANDLE, READ_VARIABLE and ASSIGN_VARIABLE, and a CALL_ONCE whose
subgraph assigns the initial values. Read in order, every read gives a known tensor: the one that
was assigned last, or, before any assignment, what the variable held when the invocation began.
That leaves one state per variable and no such operators.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.tflite.raw import RawModel, RawOperator, RawSubgraph, RawTensor
from edgekit.errors import UnsupportedError

VARIABLE_OPERATORS = frozenset(("CALL_ONCE", "VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE"))

Key = tuple[str, str]
"""A variable's container and name."""


@dataclass(frozen=True, slots=True, eq=False)
class RawState:
    """A variable: the tensors (by index) with its value during and after an invocation.

    `initial` holds the stored bytes, None where nothing is assigned before the first invocation.
    """

    name: str
    read: int
    written: int
    initial: NDArray[np.uint8] | None


def without_variables(model: RawModel) -> tuple[RawModel, tuple[RawState, ...]]:
    """The model without operators on variables, and its states.

    Variables that are only written, or always written before they are read, leave no state.
    Raises UnsupportedError for an initialisation that computes.
    """
    main = model.main
    if not any(operator.name in VARIABLE_OPERATORS for operator in main.operators):
        return model, ()
    initial = _initial_values(model)
    handles = _handles(main)
    current: dict[Key, int] = {}
    begin: dict[Key, int] = {}
    same: dict[int, int] = {}
    kept: list[RawOperator] = []
    for operator in main.operators:
        if operator.name == "READ_VARIABLE":
            key, output = _key(model, handles, operator), operator.outputs[0]
            if key not in current:
                begin[key] = current[key] = output
            same[output] = current[key]
        elif operator.name == "ASSIGN_VARIABLE":
            assigned = operator.inputs[1]
            current[_key(model, handles, operator)] = same.get(assigned, assigned)
        elif operator.name not in VARIABLE_OPERATORS:
            inputs = tuple(same.get(index, index) for index in operator.inputs)
            kept.append(replace(operator, inputs=inputs))
    outputs = tuple(same.get(index, index) for index in main.outputs)
    once = {_once(operator) for operator in main.operators if operator.name == "CALL_ONCE"}
    others = tuple(s for i, s in enumerate(model.subgraphs) if i and i not in once)
    slimmer = replace(main, operators=tuple(kept), outputs=outputs)
    states = tuple(
        RawState(key[1] or "state", read, current[key], initial.get(key))
        for key, read in begin.items()
    )
    return _needed(replace(model, subgraphs=(slimmer, *others)), states)


def _needed(model: RawModel, states: tuple[RawState, ...]) -> tuple[RawModel, tuple[RawState, ...]]:
    """Only the states that something reads, directly or through other states."""
    while True:
        wanted = {*model.main.outputs, *(state.written for state in states)}
        for operator in reversed(model.main.operators):
            if not operator.outputs or wanted.intersection(operator.outputs):
                wanted.update(operator.inputs)
        others = [{s.written for s in states if s is not state} for state in states]
        read = {i for op in model.main.operators for i in op.inputs} | set(model.main.outputs)
        kept = tuple(
            state
            for state, written in zip(states, others, strict=True)
            if state.read in wanted and (state.read in read or state.read in written)
        )
        if len(kept) == len(states):
            return model, kept
        states = kept


def _handles(graph: RawSubgraph) -> dict[int, Key]:
    """The variable behind each handle, by tensor index."""
    found = {}
    for operator in graph.operators:
        if operator.name == "VAR_HANDLE":
            options = operator.table.row("builtin_options", "VarHandleOptions")
            words = ("container", "shared_name")
            named = [options.text(word) if options is not None else "" for word in words]
            found[operator.outputs[0]] = (named[0], named[1])
    return found


def _key(model: RawModel, handles: dict[int, Key], operator: RawOperator) -> Key:
    key = handles.get(operator.inputs[0])
    if key is None:
        model.fail(f"operator {operator.index} ({operator.name}) has no VAR_HANDLE")
    return key


def _once(operator: RawOperator) -> int:
    options = operator.table.row("builtin_options", "CallOnceOptions")
    return 0 if options is None else int(options.number("init_subgraph_index"))


def _initial_values(model: RawModel) -> dict[Key, NDArray[np.uint8]]:
    """What the subgraphs of CALL_ONCE assign, as stored bytes."""
    found: dict[Key, NDArray[np.uint8]] = {}
    for caller in model.main.operators:
        if caller.name != "CALL_ONCE":
            continue
        number = _once(caller)
        if not 0 < number < len(model.subgraphs):
            model.fail(f"operator {caller.index} (CALL_ONCE) has subgraph {number}")
        graph = model.subgraphs[number]
        handles = _handles(graph)
        for operator in graph.operators:
            if operator.name == "ASSIGN_VARIABLE":
                value = graph.tensors[operator.inputs[1]]
                _check_constant(model, operator, value)
                start, length = model.buffers[value.buffer]
                stored = np.frombuffer(model.data, np.uint8, length, start)
                found[_key(model, handles, operator)] = stored
            elif operator.name != "VAR_HANDLE":
                raise _computes(model, f"operator {operator.name}")
    return found


def _check_constant(model: RawModel, operator: RawOperator, value: RawTensor) -> None:
    if not model.constant(value):
        raise _computes(model, f"{operator.name} of {value.name!r}, which is no constant")


def _computes(model: RawModel, found: str) -> UnsupportedError:
    return UnsupportedError(
        f"{model.subject}: initialisation of variables (CALL_ONCE)",
        found,
        allowed="ASSIGN_VARIABLE of constants",
        hint="give the variables constant initial values before exporting",
        code="variable-initialisation",
    )


def initial_value(
    state: RawState, shape: tuple[int, ...], dtype: np.dtype[Any], fail: Callable[[str], Any]
) -> NDArray[np.generic]:
    """The state's first value as an array; zeros where the file assigns none."""
    if state.initial is None:
        return np.zeros(shape, dtype)
    if state.initial.size != int(np.prod(shape, dtype=np.int64)) * dtype.itemsize:
        fail(f"variable {state.name} of {state.initial.size} bytes read as {list(shape)}")
    return state.initial.view(np.uint8).copy().view(dtype).reshape(shape)
