"""A trained float model that training goes on from: `edgekit train --start MODEL`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.artifacts.files import write_file
from edgekit.converter.compress.passes import compress
from edgekit.converter.data.candidates import Candidate
from edgekit.converter.ir.graph import Graph
from edgekit.converter.ir.verify import verify
from edgekit.converter.load.load import load_model
from edgekit.converter.quantize.calibrate import calibrate
from edgekit.converter.quantize.recorded import without_record
from edgekit.converter.quantize.scheme import SCHEMES, Scheme
from edgekit.converter.tflite.writer import write_tflite
from edgekit.converter.train.backend import Classifier
from edgekit.converter.train.data import Labelled
from edgekit.converter.train.fake_quant import FakePlan, FakeQuant
from edgekit.converter.train.options import TrainOptions
from edgekit.converter.train.scaling import best_scaling, scaled
from edgekit.converter.train.shapes import Shape, shape_text
from edgekit.converter.train.trainable import Trainable, check_trainable, view
from edgekit.errors import ModelError

CALIBRATED = 256
"""Samples that tell the ranges which quantization-aware training begins with, and which channels
matter before some are pruned."""


@dataclass(frozen=True, slots=True)
class FromModel:
    """A trained float model of any format that `convert` reads, as a compressed graph."""

    path: Path
    graph: Graph
    sha256: str
    scheme: Scheme | None = None
    """What quantization-aware training is for."""
    scaling: Candidate | None = None
    """How samples become its input; found once, before channels go."""
    plan: FakePlan | None = None
    masks: Mapping[str, NDArray[np.float32]] | None = None
    """Weights of which some may become zero, see `Trainable`."""

    @classmethod
    def read(cls, path: Path, qat: str | None) -> FromModel:
        """Raises ModelError, UnsupportedError. Ranges of an earlier training count for `qat`."""
        graph, sha256 = read_trainable(path, f"start model {path}")
        if qat is None:
            graph = without_record(graph)
        return cls(path, graph, sha256, None if qat is None else SCHEMES[qat])

    @property
    def name(self) -> str:
        """The file's."""
        return self.path.name

    def shape(self, options: TrainOptions) -> Shape | None:
        """The model's own. Raises ModelError for another --input."""
        own = image_shape(self.graph)
        if options.shape not in (None, own):
            raise ModelError(
                str(self.path),
                f"takes {shape_text(own)}, and --input says {shape_text(options.shape or ())}",
                hint="leave --input out: the data are brought to the model's input",
                code="start-input",
            )
        return own

    def check(self, data: Labelled) -> None:
        """The model must tell the data's classes apart."""
        check_classes(f"start model {self.path}", self.graph, data)

    def fitted(self, tf: Any, data: Labelled) -> FromModel:
        """With the known scaling under which the model is right most often; for quantization-aware
        training also with the ranges that CALIBRATED samples have."""
        known = self.scaling or best_scaling(tf, view(tf, self.graph), data)[0]
        found = replace(self, scaling=known)
        if self.scheme is None:
            return found
        ranges = calibrate(self.graph, [some_inputs(tf, self.graph, data, found.scaling)])
        return replace(found, plan=FakePlan.of(self.graph, ranges, self.scheme))

    def network(self, tf: Any, data: Labelled) -> Classifier:
        """With the model's weights."""
        fake = None if self.plan is None else FakeQuant(tf, self.plan)
        return view(tf, self.graph, fake=fake, masks=self.masks)

    def write(self, tf: Any, network: Classifier, data: Labelled, path: Path) -> int:
        """As a float .tflite; one trained for integers with its ranges on it."""
        trained = network.model
        assert isinstance(trained, Trainable)
        graph = trained.graph()
        verify(graph)
        write_file(path, write_tflite(graph))
        return trained.count_params()


def read_trainable(path: Path, subject: str) -> tuple[Graph, str]:
    """A float model as a compressed graph that can be trained, and the hash of its file. Raises
    ModelError, UnsupportedError."""
    if not path.exists():
        raise ModelError(
            subject,
            "no such file",
            hint="give a trained model: .keras, .h5, .tflite or a SavedModel folder",
            code="model-missing",
        )
    loaded = load_model(path)
    graph = compress(loaded.graph)
    verify(graph)
    check_trainable(graph, subject)
    return graph, loaded.sha256


def some_inputs(
    tf: Any, graph: Graph, data: Labelled, scaling: Candidate | None
) -> NDArray[np.float32]:
    """CALIBRATED training samples as the graph takes them."""
    x = np.asarray(scaled(tf, data.some(CALIBRATED).x, scaling), np.float32)
    return x.reshape(-1, *graph[graph.inputs[0]].shape[1:])


def image_shape(graph: Graph) -> Shape:
    """The input as (height, width, channels); vectors have height and width 1."""
    [name] = graph.inputs
    extents = graph[name].shape[1:]
    *before, width, depth = (1, 1, *extents)[-max(len(extents), 3) :]
    height = 1
    for extent in before:
        height *= extent
    return height, width, depth


def check_classes(subject: str, graph: Graph, data: Labelled) -> None:
    """Raise ModelError unless the graph gives a score for each of the data's classes."""
    found = graph[graph.outputs[0]].shape[1:]
    if found != (len(data.classes),):
        raise ModelError(
            subject,
            f"tells {shape_text(found)} classes apart",
            allowed=f"{len(data.classes)}, as the training data have",
            hint="give data of the classes that the model was trained for",
            code="start-classes",
        )
