"""What training minimizes.

With scores z of the student, z_t of the teacher (of several: their probabilities averaged), targets
y and temperature T:

    hard     -sum(y * log softmax(z))
    soft     T^2 * sum(p_t * (log p_t - log softmax(z / T))),   p_t = softmax(z_t / T)
    loss     (1 - alpha) * hard + alpha * soft + feature_weight * match

Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network" (2015): T^2 keeps the
soft gradients' size when T changes. `match` is the attention transfer of Zagoruyko and Komodakis,
"Paying More Attention to Attention" (2017): the squared distance between maps of where both look,
each the sum of squared features over channels, of length 1. It needs no layers of its own and fits
any two widths; the teacher's map is resized to the student's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edgekit.converter.train.teacher import Teacher

SMALL = 1e-7


@dataclass(frozen=True, slots=True)
class Distillation:
    """Teachers and how much they count."""

    teachers: tuple[Teacher, ...]
    temperature: float
    alpha: float
    feature_weight: float


def hard_loss(tf: Any, z: Any, y: Any) -> Any:
    """Mean cross-entropy of scores (batch, classes) against targets of the same shape."""
    return -tf.reduce_mean(tf.reduce_sum(y * tf.nn.log_softmax(z), axis=1))


def total_loss(tf: Any, z: Any, features: Any, x: Any, y: Any, distil: Distillation | None) -> Any:
    """The loss of one batch; `x` are the samples as they came, which the teachers scale."""
    hard = hard_loss(tf, z, y)
    if distil is None:
        return hard
    answers = [teacher.answer(tf, x) for teacher in distil.teachers]
    heat = distil.temperature
    target = tf.add_n([tf.nn.softmax(scores / heat) for scores, _ in answers]) / len(answers)
    gap = tf.math.log(target + SMALL) - tf.nn.log_softmax(z / heat)
    soft = heat**2 * tf.reduce_mean(tf.reduce_sum(target * gap, axis=1))
    loss = (1 - distil.alpha) * hard + distil.alpha * soft
    if not distil.feature_weight:
        return loss
    matches = [attention_distance(tf, features, theirs) for _, theirs in answers]
    return loss + distil.feature_weight * tf.add_n(matches) / len(matches)


def attention_distance(tf: Any, ours: Any, theirs: Any) -> Any:
    """Mean squared distance of two attention maps; both (batch, height, width, channels)."""
    look = tf.reduce_sum(tf.square(theirs), axis=3, keepdims=True)
    look = tf.image.resize(look, tf.shape(ours)[1:3], method="area")
    mine = tf.reduce_sum(tf.square(ours), axis=3, keepdims=True)
    a, b = (_unit(tf, values) for values in (mine, look))
    return tf.reduce_mean(tf.reduce_sum(tf.square(a - tf.stop_gradient(b)), axis=1))


def _unit(tf: Any, values: Any) -> Any:
    return tf.math.l2_normalize(tf.reshape(values, (tf.shape(values)[0], -1)), axis=1)
