"""Float32 parts that compute one int8 from one int8: a table of 256 in place of their kernels.

Between a DEQUANTIZE and a QUANTIZE there may be any number of operators that work value by value;
as long as they all start from one tensor, and other operands are single constants, the 256 results
say everything. The interpreter computes them, so that the C gives its very bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.interpret.kernel import Array
from edgekit.converter.interpret.program import build
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node
from edgekit.converter.ir.ops import Op
from edgekit.converter.ir.ops_functions import FUNCTIONS, PAIRS
from edgekit.converter.ir.ops_logic import COMPARISONS, LOGIC, SELECTIONS, Cast

_SHAPES = (ops.Reshape, ops.Squeeze, ops.ExpandDims)
_VALUE_BY_VALUE: tuple[type[Op], ...] = (
    *_SHAPES,
    *FUNCTIONS,
    *PAIRS,
    *COMPARISONS,
    *LOGIC,
    *SELECTIONS,
    Cast,
    ops.Abs,
    ops.Add,
    ops.Div,
    ops.Elu,
    ops.Exp,
    ops.Floor,
    ops.HardSwish,
    ops.LeakyRelu,
    ops.Log,
    ops.Logistic,
    ops.Maximum,
    ops.Minimum,
    ops.Mul,
    ops.Neg,
    ops.Relu,
    ops.Relu0To1,
    ops.Relu6,
    ops.ReluN1To1,
    ops.Rsqrt,
    ops.Sqrt,
    ops.Square,
    ops.SquaredDifference,
    ops.Sub,
    ops.Tanh,
)

CODES = np.arange(-128, 128, dtype=np.int8)


@dataclass(frozen=True, slots=True, eq=False)
class Tabulated:
    """A graph whose QUANTIZE nodes named in `tables` look their input, an int8 tensor, up there."""

    graph: Graph
    tables: Mapping[str, NDArray[np.int8]]


def tabulate(graph: Graph) -> Tabulated:
    """Every float32 part that is a function of one int8, as a table; what it was made of goes."""
    writers = {name: node for node in graph.nodes for name in node.outputs}
    tables: dict[str, NDArray[np.int8]] = {}
    nodes: list[Node] = []
    for node in graph.nodes:
        part = _part(graph, node, writers)
        if part is None:
            nodes.append(node)
            continue
        tables[node.name] = _results(graph, part)
        nodes.append(replace(node, inputs=part[0].inputs))
    return Tabulated(graph.with_nodes(_live(graph, nodes)) if tables else graph, tables)


def _part(graph: Graph, last: Node, writers: Mapping[str, Node]) -> list[Node] | None:
    """The nodes from a DEQUANTIZE to this QUANTIZE, in execution order; None where the part is no
    function of one int8."""
    if not isinstance(last.op, ops.Quantize) or graph.input(last).dtype is not DType.FLOAT32:
        return None
    if graph.output(last).dtype is not DType.INT8:
        return None
    found: dict[str, Node] = {last.name: last}
    open_ends = [last]
    while open_ends:
        for name in _operands(open_ends.pop()):
            if graph[name].constant and graph[name].size == 1:
                continue
            writer = writers.get(name)
            if writer is None or not _fits(graph, writer, graph.output(last).size):
                return None
            if writer.name not in found:
                found[writer.name] = writer
                open_ends += [] if isinstance(writer.op, ops.Dequantize) else [writer]
    borders = {node.inputs[0] for node in found.values() if isinstance(node.op, ops.Dequantize)}
    part = [node for node in graph.nodes if node.name in found]
    return part if len(borders) == 1 and len(part) > 2 else None


def _operands(node: Node) -> list[str]:
    """The operands that carry values."""
    several = None if not isinstance(node.op, _SHAPES) else 1
    return [name for name in node.inputs[:several] if name is not None]


def _fits(graph: Graph, node: Node, size: int) -> bool:
    if graph.output(node).size != size:
        return False
    if isinstance(node.op, ops.Dequantize):
        return graph.input(node).dtype is DType.INT8
    return isinstance(node.op, _VALUE_BY_VALUE)


def _results(graph: Graph, part: list[Node]) -> NDArray[np.int8]:
    """What comes out for each of the 256 codes."""
    values: dict[str, Array] = {str(part[0].inputs[0]): CODES}
    with np.errstate(all="ignore"):
        for node in part:
            given = [
                values[name] if name in values else graph[name].values.reshape(())
                for name in _operands(node)
            ]
            kernel = None if isinstance(node.op, _SHAPES) else build(graph, node)
            values[node.output] = np.asarray(given[0] if kernel is None else kernel(*given))
    return values[part[-1].output].astype(np.int8)


def _live(graph: Graph, nodes: list[Node]) -> list[Node]:
    """The nodes that something still reads."""
    needed = set(graph.results)
    kept: list[Node] = []
    for node in reversed(nodes):
        if needed.intersection(node.outputs):
            kept.append(node)
            needed.update(name for name in node.inputs if name is not None)
    return kept[::-1]
