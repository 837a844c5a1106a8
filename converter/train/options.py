"""What the user chooses about a training; checked when made. No TensorFlow, no NumPy."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgekit.converter.prune.spec import parse_prune
from edgekit.converter.train.shapes import Shape
from edgekit.errors import UsageError

SCHEDULES = ("onecycle", "cosine")
OPTIMIZERS = ("sgd", "adamw")
AUGMENTS = ("flip", "crop", "erase", "mixup", "cutmix")
QATS = ("int8", "int4", "int16")
IMAGE_AUGMENTS = ("flip", "crop", "erase")
"""What images get where nothing is said; arrays that are no images get none."""
RATES = {"sgd": 0.2, "adamw": 4e-3}
"""Highest learning rate by optimizer, for a batch of 128."""
FINE_RATES = {"sgd": 3e-4, "adamw": 3e-4}
"""The same for a network that is trained already: without batch normalization, which was folded,
gradients are large where weights are rounded to four bits."""
METHOD, FINE_METHOD = "sgd", "adamw"
EPOCHS, FINE_EPOCHS = 40, 10


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """The choices of one training.

    `start` is a trained float model to go on from, in place of a network of the zoo; `qat` is what
    it is to be quantized to after that, "int8", "int4" (weights) or "int16" (activations), and
    rounds while it trains. `prune` takes zeros or channels as
    `ConvertOptions.prune` does: channels go before the first step, zeros grow over the share
    `prune_ramp` of the steps.
    `shape` is (height, width, channels), None for the data's own; `evaluation` is labelled data,
    None to hold back the share `validation` of the training data. `augment` None means what suits
    the data. `epochs` None means 40, and 10 with `start`; `optimizer` None "sgd", and "adamw" with
    `start`; `rate` None the optimizer's own (`RATES`, with `start` `FINE_RATES`) in proportion to
    the batch.
    `progressive` is the share of the image's size that training starts with, None for all of it.
    `ema` is the decay of averaged weights, 0 for none. `teachers` are trained models;
    `temperature`, `alpha` and `feature_weight` are T, the weight of the teacher and that of its
    features in `loss.py`. Of networks with binarized layers, `real_weights` is the share of the
    epochs in which only activations are signs, and `binary` False trains the same network with
    ordinary layers. Raises UsageError.
    """

    start: Path | None = None
    qat: str | None = None
    prune: str | None = None
    prune_ramp: float = 0.5
    width: float = 1.0
    shape: Shape | None = None
    epochs: int | None = None
    batch: int = 128
    seed: int = 0
    samples: int | None = None
    evaluation: Any = None
    validation: float = 0.1
    schedule: str = "onecycle"
    warmup: float = 0.3
    optimizer: str | None = None
    rate: float | None = None
    weight_decay: float = 5e-4
    label_smoothing: float = 0.1
    augment: tuple[str, ...] | None = None
    progressive: float | None = None
    ema: float = 0.0
    teachers: tuple[Path, ...] = ()
    temperature: float = 4.0
    alpha: float = 0.9
    feature_weight: float = 0.0
    real_weights: float = 0.0
    binary: bool = True
    resume: bool = False

    def __post_init__(self) -> None:
        for option, value, allowed, right in _checks(self):
            if not (math.isfinite(value) and right(value)):
                raise UsageError(
                    option,
                    f"{value:g}",
                    allowed=allowed,
                    hint="`edgekit train --help` states the default",
                    code="bad-option",
                )
        _one_of("--schedule", self.schedule, SCHEDULES)
        _one_of("--optimizer", self.method, OPTIMIZERS)
        for name in self.augment or ():
            _one_of("--augment", name, AUGMENTS)
        if self.qat is not None:
            _one_of("--qat", self.qat, QATS)
        _check_start(self)
        if self.prune is not None:
            _check_prune(self.prune, self.start)
        if self.feature_weight and not self.teachers:
            raise UsageError(
                "--feature-weight",
                "without a teacher there are no features to match",
                hint="name one with --teacher",
                code="no-teacher",
            )

    @property
    def peak(self) -> float:
        """The highest learning rate."""
        rates = RATES if self.start is None else FINE_RATES
        return rates[self.method] * self.batch / 128 if self.rate is None else self.rate

    @property
    def method(self) -> str:
        """The optimizer's name."""
        usual = METHOD if self.start is None else FINE_METHOD
        return usual if self.optimizer is None else self.optimizer

    @property
    def length(self) -> int:
        """Passes over the data."""
        usual = EPOCHS if self.start is None else FINE_EPOCHS
        return usual if self.epochs is None else self.epochs


def _check_start(o: TrainOptions) -> None:
    """What shapes a network of the zoo cannot reshape a trained one."""
    shaping = {
        "--width": o.width != 1,
        "--progressive": o.progressive is not None,
        "--real-weights": o.real_weights > 0,
        "--no-binary": not o.binary,
    }
    given = [option for option, asked in shaping.items() if asked]
    if o.qat is not None and o.start is None:
        raise UsageError(
            "--qat",
            "quantization-aware training goes on from a trained float model, and none is named",
            hint="train the network first, then give it as --start MODEL",
            code="qat-start",
        )
    if o.start is not None and given:
        raise UsageError(
            given[0],
            f"is for networks of the zoo, and {o.start} has its layers and its input already",
            hint=f"leave {given[0]} out",
            code="start-option",
        )


def _check_prune(text: str, start: Path | None) -> None:
    parse_prune(text)
    if start is None:
        raise UsageError(
            "--prune",
            "what matters shows in a trained network, and none is named",
            hint="train the network first, then give it as --start MODEL",
            code="prune-start",
        )


def _share(value: float) -> bool:
    return 0 <= value <= 0.9


Check = tuple[str, float, str, Callable[[float], bool]]


def _checks(o: TrainOptions) -> tuple[Check, ...]:
    """(option, value, what is allowed, whether it is)."""
    return (
        ("--width", o.width, "above 0, up to 4", lambda v: 0 < v <= 4),
        ("--epochs", o.length, "1 or more", lambda v: v >= 1),
        ("--batch", o.batch, "2 or more", lambda v: v >= 2),
        ("--seed", o.seed, "0 or more", lambda v: v >= 0),
        ("--val-split", o.validation, "0 to 0.9", _share),
        ("--warmup", o.warmup, "0 to 0.9, a share of all steps", _share),
        ("--prune-ramp", o.prune_ramp, "0 to 0.9, a share of all steps", _share),
        ("--lr", 1.0 if o.rate is None else o.rate, "above 0", lambda v: v > 0),
        ("--weight-decay", o.weight_decay, "0 or more", lambda v: v >= 0),
        ("--label-smoothing", o.label_smoothing, "0 to below 1", lambda v: 0 <= v < 1),
        ("--progressive", o.progressive or 1.0, "0.3 to 1", lambda v: 0.3 <= v <= 1),
        ("--ema", o.ema, "0 to below 1", lambda v: 0 <= v < 1),
        ("--temperature", o.temperature, "above 0", lambda v: v > 0),
        ("--alpha", o.alpha, "0 to 1", lambda v: 0 <= v <= 1),
        ("--real-weights", o.real_weights, "0 to 0.9, a share of all epochs", _share),
        ("--feature-weight", o.feature_weight, "0 or more", lambda v: v >= 0),
    )


def _one_of(option: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise UsageError(
            option,
            f"unknown value {value!r}",
            allowed=", ".join(allowed),
            hint="`edgekit train --help` describes each",
            code="bad-option",
        )


def augments(text: str | None) -> tuple[str, ...] | None:
    """'flip,crop', or 'none', as a tuple."""
    if text is None:
        return None
    names = tuple(part.strip() for part in text.split(",") if part.strip())
    return () if names == ("none",) else names
