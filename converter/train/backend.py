"""What training needs of Keras: a faster BatchNorm, and views of classifiers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


def fused_batch_norm(tf: Any) -> Any:
    """Keras' BatchNormalization as a class whose training step is TensorFlow's one fused operation.

    Keras composes it of a dozen: a third of a MobileNet's training time, measured. The variables
    are the same; the variance that is averaged is the unbiased one.
    """
    base = tf.keras.layers.BatchNormalization

    def call(self: Any, inputs: Any, training: Any = None) -> Any:
        if not (training and self.trainable):
            return base.call(self, inputs, training=False)
        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            inputs, self.gamma, self.beta, epsilon=self.epsilon, is_training=True
        )
        keep = self.momentum
        for average, new in ((self.moving_mean, mean), (self.moving_variance, variance)):
            average.assign(average * keep + new * (1 - keep))
        return outputs

    return type("FusedBatchNormalization", (base,), {"call": call, "__module__": __name__})


@dataclass(frozen=True, slots=True)
class Classifier:
    """A Keras model and its view `heads`: image -> (scores, features).

    Scores (batch, classes) are those before the softmax where `logits` says so, else class
    probabilities; features are the last map that still has a height and a width, None without.
    """

    model: Any
    heads: Any
    logits: bool
    features: bool


def classifier(tf: Any, model: Any) -> Classifier:
    """The view of a Keras model with one input and one output of class scores."""
    last = model.layers[-1]
    kind = type(last).__name__
    activation = getattr(getattr(last, "activation", None), "__name__", "")
    softmax = kind == "Softmax" or (kind == "Activation" and activation == "softmax")
    # Models from .h5 files may have lists of one for input and output.
    scores = last.input if softmax else model.outputs[0]
    maps = [layer for layer in model.layers[:-1] if _is_map(layer)]
    outputs = [scores, *(layer.output for layer in maps[-1:])]
    heads = tf.keras.Model(model.inputs[0], outputs)
    return Classifier(model, heads, softmax or activation in ("linear", ""), bool(maps))


def heads_of(view: Classifier, x: Any, *, training: bool) -> tuple[Any, Any]:
    """(scores, features) for a batch of inputs; features None where there are none."""
    found = view.heads(x, training=training)
    values = list(found) if isinstance(found, list | tuple) else [found]
    return values[0], values[1] if len(values) > 1 else None


def _is_map(layer: Any) -> bool:
    shape: tuple[int | None, ...] = getattr(getattr(layer, "output", None), "shape", ())
    return len(shape) == 4 and 1 not in shape[1:3]
