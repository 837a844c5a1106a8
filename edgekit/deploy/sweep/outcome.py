"""What one trial yields, as a value and as a study stores it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from edgekit.artifacts.figures import Figure, Provenance
from edgekit.deploy.sweep.objectives import Figures


@dataclass(frozen=True, slots=True)
class Outcome:
    """Figures by name, or why there are none.

    `metric` is what accuracy is ("top1", "agreement", ...). `error` is an error's record; with
    `misfit` it says that the model does not fit the target, which is no failure. `files` is the
    bundle by path, `seconds` what the trial took.
    """

    figures: Figures = field(default_factory=dict)
    metric: str = ""
    error: Mapping[str, Any] | None = None
    misfit: bool = False
    seconds: float = 0.0
    files: Mapping[str, bytes] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """Everything but the files, as plain values."""
        return {
            "figures": {name: asdict(figure) for name, figure in self.figures.items()},
            "metric": self.metric,
            "error": None if self.error is None else dict(self.error),
            "misfit": self.misfit,
            "seconds": round(self.seconds, 3),
        }


def outcome_of(record: Mapping[str, Any]) -> Outcome:
    """The outcome of its record, without files."""
    figures = {
        name: Figure(**{**row, "provenance": Provenance(row["provenance"])})
        for name, row in record["figures"].items()
    }
    rest = {name: record[name] for name in ("metric", "error", "misfit", "seconds")}
    return Outcome(figures=figures, **rest)
