"""What is kept of a training after every epoch, in one file that is written whole or not at all."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.artifacts.files import write_file
from edgekit.converter.data.arrays import UNREADABLE
from edgekit.converter.train.history import Row
from edgekit.errors import ModelError, OutputError

FORMAT = 1
NAMES = {
    "architecture": "the architecture",
    "start": "the start models",
    "qat": "--qat",
    "prune": "--prune",
    "prune_ramp": "--prune-ramp",
    "width": "--width",
    "shape": "--input",
    "seed": "--seed",
    "epochs": "--epochs",
    "batch": "--batch",
    "schedule": "--schedule",
    "warmup": "--warmup",
    "optimizer": "--optimizer",
    "rate": "--lr",
    "weight_decay": "--weight-decay",
    "label_smoothing": "--label-smoothing",
    "augment": "--augment",
    "progressive": "--progressive",
    "ema": "--ema",
    "temperature": "--temperature",
    "alpha": "--alpha",
    "feature_weight": "--feature-weight",
    "real_weights": "--real-weights",
    "binary": "--binary",
    "teachers": "the teachers",
    "data": "the training data",
    "evaluation": "the evaluation data",
}
"""What makes two trainings the same, and what the user calls it."""
HASHED = ("start", "data", "evaluation", "teachers")
"""Of these the identity holds hashes, which tell a reader nothing."""

Identity = Mapping[str, Any]
Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A training after `len(history)` epochs.

    `identity` has a JSON value for every row of NAMES; `arrays` are all variables by name. Random
    numbers need no state: every batch is a function of (seed, epoch, step).
    """

    identity: Identity
    history: tuple[Row, ...]
    arrays: Arrays


def write(path: Path, checkpoint: Checkpoint) -> None:
    """Write it atomically. Raises OutputError; a former checkpoint is untouched then."""
    head = {
        "format": FORMAT,
        "identity": dict(checkpoint.identity),
        "history": [asdict(row) for row in checkpoint.history],
    }
    text = np.frombuffer(json.dumps(head, sort_keys=True).encode(), np.uint8)
    stream = io.BytesIO()
    np.savez(stream, head=text, **checkpoint.arrays)
    try:
        write_file(path, stream.getvalue())
    except OutputError as error:
        done = len(checkpoint.history) - 1
        kept = f"the checkpoint of epoch {done} is whole" if done else "no checkpoint exists yet"
        raise OutputError(
            str(path),
            f"{error.found}, after epoch {done + 1}; {kept}",
            hint="free space or check permissions, then run the same command with --resume"
            if done
            else "free space, check permissions, or choose another place with -o",
            code="checkpoint-not-written",
        ) from error


def read(path: Path) -> Checkpoint:
    """Raises ModelError when there is none, it is damaged, or of another format."""
    if not path.is_file():
        raise ModelError(
            str(path),
            "no checkpoint to resume from",
            hint="leave --resume out, or give the -o of the training that was interrupted",
            code="no-checkpoint",
        )
    try:
        with np.load(path, allow_pickle=False) as loaded:
            arrays = {name: loaded[name] for name in loaded.files}
        head = json.loads(arrays.pop("head").tobytes())
        if head["format"] != FORMAT:
            raise ValueError(f"format {head['format']}, this program reads {FORMAT}")
        history = tuple(Row(**row) for row in head["history"])
        return Checkpoint(head["identity"], history, arrays)
    except (*UNREADABLE, TypeError, AttributeError) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise ModelError(
            str(path),
            f"cannot be read as a checkpoint: {reason}",
            hint="delete it and start again without --resume",
            code="checkpoint-damaged",
        ) from None


def refuse_other(path: Path, found: Identity, asked: Identity) -> None:
    """Raise ModelError naming the first thing in which the checkpoint's training differs. What a
    checkpoint does not know came later and was not in force."""
    for key, name in NAMES.items():
        was, now = found.get(key, asked[key]), asked[key]
        if was == now:
            continue
        told = f"{name} was {_shown(was)}, now it is {_shown(now)}"
        raise ModelError(
            str(path),
            f"of another training: {name} differ" if key in HASHED else f"of another: {told}",
            hint="repeat the command that was interrupted with --resume, or start again elsewhere "
            "with -o",
            code="other-checkpoint",
        )


def refuse_overwriting(path: Path) -> None:
    """Raise OutputError when a checkpoint stands where a new training would write its own."""
    if path.exists():
        raise OutputError(
            str(path),
            "holds an unfinished training, which would be lost",
            hint="go on with --resume, choose another place with -o, or delete it",
            code="unfinished-training",
        )


def _shown(value: Any) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ",".join(map(str, value)) or "none"
    return "none" if value is None else str(value)
