"""Bundles of a small binarized network."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edgekit.converter.ir.graph import DType, Graph, Quant
from edgekit.converter.tflite import write_tflite
from tests.helpers.binary_graphs import Case, bconv, quantized
from tests.helpers.command_line import succeeds
from tests.helpers.int8_graphs import GraphBuilder


def binary_network(channels: int = 24) -> Graph:
    """Two binarized layers, int8 at both ends."""
    g, rng = GraphBuilder("net"), np.random.default_rng(0)
    y = quantized(g, g.input((1, 10, 10, channels), Quant.per_tensor(0.05, 3), DType.INT8))
    y = bconv(g, y, Case(channels=channels, outputs=64, output=DType.INT32), rng)
    case = Case(channels=64, outputs=32, output=DType.INT8, stride=(2, 2))
    return g.graph(bconv(g, y, case, rng))


def convert_binary(folder: Path, target: str = "host", form: str = "lce") -> Path:
    """The bundle of the network for a target; `form` is how model.tflite holds it."""
    model = folder / "net.tflite"
    model.write_bytes(write_tflite(binary_network()))
    out = folder / f"{form}-{target}"
    succeeds("convert", model, "-t", target, "-o", out, "--binary-format", form)
    return out
