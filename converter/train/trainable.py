"""A network read from any float model, made trainable, and turned back.

`Trainable` computes a Graph node by node in TensorFlow (`graph_ops`). Its variables are the graph's
weights, biases and slopes of PRELU in TFLite's layouts, under their tensors' names; batch
normalizations were folded when the graph was read, and everything else stays as it is.
`Trainable.graph()` is the same graph with the values they have then.

A variable holds weights in a unit of each output channel's own: the power of two that brings them
nearest to the deviation He et al. (2015) start from. So a learning rate means the same whatever
scale the input has (0..255 in front of small weights) and whatever normalization was folded in, and
untrained weights come back exactly.

What changes weights while they are trained has two places, and both hold in training, in evaluation
and in what is written:

* `masks` names weights of which some stay zero. Each has a variable of 0 and 1 of the weights'
  shape, which may be assigned to between steps and is part of a checkpoint. The masked weights are
  used; gradients reach only what is left.
* `fake` rounds weights, after their masks, and activations as an integer graph will (`fake_quant`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.interpret.batch import stackable
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.quantize.int8 import is_quantized
from edgekit.converter.quantize.params import constant_values
from edgekit.converter.quantize.scheme import WEIGHTED
from edgekit.converter.train.backend import Classifier
from edgekit.converter.train.fake_quant import FakeQuant
from edgekit.converter.train.graph_ops import COMPUTES
from edgekit.errors import UnsupportedError

TRAINED = ("weights", "bias", "alpha")
"""Roles of the constants that are trained."""
DECAYED = "weights"
ONE = np.float32(1.0)
MOST_SHIFT = 40
"""Units lie between 2^-20 and 2^20."""


class Trainable:
    """A float graph with variables: (samples, ...) -> (scores, features), as `heads_of` wants.

    Scores are the first output, before a last SOFTMAX where there is one; features the last map
    with a height and a width, None without.
    """

    layers = ()
    """It has no layers of Keras' to be asked for."""

    def __init__(
        self,
        tf: Any,
        graph: Graph,
        *,
        fake: FakeQuant | None = None,
        masks: Mapping[str, NDArray[np.float32]] | None = None,
    ) -> None:
        self._tf, self._graph, self.fake = tf, graph, fake
        self._roles = trained_constants(graph)
        self._scores, self._features = scores_of(graph), last_map(graph)
        self._units = {
            node.inputs[1]: units(graph[str(node.inputs[1])].values, WEIGHTED[type(node.op)])
            for node in graph.nodes
            if type(node.op) in WEIGHTED
        }
        self.weights = {
            name: tf.keras.Variable(
                constant_values(graph[name]) / self._units.get(name, ONE), name=f"w{number}"
            )
            for number, name in enumerate(self._roles)
        }
        self.masks = {
            name: tf.keras.Variable(mask, trainable=False, name=f"m{number}")
            for number, (name, mask) in enumerate((masks or {}).items())
        }

    @property
    def trainable_variables(self) -> list[Any]:
        """What gradients are taken of."""
        return list(self.weights.values())

    @property
    def undecayed(self) -> list[Any]:
        """Variables that weight decay leaves alone: all but weights."""
        return [self.weights[name] for name, role in self._roles.items() if role != DECAYED]

    @property
    def variables(self) -> list[Any]:
        """Everything that a checkpoint keeps."""
        ranges = [] if self.fake is None else self.fake.variables
        return [*self.trainable_variables, *self.masks.values(), *ranges]

    def count_params(self) -> int:
        """Numbers that are trained."""
        return sum(self._graph[name].size for name in self._roles)

    def __call__(self, x: Any, training: bool = False) -> tuple[Any, Any]:
        tf, graph, fake = self._tf, self._graph, self.fake
        [source] = graph.inputs
        seen: dict[str, Any] = {}
        values: dict[str, Any] = {}

        def keep(name: str, value: Any) -> None:
            values[name] = value if fake is None else fake.activation(tf, name, value, seen)

        keep(source, tf.reshape(x, (-1, *graph[source].shape[1:])))
        for node in graph.nodes:
            operands = [self._value(node, name, values) for name in node.inputs]
            found = COMPUTES[type(node.op)](tf, graph, node, operands)
            for name, value in zip(node.outputs, _several(found), strict=True):
                keep(name, value)
        if fake is not None and fake.observing and training:
            fake.observe(tf, seen)
        return values[self._scores], None if self._features is None else values[self._features]

    def _value(self, node: Node, name: str | None, values: Mapping[str, Any]) -> Any:
        if name is None or name in values:
            return None if name is None else values[name]
        if name not in self.weights:
            constants = {} if self.fake is None else self.fake.plan.constants
            return constants.get(name, self._graph[name].values)
        used = self._masked(name)
        if self.fake is None or self._roles[name] != DECAYED:
            return used
        return self.fake.weights(self._tf, node, used)

    def _masked(self, name: str) -> Any:
        used = self._tf.convert_to_tensor(self.weights[name]) * self._units.get(name, ONE)
        mask = self.masks.get(name)
        return used if mask is None else used * self._tf.convert_to_tensor(mask)

    def graph(self) -> Graph:
        """The graph with the values trained, masked where that was asked for; with `fake`, weights
        as an integer graph has them, and a range on every activation."""
        made = [
            replace(self._graph[name], data=np.asarray(self._masked(name))) for name in self.weights
        ]
        graph = self._graph.with_tensors(*made)
        return graph if self.fake is None else self.fake.recorded(graph)


def _several(found: Any) -> tuple[Any, ...]:
    return found if isinstance(found, tuple) else (found,)


def units(weights: NDArray[Any], axis: int) -> NDArray[np.float32]:
    """Powers of two by channel along `axis`: weights / unit deviate by about sqrt(2 / inputs)."""
    others = tuple(index for index in range(weights.ndim) if index != axis)
    mean_square = np.square(weights.astype(np.float64)).mean(axis=others, keepdims=True)
    inputs = weights.size / weights.shape[axis]
    exponents = np.log2(np.maximum(mean_square * inputs / 2, 2.0**-MOST_SHIFT)) / 2
    found: NDArray[np.float32] = np.exp2(np.rint(np.minimum(exponents, MOST_SHIFT / 2)))
    return found.astype(np.float32)


def view(tf: Any, graph: Graph, **more: Any) -> Classifier:
    """The graph as a network to train or to learn from; `more` as for `Trainable`."""
    network = Trainable(tf, graph, **more)
    return Classifier(network, network, ends_in_scores(graph), last_map(graph) is not None)


def trained_constants(graph: Graph) -> dict[str, str]:
    """Float constants that are trained, with their roles: TRAINED in `Op.INPUTS`."""
    found = {}
    for node in graph.nodes:
        for name, role in zip(node.inputs, node.op.INPUTS, strict=False):
            role = role.rstrip("?.")
            if name is not None and graph[name].constant and role in TRAINED:
                found[name] = role
    return found


def scores_of(graph: Graph) -> str:
    """The tensor with a score for each class: what goes into a last SOFTMAX, else the output."""
    last = graph.producer(graph.outputs[0])
    ends = last is not None and isinstance(last.op, ops.Softmax) and last.op.beta == 1
    return graph.source(last).name if last is not None and ends else graph.outputs[0]


def ends_in_scores(graph: Graph) -> bool:
    """Whether `scores_of` are scores, not probabilities."""
    last = graph.producer(scores_of(graph))
    return last is None or not isinstance(last.op, ops.Softmax | ops.Logistic)


def last_map(graph: Graph) -> str | None:
    """The last activation with a height and a width."""
    shapes = ((name, graph[name].shape) for name in reversed(graph.activations()))
    return next((name for name, s in shapes if len(s) == 4 and 1 not in s[1:3]), None)


def check_trainable(graph: Graph, subject: str) -> None:
    """Raise UnsupportedError for graphs that cannot be trained: quantized ones, operators without
    a row in COMPUTES, several inputs, and operators that mix samples."""
    if is_quantized(graph):
        raise UnsupportedError(
            subject,
            "is quantized already: rounded weights have no gradient",
            allowed="float models",
            hint="give the float model that it was made from",
            code="train-quantized",
        )
    for node in graph.nodes:
        if type(node.op) not in COMPUTES:
            raise UnsupportedError(
                f"{subject}: {node.op.NAME} {node.name}",
                "an operator that cannot be trained",
                allowed=", ".join(sorted(op.NAME for op in COMPUTES)),
                hint=_ADVICE if isinstance(node.op, _BINARY) else "train it where it was made",
                code="train-operator",
            )
    _check_borders(graph, subject)


_BINARY = (ops.LceBconv2d, ops.LceQuantize, ops.LceDequantize, ops.LceBMaxPool2d)
_ADVICE = "binarized networks are trained from the start: edgekit train ARCH, see --list"


def _check_borders(graph: Graph, subject: str) -> None:
    counts = len(graph.inputs), len(graph.outputs)
    if counts != (1, 1) or not stackable(graph):
        raise UnsupportedError(
            subject,
            f"{counts[0]} inputs and {counts[1]} outputs"
            if counts != (1, 1)
            else "mixes samples of a batch, or keeps a state",
            allowed="classifiers with one input and one output",
            hint="train it where it was made",
            code="train-borders",
        )
