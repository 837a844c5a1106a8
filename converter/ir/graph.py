"""The graph every stage reads and returns: frozen, with read-only arrays.

TFLite's operator set and quantization scheme are the semantics. Tensors are known by unique
names; a node's inputs and outputs are names, in TFLite's operand order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.ir.ops import Op


class DType(StrEnum):
    """Element types the IR knows; the value is NumPy's name (int4 is held as int8)."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"
    INT8 = "int8"
    UINT8 = "uint8"
    INT16 = "int16"
    INT32 = "int32"
    INT64 = "int64"
    BOOL = "bool"
    INT4 = "int4"

    @property
    def numpy(self) -> np.dtype[np.generic]:
        """The NumPy dtype an array of this type has in memory."""
        return np.dtype("int8" if self is DType.INT4 else self.value)

    @property
    def bits(self) -> int:
        """Bits one element takes in a model file."""
        return 4 if self is DType.INT4 else self.numpy.itemsize * 8


@dataclass(frozen=True, slots=True)
class Quant:
    """real = scale * (q - zero_point), per tensor (`axis` None) or per channel along `axis`.

    `scales` hold float32 values exactly (as Python floats), one per channel or a single one;
    `zero_points` has the same length.
    """

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int | None = None

    @property
    def scale(self) -> float:
        """The single scale of a per-tensor quantization."""
        return self.scales[0]

    @property
    def zero_point(self) -> int:
        """The single zero point of a per-tensor quantization."""
        return self.zero_points[0]

    @classmethod
    def per_tensor(cls, scale: float, zero_point: int) -> Quant:
        """A per-tensor quantization; `scale` is rounded to float32."""
        return cls((float(np.float32(scale)),), (int(zero_point),))

    @classmethod
    def per_channel(
        cls, scales: Iterable[float], axis: int, zero_points: Iterable[int] | None = None
    ) -> Quant:
        """A per-channel quantization along `axis`; zero points default to 0."""
        exact = tuple(float(np.float32(scale)) for scale in scales)
        zeros = tuple(zero_points) if zero_points is not None else (0,) * len(exact)
        return cls(exact, zeros, axis)


@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """A value: `data` is None for activations, a read-only array of `shape` for constants.

    `range` is what a float activation's real values were trained to lie in, by quantization-aware
    training: the quantizer takes it in place of one seen on data.
    """

    name: str
    shape: tuple[int, ...]
    dtype: DType
    quant: Quant | None = None
    data: NDArray[np.generic] | None = None
    range: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if self.data is not None and self.data.flags.writeable:
            frozen = self.data.copy()
            frozen.flags.writeable = False
            object.__setattr__(self, "data", frozen)

    @property
    def constant(self) -> bool:
        """Whether the value is known at conversion time."""
        return self.data is not None

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def bytes(self) -> int:
        """Bytes the value takes in a model file or an arena."""
        return (self.size * self.dtype.bits + 7) // 8

    @property
    def values(self) -> NDArray[np.generic]:
        """The constant's array; asserts that there is one."""
        assert self.data is not None, f"{self.name} is not a constant"
        return self.data


@dataclass(frozen=True, slots=True)
class Node:
    """One operator applied to named tensors; None stands for an absent optional input."""

    name: str
    op: Op
    inputs: tuple[str | None, ...]
    outputs: tuple[str, ...]

    @property
    def output(self) -> str:
        """The first output's name."""
        return self.outputs[0]


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """A value that a model keeps from one invocation to the next.

    `read` names the tensor that has it while an invocation runs, `written` the one whose value it
    has in the next invocation; neither is a constant, `read` has no producer. `initial`, of the
    tensor's shape and type, is what a reset puts there. `name` is the variable's in the file.
    """

    name: str
    read: str
    written: str
    initial: NDArray[np.generic]

    def __post_init__(self) -> None:
        if self.initial.flags.writeable:
            frozen = self.initial.copy()
            frozen.flags.writeable = False
            object.__setattr__(self, "initial", frozen)

    def renamed(self, names: Mapping[str, str]) -> State:
        """The state with its tensors under other names."""
        read, written = (names.get(name, name) for name in (self.read, self.written))
        return replace(self, read=read, written=written)


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """Nodes in execution order over tensors by name."""

    name: str
    tensors: Mapping[str, Tensor]
    nodes: tuple[Node, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    metadata: Mapping[str, str] = field(default_factory=dict)
    """Free facts about the model: "source", "description"."""
    states: tuple[State, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "tensors", MappingProxyType(dict(self.tensors)))
        object.__setattr__(self, "metadata", MappingProxyType(dict(self.metadata)))

    def __getitem__(self, name: str) -> Tensor:
        return self.tensors[name]

    def operand(self, node: Node, index: int) -> Tensor | None:
        """The node's input at `index`, or None when absent."""
        if index >= len(node.inputs):
            return None
        name = node.inputs[index]
        return None if name is None else self.tensors[name]

    def input(self, node: Node, index: int = 0) -> Tensor:
        """The node's input at `index`, which must be there."""
        tensor = self.operand(node, index)
        assert tensor is not None, f"{node.name} has no input {index}"
        return tensor

    def source(self, node: Node) -> Tensor:
        """The operand whose values the node works on."""
        return self.input(node, node.op.SOURCE)

    def role(self, node: Node, role: str) -> Tensor | None:
        """The operand of this role ("bias"), or None when it is absent or the operator has none."""
        names = [name.rstrip("?.") for name in node.op.INPUTS]
        return self.operand(node, names.index(role)) if role in names else None

    def output(self, node: Node, index: int = 0) -> Tensor:
        """The node's output at `index`."""
        return self.tensors[node.outputs[index]]

    def producer(self, tensor: str) -> Node | None:
        """The node that writes `tensor`, or None for graph inputs and constants."""
        return next((node for node in self.nodes if tensor in node.outputs), None)

    def consumers(self, tensor: str) -> tuple[Node, ...]:
        """The nodes that read `tensor`, in execution order."""
        return tuple(node for node in self.nodes if tensor in node.inputs)

    @property
    def updated(self) -> tuple[str, ...]:
        """Tensors of the states that a node of their own updates (`Op.STATES`)."""
        nodes = [node for node in self.nodes if node.op.STATES]
        return tuple(node.inputs[at] or "" for node in nodes for at in node.op.STATES)

    def activations(self) -> tuple[str, ...]:
        """Graph inputs, states and node outputs, in execution order."""
        return self.sources + tuple(name for node in self.nodes for name in node.outputs)

    @property
    def sources(self) -> tuple[str, ...]:
        """What is there before the first node runs: inputs, then states."""
        return self.inputs + tuple(state.read for state in self.states)

    @property
    def results(self) -> tuple[str, ...]:
        """What is needed after the last node: outputs, then what states become."""
        return self.outputs + tuple(state.written for state in self.states)

    def with_tensors(self, *tensors: Tensor) -> Graph:
        """The graph with these tensors added, or put in place of those of the same name."""
        return replace(self, tensors={**self.tensors, **{t.name: t for t in tensors}})

    def with_nodes(self, nodes: Iterable[Node]) -> Graph:
        """The graph with these nodes instead; tensors no longer used are dropped."""
        kept = tuple(nodes)
        used = {name for node in kept for name in (*node.inputs, *node.outputs) if name}
        used |= {*self.sources, *self.results}
        tensors = {name: tensor for name, tensor in self.tensors.items() if name in used}
        return replace(self, nodes=kept, tensors=tensors)
