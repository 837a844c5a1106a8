"""Binarization after training: a float layer becomes a sum of signs.

XNOR-Net (Rastegari et al. 2016, "XNOR-Net: ImageNet Classification Using Binary Convolutional
Neural Networks", section 3) approximates w by mean|w| sign(w) for each output channel, and x by
sign(x) times a mean magnitude. Three things are added, all in closed form:

    threshold    sign(x - m) with m the mean or the median of each input channel, whichever leaves
                 less error: behind a RELU the signs of x itself are all +1
    padding      channels with m > 0 are negated, together with their weights, so that what lies
                 outside the image (x = 0) becomes +1, as LceBconv2d pads
    scale        y ~ a s + b over the sums s of signs, least squares for each output channel
                 (a = cov(s, y) / var(s), b = mean(y) - a mean(s)): the best affine there is,
                 mean|w| times the mean magnitude of x is what it replaces

Layers are taken in execution order, each fitted on what the binarized ones before it give, against
the float model's own output. A threshold goes into the layer in front where nothing else reads
that, else it is a depthwise 1x1 convolution.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.binary.ends import pool_signs, thresholds
from edgekit.converter.bits import pack_bits, words
from edgekit.converter.compress.edit import only_reader
from edgekit.converter.compress.tidy import drop_dead
from edgekit.converter.interpret.program import build
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node, Tensor
from edgekit.converter.ir.ops import Activation, Padding
from edgekit.converter.quantize.execute import Array, Batch, by_name, iterate
from edgekit.converter.quantize.scheme import WEIGHTED

CLAMPS = {
    Activation.RELU: ops.Relu,
    Activation.RELU6: ops.Relu6,
    Activation.RELU_N1_TO_1: ops.ReluN1To1,
}
_OPEN = {Activation.NONE: np.inf, Activation.RELU: np.inf, Activation.RELU6: 6.0}
"""Activations a threshold can go through, and below what."""
LEAST_THRESHOLD = 1e-6
"""Of a channel's largest value: a threshold behind a RELU is above 0."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Fit:
    """How well a binarized layer gives its outputs before the activation."""

    layer: str
    threshold: str
    """ "mean" or "median"."""
    sqnr_db: float


def binarize_layers(
    graph: Graph, layers: Collection[str], samples: Batch
) -> tuple[Graph, tuple[Fit, ...]]:
    """A float graph whose named CONV_2D and FULLY_CONNECTED are sums of signs, and their fits.

    `samples` are real inputs (float32, any leading extent). Tensors and nodes keep their names,
    but for what a threshold has been folded into; what is added for a layer begins with its name
    and a slash.
    """
    exact, fits = graph, []
    for node in exact.nodes:
        if node.name in layers:
            graph, fit = _binarized(exact, graph, node, samples)
            fits.append(fit)
    return drop_dead(thresholds(pool_signs(graph))), tuple(fits)


def _binarized(exact: Graph, graph: Graph, node: Node, samples: Batch) -> tuple[Graph, Fit]:
    """One layer more."""
    source = node.inputs[0] or ""
    wanted = _sums(exact, node, _values(exact, source, samples))
    x = _values(graph, source, samples)
    found = []
    for name, threshold in _thresholds(graph, source, x):
        counted = _counts(graph, node, x, threshold)
        factor, shift, error = _affine(counted, wanted)
        found.append((error, name, threshold, factor, shift))
    error, name, threshold, factor, shift = min(found, key=lambda row: row[:2])
    made = _Layer(graph, node, threshold).placed(factor, shift)
    signal = float(np.square(wanted).sum())
    ratio = 10 * np.log10(max(signal, 1e-30) / max(error, 1e-30))
    return made, Fit(node.name, name, round(float(ratio), 2))


def _values(graph: Graph, name: str, samples: Batch) -> Array:
    """One activation over the samples; nothing behind it is computed."""
    known = by_name(graph, samples)
    if name in known:
        return known[name]
    return next(results[name] for _, results in iterate(graph, samples) if name in results)


def _thresholds(graph: Graph, source: str, x: Array) -> Iterator[tuple[str, Floats]]:
    """Candidates, one value for each channel."""
    rows = x.reshape(-1, x.shape[-1]).astype(np.float64)
    least = np.zeros(rows.shape[1])
    if _clamped(graph, source):
        least = LEAST_THRESHOLD * np.maximum(rows.max(axis=0), 1.0)
    for name, values in (("mean", rows.mean(axis=0)), ("median", np.median(rows, axis=0))):
        yield name, np.maximum(values, least) if least.any() else values


def _clamped(graph: Graph, source: str) -> bool:
    producer = graph.producer(source)
    if producer is None:
        return False
    fused = getattr(producer.op, "activation", Activation.NONE)
    return fused in (Activation.RELU, Activation.RELU6) or isinstance(
        producer.op, ops.Relu | ops.Relu6
    )


def _sums(graph: Graph, node: Node, x: Array) -> Floats:
    """What the float layer gives before its activation, (rows, output channels)."""
    bare = replace(node, op=replace(node.op, activation=Activation.NONE))  # type: ignore[call-arg]
    y = build(graph, bare)(x, *(graph[name].values if name else None for name in node.inputs[1:]))
    array = np.asarray(y)
    return array.reshape(-1, array.shape[-1]).astype(np.float64)


def _counts(graph: Graph, node: Node, x: Array, threshold: Floats) -> Floats:
    """The sums of products of signs, (rows, output channels)."""
    layer = _Layer(graph, node, threshold)
    real = _orientation(threshold) * (x.reshape(len(x), *layer.shape[1:]) - threshold)
    packed = pack_bits(real.astype(np.float32) < 0)
    ones = np.ones(layer.channels, np.float32)
    part = layer.convolution(ones, np.zeros_like(ones), f"{node.name}/counts")
    one = graph.with_tensors(*part.tensors)
    y = np.asarray(build(one, part.node)(packed, *(t.values for t in part.constants), None))
    return y.reshape(-1, y.shape[-1]).astype(np.float64)


def _orientation(threshold: Floats) -> Floats:
    """+1, or -1 for channels in which 0 lies below the threshold."""
    return np.where(threshold > 0, -1.0, 1.0)


def _affine(s: Floats, y: Floats) -> tuple[Floats, Floats, float]:
    """Least squares y ~ a s + b by column: a, b and the sum of squared errors."""
    mean_s, mean_y = s.mean(axis=0), y.mean(axis=0)
    spread = np.square(s - mean_s).mean(axis=0)
    both = ((s - mean_s) * (y - mean_y)).mean(axis=0)
    factor = np.divide(both, spread, out=np.zeros_like(both), where=spread > 0)
    shift = mean_y - factor * mean_s
    return factor, shift, float(np.square(y - factor * s - shift).sum())


@dataclass(frozen=True, slots=True)
class _Convolution:
    node: Node
    tensors: tuple[Tensor, ...]
    constants: tuple[Tensor, ...]


class _Layer:
    """The nodes that take the place of one layer."""

    def __init__(self, graph: Graph, node: Node, threshold: Floats) -> None:
        self.graph, self.node, self.threshold = graph, node, threshold
        self.source = node.inputs[0] or ""
        x, weights = graph[self.source], graph.input(node, 1).values
        self.dense = isinstance(node.op, ops.FullyConnected)
        self.shape = (x.shape[0], 1, 1, weights.shape[1]) if self.dense else x.shape
        taps = weights[:, None, None, :] if self.dense else weights
        self.signs = taps.astype(np.float64) * _orientation(self._by_input()) < 0
        self.channels = len(weights)

    def _by_input(self) -> Floats:
        """The threshold of every input channel of the convolution; a dense layer may read an image
        as one row, whose channels take turns."""
        depth = self.shape[-1]
        return np.tile(self.threshold, depth // len(self.threshold))

    def convolution(self, factor: Array, shift: Array, output: str) -> _Convolution:
        """The LceBconv2d with its tensors; `output` names what it writes."""
        node, op = self.node, self.node.op
        packed = Tensor(f"{node.name}/signs", (*self.shape[:3], words(self.shape[3])), DType.INT32)
        window = ops.LceBconv2d(self.shape[3], Padding.VALID, 1)
        extent: tuple[int, ...] = (1, 1)
        if isinstance(op, ops.Conv2D):
            steps = (op.stride_h, op.stride_w, op.dilation_h, op.dilation_w)
            window = ops.LceBconv2d(self.shape[3], op.padding, 1, *steps)
            extent = self.graph.output(node).shape[1:3]
        constants = (
            _constant(f"{node.name}/weights", pack_bits(self.signs)),
            _constant(f"{node.name}/multiplier", factor.astype(np.float32)),
            _constant(f"{node.name}/bias", shift.astype(np.float32)),
        )
        result = Tensor(output, (self.shape[0], *extent, self.channels), DType.FLOAT32)
        names = (packed.name, *(tensor.name for tensor in constants), None)
        made = Node(node.name, window, names, (output,))
        return _Convolution(made, (packed, *constants, result), constants)

    def placed(self, factor: Array, shift: Array) -> Graph:
        """The graph with them in place of the layer."""
        node, graph = self.node, self.graph
        activation = getattr(node.op, "activation", Activation.NONE)
        output, clamped = node.output, activation is not Activation.NONE
        flat = f"{node.name}/sum" if clamped else output
        image = f"{node.name}/pixel" if self.dense else flat
        conv = self.convolution(factor, shift, image)
        after: list[Node] = []
        extra: list[Tensor] = [*conv.tensors]
        if self.dense:
            extra.append(replace(graph[output], name=flat))
            after.append(Node(f"{node.name}/row", ops.Reshape(), (image,), (flat,)))
        if clamped:
            extra.append(replace(graph[output], name=flat)) if not self.dense else None
            clamp = CLAMPS[activation]()
            after.append(Node(f"{node.name}/activation", clamp, (flat,), (output,)))
        moved, before, tensors = self._shifted()
        nodes = [
            made
            for other in moved.nodes
            for made in ((*before, conv.node, *after) if other.name == node.name else (other,))
        ]
        extra = [replace(t, shape=graph[output].shape) if t.name == output else t for t in extra]
        return moved.with_tensors(*extra, *tensors).with_nodes(nodes)

    def _shifted(self) -> tuple[Graph, list[Node], list[Tensor]]:
        """The graph, the nodes that lead to the packed signs, and their tensors."""
        node, name = self.node, f"{self.node.name}/shift"
        turned = _orientation(self.threshold)
        inside = _Inside.found(self.graph, self.source, turned, self.threshold)
        read, nodes, tensors = self.source, [], []
        graph = self.graph
        if inside is not None:
            graph, read = inside.moved(name), name
        if self.dense:
            image = Tensor(f"{node.name}/image", self.shape, DType.FLOAT32)
            tensors.append(image)
            nodes.append(Node(image.name, ops.Reshape(), (read,), (image.name,)))
            read = image.name
        if inside is None:
            threshold = self._by_input()
            turned = _orientation(threshold)
            made = _depthwise(name, read, self.shape, turned, -turned * threshold)
            nodes.append(made[0])
            tensors += made[1]
            read = name
        packed = f"{node.name}/signs"
        nodes.append(Node(packed, ops.LceQuantize(), (read,), (packed,)))
        return graph, nodes, tensors


def _depthwise(
    name: str, source: str, shape: tuple[int, ...], factor: Floats, shift: Floats
) -> tuple[Node, tuple[Tensor, ...]]:
    """x * factor + shift by channel, as a depthwise 1x1 convolution."""
    weights = _constant(f"{name}/weights", factor.astype(np.float32).reshape(1, 1, 1, -1))
    bias = _constant(f"{name}/bias", shift.astype(np.float32))
    node = Node(
        name, ops.DepthwiseConv2D(Padding.VALID), (source, weights.name, bias.name), (name,)
    )
    return node, (weights, bias, Tensor(name, shape, DType.FLOAT32))


@dataclass(frozen=True, slots=True)
class _Inside:
    """A layer that x -> turned (x - threshold) goes into: its only reader is the binarized one."""

    graph: Graph
    weighted: Node
    clamp: Node | None
    turned: Floats
    threshold: Floats

    @classmethod
    def found(cls, graph: Graph, source: str, turned: Floats, threshold: Floats) -> _Inside | None:
        """The layer in front, if the threshold can go through its activation: signs of z and of
        RELU(z) agree about every threshold above 0."""
        producer = graph.producer(source)
        if producer is None or only_reader(graph, source) is None:
            return None
        clamp = producer if isinstance(producer.op, ops.Relu | ops.Relu6) else None
        made = graph.producer(graph.input(producer).name) if clamp is not None else producer
        if made is None or (clamp is not None and only_reader(graph, made.output) is not clamp):
            return None
        if clamp is not None:
            activation = Activation.RELU6 if isinstance(clamp.op, ops.Relu6) else Activation.RELU
        else:
            activation = getattr(made.op, "activation", Activation.NONE)
        able = (*WEIGHTED, ops.LceBconv2d)
        if not isinstance(made.op, able) or activation not in _OPEN:
            return None
        inner = threshold > 0 if activation is not Activation.NONE else np.isfinite(threshold)
        if not np.all(inner & (threshold < _OPEN[activation])):
            return None
        channels = graph.output(made).shape[-1]
        if channels != len(threshold) or not _own_constants(graph, made):
            return None
        return cls(graph, made, clamp, turned, threshold)

    def moved(self, name: str) -> Graph:
        """The graph in which that layer gives turned (x - threshold), named `name`."""
        if isinstance(self.weighted.op, ops.LceBconv2d):
            node, constants = self._rescaled()
        else:
            node, constants = self._reweighted()
        node = replace(node, outputs=(name,))
        gone = (self.clamp,) if self.clamp is not None else ()
        nodes = [node if n is self.weighted else n for n in self.graph.nodes if n not in gone]
        tensor = replace(self.graph.output(self.weighted), name=name)
        return replace(self.graph.with_tensors(*constants, tensor), nodes=tuple(nodes))

    def _rescaled(self) -> tuple[Node, list[Tensor]]:
        node, graph = self.weighted, self.graph
        multiplier, bias = graph.input(node, 2), graph.input(node, 3)
        factor = multiplier.values.astype(np.float64) * self.turned
        shift = self.turned * (bias.values.astype(np.float64) - self.threshold)
        return node, [_constant(multiplier.name, factor.astype(np.float32)),
                      _constant(bias.name, shift.astype(np.float32))]  # fmt: skip

    def _reweighted(self) -> tuple[Node, list[Tensor]]:
        node, graph = self.weighted, self.graph
        weights, bias = graph.input(node, 1), graph.role(node, "bias")
        axis = WEIGHTED[type(node.op)]
        shape = [1] * len(weights.shape)
        shape[axis] = -1
        scaled = weights.values.astype(np.float64) * self.turned.reshape(shape)
        old = np.zeros(len(self.turned)) if bias is None else bias.values.astype(np.float64)
        shift = _constant(
            bias.name if bias is not None else f"{node.name}/bias",
            (self.turned * (old - self.threshold)).astype(np.float32),
        )
        roles = [role.rstrip("?") for role in node.op.INPUTS]
        inputs = [*node.inputs, *[None] * (len(roles) - len(node.inputs))]
        inputs[roles.index("bias")] = shift.name
        op = replace(node.op, activation=Activation.NONE)  # type: ignore[call-arg]
        made = replace(node, op=op, inputs=tuple(inputs))
        return made, [_constant(weights.name, scaled.astype(np.float32)), shift]


def _own_constants(graph: Graph, node: Node) -> bool:
    """Whether nothing else reads the layer's weights and bias, which are constant floats."""
    names = [name for name in node.inputs[1:4] if name is not None]
    alone = all(len(graph.consumers(name)) == 1 for name in names)
    return alone and all(graph[name].constant for name in names)


def _constant(name: str, values: NDArray[np.generic]) -> Tensor:
    return Tensor(name, values.shape, DType(str(values.dtype)), None, values)
