"""Instructions and RAM of streaming networks beside their windows, on a virtual board.

    python -m benchmarks.streaming [MODEL ...] [--hops auto,4,8] [--target virtual-m4]

Each model (by default those of samples/motion and, where the test data are, MLPerf Tiny's KWS, as
it is and without padding in time) is converted as it is and with --stream; every bundle is verified
against the reference and the window network, and its firmware runs in QEMU, where outputs are
checked again. Prints a Markdown table: instructions are simulated, of one call; a window network is
called once for each hop as well. `rings` is what moving the kept rows costs: the most that a ring
with an index could save.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edgekit.artifacts.bundle import read_manifest
from edgekit.artifacts.files import scratch_folder
from edgekit.converter.fixed_point import window
from edgekit.converter.ir.graph import DType, Graph, Node, Tensor
from edgekit.converter.ir.ops import Conv2D, DepthwiseConv2D, Pad, Padding, Pool2D
from edgekit.converter.ir.shapes import infer_shape
from edgekit.converter.ir.verify import verify as check
from edgekit.converter.options import ConvertOptions, hop
from edgekit.converter.tflite import read_tflite, write_tflite
from edgekit.deploy.bench import BenchOptions, bench
from edgekit.deploy.bench import verdict as bench_verdict
from edgekit.deploy.convert import convert
from edgekit.deploy.verify import verify

ROOT = Path(__file__).parent.parent
MOTION = ROOT / "samples" / "motion"
DATA = Path(os.environ.get("EDGEKIT_TEST_DATA", ROOT.parent / "shared" / "data"))
KWS = DATA / "models" / "mlperf_dscnn_kws_int8.tflite"
SHIFT = "ek_shift_s8__ref"
WINDOWS = 64
"""Calibration windows of models that have no integers yet: random, since only costs are shown."""


@dataclass(frozen=True, slots=True)
class Row:
    """One network at one hop (0: the whole window): its figures on the board."""

    model: str
    hop: int
    macs: int
    instructions: int
    rings: int
    arena: int
    states: int


def measured(model: Path, steps: str | None, target: str, folder: Path) -> Row:
    """Convert, verify and run one bundle. Raises MismatchError where an output differs."""
    place = folder / f"{model.stem}_{steps or 'window'}"
    options = ConvertOptions(
        calibration=_calibration(model), gate=False, stream=hop("--hops", steps)
    )
    convert(model, target=target, output_dir=place, options=options)
    report = bench(place, target=target, options=BenchOptions(samples=2))
    wrong = verify(place, samples=20).verdict() or bench_verdict(report)
    if wrong is not None:
        raise wrong
    manifest, [run] = read_manifest(place), report.runs
    streaming, memory = manifest.streaming, manifest.memory
    assert memory is not None, "a microcontroller runs C"
    moving = {at for at, step in enumerate(manifest.steps) if step.kernel == SHIFT}
    return Row(
        model.stem,
        0 if streaming is None else streaming.hop,
        manifest.macs,
        round(run.count_per_inference or 0),
        round(sum(step.count for step in run.steps if step.index in moving)),
        memory.arena_bytes,
        0 if streaming is None else streaming.state_bytes,
    )


def _calibration(model: Path) -> object:
    """Random windows of the shape that the samples have; None for a model of integers."""
    if model.suffix == ".tflite":
        return None
    return np.random.default_rng(0).normal(size=(WINDOWS, 64, 3)).astype(np.float32)


def unpadded(graph: Graph) -> Graph:
    """The network without padding in time (axis 1), with the same weights. It was not trained so:
    its answers mean nothing, its cost does."""
    made = replace(graph, nodes=())
    nodes: list[Node] = []
    for node in graph.nodes:
        for part in _unpadded(made, node):
            made = made.with_tensors(*part[1])
            shape = infer_shape(made, part[0])
            made = made.with_tensors(replace(made[part[0].output], shape=shape))
            nodes.append(part[0])
    made = made.with_nodes(nodes)
    check(made)
    return made


def _unpadded(graph: Graph, node: Node) -> Iterator[tuple[Node, tuple[Tensor, ...]]]:
    """The node without padding in time, behind a PAD of the features where it pads those."""
    op, source = node.op, graph[str(node.inputs[0])]
    if isinstance(op, Pool2D):
        rows = source.shape[1]
        yield replace(node, op=replace(op, filter_h=rows, stride_h=rows)), ()
    elif isinstance(op, Conv2D | DepthwiseConv2D):
        width = graph.input(node, 1).shape[2]
        found = window(op.padding, source.shape[2], width, op.stride_w, op.dilation_w)
        amounts = np.array([[0, 0], [0, 0], [found.before, found.after], [0, 0]], np.int32)
        valid = replace(node, op=replace(op, padding=Padding.VALID))
        if amounts.any():
            name = f"{node.name}_features"
            listed = Tensor(f"{name}_amounts", (4, 2), DType.INT32, None, amounts)
            yield (
                Node(name, Pad(), (source.name, listed.name), (name,)),
                (listed, replace(source, name=name)),
            )
            valid = replace(valid, inputs=(name, *node.inputs[1:]))
        yield valid, ()
    else:
        yield node, ()


def models(folder: Path) -> list[Path]:
    """Those of the samples and, where they are, MLPerf Tiny's KWS, with and without padding."""
    found = [MOTION / "motion.keras", MOTION / "motion_same.keras"]
    if KWS.is_file():
        valid = folder / "kws_unpadded.tflite"
        valid.write_bytes(write_tflite(unpadded(read_tflite(KWS.read_bytes(), valid.stem))))
        found += [KWS, valid]
    return found


def table(rows: Sequence[Row]) -> Iterator[str]:
    """Markdown: each network's window first, which the others are held against."""
    yield "| network | new steps | MACs | instructions | of the window | rings | states | arena |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|"
    whole = {row.model: row for row in rows if row.hop == 0}
    for row in rows:
        share = row.instructions / whole[row.model].instructions
        cells = (
            row.model,
            str(row.hop or "all"),
            f"{row.macs:,}",
            f"{row.instructions:,}",
            f"{share:.3f}",
            f"{row.rings / row.instructions:.1%}",
            f"{row.states:,}",
            f"{row.arena:,}",
        )
        yield "| " + " | ".join(cells) + " |"


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--hops", default="auto,4,8")
    parser.add_argument("--target", default="virtual-m4")
    chosen = parser.parse_args(words)
    rows = []
    with scratch_folder("edgekit-streaming-") as folder:
        for model in chosen.models or models(folder):
            for steps in (None, *chosen.hops.split(",")):
                rows.append(measured(model, steps, chosen.target, folder))
                print(rows[-1], flush=True)
    print("\n".join(table(rows)))


if __name__ == "__main__":
    main()
