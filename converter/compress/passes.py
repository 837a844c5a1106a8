"""The passes over a float graph, by name, in order.

A pass is a function Graph -> Graph that keeps what the graph computes (up to float rounding) and
the names of what stays. Graphs that are quantized already come back as they are.
"""

from __future__ import annotations

from collections.abc import Callable

from edgekit.converter.binary.passes import BINARIZE
from edgekit.converter.compress.constants import fold_constants
from edgekit.converter.compress.edit import computes_in_integers
from edgekit.converter.compress.fuse import fuse_activations
from edgekit.converter.compress.padding import fold_padding
from edgekit.converter.compress.scales import fold_scales
from edgekit.converter.compress.tidy import broadcast_selections, drop_dead, drop_identities
from edgekit.converter.ir.graph import Graph

Pass = Callable[[Graph], Graph]


def _on_float_graphs(transform: Pass) -> Pass:
    def run(graph: Graph) -> Graph:
        return graph if computes_in_integers(graph) else transform(graph)

    run.__doc__ = transform.__doc__
    return run


PASSES: tuple[tuple[str, Pass], ...] = tuple(
    (name, _on_float_graphs(transform))
    for name, transform in (
        ("fold-constants", fold_constants),
        ("drop-identities", drop_identities),
        ("broadcast-selections", broadcast_selections),
        ("fold-padding", fold_padding),
        ("fold-scales", fold_scales),
        *BINARIZE,
        ("fuse-activations", fuse_activations),
        ("drop-dead", drop_dead),
    )
)
"""(name, pass), in the order in which they run.

Identities go first because they stand between the patterns of the later passes; scales are folded
before activations are fused, because nothing can be folded behind a fused activation. Those
in between leave graphs without signs as they are.
"""


def compress(graph: Graph) -> Graph:
    """All passes in order."""
    for _, transform in PASSES:
        graph = transform(graph)
    return graph
