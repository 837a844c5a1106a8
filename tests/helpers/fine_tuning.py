"""Trainings of a trained model that take seconds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from edgekit.converter.train.options import TrainOptions
from edgekit.converter.train.train import Trained, train

TINY = TrainOptions(epochs=2, batch=24, validation=0.25, augment=("flip",))


def fine_tuned(data: Path, start: Path, output: Path | None, **more: Any) -> Trained:
    """`train` of `start` with TINY and `more`, which are options and arguments."""
    keys = [key for key in more if key in TrainOptions.__dataclass_fields__]
    options = replace(TINY, start=start, **{key: more.pop(key) for key in keys})
    return train(None, data, output=output, options=options, **more)
