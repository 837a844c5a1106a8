"""The batches of an epoch, made in a thread of their own while the network computes."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.train.augment import Augment, Targets, apply
from edgekit.converter.train.data import Labelled

AHEAD = 3
"""Batches that wait; more would only take memory."""
ORDER, BATCH = 0, 1
"""Streams of random numbers: which samples come when, and what is done to them."""

Made = tuple[NDArray[Any], Targets]


@dataclass(frozen=True, slots=True)
class Feed:
    """Batches of a data set as a pure function of (seed, epoch, step).

    So nothing of it has to be kept in a checkpoint. An epoch's last, incomplete batch is left out:
    its BatchNorm statistics would be those of a few samples. Every epoch leaves out others.
    """

    data: Labelled
    augment: Augment
    batch: int
    seed: int

    @property
    def size(self) -> int:
        """Samples per batch: fewer than asked for when there are fewer."""
        return min(self.batch, self.data.count)

    @property
    def steps(self) -> int:
        """Batches per epoch."""
        return self.data.count // self.size

    def make(self, epoch: int, step: int, order: NDArray[np.int64]) -> Made:
        """Batch `step` of `epoch` and its targets (samples, classes)."""
        chosen = order[step * self.size : (step + 1) * self.size]
        rng = np.random.default_rng((self.seed, epoch, step, BATCH))
        classes = len(self.data.classes)
        return apply(rng, self.data.x[chosen], self.data.labels[chosen], classes, self.augment)

    def order(self, epoch: int) -> NDArray[np.int64]:
        """The samples of an epoch in the order in which they come."""
        rng = np.random.default_rng((self.seed, epoch, 0, ORDER))
        return rng.permutation(self.data.count)

    def epoch(self, epoch: int) -> Iterator[Made]:
        """All batches of an epoch. Close the iterator to end its thread early."""
        order = self.order(epoch)
        waiting: queue.Queue[Made | BaseException] = queue.Queue(AHEAD)
        stop = threading.Event()

        def work() -> None:
            for step in range(self.steps):
                try:
                    item: Made | BaseException = self.make(epoch, step, order)
                except BaseException as error:  # shown where the batch is asked for
                    item = error
                while not stop.is_set():
                    try:
                        waiting.put(item, timeout=0.1)
                        break
                    except queue.Full:
                        continue
                if stop.is_set() or isinstance(item, BaseException):
                    return

        thread = threading.Thread(target=work, name="edgekit-train-feed", daemon=True)
        thread.start()
        try:
            for _ in range(self.steps):
                item = waiting.get()
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            stop.set()
            thread.join()
