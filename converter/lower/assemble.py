"""Puts a program together: C names, kernels for the target, buffers, constants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain, count

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.ir.cost import node_macs
from edgekit.converter.ir.graph import DType, Graph, Node, State, Tensor
from edgekit.converter.lower.calls import Array, Call, Kept, Result, Value
from edgekit.converter.lower.names import Namer
from edgekit.converter.lower.program import (
    Arg,
    Buffer,
    BufferKind,
    ConstArg,
    ConstArray,
    KeptState,
    Port,
    Program,
    ReadArg,
    ScratchArg,
    StateArg,
    Step,
    WriteArg,
)
from edgekit.converter.lower.rings import Ring
from edgekit.converter.lower.select import PACKINGS, SCRATCHES, Kernel, KernelTable, Origin, choose
from edgekit.converter.lower.variants import Request

SHARED_FROM = 256
"""Bytes from which equal constants (tied weights, equal tables) are stored once."""


class Assembly:
    """A program under construction: `add` each node's calls in order, then take `program()`."""

    def __init__(
        self,
        graph: Graph,
        roots: Mapping[str, str],
        table: KernelTable,
        isas: Sequence[str],
        room: Mapping[str, int],
        rings: Mapping[str, Ring],
    ) -> None:
        self._graph, self._roots, self._table, self._isas = graph, roots, table, isas
        self._room, self._rings = room, rings
        self._namer = Namer()
        self._buffers: dict[str, Buffer] = {}
        self._constants: dict[tuple[str, bytes], ConstArray] = {}
        self._steps: list[Step] = []
        self._outputs = _numbered("output", tuple(self._root(name) for name in graph.outputs))
        for tensor, name in _numbered("input", graph.inputs).items():
            self._namer.reserve(name)
            kept = BufferKind.OUTPUT if tensor in self._outputs else BufferKind.INPUT
            self._buffer(graph[tensor], name, kept)
        for name in self._outputs.values():
            self._namer.reserve(name)
        self._states = list(map(self._state, graph.states))

    def add(self, node: Node, calls: tuple[Call, ...]) -> None:
        """One step per call, named after the node."""
        base = self._namer.step(node)
        shares = _shared(node_macs(self._graph, node), calls)
        for call, macs in zip(calls, shares, strict=True):
            name = self._namer.claim(f"{base}_{call.tag}") if call.tag else base
            if call.temporary is not None:
                self._buffer(call.temporary, f"{name}_y")
            # A node with several outputs names each after the call that writes it.
            stem = name if node.op.SEVERAL else base
            self._steps.append(self._step(node, call, name, stem, macs))

    def program(self) -> Program:
        """The finished program."""
        return Program(
            name=self._graph.name,
            buffers=tuple(self._buffers.values()),
            constants=tuple(self._constants.values()),
            steps=tuple(self._steps),
            inputs=tuple(self._port(name) for name in self._graph.inputs),
            outputs=tuple(self._port(name) for name in self._graph.outputs),
            states=tuple(self._states),
        )

    def _state(self, state: State) -> KeptState:
        """The state's buffer, that of its whole window for a ring, and how a reset fills it."""
        ring, tensor = self._rings.get(state.read), self._graph[state.read]
        if ring is None:
            return self._filled(tensor, state.initial)
        tensor = replace(self._graph[ring.join.output], name=tensor.name)
        return self._filled(tensor, ring.initial(self._graph))

    def keep(self, tensor: Tensor, initial: NDArray[np.generic]) -> None:
        """A state that the program has and the graph has not."""
        self._states.append(self._filled(tensor, initial))

    def _filled(self, tensor: Tensor, initial: NDArray[np.generic]) -> KeptState:
        name = self._namer.claim(tensor.name)
        stored = np.ascontiguousarray(initial).reshape(-1).view(np.int8)
        buffer = self._buffer(tensor, name, BufferKind.STATE)
        if np.all(stored == stored[0]):
            return KeptState(buffer.name, buffer.bytes, fill=int(stored[0]))
        stored = _repeated(stored, tensor)
        array = self._constant(f"{name}_initial", Array("initial", "initial", "int8_t", stored))
        times = buffer.bytes // stored.size
        return KeptState(buffer.name, buffer.bytes, array=array.array, times=times)

    def _root(self, tensor: str) -> str:
        return self._roots.get(tensor, tensor)

    def _port(self, name: str) -> Port:
        tensor, quant = self._graph[name], self._graph[name].quant
        scale, zero = (quant.scale, quant.zero_point) if quant else (0.0, 0)
        buffer = self._buffers[self._root(name)].name
        return Port(name, buffer, tensor.shape, tensor.dtype, scale, zero, tensor.bytes)

    def _buffer(self, tensor: Tensor, name: str, kind: BufferKind | None = None) -> Buffer:
        """The tensor's buffer, made under `name` when it has none yet."""
        if tensor.name not in self._buffers:
            output = self._outputs.get(tensor.name) if kind is None else None
            kind = kind or (BufferKind.OUTPUT if output else BufferKind.ACTIVATION)
            self._buffers[tensor.name] = Buffer(
                output or name, tensor.shape, tensor.dtype, tensor.bytes, kind
            )
        return self._buffers[tensor.name]

    def _step(self, node: Node, call: Call, name: str, base: str, macs: int) -> Step:
        request = Request(call)
        choice = choose(self._table, request, self._isas, self._room.get(name, 0))
        kernel = choice.kernel
        before = len(self._constants)
        args = [self._arg(arg, name, base) for arg in _packed(request, kernel)]
        scratch = SCRATCHES[kernel.scratch](request)
        if scratch:
            args.append(ScratchArg(self._scratch(name, scratch).name))
        fresh = list(self._constants.values())[before:]
        return Step(
            name=name,
            layer=node.name,
            operator=node.op.NAME,
            kernel=kernel.function,
            params=call.params,
            args=tuple(args),
            output_shape=self._output(node, call).shape,
            macs=macs,
            constants=tuple(array.name for array in fresh),
            weight_bytes=sum(array.bytes for array in fresh),
            scratch_bytes=scratch,
            in_place=self._in_place(call) if kernel.in_place else (),
            cost=choice.cost,
            refused=choice.refused,
            helpers=kernel.helper_functions,
            origin=Origin(request, kernel),
        )

    def _output(self, node: Node, call: Call) -> Tensor:
        """The tensor of the node that the call works towards."""
        written, *_ = [arg.tensor for arg in call.args if isinstance(arg, Result)]
        return self._graph[written if written in node.outputs else node.output]

    def _scratch(self, step: str, size: int) -> Buffer:
        name = f"{step}_scratch"
        return self._buffer(Tensor(name, (size,), DType.INT8), name, BufferKind.SCRATCH)

    def _in_place(self, call: Call) -> tuple[str, ...]:
        """Buffers read whose size is the output's, so that elements correspond one to one."""
        [result] = [self._buffers[a.tensor] for a in call.args if isinstance(a, Result)]
        read = [self._root(arg.tensor) for arg in call.args if isinstance(arg, Value)]
        buffers = [self._buffers[tensor] for tensor in read if tensor in self._buffers]
        return tuple(dict.fromkeys(b.name for b in buffers if b.bytes == result.bytes))

    def _arg(self, arg: object, name: str, base: str) -> Arg:
        match arg:
            case Array():
                return self._constant(f"{name}_{arg.suffix}", arg)
            case Result() if arg.tensor in self._roots:
                return WriteArg(self._buffers[self._root(arg.tensor)].name, arg.c_type)
            case Result():
                tensor = self._graph.tensors.get(arg.tensor)
                made = (
                    self._buffers[arg.tensor]
                    if tensor is None
                    else self._buffer(tensor, self._free(f"{base}_y"))
                )
                return WriteArg(made.name, arg.c_type)
            case Value():
                return self._value(arg, name)
            case Kept():
                return StateArg(self._buffers[self._root(arg.tensor)].name, arg.c_type)
            case _:
                return arg  # type: ignore[return-value]

    def _free(self, wish: str) -> str:
        """`wish`, or with a number where another output of the same call has it."""
        taken = {buffer.name for buffer in self._buffers.values()}
        names = chain([wish], (f"{wish}{number}" for number in count(2)))
        return next(name for name in names if name not in taken)

    def _value(self, arg: Value, name: str) -> Arg:
        root = self._root(arg.tensor)
        if root in self._buffers:
            return ReadArg(self._buffers[root].name, arg.c_type)
        values = self._graph[root].values
        if arg.c_type == "int8_t" and values.ndim:  # kernels that move bytes take any element
            values = np.ascontiguousarray(values).view(np.int8)
        data = Array("c", "data", arg.c_type, values)
        return self._constant(f"{name}_c", data)

    def _constant(self, name: str, array: Array) -> ConstArg:
        """The array, stored once when large and equal to an earlier one."""
        content = np.ascontiguousarray(array.values)
        content.flags.writeable = False
        shared = content.nbytes >= SHARED_FROM
        key = (f"{array.c_type} {array.align}" if shared else name, content.tobytes())
        if key not in self._constants:
            taken = {array.name for array in self._constants.values()}
            unique = name if name not in taken else f"{name}2"
            self._constants[key] = ConstArray(
                unique, array.c_type, content, array.what, array.align
            )
        made = self._constants[key]
        return ConstArg(made.name)


def _repeated(stored: NDArray[np.int8], tensor: Tensor) -> NDArray[np.int8]:
    """The bytes of one row where all rows are the same, else all of them."""
    rows = stored.reshape(next((extent for extent in tensor.shape if extent > 1), 1), -1)
    return rows[0] if np.all(rows == rows[0]) else stored


def _shared(macs: int, calls: Sequence[Call]) -> list[int]:
    """A node's MACs among its calls: equally among those with weights, else all to the first."""
    weighted = [any(isinstance(a, Array) and a.suffix == "w" for a in c.args) for c in calls]
    if not any(weighted):
        return [macs, *[0] * (len(calls) - 1)] if calls else []
    return [macs // sum(weighted) if own else 0 for own in weighted]


def _packed(request: Request, kernel: Kernel) -> list[object]:
    """The call's arguments; a variant's own arrays replace the model's and precede the result."""
    args: list[object] = list(request.call.args)
    if not kernel.packing:
        return args
    kept = [arg for arg in args if not isinstance(arg, Array)]
    at = next(index for index, arg in enumerate(kept) if isinstance(arg, Result))
    return [*kept[:at], *PACKINGS[kernel.packing](request), *kept[at:]]


def _numbered(word: str, tensors: Sequence[str]) -> dict[str, str]:
    """tensor -> "input" when there is one, else "input_0", "input_1", ..."""
    distinct = list(dict.fromkeys(tensors))
    if len(distinct) == 1:
        return {distinct[0]: word}
    return {tensor: f"{word}_{index}" for index, tensor in enumerate(distinct)}
