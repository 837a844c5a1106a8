"""What a conversion keeps of its stages: seconds, and the graph as text after each pass."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from edgekit.converter.ir.graph import Graph
from edgekit.converter.ir.text import graph_text

Progress = Callable[[str, int, int], None]
"""Called with (stage, done, total)."""


@dataclass(slots=True)
class StageLog:
    """Seconds by stage, and the dump of the graph after each pass."""

    dump: Path | None
    seconds: dict[str, float] = field(default_factory=dict)
    dumped: int = 0

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start

    def graph(self, name: str, graph: Graph) -> None:
        """Write the graph as text when a dump was asked for."""
        if self.dump is None:
            return
        from edgekit.artifacts.files import write_file

        write_file(self.dump / f"{self.dumped:02d}-{name}.txt", graph_text(graph))
        self.dumped += 1
