"""The end of an invocation: every state gets the value it has in the next one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from edgekit.converter.ir.graph import Graph, Node, State
from edgekit.converter.ir.ops import Op
from edgekit.converter.lower.calls import Call, Result, Value
from edgekit.converter.lower.program import NumberArg

Assignment = tuple[Node, tuple[Call, ...]]


@dataclass(frozen=True, slots=True)
class AssignVariable(Op):
    """The step that copies a state's next value into its place; no operator of graphs."""

    NAME: ClassVar[str] = "ASSIGN_VARIABLE"


def assignments(graph: Graph, roots: Mapping[str, str]) -> list[Assignment]:
    """One copy per state, `roots` saying which tensor holds the bytes of which.

    A state that its own node updated needs none. A state that gets another one's value first has
    it copied aside, so that the order of the copies does not matter.
    """
    held = {state.read for state in graph.states}
    aside: list[Assignment] = []
    into: list[Assignment] = []
    for state in graph.states:
        source = roots.get(state.written, state.written)
        if source == state.read:
            continue
        if source in held:
            kept = replace(graph[source], name=f"{state.read}:next")
            call = Call("copy_s8", _copy(graph, source, kept.name), tag="next", temporary=kept)
            aside.append((_node(state), (call,)))
            source = kept.name
        into.append((_node(state), (Call("copy_s8", _copy(graph, source, state.read)),)))
    return [*aside, *into]


def _node(state: State) -> Node:
    return Node(f"{state.read}_assign", AssignVariable(), (state.written,), (state.read,))


def _copy(graph: Graph, source: str, target: str) -> tuple[NumberArg, Value, Result]:
    size = graph[source if source in graph.tensors else target].bytes
    return NumberArg(size), Value(source), Result(target)
