"""What is known of a file's tensors before it runs: every shape, and the values that follow.

An export with a dynamic batch leaves extents open and computes target shapes at run time: SHAPE, a
slice of it, a PACK or a product, then the RESHAPE, FILL or RESIZE that wanted to know. The batch
is 1 here. That settles every extent that the operators' rules give, and all that arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from edgekit.converter.ir.graph import DType, Graph, Node, Tensor
from edgekit.converter.ir.ops import BY_NAME, DetectionPostProcess, Reshape
from edgekit.converter.ir.rule import INDEX_ROLES
from edgekit.converter.ir.shapes import ShapeError, infer_shapes
from edgekit.converter.ir.slicing import Shape
from edgekit.converter.tflite.known import Array, computed, plain, small_constant
from edgekit.converter.tflite.options import read_options, reshape_target
from edgekit.converter.tflite.raw import RawModel, RawOperator, RawTensor
from edgekit.errors import UnsupportedError, UsageError


@dataclass(frozen=True, slots=True)
class Resolved:
    """By tensor index: `shapes` of all, `values` of those that depend on extents and small
    constants only (the graph's own outputs are not among them). The extents of `open` tensors
    are decided by the run alone."""

    shapes: Mapping[int, Shape]
    values: Mapping[int, Array]
    open: frozenset[int]


def resolve(model: RawModel, size: tuple[int, int] | None = None) -> Resolved:
    """Walk the operators once, in execution order.

    `size` is the height and width of images where the file leaves them open. Raises UsageError
    for a size that the file fixes otherwise, or that no input has.
    """
    walk = _Walk(model, {}, {}, set())
    for tensor in model.main.tensors:
        walk.shapes[tensor.index] = static_shape(tensor)
        if any(extent < 0 for extent in open_extents(tensor)):
            walk.open.add(tensor.index)
    if size is not None:
        _fix_images(walk, size)
    for operator in model.main.operators:
        walk.step(operator)
    return Resolved(walk.shapes, walk.values, frozenset(walk.open))


def _fix_images(walk: _Walk, size: tuple[int, int]) -> None:
    """Give image inputs this height and width."""
    inputs = [walk.model.main.tensors[index] for index in walk.model.main.inputs]
    images = [tensor for tensor in inputs if len(tensor.shape) == 4]
    for tensor in images:
        given = open_extents(tensor)
        height, width = (
            want if have < 0 else have for have, want in zip(given, size, strict=False)
        )
        if (height, width) != size:
            raise _size_error(walk.model, f"{height}x{width}, which the file fixes")
        walk.shapes[tensor.index] = (walk.shapes[tensor.index][0], height, width, given[2])
        if given[2] >= 0:
            walk.open.discard(tensor.index)
    if not images:
        raise _size_error(walk.model, "no size: no input is an image")


def _size_error(model: RawModel, allowed: str) -> UsageError:
    return UsageError(
        model.subject,
        "a .tflite file has its input size already",
        allowed=allowed,
        hint="leave --input-size out",
        code="input-size",
    )


def static_shape(raw: RawTensor) -> Shape:
    """The stored shape, with a dynamic batch taken as 1."""
    dynamic = bool(raw.shape) and (raw.shape[0] < 0 or raw.signature[:1] == (-1,))
    return (1, *raw.shape[1:]) if dynamic else raw.shape


def open_extents(raw: RawTensor) -> Shape:
    """The extents behind the batch, -1 where only the run decides."""
    same_rank = len(raw.signature) == len(raw.shape)
    return (raw.signature if same_rank else raw.shape)[1:]


@dataclass(frozen=True, slots=True)
class _Walk:
    """The results so far."""

    model: RawModel
    shapes: dict[int, Shape]
    values: dict[int, Array]
    open: set[int]

    def step(self, operator: RawOperator) -> None:
        """The value of the operator's output, else the shapes of its outputs where they vary."""
        outputs = [self.model.main.tensors[index] for index in operator.outputs]
        if len(outputs) == 1 and outputs[0].index not in self.model.main.outputs:
            value = self._value(operator, outputs[0])
            if value is not None:
                self._settle(outputs[0].index, value.shape)
                self.values[outputs[0].index] = value
                return
        vary = any(-1 in tensor.signature or -1 in tensor.shape for tensor in outputs)
        # Exporters know nothing of a custom operator's shapes, and write none.
        if vary or operator.name == DetectionPostProcess.NAME:
            found = self._shapes(operator)
            for tensor, shape in zip(outputs, found, strict=False):
                self._settle(tensor.index, shape)

    def _settle(self, index: int, shape: Shape) -> None:
        self.shapes[index] = shape
        self.open.discard(index)

    def _value(self, operator: RawOperator, output: RawTensor) -> Array | None:
        if operator.name == "SHAPE":
            source = operator.inputs[0]
            return None if source in self.open else np.array(self.shapes[source], np.int32)
        if operator.name == "FILL":
            return self._filled(operator, output)
        value = None if not plain(output) else computed(operator, self._known(operator))
        return None if value is None else value.astype(DType(output.dtype.lower()).numpy)

    def _known(self, operator: RawOperator) -> list[Array | None]:
        return [None if index < 0 else self.known(index) for index in operator.inputs]

    def known(self, index: int) -> Array | None:
        """The value of a tensor, where it is known."""
        tensor = self.model.main.tensors[index]
        return self.values[index] if index in self.values else small_constant(self.model, tensor)

    def _filled(self, operator: RawOperator, output: RawTensor) -> Array | None:
        """A FILL's array: the first state of an unrolled recurrent layer, in any element type."""
        extents = self.known(operator.inputs[0])
        source = operator.inputs[1]
        tensor = self.model.main.tensors[source]
        value = self.values.get(source)
        value = small_constant(self.model, tensor, any_type=True) if value is None else value
        if extents is None or value is None or output.dtype.lower() not in frozenset(DType):
            return None
        shape = tuple(int(extent) for extent in extents.ravel())
        if min(shape, default=1) < 1 or np.prod(shape, dtype=np.int64) > 1 << 20:
            return None
        filled: Array = np.full(shape, value.ravel()[0], DType(output.dtype.lower()).numpy)
        return filled

    def _shapes(self, operator: RawOperator) -> tuple[Shape, ...]:
        """Shapes of the outputs by the operator's rule; () where that does not give them."""
        if operator.name not in BY_NAME or operator.inputs[:1] == (-1,):
            return ()
        if self.open.intersection(operator.inputs):
            return ()
        if BY_NAME[operator.name] is Reshape:
            return self._reshaped(operator)
        try:
            return infer_shapes(*self._as_node(operator))
        except (ShapeError, UnsupportedError, AssertionError, ValueError, IndexError):
            return ()  # what is wrong is said later, by the graph's own rules

    def _as_node(self, operator: RawOperator) -> tuple[Graph, Node]:
        """The operator alone as a graph of shapes; operands that say where values go have
        theirs."""
        roles = BY_NAME[operator.name].INPUTS
        tensors = {}
        for position, index in enumerate(operator.inputs):
            role = roles[min(position, len(roles) - 1)].rstrip("?.")
            if index >= 0:
                data = self.known(index) if role in INDEX_ROLES else None
                name = str(index)
                tensors[name] = Tensor(name, self.shapes[index], DType.INT32, None, data)
        outputs = tuple(str(index) for index in operator.outputs)
        for index in operator.outputs:
            tensors.setdefault(str(index), Tensor(str(index), self.shapes[index], DType.INT32))
        inputs = tuple(None if index < 0 else str(index) for index in operator.inputs)
        node = Node("node", read_options(operator, "node"), inputs, outputs)
        return Graph("shapes", tensors, (node,), (), ()), node

    def _reshaped(self, operator: RawOperator) -> tuple[Shape, ...]:
        """A RESHAPE's output shape from its operand, else from its options."""
        count = int(np.prod(self.shapes[operator.inputs[0]], dtype=np.int64))
        target: list[int] = list(reshape_target(operator))
        if len(operator.inputs) > 1 and operator.inputs[1] >= 0:
            wanted = self.known(operator.inputs[1])
            target = [] if wanted is None else [int(extent) for extent in wanted.ravel()]
        known = int(np.prod([extent for extent in target if extent != -1], dtype=np.int64))
        if not target or target.count(-1) > 1 or known < 1 or count % known:
            return ()
        shape = tuple(count // known if extent == -1 else extent for extent in target)
        return (shape,) if int(np.prod(shape, dtype=np.int64)) == count else ()
