"""What a training starts from: here a network of the zoo; `start.py` has trained models."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from edgekit.converter.data.candidates import Candidate
from edgekit.converter.train.backend import Classifier, classifier
from edgekit.converter.train.data import Labelled
from edgekit.converter.train.options import TrainOptions
from edgekit.converter.train.save import save
from edgekit.converter.train.shapes import Shape
from edgekit.converter.train.zoo import Architecture, build, check_shape, initialize


class Origin(Protocol):
    """What a training starts from."""

    @property
    def name(self) -> str:
        """What it is called in reports."""

    @property
    def sha256(self) -> str | None:
        """A hash of the model it starts from, None for none."""

    def shape(self, options: TrainOptions) -> Shape | None:
        """The shape that samples are brought to, None for their own. Raises UsageError or DataError
        for an option that does not fit."""

    def check(self, data: Labelled) -> None:
        """Raise DataError or ModelError for data that do not fit."""

    @property
    def scaling(self) -> Candidate | None:
        """How samples become its input."""

    def fitted(self, tf: Any, data: Labelled) -> Origin:
        """The same with what the training data tell about it."""

    def network(self, tf: Any, data: Labelled) -> Classifier:
        """A network with the first values, a new one with each call."""

    def write(self, tf: Any, network: Classifier, data: Labelled, path: Path) -> int:
        """Write the trained network; its number of parameters."""


@dataclass(frozen=True, slots=True)
class FromZoo:
    """A network of the zoo, trained from random weights."""

    row: Architecture
    options: TrainOptions
    scaling: Candidate | None = None
    sha256: str | None = None

    @property
    def name(self) -> str:
        """The architecture's."""
        return self.row.name

    def shape(self, options: TrainOptions) -> Shape | None:
        """That of --input."""
        if options.shape is not None:
            check_shape(self.name, options.shape, "--input")
        return options.shape

    def check(self, data: Labelled) -> None:
        """Images must not be too small."""
        check_shape(self.name, data.shape, data.source)

    def fitted(self, tf: Any, data: Labelled) -> FromZoo:
        """With the scaling that all are trained with."""
        return replace(self, scaling=data.scaling)

    def network(self, tf: Any, data: Labelled) -> Classifier:
        """In the form to train, from the seed."""
        model = self._built(tf, data, flexible=True)
        initialize(model, self.options.seed)
        return classifier(tf, model)

    def write(self, tf: Any, network: Classifier, data: Labelled, path: Path) -> int:
        """As a .keras file of Keras' own layers."""
        final = self._built(tf, data, flexible=False)
        final.set_weights(network.model.get_weights())
        save(final, path)
        return int(final.count_params())

    def _built(self, tf: Any, data: Labelled, *, flexible: bool) -> Any:
        return build(
            tf,
            self.row,
            data.shape,
            len(data.classes),
            self.options.width,
            flexible=flexible,
            binary=self.options.binary,
        )
