"""Data sets in the official layout, and a small network of a benchmark's sizes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Graph
from edgekit.converter.ir.ops import Activation
from edgekit.converter.tflite import write_tflite
from tests.helpers.command_line import succeeds
from tests.helpers.float_graphs import FloatGraph, samples

CLASSES = 12


def keyword_network() -> Graph:
    """A convolution and a dense layer of kws01's sizes: (1, 49, 10, 1) in, 12 classes out."""
    rng = np.random.default_rng(5)
    g = FloatGraph("keywords")
    x = g.input((1, 49, 10, 1))
    weights = rng.normal(0, 0.5, (4, 5, 4, 1))
    y = g.conv(x, weights, rng.normal(0, 0.1, 4), stride=4, activation=Activation.RELU)
    features = int(np.prod(g.tensors[y].shape))
    y = g.node(ops.Reshape(), [y, g.constant([1, features], dtype="int32")], shape=(1, features))
    y = g.dense(y, rng.normal(0, 0.6, (CLASSES, features)), rng.normal(0, 0.1, CLASSES))
    return g.graph(g.node(ops.Softmax(), [y]))


def keyword_bundle(folder: Path) -> Path:
    """Its bundle for virtual-m4."""
    folder.mkdir(parents=True, exist_ok=True)
    model, data = folder / "keywords.tflite", folder / "calibration.npz"
    model.write_bytes(write_tflite(keyword_network()))
    np.savez(data, x=samples(keyword_network(), 60))
    out = folder / "bundle"
    succeeds("convert", model, "-t", "virtual-m4", "--calibration", data, "-o", out)
    return out


def write_set(
    folder: Path, contents: Sequence[bytes], labels: Sequence[int], classes: int = CLASSES, *,
    more: str = "",
) -> Path:  # fmt: skip
    """y_labels.csv and a .bin file for each of `contents`; `more` ends every row."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for index, (data, label) in enumerate(zip(contents, labels, strict=True)):
        name = f"sample_{index:03d}.bin"
        (folder / name).write_bytes(data)
        rows.append(f"{name},{classes},{label}{more}\n")
    (folder / "y_labels.csv").write_text("".join(rows), encoding="utf-8")
    return folder


def random_set(folder: Path, count: int = 12, *, size: int = 490, seed: int = 1) -> Path:
    """Random samples for kws01, each class in turn."""
    rng = np.random.default_rng(seed)
    contents = [rng.integers(0, 256, size, np.uint8).tobytes() for _ in range(count)]
    return write_set(folder, contents, [index % CLASSES for index in range(count)])
