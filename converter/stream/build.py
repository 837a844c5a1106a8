"""The streaming graph, put together node by node: a node for every run of rows, and the rings.

A ring is a state with the rows kept of a tensor. Joined with the rows just computed it is the
tensor's window, from which later nodes take what they read; the window without its oldest rows is
the ring of the next call.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.fixed_point import window
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node, State, Tensor
from edgekit.converter.ir.ops import Op, Padding
from edgekit.converter.ir.slicing import sliced
from edgekit.converter.stream.need import Rows
from edgekit.converter.stream.tracks import CUTS, PADS, RESHAPES, Slide, Tracks, Way, Whole

Values = Mapping[str, NDArray[Any]]
Segment = tuple[int, int, str]
"""Rows first to end of a tensor of the window network, and the tensor that holds them."""


class Building:
    """A streaming graph under construction; `settled` are the window network's values when all it
    has seen are zeros, from which the rings start."""

    def __init__(
        self,
        graph: Graph,
        ways: Mapping[str, Way],
        tracks: Tracks,
        rows: Mapping[str, Rows],
        settled: Values,
    ) -> None:
        self._graph, self._ways, self._tracks = graph, ways, tracks
        self._rows, self._settled = rows, settled
        self._tensors: dict[str, Tensor] = {n: t for n, t in graph.tensors.items() if t.constant}
        self._nodes: list[Node] = []
        self._states: list[State] = []
        self._segments: dict[str, list[Segment]] = {}
        self._taken: dict[Segment, str] = {}

    def graph(self) -> Graph:
        """The finished graph."""
        for name in self._graph.inputs:
            [(first, end)] = self._rows[name].computed
            self._tensors[name] = self._shaped(name, first, end, name)
            self._keep(name, [(first, end, name)])
        for node in self._graph.nodes:
            self._add(node)
        outputs = tuple(self._output(name) for name in self._graph.outputs)
        states = tuple(self._states)
        made = replace(self._graph, tensors=self._tensors, states=states, outputs=outputs)
        return made.with_nodes(self._nodes)

    def _output(self, name: str) -> str:
        if name not in self._tracks:
            return name
        length = self._length(name)
        return self._take(name, max(0, length - self._rows[name].hop), length)

    def _add(self, node: Node) -> None:
        way = self._ways.get(node.name)
        if isinstance(way, Slide):
            rows = self._rows.get(node.output)
            if rows is not None:
                pieces = [self._piece(node, way, rows, at) for at in range(len(rows.computed))]
                self._keep(node.output, pieces)
        elif isinstance(way, Whole):
            self._whole(node, way)
        else:
            self._tensors |= {name: self._graph[name] for name in node.outputs}
            self._nodes.append(node)

    # ------------------------------------------------------------------------------ rows

    def _keep(self, name: str, pieces: list[Segment]) -> None:
        """The tensor's segments; where rows are kept, a ring joined with the newest run."""
        rows = self._rows[name]
        first, end = rows.kept
        if first == end:
            self._segments[name] = pieces
            return
        _, stop, newest = pieces[rows.newest]
        axis, count = self._tracks[name].axis, end - first
        settled = self._settled[name].take(range(first, end), axis=axis)
        read, held, written = (self._fresh(f"{name}_{word}") for word in ("ring", "window", "kept"))
        self._tensors[read] = self._shaped(name, first, end, read)
        self._tensors[held] = self._shaped(name, first, stop, held)
        self._append(Node(held, ops.Concatenation(axis), (read, newest), (held,)))
        self._cut(held, axis, rows.hop, count, written)
        self._states.append(State(read, read, written, np.ascontiguousarray(settled)))
        pieces[rows.newest] = (first, stop, held)
        self._segments[name] = pieces

    def _take(self, name: str, first: int, end: int) -> str:
        """Rows first to end of a tensor, joined where they lie in several segments."""
        known = self._taken.get((first, end, name))
        if known is not None:
            return known
        parts = []
        for begin, stop, held in self._segments[name]:
            low, high = max(begin, first), min(stop, end)
            if low < high:
                parts.append(self._part(name, (begin, stop, held), low, high))
        made = parts[0]
        if len(parts) > 1:
            made = self._fresh(f"{name}_rows_{first}")
            axis = self._tracks[name].axis
            self._tensors[made] = self._shaped(name, first, end, made)
            self._append(Node(made, ops.Concatenation(axis), tuple(parts), (made,)))
        assert self._tensors[made].shape[self._tracks[name].axis] == end - first, name
        self._taken[first, end, name] = made
        return made

    def _part(self, name: str, segment: Segment, low: int, high: int) -> str:
        begin, stop, held = segment
        if (low, high) == (begin, stop):
            return held
        if (low, high, name) not in self._taken:
            made = self._fresh(f"{name}_rows_{low}")
            self._cut(held, self._tracks[name].axis, low - begin, high - low, made)
            self._taken[low, high, name] = made
        return self._taken[low, high, name]

    def _cut(self, source: str, axis: int, first: int, count: int, made: str) -> None:
        """A SLICE of rows along the time axis."""
        shape = self._tensors[source].shape
        begins = tuple(first if at == axis else 0 for at in range(len(shape)))
        sizes = tuple(count if at == axis else extent for at, extent in enumerate(shape))
        self._sliced(source, begins, sizes, made)

    def _sliced(
        self, source: str, begins: tuple[int, ...], sizes: tuple[int, ...], made: str
    ) -> None:
        operands = (source, self._numbers(begins), self._numbers(sizes))
        self._tensors[made] = replace(self._tensors[source], name=made, shape=sizes)
        self._append(Node(made, ops.Slice(), operands, (made,)))

    # ----------------------------------------------------------------------------- nodes

    def _piece(self, node: Node, way: Slide, rows: Rows, at: int) -> Segment:
        """The node on one run of rows."""
        first, end = rows.computed[at]
        made = node.output if at == max(rows.newest, 0) else self._fresh(f"{node.output}_{first}")
        name = node.name if made == node.output else self._fresh(f"{node.name}_{first}")
        low, high = way.reads(first, end)
        self._tensors[made] = self._shaped(node.output, first, end, made)
        if isinstance(node.op, PADS) and not self._inside(node, low, high):
            self._tensors[made] = self._nothing(node, self._tensors[made])
            return first, end, made
        inputs: list[str | None] = list(node.inputs)
        before = after = 0
        for index, operand in enumerate(node.inputs):
            if operand is not None and operand in self._tracks:
                length = self._length(operand)
                before, after = max(0, -low), max(0, high - length)
                inputs[index] = self._take(operand, max(low, 0), min(high, length))
        piece = replace(node, name=name, inputs=tuple(inputs), outputs=(made,))
        self._append(self._fitted(node, piece, way, before, after))
        return first, end, made

    def _inside(self, node: Node, low: int, high: int) -> bool:
        """Whether any of the rows is there."""
        return low < self._length(str(node.inputs[0])) and high > 0

    def _nothing(self, node: Node, made: Tensor) -> Tensor:
        """Rows of padding alone, which are a constant."""
        given = self._graph.operand(node, 2)
        zero = made.quant.zero_point if made.quant else 0
        fill = zero if given is None else given.values.item()
        return replace(made, data=np.full(made.shape, fill, made.dtype.numpy))

    def _fitted(self, node: Node, piece: Node, way: Slide, before: int, after: int) -> Node:
        """The piece with what its operator says about shapes and edges made right."""
        op = node.op
        if isinstance(op, ops.Conv2D | ops.DepthwiseConv2D | ops.Pool2D):
            return self._windowed(node, piece, way, before, after)
        if isinstance(op, PADS):
            axis = self._tracks[str(node.inputs[0])].axis
            amounts = self._graph.input(node, 1).values.copy()
            amounts[axis] = before, after
            return replace(
                piece, inputs=(piece.inputs[0], self._constant(amounts), *piece.inputs[2:])
            )
        if isinstance(op, RESHAPES):
            return replace(piece, op=ops.Reshape(), inputs=piece.inputs[:1])
        if isinstance(op, CUTS):
            return self._recut(node, piece)
        return piece

    def _windowed(self, node: Node, piece: Node, way: Slide, before: int, after: int) -> Node:
        """A convolution or pooling: by a padding of its own where that pads the same, else VALID
        behind a PAD with what counts as nothing."""
        op: Any = node.op
        pooled = isinstance(op, ops.Pool2D)
        axis = way.axis
        kernel = (op.filter_h, op.filter_w) if pooled else self._graph.input(node, 1).shape[1:3]
        dilation = (1, 1) if pooled else (op.dilation_h, op.dilation_w)
        stride = (op.stride_h, op.stride_w)
        source, output = self._tensors[str(piece.inputs[0])], self._tensors[piece.output]
        whole = self._graph.input(node)
        pads = []
        for at in (1, 2):
            found = window(
                op.padding, whole.shape[at], kernel[at - 1], stride[at - 1], dilation[at - 1]
            )
            pads.append((before, after) if at == axis else (found.before, found.after))
        for padding in (Padding.VALID, Padding.SAME):
            same = [
                window(padding, source.shape[at], kernel[at - 1], stride[at - 1], dilation[at - 1])
                for at in (1, 2)
            ]
            fits = all(
                one.output == output.shape[at] and one.before == pads[at - 1][0]
                for at, one in zip((1, 2), same, strict=True)
            )
            if fits:
                return replace(piece, op=replace(op, padding=padding))
        padded = self._pad(piece.name, source, [(0, 0), *pads, (0, 0)], lowest=pooled)
        return replace(
            piece, op=replace(op, padding=Padding.VALID), inputs=(padded, *piece.inputs[1:])
        )

    def _pad(
        self, name: str, source: Tensor, amounts: list[tuple[int, int]], *, lowest: bool
    ) -> str:
        """A PAD with zeros, or with the lowest value there is."""
        made = self._fresh(f"{name}_padded")
        extents = zip(source.shape, amounts, strict=True)
        shape = tuple(extent + sum(pair) for extent, pair in extents)
        self._tensors[made] = replace(source, name=made, shape=shape)
        operands: tuple[str, ...] = (source.name, self._constant(np.array(amounts, np.int32)))
        op: Op = ops.Pad()
        if lowest:
            least = np.array(np.iinfo(source.dtype.value).min, source.dtype.numpy)
            fill = Tensor(self._fresh("lowest"), (), source.dtype, source.quant, least)
            self._tensors[fill.name] = fill
            op, operands = ops.PadV2(), (*operands, fill.name)
        self._append(Node(made, op, operands, (made,)))
        return made

    def _recut(self, node: Node, piece: Node) -> Node:
        """A SLICE of the same ranges along the other axes."""
        axis = self._tracks[str(node.inputs[0])].axis
        ranges, _ = sliced(self._graph, node)
        begins = [0 if at == axis else first for at, (first, _, _) in enumerate(ranges)]
        sizes = self._tensors[piece.output].shape
        operands = (piece.inputs[0], self._numbers(begins), self._numbers(sizes))
        return replace(piece, op=ops.Slice(), inputs=operands)

    def _whole(self, node: Node, way: Whole) -> None:
        """The node as it is, on all rows it reads; a cut on those that it takes."""
        inputs = [
            self._take(name, way.first, self._length(name) if way.end is None else way.end)
            if name is not None and name in self._tracks
            else name
            for name in node.inputs
        ]
        self._tensors |= {name: self._graph[name] for name in node.outputs}
        if way.end is None:
            self._append(replace(node, inputs=tuple(inputs)))
            return
        ranges, _ = sliced(self._graph, node)
        axis = self._tracks[str(node.inputs[0])].axis
        begins = tuple(0 if at == axis else first for at, (first, _, _) in enumerate(ranges))
        cut = self._fresh(f"{node.name}_rows")
        self._sliced(str(inputs[0]), begins, tuple(n for _, n, _ in ranges), cut)
        self._append(Node(node.name, ops.Reshape(), (cut,), node.outputs))

    # --------------------------------------------------------------------------- tensors

    def _append(self, node: Node) -> None:
        self._nodes.append(node)

    def _length(self, name: str) -> int:
        return self._graph[name].shape[self._tracks[name].axis]

    def _shaped(self, name: str, first: int, end: int, made: str) -> Tensor:
        """A tensor like `name` with so many rows."""
        tensor, axis = self._graph[name], self._tracks[name].axis
        shape = (*tensor.shape[:axis], end - first, *tensor.shape[axis + 1 :])
        return replace(tensor, name=made, shape=shape)

    def _numbers(self, values: Any) -> str:
        return self._constant(np.array(values, np.int32))

    def _constant(self, values: NDArray[Any]) -> str:
        """An int32 constant; equal ones are one tensor."""
        array = np.ascontiguousarray(values, np.int32)
        name = "stream_" + "_".join(map(str, array.ravel()))
        self._tensors[name] = Tensor(name, array.shape, DType.INT32, None, array)
        return name

    def _fresh(self, wish: str) -> str:
        """`wish`, or with an underscore where a tensor or node has that name."""
        taken = {node.name for node in self._graph.nodes}
        while wish in self._tensors or wish in self._graph.tensors or wish in taken:
            wish += "_"
        return wish
