"""The training loop: epochs of steps, evaluation, a checkpoint after each."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from edgekit.converter.data.candidates import Candidate
from edgekit.converter.train.backend import heads_of
from edgekit.converter.train.data import Labelled
from edgekit.converter.train.feed import Feed
from edgekit.converter.train.history import Row
from edgekit.converter.train.loss import Distillation, hard_loss, total_loss
from edgekit.converter.train.scaling import scaled
from edgekit.converter.train.schedule import Stages
from edgekit.converter.train.state import Stage, State
from edgekit.errors import EdgeKitError

Progress = Callable[[str, int, int], None]
EVALUATION_BATCH = 256
EMA_START = 10
"""The decay of averaged weights is at most (1 + t) / (10 + t) at step t, so that the random start
is forgotten at once."""


class Zeros(Protocol):
    """Weights that become zero on the way: `pruning.Gradual`."""

    def due(self, step: int) -> bool:
        """Whether something changes before this step."""

    def apply(self, state: State, step: int) -> None:
        """Change it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is fixed about a training before it begins: batches, how samples become inputs, learning
    rates, the shorter side of the images per epoch, how many first epochs leave binarized layers
    their real weights, in how many ranges of fake quantization follow the values, the decay of
    averaged weights, the teachers, and zeros that grow."""

    feed: Feed
    evaluation: Labelled | None
    scaling: Candidate | None
    schedule: Stages
    sizes: Sequence[int]
    real_epochs: int
    observed_epochs: int
    ema: float
    distillation: Distillation | None
    zeros: Zeros | None = None

    @property
    def epochs(self) -> int:
        """How many there are."""
        return len(self.sizes)

    def stage(self, epoch: int) -> Stage:
        """What holds in epoch 0, 1, ..."""
        return Stage(epoch < self.real_epochs, epoch < self.observed_epochs)


def fit(
    tf: Any,
    state: State,
    plan: Plan,
    history: Sequence[Row],
    *,
    after_epoch: Callable[[tuple[Row, ...], float], None],
    progress: Progress,
) -> tuple[Row, ...]:
    """Train from the end of `history` to the last epoch; all rows.

    `after_epoch` gets the rows so far and the seconds of this epoch, and keeps them. Raises
    EdgeKitError when the loss is no longer finite.
    """
    rows = tuple(history)
    compiled: int | None = None
    stage: Stage | None = None
    for epoch in range(len(rows), plan.epochs):
        start = time.perf_counter()
        size = plan.sizes[epoch]
        if stage != plan.stage(epoch):
            stage, compiled = plan.stage(epoch), None
            state.enter(stage)
            judge = _evaluator(tf, state, plan.scaling)
        if compiled != size:
            compiled, step = size, _step(tf, state, plan, size)
        loss, top1, rate = _epoch(state, plan, epoch, step, progress)
        judged = (None, None) if plan.evaluation is None else judge(plan.evaluation)
        rows = (*rows, Row(epoch + 1, size, rate, loss, top1, *judged))
        after_epoch(rows, time.perf_counter() - start)
    return rows


def _epoch(
    state: State, plan: Plan, epoch: int, step: Callable[..., Any], progress: Progress
) -> tuple[float, float, float]:
    """Mean loss, top-1 and the last learning rate of one epoch."""
    count, total, right, rate = plan.feed.steps, 0.0, 0, 0.0
    batches = plan.feed.epoch(epoch)
    try:
        for number, (x, y) in enumerate(batches):
            done = epoch * count + number
            rate = plan.schedule.rate(done)
            state.optimizer.learning_rate.assign(rate)
            if plan.zeros is not None and plan.zeros.due(done):
                plan.zeros.apply(state, done)
            decay = min(plan.ema, (1 + done) / (EMA_START + done))
            loss, hits = step(x, y, np.float32(decay))
            total, right = total + float(loss), right + int(hits)
            if not math.isfinite(total):
                raise _diverged(epoch + 1)
            progress("train", done + 1, plan.epochs * count)
    finally:
        batches.close()  # type: ignore[attr-defined]
    return total / count, right / (count * plan.feed.size), rate


def _diverged(epoch: int) -> EdgeKitError:
    return EdgeKitError(
        "training",
        f"the loss is no longer finite in epoch {epoch}",
        hint="lower the learning rate with --lr, or train longer with a longer --warmup",
        code="diverged",
    )


def _step(tf: Any, state: State, plan: Plan, size: int) -> Callable[..., Any]:
    """One step on images of `size`, compiled: (samples, targets, decay) -> (loss, right ones)."""
    network, optimizer = state.network, state.optimizer
    variables = network.model.trainable_variables
    pairs = tuple(zip(state.shadow.model.variables, network.model.variables, strict=True))

    @tf.function(autograph=False)  # type: ignore[untyped-decorator, unused-ignore]
    def step(x: Any, y: Any, decay: Any) -> Any:
        small = resized(tf, scaled(tf, x, plan.scaling), size)
        with tf.GradientTape() as tape:
            z, features = heads_of(network, small, training=True)
            loss = total_loss(tf, z, features, x, y, plan.distillation)
        optimizer.apply(tape.gradient(loss, variables), variables)
        if state.averaged:
            for average, variable in pairs:
                average.assign(variable + decay * (average - variable))
        right = tf.equal(tf.argmax(z, axis=1), tf.argmax(y, axis=1))
        return loss, tf.reduce_sum(tf.cast(right, tf.int32))

    return step  # type: ignore[no-any-return, unused-ignore]


def _evaluator(
    tf: Any, state: State, scaling: Candidate | None
) -> Callable[[Labelled], tuple[float, float]]:
    """Compiled: labelled data -> (mean cross-entropy, top-1) of the shadow network."""

    @tf.function(autograph=False)  # type: ignore[untyped-decorator, unused-ignore]
    def judge(x: Any, labels: Any) -> Any:
        z, _ = heads_of(state.shadow, scaled(tf, x, scaling), training=False)
        loss = hard_loss(tf, z, tf.one_hot(labels, tf.shape(z)[1]))
        right = tf.equal(tf.argmax(z, axis=1), labels)
        return loss, tf.reduce_sum(tf.cast(right, tf.int32))

    def evaluate(data: Labelled) -> tuple[float, float]:
        total, right = 0.0, 0
        for start in range(0, data.count, EVALUATION_BATCH):
            labels = data.labels[start : start + EVALUATION_BATCH]
            loss, hits = judge(data.x[start : start + EVALUATION_BATCH], labels)
            total, right = total + float(loss) * len(labels), right + int(hits)
        return total / data.count, right / data.count

    return evaluate


def resized(tf: Any, x: Any, size: int) -> Any:
    """Images with the shorter side `size`, bilinear and antialiased; themselves when it is so."""
    height, width = (int(side) for side in x.shape[1:3])
    if size == min(height, width):
        return x
    share = size / min(height, width)
    return tf.image.resize(x, (round(height * share), round(width * share)), antialias=True)
