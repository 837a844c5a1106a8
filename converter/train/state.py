"""The changing part of a training: the network, its averaged shadow, the optimizer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from edgekit.converter.train.backend import Classifier
from edgekit.converter.train.checkpoint import Arrays
from edgekit.converter.train.options import TrainOptions
from edgekit.converter.train.trainable import Trainable

MOMENTUM = 0.9


@dataclass(frozen=True, slots=True)
class Stage:
    """What holds in some epochs: whether binarized layers use their latent kernels as they are, and
    whether ranges of fake quantization follow the values."""

    real_weights: bool
    observing: bool


@dataclass(frozen=True, slots=True)
class State:
    """`network` is trained; `shadow` is what is evaluated and saved: another network of the same
    make whose variables follow the first's as exponential moving averages, or the first itself."""

    network: Classifier
    shadow: Classifier
    optimizer: Any

    @property
    def averaged(self) -> bool:
        """Whether the shadow is a network of its own."""
        return self.shadow is not self.network

    def enter(self, stage: Stage) -> None:
        """Set what holds from now on; what was compiled before does not change."""
        for network in (self.network, self.shadow):
            for layer in network.model.layers:
                if hasattr(layer, "real_weights"):
                    layer.real_weights = stage.real_weights
            fake = getattr(network.model, "fake", None)
            if fake is not None:
                fake.observing = stage.observing

    def _variables(self) -> dict[str, Any]:
        groups = {"network": self.network.model.variables, "optimizer": self.optimizer.variables}
        if self.averaged:
            groups["shadow"] = self.shadow.model.variables
        return {
            f"{group}/{index:04d}": variable
            for group, variables in groups.items()
            for index, variable in enumerate(variables)
        }

    def arrays(self) -> Arrays:
        """Every variable by name."""
        return {name: np.asarray(variable) for name, variable in self._variables().items()}

    def restore(self, arrays: Arrays) -> None:
        """Set every variable from what `arrays` gave."""
        for name, variable in self._variables().items():
            variable.assign(arrays[name])


def make_optimizer(tf: Any, model: Any, options: TrainOptions) -> Any:
    """SGD with Nesterov momentum, or AdamW (Loshchilov and Hutter, 2019), for this model.

    Weight decay is for kernels alone: BatchNorm's factors and offsets and biases are few, and
    pulling them to 0 only costs (He et al., "Bag of Tricks", 2019). Latent kernels of binarized
    layers get none either: all that it could change is how easily they flip (Liu et al.,
    "ReActNet", 2020, train their last stage without).
    """
    make = tf.keras.optimizers
    if options.method == "sgd":
        optimizer = make.SGD(
            options.peak, momentum=MOMENTUM, nesterov=True, weight_decay=options.weight_decay
        )
    else:
        optimizer = make.AdamW(options.peak, weight_decay=options.weight_decay)
    small = undecayed(model)
    if small:
        optimizer.exclude_from_weight_decay(var_list=small)
    optimizer.build(model.trainable_variables)
    return optimizer


def undecayed(model: Any) -> list[Any]:
    """The variables that weight decay leaves alone."""
    if isinstance(model, Trainable):
        return model.undecayed
    latent = {id(layer.kernel) for layer in model.layers if hasattr(layer, "real_weights")}
    return [v for v in model.trainable_variables if len(v.shape) < 2 or id(v) in latent]
