"""A graph becomes a program: kernel calls in execution order, for one target.

channels    those that no input changes are left out
tabulate    float parts that compute one int8 from one int8 become tables
rings       windows over time that move on in place
running     means over them that go on from a sum
padding     convolutions that take in the PAD before them
aliases     reshapes become other names for the same bytes
calls       each operator's function says which kernels it needs (operators.py)
assemble    kernels are chosen for the target, constants packed, everything named
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from edgekit.converter.interpret.program import fold_constants
from edgekit.converter.ir.graph import Graph
from edgekit.converter.lower.assemble import Assembly
from edgekit.converter.lower.channels import drop_constant_channels
from edgekit.converter.lower.elementwise import tabulated
from edgekit.converter.lower.formats import lowered
from edgekit.converter.lower.operators import ALIASES
from edgekit.converter.lower.padding import padded_calls
from edgekit.converter.lower.program import Program
from edgekit.converter.lower.rings import Ring, rings
from edgekit.converter.lower.running import running_means
from edgekit.converter.lower.select import KernelTable, kernel_table
from edgekit.converter.lower.states import assignments
from edgekit.converter.lower.tabulate import tabulate
from edgekit.converter.quantize.halves import has_halves
from edgekit.targets.model import Target

NO_ROOM: Mapping[str, int] = MappingProxyType({})
NO_RINGS: Mapping[str, Ring] = MappingProxyType({})


def lower(
    graph: Graph,
    target: Target,
    *,
    kernels: KernelTable | None = None,
    all_channels: bool = False,
    room: Mapping[str, int] = NO_ROOM,
) -> Program:
    """The program of a verified graph on `target`, with kernels from its CPU's ISA list.

    With `all_channels` it computes also those that no input changes. `room` says for steps, by
    name, how many bytes of scratch a kernel that needs room may have.
    Raises UnsupportedError for a node without a C kernel in its number format, ModelError when a
    folded bias leaves int32.
    """
    table = kernel_table() if kernels is None else kernels
    graph = fold_constants(graph) if has_halves(graph) else graph
    if not all_channels:
        graph = drop_constant_channels(graph)
    made = tabulate(graph)
    graph = made.graph
    kept = rings(graph)
    means = running_means(graph, kept)
    own = {ring.join.output: ring.call(graph) for ring in kept.values()}
    own |= {output: mean.call(graph) for output, mean in means.items()}
    padded = padded_calls(graph)
    own |= {output: call for output, (_, call) in padded.items()}
    unread = {mean.join.output for mean in means.values() if mean.join is not None}
    unread |= {pad.output for pad, _ in padded.values()}
    roots = aliases(graph, kept)
    assembly = Assembly(graph, roots, table, target.cpu.isa, room, kept)
    for mean in means.values():
        assembly.keep(mean.sums, mean.initial)
    for node in graph.nodes:
        if node.output in own:
            assembly.add(node, (own[node.output],))
        elif node.output not in roots and node.output not in unread:
            values = made.tables.get(node.name)
            whole = lowered(graph, node) if values is None else tabulated(graph, node, values)
            assembly.add(node, whole)
    for node, calls in assignments(graph, roots):
        assembly.add(node, calls)
    return assembly.program()


def aliases(graph: Graph, kept: Mapping[str, Ring] = NO_RINGS) -> Mapping[str, str]:
    """Output of each reshape -> the tensor whose bytes it names; updated state -> the state; of the
    rings `kept`, window and next state -> the state.

    A reshape stays a copy where its output must be a graph output of its own while its input is
    a graph input or a constant.
    """
    roots = {
        name: read for read, ring in kept.items() for name in (ring.join.output, ring.cut.output)
    }
    for node in graph.nodes:
        for operand, updated in zip(node.op.STATES, node.outputs[1:], strict=False):
            roots[updated] = node.inputs[operand] or ""
        if not isinstance(node.op, ALIASES):
            continue
        root = roots.get(node.inputs[0] or "", node.inputs[0] or "")
        fixed = root in graph.sources or graph[root].constant
        if not (fixed and node.output in graph.outputs):
            roots[node.output] = root
    return MappingProxyType(roots)
