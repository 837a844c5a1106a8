"""Dilated convolutions that an exporter took apart.

TensorFlow writes a dilation as SPACE_TO_BATCH_ND, a plain convolution over the d x d interleaved
images, BATCH_TO_SPACE_ND; its converter joins the three again only where the batch is fixed. One
convolution with a dilation computes the same numbers: windows read the same elements, and padding
is the zero point in both. A Conv1D has an EXPAND_DIMS before and a RESHAPE behind its convolution.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from edgekit.converter.ir.ops import Padding
from edgekit.converter.ir.shapes import output_extent, padding_before
from edgekit.converter.tflite.known import small_constant
from edgekit.converter.tflite.options import read_options
from edgekit.converter.tflite.raw import RawModel, RawOperator, RawTensor
from edgekit.errors import EdgeKitError

_CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D")
_RESHAPES = ("EXPAND_DIMS", "RESHAPE", "SQUEEZE")
Axis = tuple[int, int, int]
"""Block, and the padding (or cropping) at both ends."""


@dataclass(frozen=True, slots=True)
class _Chain:
    """The operators of one dilated convolution, in order; `before` and `after` of a Conv1D."""

    spread: RawOperator
    before: RawOperator | None
    convolution: RawOperator
    after: RawOperator | None
    gather: RawOperator


def join_dilations(model: RawModel) -> RawModel:
    """The model with every such chain as one convolution; chains of another meaning stay."""
    for operator in model.main.operators:
        chain = _chain(model, operator) if operator.name == "SPACE_TO_BATCH_ND" else None
        if chain is not None:
            model = _joined(model, chain) or model
    return model


def _chain(model: RawModel, spread: RawOperator) -> _Chain | None:
    found: list[RawOperator | None] = []
    following = _only_reader(model, spread)
    for names in (_RESHAPES, _CONVOLUTIONS, _RESHAPES, ("BATCH_TO_SPACE_ND",)):
        fits = following is not None and following.name in names
        found.append(following if fits else None)
        if fits and following is not None:
            following = _only_reader(model, following)
    before, convolution, after, gather = found
    if convolution is None or gather is None or (before is None) != (after is None):
        return None
    return _Chain(spread, before, convolution, after, gather)


def _only_reader(model: RawModel, operator: RawOperator) -> RawOperator | None:
    """The one operator that reads the result, through its first operand."""
    if len(operator.outputs) != 1 or operator.outputs[0] in model.main.outputs:
        return None
    [result] = operator.outputs
    readers = [row for row in model.main.operators if result in row.inputs]
    return readers[0] if len(readers) == 1 and readers[0].inputs[0] == result else None


def _joined(model: RawModel, chain: _Chain) -> RawModel | None:
    """The model with the chain replaced, or None where one convolution would differ."""
    tensors = {tensor.index: tensor for tensor in model.main.tensors}
    source, result = tensors[chain.spread.inputs[0]], tensors[chain.gather.outputs[0]]
    axes = _axes(model, chain.spread), _axes(model, chain.gather)
    inner = tensors[chain.convolution.outputs[0]]
    same_scale = (inner.scales, inner.zero_points) == (result.scales, result.zero_points)
    where = _spatial(chain, tensors)
    if None in axes or where is None or not same_scale or len(axes[0] or ()) != len(where):
        return None
    decided = _attributes(model, chain, tensors, where, axes[0] or (), axes[1] or ())
    if decided is None:
        return None
    convolution = replace(chain.convolution, attributes=decided)
    before, after = chain.before, chain.after
    if before is None or after is None:
        convolution = replace(
            convolution,
            inputs=(source.index, *convolution.inputs[1:]),
            outputs=(result.index,),
        )
        return _with(model, chain, [convolution], [])
    before = replace(before, inputs=(source.index, *before.inputs[1:]))
    # A shape operand would still speak of the interleaved images.
    before = replace(before, inputs=before.inputs[:1]) if before.name == "RESHAPE" else before
    after = replace(after, outputs=(result.index,))
    after = replace(after, inputs=after.inputs[:1]) if after.name == "RESHAPE" else after
    wide = _as_image(tensors[before.outputs[0]], source, where[0])
    images = [wide, _as_image(inner, result, where[0])]
    return _with(model, chain, [before, convolution, after], images)


def _axes(model: RawModel, operator: RawOperator) -> tuple[Axis, ...] | None:
    """Block and ends along each spatial axis, where they are constants."""
    operands = [small_constant(model, model.main.tensors[index]) for index in operator.inputs[1:3]]
    blocks, ends = operands if len(operands) == 2 else (None, None)
    if blocks is None or ends is None or ends.size != 2 * blocks.size:
        return None
    pairs = ends.reshape(-1, 2).tolist()
    rows = zip(blocks.ravel().tolist(), pairs, strict=True)
    return tuple((int(block), int(first), int(last)) for block, (first, last) in rows)


def _spatial(chain: _Chain, tensors: dict[int, RawTensor]) -> tuple[int, ...] | None:
    """Which of height (0) and width (1) the blocks run along."""
    flat, image = tensors[chain.spread.outputs[0]].shape, tensors[chain.convolution.inputs[0]].shape
    if len(image) != 4:
        return None
    if chain.before is None:
        return (0, 1)
    if len(flat) != 3 or flat[2] != image[3]:
        return None
    return next(((at,) for at in (1, 0) if image[2 - at] == 1 and image[1 + at] == flat[1]), None)


def _attributes(
    model: RawModel,
    chain: _Chain,
    tensors: dict[int, RawTensor],
    where: tuple[int, ...],
    spread: tuple[Axis, ...],
    gather: tuple[Axis, ...],
) -> dict[str, object] | None:
    """Dilation and padding of the one convolution, None where none computes the same."""
    try:
        op = read_options(chain.convolution, "convolution")
    except EdgeKitError:
        return None
    plain = (op.stride_h, op.stride_w, op.dilation_h, op.dilation_w) == (1, 1, 1, 1)  # type: ignore[attr-defined]
    if not plain or op.padding is not Padding.VALID:  # type: ignore[attr-defined]
        return None
    source, result = tensors[chain.spread.inputs[0]], tensors[chain.gather.outputs[0]]
    windows = tensors[chain.convolution.inputs[1]].shape[1:3]
    if [row[0] for row in spread] != [row[0] for row in gather]:
        return None
    fitting = {Padding.SAME, Padding.VALID}
    for position, (axis, (block, *pads), (_, *crops)) in enumerate(
        zip(where, spread, gather, strict=True)
    ):
        extents = source.shape[1 + position], result.shape[1 + position]
        fitting &= _paddings(*extents, windows[axis], block, pads[0] - crops[0])
        # What is cut off at the front must be what was added there for the blocks alone.
        fitting = fitting if crops[0] == 0 and min(*pads, *crops) >= 0 else set()
    if not fitting:
        return None
    names = ("dilation_h", "dilation_w")
    dilation = {names[axis]: block for axis, (block, *_) in zip(where, spread, strict=True)}
    return {"padding": Padding.VALID if Padding.VALID in fitting else Padding.SAME, **dilation}


def _paddings(size: int, outputs: int, window: int, dilation: int, before: int) -> set[Padding]:
    """The paddings that begin and end where this axis does."""
    return {
        padding
        for padding in Padding
        if output_extent(size, window, 1, dilation, padding) == outputs
        and padding_before(size, window, 1, dilation, padding) == before
    }


def _as_image(image: RawTensor, sequence: RawTensor, axis: int) -> RawTensor:
    """A Conv1D's image tensor at the length of a whole sequence."""
    shape = list(image.shape)
    shape[0], shape[1 + axis] = sequence.shape[0], sequence.shape[1]
    return replace(image, shape=tuple(shape), signature=(-1, *shape[1:]))


def _with(
    model: RawModel, chain: _Chain, operators: list[RawOperator], tensors: list[RawTensor]
) -> RawModel:
    """The model with the chain's operators replaced, at the convolution's place."""
    gone = {chain.spread.index, chain.gather.index}
    made = {operator.index: operator for operator in operators}
    kept = [made.get(row.index, row) for row in model.main.operators if row.index not in gone]
    changed = {tensor.index: tensor for tensor in tensors}
    main = replace(
        model.main,
        operators=tuple(kept),
        tensors=tuple(changed.get(tensor.index, tensor) for tensor in model.main.tensors),
    )
    return replace(model, subgraphs=(main, *model.subgraphs[1:]))
