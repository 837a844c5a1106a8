"""Binarized convolutions beside our own int8 ones: instructions per multiply-accumulate.

    python -m benchmarks.binary [--boards virtual-m4,virtual-m55] [--layers "3x3 128->128 of 28x28"]

Each layer is built twice, with packed signs and with int8, and run in QEMU on each board. Counts
are exact and simulated, outputs are compared with the interpreter. TFLite Micro has no such
operators.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgekit.converter.bits import pack_bits, words
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node, Quant, Tensor
from edgekit.converter.ir.ops import Padding
from edgekit.converter.ir.verify import verify
from edgekit.converter.options import ConvertOptions
from edgekit.converter.tflite import write_tflite
from edgekit.deploy.bench import BenchOptions, bench_inputs
from edgekit.deploy.bench_board import run_board
from edgekit.deploy.bundles import open_bundle
from edgekit.deploy.convert import convert
from edgekit.deploy.keeper import Keeper

BOARDS = ("virtual-m4", "virtual-m7", "virtual-m55")
ACTIVATION = Quant.per_tensor(0.05, -4)


@dataclass(frozen=True, slots=True)
class Layer:
    """A convolution over a square image, SAME, padded with +1."""

    size: int
    inputs: int
    outputs: int
    kernel: int
    packed: bool = True
    """Whether the binarized one writes packed signs; else int8."""

    @property
    def name(self) -> str:
        """For people and for --layers."""
        kind = "" if self.packed else " to int8"
        shape = f"{self.kernel}x{self.kernel} {self.inputs}->{self.outputs}"
        return f"{shape} of {self.size}x{self.size}{kind}"

    @property
    def macs(self) -> int:
        """Multiply-accumulates, those of padding among them."""
        return self.size**2 * self.kernel**2 * self.inputs * self.outputs


LAYERS = (
    Layer(28, 128, 128, 3),
    Layer(28, 128, 128, 3, packed=False),
    Layer(14, 64, 64, 3),
    Layer(14, 128, 256, 1),
    Layer(7, 256, 256, 3),
    Layer(1, 1024, 256, 1),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One layer on one board: the convolution steps alone, packing of the input apart."""

    board: str
    layer: str
    binary: float
    int8: float
    kernel: str
    estimate: int
    count: int

    @property
    def ratio(self) -> float:
        """Binarized instructions to those of int8."""
        return self.binary / self.int8


def binary_graph(layer: Layer) -> Graph:
    """LceQuantize of an int8 input, then the convolution."""
    rng = np.random.default_rng(7)
    image = (1, layer.size, layer.size)
    taps = layer.kernel**2 * layer.inputs
    bits = rng.random((layer.outputs, layer.kernel, layer.kernel, layer.inputs)) < 0.5
    tensors = [
        Tensor("x", (*image, layer.inputs), DType.INT8, ACTIVATION),
        Tensor("signs", (*image, words(layer.inputs)), DType.INT32),
        _constant("weights", pack_bits(bits)),
    ]
    if layer.packed:
        around = rng.normal(taps / 2, taps**0.5 / 2, layer.outputs)
        tensors.append(_constant("threshold", np.rint(around).astype(np.int32)))
        tensors.append(Tensor("conv", (*image, words(layer.outputs)), DType.INT32))
        ends: tuple[str | None, ...] = (None, None, "threshold")
    else:
        factors = rng.uniform(0.5, 1.5, layer.outputs) / taps**0.5
        tensors.append(_constant("multiplier", factors.astype(np.float32)))
        tensors.append(_constant("bias", rng.normal(0, 1, layer.outputs).astype(np.float32)))
        tensors.append(Tensor("conv", (*image, layer.outputs), DType.INT8, ACTIVATION))
        ends = ("multiplier", "bias", None)
    op = ops.LceBconv2d(layer.inputs, Padding.SAME, 1)
    nodes = (
        Node("signs", ops.LceQuantize(), ("x",), ("signs",)),
        Node("conv", op, ("signs", "weights", *ends), ("conv",)),
    )
    return _checked("binary", tensors, nodes)


def int8_graph(layer: Layer) -> Graph:
    """The same convolution in int8, with a RELU."""
    rng = np.random.default_rng(7)
    image = (1, layer.size, layer.size)
    shape = (layer.outputs, layer.kernel, layer.kernel, layer.inputs)
    # As trained ones lie: a channel's weights do not all come near the limits.
    weights = np.clip(np.rint(rng.normal(0, 32, shape)), -127, 127).astype(np.int8)
    scale = Quant.per_tensor(0.01, 0)
    bias_scale = Quant.per_tensor(ACTIVATION.scale * scale.scale, 0)
    bias = rng.integers(-9000, 9000, layer.outputs).astype(np.int32)
    wide = Quant.per_tensor(0.05 * 0.4 * (layer.kernel**2 * layer.inputs) ** 0.5, -128)
    tensors = [
        Tensor("x", (*image, layer.inputs), DType.INT8, ACTIVATION),
        Tensor("weights", shape, DType.INT8, scale, weights),
        Tensor("bias", bias.shape, DType.INT32, bias_scale, bias),
        Tensor("conv", (*image, layer.outputs), DType.INT8, wide),
    ]
    op = ops.Conv2D(Padding.SAME, activation=ops.Activation.RELU)
    return _checked("int8", tensors, (Node("conv", op, ("x", "weights", "bias"), ("conv",)),))


def _constant(name: str, values: np.ndarray) -> Tensor:
    return Tensor(name, values.shape, DType(str(values.dtype)), None, values)


def _checked(name: str, tensors: Sequence[Tensor], nodes: tuple[Node, ...]) -> Graph:
    graph = Graph(name, {t.name: t for t in tensors}, nodes, ("x",), ("conv",))
    verify(graph)
    return graph


def counted(graph: Graph, board: str, folder: Path) -> tuple[str, int, int]:
    """Kernel, estimate and count of the graph's convolution. The outputs must be exact."""
    model = folder / f"{graph.name}.tflite"
    model.write_bytes(write_tflite(graph))
    out = folder / f"{graph.name}-{board}"
    convert(model, target=board, output_dir=out, options=ConvertOptions(all_channels=True))
    bundle, options = open_bundle(out), BenchOptions(samples=1)
    inputs = bench_inputs(bundle, options)
    (run,) = run_board(
        bundle, bundle.target(None), inputs, options, lambda *a: None, Keeper.begin(None, {})
    ).runs
    if run.outputs_checked != run.outputs_equal:
        raise AssertionError(f"{graph.name} on {board}: outputs differ from the interpreter's")
    steps = bundle.manifest.steps
    [at] = [i for i, step in enumerate(steps) if step.layer == "conv"]
    return steps[at].kernel, steps[at].estimate, round(run.steps[at].count)


def measure(layer: Layer, board: str, folder: Path) -> Row:
    """One layer on one board, both ways."""
    kernel, estimate, count = counted(binary_graph(layer), board, folder)
    _, _, plain = counted(int8_graph(layer), board, folder)
    return Row(board, layer.name, count / layer.macs, plain / layer.macs, kernel, estimate, count)


def table(rows: Sequence[Row]) -> list[str]:
    """The rows as Markdown."""
    lines = [
        "| board | layer | binary, instr/MAC | int8, instr/MAC | ratio | kernel |",
        "|---|---|--:|--:|--:|---|",
    ]
    lines += [
        f"| {r.board} | {r.layer} | {r.binary:.3f} | {r.int8:.3f} | {r.ratio:.3f} | `{r.kernel}` |"
        for r in rows
    ]
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """The table, row by row as it is counted."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.binary", description=__doc__)
    parser.add_argument("--boards", default=",".join(BOARDS))
    parser.add_argument("--layers", default="", help="part of a layer's name")
    given = parser.parse_args(arguments)
    chosen = [layer for layer in LAYERS if given.layers in layer.name]
    if not chosen:
        print("layers: " + ", ".join(layer.name for layer in LAYERS), file=sys.stderr)
        return 2
    print("instructions counted in QEMU (simulated), outputs exact")
    print("\n".join(table([])))
    with tempfile.TemporaryDirectory(prefix="edgekit-binary-") as folder:
        for board in given.boards.split(","):
            for layer in chosen:
                print(table([measure(layer, board, Path(folder))])[-1], flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
