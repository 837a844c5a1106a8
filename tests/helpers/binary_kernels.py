"""Random cases for every convolution of packed signs, whatever the cost model would take there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from edgekit.converter.interpret import run
from edgekit.converter.ir.graph import DType, Graph, Node
from edgekit.converter.lower import select
from edgekit.converter.lower.formats import lowered
from edgekit.converter.lower.select import Kernel
from edgekit.converter.lower.variants import Request
from tests.helpers.binary_graphs import Case, bconv_graph, random_case, random_values
from tests.helpers.packed_cases import PackedCase, packed_case

Rng = np.random.Generator
OUTPUTS = {
    "conv2d_b1": DType.INT32,
    "conv2d_b1_s8": DType.INT8,
    "conv2d_b1_f32": DType.FLOAT32,
}


def kernels(isa: str) -> list[Kernel]:
    """The convolutions of packed signs of an ISA."""
    known = [k for rows in select.kernel_table().values() for k in rows if k.isa == isa]
    return [kernel for kernel in dict.fromkeys(known) if kernel.family in OUTPUTS]


def drawn(family: str, rng: Rng) -> tuple[Graph, Node]:
    """A graph and the node of it that a kernel of the family computes."""
    case = random_case(rng, output=OUTPUTS[family], batch=int(rng.integers(1, 3)))
    graph = bconv_graph(_larger(case, rng), rng)
    return graph, graph.nodes[1]


def _larger(case: Case, rng: Rng) -> Case:
    """One in six has several tiles of pixels, one in six more than two blocks of channels."""
    kind = int(rng.integers(6))
    if kind == 0:
        return replace(case, size=(int(rng.integers(12, 24)), int(rng.integers(12, 20))))
    if kind == 1 and case.groups == 1:
        return replace(case, outputs=int(rng.integers(40, 150)))
    return case


def kernel_cases(kernel: Kernel, count: int, seed: int) -> Iterator[PackedCase]:
    """`count` random calls that meet the kernel's needs, with what the interpreter computes."""
    rng = np.random.default_rng([seed, *kernel.function.encode()])
    made = 0
    while made < count:
        graph, node = drawn(kernel.family, rng)
        [call] = lowered(graph, node)
        if select.broken(kernel, Request(call)) is not None:
            continue
        values = run(graph, random_values(graph, rng), keep="all")
        made += 1
        yield packed_case(kernel, call, [values[node.inputs[0]]], values[node.outputs[0]])
