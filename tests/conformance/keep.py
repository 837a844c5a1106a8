"""A failure, shrunk and written down so that it can be looked at and run again."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from edgekit.converter.ir.graph import Graph
from edgekit.converter.ir.text import graph_text
from edgekit.converter.tflite.writer import write_tflite
from tests.conformance.campaign import Campaign, Failure
from tests.conformance.shrink import Samples, Shrunk, shrink


def keep(campaign: Campaign, failure: Failure, extra: Sequence[str] = ()) -> str:
    """Shrink, write to a new temporary folder, and say where and how to see it again."""
    shrunk = smallest(campaign, failure)
    folder = write_failure(shrunk, f"seed_{failure.case.seed}")
    words = " ".join(("python -m tests.conformance.run", f"--seed {failure.case.seed}", *extra))
    found = campaign.why(shrunk.graph, shrunk.samples) or failure.mismatch
    return "\n".join(
        (
            f"{failure}",
            f"  shrunk to {len(shrunk.graph.nodes)} nodes: {found.stage}: {found.text.strip()}",
            f"  written to {folder}",
            f"  again: {words}",
        )
    )


def smallest(campaign: Campaign, failure: Failure) -> Shrunk:
    """The smallest graph found that fails in the failure's stage."""

    def fails(graph: Graph, samples: Samples) -> bool:
        found = campaign.why(graph, samples)
        return found is not None and found.stage == failure.mismatch.stage

    return shrink(failure.case.graph, failure.case.samples, fails)


def write_failure(shrunk: Shrunk, name: str) -> Path:
    """`<name>.tflite`, its inputs as .npz and the graph as text, in a new folder."""
    folder = Path(tempfile.mkdtemp(prefix="edgekit-conformance-"))
    graph = shrunk.graph
    (folder / f"{name}.txt").write_text(graph_text(graph), encoding="utf-8")
    arrays = {
        f"{sample}.{place}": value
        for sample, values in enumerate(shrunk.samples)
        for place, value in enumerate(values)
    }
    np.savez(folder / f"{name}.npz", **arrays)
    (folder / f"{name}.tflite").write_bytes(write_tflite(graph))
    return folder
