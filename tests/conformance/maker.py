"""A graph that grows by random choices: what the generators of single operators draw from.

Extents, zero points and scales are drawn with a taste for the edges: 1, odd numbers, one more than
a register holds, zero points at the ends of their range.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.ir.graph import DType, Graph, Node, Quant, State, Tensor
from edgekit.converter.ir.ops import Activation, Op, Padding
from edgekit.converter.ir.shapes import infer_shape, infer_shapes

Array = NDArray[Any]
Shape = tuple[int, ...]

EXTENTS = (1, 1, 2, 3, 4, 5, 7, 8, 9, 11)
CHANNELS = (1, 1, 2, 3, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 20, 31, 33)
MOST_ELEMENTS = 3000
"""Of one activation: the interpreter and QEMU stay quick."""

INTEGERS = (DType.INT8, DType.INT16)


class Maker:
    """Tensors and nodes so far; every method that adds something returns the tensor's name."""

    def __init__(self, seed: int, dtype: DType) -> None:
        self.rng = np.random.default_rng(seed)
        self.dtype = dtype
        self.tensors: dict[str, Tensor] = {}
        self.nodes: list[Node] = []
        self.inputs: list[str] = []
        self.states: list[State] = []

    # ------------------------------------------------------------------------------- building

    def graph(self, name: str, outputs: Sequence[str]) -> Graph:
        """The graph with these outputs; what they do not depend on stays in it."""
        inputs = tuple(self.inputs)
        whole = Graph(name, self.tensors, tuple(self.nodes), inputs, tuple(outputs))
        return replace(whole, states=tuple(self.states)).with_nodes(self.nodes)

    def input(self, shape: Shape, dtype: DType | None = None, quant: Quant | None = None) -> str:
        """A new graph input, of a random quantization unless told."""
        kind = dtype or self.dtype
        name = f"x{len(self.inputs)}"
        self.tensors[name] = Tensor(name, shape, kind, quant or self.quant(kind))
        self.inputs.append(name)
        return name

    def constant(self, values: Array, quant: Quant | None = None) -> str:
        """A new constant."""
        name = f"c{len(self.tensors)}"
        self.tensors[name] = Tensor(name, values.shape, DType(str(values.dtype)), quant, values)
        return name

    def constant_tensor(self, tensor: Tensor) -> str:
        """A new constant that is more than an array: int4 values."""
        name = f"c{len(self.tensors)}"
        self.tensors[name] = replace(tensor, name=name)
        return name

    def add(
        self,
        op: Op,
        inputs: Sequence[str | None],
        quant: Quant | None,
        *,
        dtype: DType | None = None,
        shape: Shape | None = None,
    ) -> str:
        """Append a node with one output; its shape is inferred unless given."""
        name = f"{op.NAME.lower()}_{len(self.nodes)}"
        node = Node(name, op, tuple(inputs), (name,))
        kind = dtype or self.dtype
        tensor = Tensor(name, shape or (), kind, quant)
        if shape is None:
            known = Graph("so_far", {**self.tensors, name: tensor}, (node,), (), (name,))
            tensor = replace(tensor, shape=tuple(map(int, infer_shape(known, node))))
        self.tensors[name] = tensor
        self.nodes.append(node)
        return name

    def add_updating(
        self, op: Op, inputs: Sequence[str | None], states: Sequence[Tensor], quant: Quant | None
    ) -> None:
        """Append a node with states of its own, which become its last operands."""
        name = f"{op.NAME.lower()}_{len(self.nodes)}"
        kept = [replace(tensor, name=f"{name}_s{i}") for i, tensor in enumerate(states)]
        after = [replace(tensor, name=f"{tensor.name}_next") for tensor in kept]
        node = Node(name, op, (*inputs, *(t.name for t in kept)), (name, *(t.name for t in after)))
        blank = Tensor(name, (), self.dtype, quant)
        self.tensors |= {tensor.name: tensor for tensor in (blank, *kept, *after)}
        known = Graph("so_far", self.tensors, (node,), (), (name,))
        shape, *_ = infer_shapes(known, node)
        self.tensors[name] = replace(blank, shape=tuple(map(int, shape)))
        self.nodes.append(node)
        for before, later in zip(kept, after, strict=True):
            zero = before.quant.zero_point if before.quant else 0
            first = np.full(before.shape, zero, before.dtype.numpy)
            self.states.append(State(before.name, before.name, later.name, first))

    def add_several(
        self, op: Op, inputs: Sequence[str | None], quant: Quant | None, count: int
    ) -> None:
        """Append a node with `count` outputs of the inferred shapes."""
        names = tuple(f"{op.NAME.lower()}_{len(self.nodes)}_{index}" for index in range(count))
        node = Node(names[0], op, tuple(inputs), names)
        blank = {name: Tensor(name, (), self.dtype, quant) for name in names}
        known = Graph("so_far", {**self.tensors, **blank}, (node,), (), names)
        for name, shape in zip(names, infer_shapes(known, node), strict=True):
            self.tensors[name] = replace(blank[name], shape=tuple(map(int, shape)))
        self.nodes.append(node)

    def __getitem__(self, name: str) -> Tensor:
        return self.tensors[name]

    # -------------------------------------------------------------------------------- choices

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return bool(self.rng.random() < probability)

    def integer(self, low: int, high: int) -> int:
        """From `low` to `high`, both included."""
        return int(self.rng.integers(low, high + 1))

    def one_of(self, choices: Sequence[Any]) -> Any:
        """One of the choices, all equally likely."""
        return choices[self.integer(0, len(choices) - 1)]

    def activation(self) -> Activation:
        """NONE half of the time."""
        return Activation.NONE if self.chance(0.5) else self.one_of(tuple(Activation))

    def padding(self) -> Padding:
        """SAME or VALID."""
        return Padding(self.one_of(tuple(Padding)))

    def channels(self) -> int:
        """A number of output channels."""
        return int(self.one_of(CHANNELS))

    def values(self, fits: Callable[[Tensor], bool] = lambda tensor: True) -> list[str]:
        """Activations in the graph's number format that fit, oldest first."""
        own = {state.written for state in self.states}
        made = [name for node in self.nodes for name in node.outputs if name not in own]
        return [name for name in (*self.inputs, *made) if self._mine(name) and fits(self[name])]

    def _mine(self, name: str) -> bool:
        return self[name].dtype is self.dtype and self[name].size <= MOST_ELEMENTS

    def pick(self, fits: Callable[[Tensor], bool] = lambda tensor: True) -> str | None:
        """An activation that fits, mostly a recent one; None where there is none."""
        found = self.values(fits)
        return found[-1 - min(self.integer(0, 4), len(found) - 1)] if found else None

    def image(self) -> str:
        """An activation of rank 4, a new input where there is none."""
        return self.pick(lambda tensor: len(tensor.shape) == 4) or self.input(self.image_shape())

    def image_shape(self) -> Shape:
        """1 x height x width x channels of a few hundred elements."""
        height, width = self.one_of(EXTENTS), self.one_of(EXTENTS)
        fitting = [count for count in CHANNELS if count * height * width <= MOST_ELEMENTS // 4]
        return (1, height, width, self.one_of(fitting))

    # ---------------------------------------------------------------------------- quantization

    def quant(
        self, dtype: DType | None = None, low: float = 0.005, high: float = 0.5
    ) -> Quant | None:
        """A scale between the two for int8, the same real range for int16; None for float32."""
        kind = dtype or self.dtype
        if kind not in INTEGERS:
            return None
        scale = float(np.exp(self.rng.uniform(np.log(low), np.log(high))))
        if kind is DType.INT16:
            return Quant.per_tensor(scale / 256, 0)
        return Quant.per_tensor(scale, self.zero_point())

    def zero_point(self) -> int:
        """At an end of the range as often as inside."""
        ends = (-128, -127, -1, 0, 1, 126, 127)
        return self.one_of(ends) if self.chance(0.5) else self.integer(-128, 127)

    def like(self, name: str) -> Quant | None:
        """The quantization of another tensor."""
        return self[name].quant

    def numbers(self, shape: Shape, dtype: DType | None = None) -> Array:
        """A constant operand's array in the graph's number format, over its whole range."""
        kind = dtype or self.dtype
        if kind is DType.FLOAT32:
            return self.rng.normal(0, 1, shape).astype(np.float32)
        info = np.iinfo(kind.value)
        return self.rng.integers(info.min, info.max + 1, shape).astype(kind.numpy)

    def integers(self, values: Sequence[int]) -> str:
        """A constant operand of indices: axes, paddings, shapes."""
        return self.constant(np.array(values, np.int32))

    def clone_constant(self, shape: Shape, quant: Quant | None) -> str:
        """A constant operand of this shape."""
        return self.constant(self.numbers(shape), quant)
