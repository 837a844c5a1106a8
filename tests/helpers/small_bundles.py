"""A network small enough for every command, its data, and the bundle made of both.

The network is a float .tflite made without TensorFlow; its answers vary with the input, so that
a changed weight shows.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Graph
from edgekit.converter.ir.ops import Activation, Padding
from edgekit.converter.tflite import write_tflite
from tests.helpers.command_line import succeeds
from tests.helpers.float_graphs import FloatGraph, samples

SIZE, CLASSES = 12, 4


def small_network(size: int = SIZE, *, channels: int = 4, seed: int = 3) -> Graph:
    """Convolution, pooling, dense, softmax over (1, size, size, 3)."""
    rng = np.random.default_rng(seed)
    g = FloatGraph("small")
    x = g.input((1, size, size, 3))
    weights = rng.normal(0, 0.35, (channels, 3, 3, 3))
    y = g.conv(x, weights, rng.normal(0, 0.1, channels), stride=2, activation=Activation.RELU)
    y = g.node(ops.MaxPool2D(Padding.VALID, 2, 2, 2, 2), [y])
    features = (size // 4) ** 2 * channels
    y = g.node(ops.Reshape(), [y, g.constant([1, features], dtype="int32")], shape=(1, features))
    y = g.dense(y, rng.normal(0, 0.5, (CLASSES, features)), rng.normal(0, 0.2, CLASSES))
    return g.graph(g.node(ops.Softmax(), [y]))


def write_model(path: Path, graph: Graph | None = None) -> Path:
    """The network as a float .tflite."""
    path.write_bytes(write_tflite(graph or small_network()))
    return path


def write_data(path: Path, count: int = 120) -> Path:
    """Samples for it, without labels."""
    np.savez(path, x=samples(small_network(), count))
    return path


def convert_small(folder: Path, *, target: str = "virtual-m4", name: str = "bundle") -> Path:
    """A bundle of the network in `folder`, with model and data beside it."""
    model, data = folder / "small.tflite", folder / "data.npz"
    if not model.exists():
        write_model(model)
        write_data(data)
    out = folder / name
    succeeds("convert", model, "-t", target, "--calibration", data, "-o", out)
    return out


@pytest.fixture(scope="session")
def small_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle for virtual-m4, for reading only; `small.tflite` and `data.npz` beside it."""
    return convert_small(tmp_path_factory.mktemp("small"))


@pytest.fixture
def own_bundle(small_bundle: Path, tmp_path: Path) -> Path:
    """A copy of the bundle that a test may spoil."""
    import shutil

    return Path(shutil.copytree(small_bundle, tmp_path / "own"))


def prepared_by_cropping(bundle: Path) -> Path:
    """The bundle, whose manifest now says that pictures were cut to the model's proportions."""
    manifest = bundle / "edgekit.json"
    values = json.loads(manifest.read_text(encoding="utf-8"))
    values["preprocess"]["resize"] = "crop"
    manifest.write_text(json.dumps(values), encoding="utf-8")
    return bundle


@pytest.fixture
def desk(small_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in (and the current one) with model.tflite and data.npz; temporary files
    go to its neighbour `temporary`."""
    import shutil
    import tempfile

    folder, temporary = tmp_path / "desk", tmp_path / "temporary"
    folder.mkdir()
    temporary.mkdir()
    shutil.copy(small_bundle.parent / "small.tflite", folder / "model.tflite")
    shutil.copy(small_bundle.parent / "data.npz", folder / "data.npz")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    return folder
