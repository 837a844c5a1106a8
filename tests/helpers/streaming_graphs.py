"""Small graphs that keep states, for tests of every stage."""

from __future__ import annotations

import numpy as np

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node, Quant, State, Tensor

Q = Quant.per_tensor(0.1, 3)


def tensor(name: str, *shape: int, quant: Quant | None = Q) -> Tensor:
    return Tensor(name, shape, DType.INT8 if quant else DType.FLOAT32, quant)


def numbers(name: str, *values: int) -> Tensor:
    return Tensor(name, (len(values),), DType.INT32, None, np.array(values, np.int32))


def ring(*, quant: Quant | None = Q, seed: int = 0) -> Graph:
    """The last six rows: five kept, one new. The ring starts with random values."""
    state = tensor("ring", 1, 5, 4, quant=quant)
    initial = np.random.default_rng(seed).integers(-128, 128, state.shape).astype(state.dtype.numpy)
    tensors = (
        tensor("x", 1, 1, 4, quant=quant), state, tensor("window", 1, 6, 4, quant=quant),
        tensor("tail", 1, 5, 4, quant=quant), numbers("begin", 0, 1, 0), numbers("size", 1, 5, 4),
    )  # fmt: skip
    nodes = (
        Node("window", ops.Concatenation(1), ("ring", "x"), ("window",)),
        Node("tail", ops.Slice(), ("window", "begin", "size"), ("tail",)),
    )
    kept = (State("ring", "ring", "tail", initial),)
    return Graph("ring", {t.name: t for t in tensors}, nodes, ("x",), ("window",), {}, kept)


def delay() -> Graph:
    """y = x + a, then a, b, x move on: b becomes a, x becomes b, and c and d change places."""
    names = ("x", "a", "b", "c", "d", "y", "z")
    tensors = {name: tensor(name, 1, 4) for name in names}
    nodes = (
        Node("y", ops.Add(), ("x", "a"), ("y",)),
        Node("z", ops.Sub(), ("c", "d"), ("z",)),
    )
    fill = {name: np.full((1, 4), code, np.int8) for code, name in enumerate("abcd", 3)}
    moves = (("a", "b"), ("b", "x"), ("c", "d"), ("d", "c"))
    states = tuple(State(read, read, written, fill[read]) for read, written in moves)
    return Graph("delay", tensors, nodes, ("x",), ("y", "z"), {}, states)
