"""Architectures as an axis: each is trained once, into the sweep's folder, and then is a model.

Beside each network stands what it was trained with. One that is there is taken again when that is
the same; a training that broke off goes on from its checkpoint.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from edgekit.artifacts.files import write_file
from edgekit.converter.train.options import TrainOptions
from edgekit.converter.train.train import Places, train
from edgekit.converter.train.zoo import find
from edgekit.deploy.sweep.plan import sha256_of
from edgekit.errors import DataError, UsageError

FOLDER = "networks"
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Network:
    """An architecture of the zoo at a width."""

    architecture: str
    width: float

    def place(self, folder: Path) -> Path:
        """Its file below a sweep's folder; its name is that of the model on the axis."""
        return folder / FOLDER / f"{self.architecture}-{self.width:g}.keras"


@dataclass(frozen=True, slots=True)
class Training:
    """How networks are trained: labelled data, passes over them, the seed."""

    data: Path
    epochs: int
    seed: int = 0


def parse_networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """'mobilenet_v1:0.25' as an architecture and its width. Raises UsageError."""
    found = []
    for text in texts:
        name, colon, width = text.partition(":")
        try:
            number = float(width) if colon else 1.0
            TrainOptions(width=number)
        except (ValueError, UsageError):
            raise UsageError(
                "--arch",
                f"not understood: {text!r}",
                allowed="NAME or NAME:WIDTH, such as mobilenet_v1:0.25",
                hint="see `edgekit train --list` for the names",
                code="sweep-arch",
            ) from None
        found.append(Network(find(name).name, number))
    return tuple(found)


def make_training(data: str | Path | None, epochs: int, seed: int) -> Training:
    """The training that the options name. Raises UsageError, DataError."""
    if data is None:
        raise UsageError(
            "--arch",
            "networks are trained on data, and none are named for that",
            allowed="--train DATA, labelled, and apart from the data they are judged by",
            hint="add --train DATA, or give trained models in place of --arch",
            code="sweep-arch",
        )
    TrainOptions(epochs=epochs, seed=seed)
    if not Path(data).exists():
        raise DataError(str(data), "does not exist", hint="check the path", code="data-missing")
    return Training(Path(data), epochs, seed)


def train_all(
    networks: Sequence[Network], training: Training, folder: Path, progress: Progress
) -> None:
    """Train what is not there yet. Raises UsageError for a network that is there and was trained
    otherwise, else as `train`."""
    told = {
        "data": training.data.name,
        "data_sha256": sha256_of(training.data),
        "epochs": training.epochs,
        "seed": training.seed,
    }
    for network in networks:
        place = network.place(folder)
        wanted = {**asdict(network), **told}
        if place.is_file():
            _check(place, wanted)
            continue
        options = TrainOptions(
            width=network.width,
            epochs=training.epochs,
            seed=training.seed,
            validation=0.0,
            resume=Places(place).checkpoint.is_file(),
        )
        write_file(_note(place), json.dumps(wanted, indent=2) + "\n")
        train(
            network.architecture,
            str(training.data),
            output=place,
            options=options,
            progress=lambda stage, done, total, stem=place.stem: progress(  # type: ignore[misc]
                f"{stem}: {stage}", done, total
            ),
        )


def _note(place: Path) -> Path:
    return place.with_suffix(".json")


def _check(place: Path, wanted: dict[str, object]) -> None:
    note = _note(place)
    found = json.loads(note.read_text(encoding="utf-8")) if note.is_file() else {}
    different = [key for key in wanted if found.get(key) != wanted[key]]
    if different:
        key = different[0]
        raise UsageError(
            str(place),
            f"was trained with another {key}: {found.get(key)}",
            allowed=f"{wanted[key]}, as asked for now",
            hint="repeat the options, remove the file, or choose another -o",
            code="sweep-network",
        )
