"""Infinite constants of masks become finite ones that hide as much."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgekit.converter.ir.graph import DType, Graph, Tensor
from edgekit.converter.ir.ops import Add, Sub
from edgekit.converter.ir.ops_logic import SELECTIONS

FAR = 1e30
"""Several masks may be summed, and scaled, without reaching infinity (3.4e38)."""


def finite_masks(graph: Graph) -> tuple[Graph, tuple[str, ...]]:
    """The graph with `FAR` for infinity in constants that ADD, SUB or SELECT take, and notes.

    After a SOFTMAX nothing shows of the difference. Constants of other operators stay as they
    are, and so do those that hold NaN: the rules refuse them.
    """
    names = dict.fromkeys(
        name
        for node in graph.nodes
        if isinstance(node.op, (Add, Sub, *SELECTIONS))
        for name in node.inputs
        if name is not None and _infinite(graph[name])
    )
    if not names:
        return graph, ()
    found = f"infinite values of {len(names)} masks (first {next(iter(names))}) became {FAR:g}"
    return graph.with_tensors(*(_finite(graph[name]) for name in names)), (found,)


def _infinite(tensor: Tensor) -> bool:
    if tensor.data is None or tensor.dtype is not DType.FLOAT32:
        return False
    return bool(np.isinf(tensor.data).any() and not np.isnan(tensor.data).any())


def _finite(tensor: Tensor) -> Tensor:
    values = np.nan_to_num(np.asarray(tensor.values, np.float32), posinf=FAR, neginf=-FAR)
    return replace(tensor, data=values)
