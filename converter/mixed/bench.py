"""Mixes of formats, built, priced and measured, each once."""

from __future__ import annotations

from collections.abc import Callable

from edgekit.artifacts.bundle import AccuracySummary
from edgekit.converter.ir.graph import Graph
from edgekit.converter.ir.verify import verify
from edgekit.converter.mixed.build import Builder, Built
from edgekit.converter.mixed.choices import BASE
from edgekit.converter.mixed.formats import Mix, layers_of
from edgekit.converter.mixed.price import Prices, prices
from edgekit.converter.quantize.evaluate import Reference
from edgekit.targets.model import Target

Key = tuple[tuple[str, str], ...]


class Bench:
    """What any mix takes on the target and how accurate it is: on all samples of `reference`, or
    roughly, on the few of `rough`. `evaluations` counts graphs run."""

    def __init__(
        self,
        graph: Graph,
        target: Target,
        builder: Builder,
        reference: Reference,
        rough: Reference,
        *,
        progress: Callable[[int], None] = lambda done: None,
    ) -> None:
        self.layers = tuple(node.name for node in layers_of(graph))
        self._target, self._builder = target, builder
        self._reference, self._rough = reference, rough
        self._progress = progress
        self._prices: dict[Key, Prices | None] = {}
        self._summaries: dict[Key, AccuracySummary] = {}
        self._roughly: dict[Key, AccuracySummary] = {}
        self._last: tuple[Key, Built] | None = None

    @property
    def evaluations(self) -> int:
        """Mixes that were run on the samples."""
        return len(self._summaries) + len(self._roughly)

    def built(self, mix: Mix) -> Built:
        """The integer graph of a mix, verified."""
        key = self._key(mix)
        if self._last is None or self._last[0] != key:
            found = self._builder.built(mix)
            verify(found.graph)
            self._last = (key, found)
        return self._last[1]

    def prices(self, mix: Mix) -> Prices | None:
        """What a mix takes, by a sketch of its graph; None where the target has no C for it."""
        key = self._key(mix)
        if key not in self._prices:
            sketch = self._builder.sketched(mix)
            self._prices[key] = prices(sketch, self._target, self.layers)
        return self._prices[key]

    def accuracy(self, mix: Mix) -> AccuracySummary:
        """A mix against the float model on the samples."""
        key = self._key(mix)
        if key not in self._summaries:
            self._summaries[key] = self._reference.against(self.built(mix).graph)
            self._progress(self.evaluations)
        return self._summaries[key]

    def sensitivity(self, mix: Mix) -> AccuracySummary:
        """A mix against the float model on few samples, biases not corrected: what ranks it."""
        key = self._key(mix)
        if key not in self._roughly:
            built = self._builder.built(mix, biases=False)
            verify(built.graph)
            self._roughly[key] = self._rough.against(built.graph)
            self._progress(self.evaluations)
        return self._roughly[key]

    def alone(self, mix: Mix, start: Mix) -> AccuracySummary | None:
        """What is known of a mix of one layer, else of the same beside the search's start; roughly
        where layers were ranked, so that all of these are of the same samples."""
        found = self._roughly or self._summaries
        return found.get(self._key(mix)) or found.get(self._key({**start, **mix}))

    @property
    def few(self) -> int:
        """Samples that mixes were ranked on; 0 where none was."""
        return next((summary.samples for summary in self._roughly.values()), 0)

    def known(self, mix: Mix) -> AccuracySummary | None:
        """The accuracy of a mix that was measured already."""
        return self._summaries.get(self._key(mix))

    def _key(self, mix: Mix) -> Key:
        return tuple((name, mix[name]) for name in self.layers if mix.get(name, BASE) != BASE)
