"""What a benchmark by the rules of MLPerf Tiny yields, and whether it would qualify."""

from __future__ import annotations

from dataclasses import dataclass

from edgekit.artifacts.figures import Provenance


@dataclass(frozen=True, slots=True)
class MlperfWindow:
    """One `infer N W`. `seconds` is of the clock named in `MlperfRecord.clock`."""

    file: str
    inferences: int
    warmup: int
    seconds: float
    results: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class MlperfScore:
    """Accuracy over `files` of the data set's `files_in_set`.

    `metric` is "top1" or "auc", `value` and `required` are fractions.
    """

    metric: str
    value: float
    required: float
    files: int
    files_in_set: int
    inferences: int


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """A rule's name, its sentence, whether it was met, and what was found."""

    name: str
    sentence: str
    met: bool
    found: str


@dataclass(frozen=True, slots=True)
class MlperfRecord:
    """One run in one mode of one benchmark."""

    benchmark: str
    """The model id the board gave: "kws01"."""
    mode: str
    """"performance", "accuracy" or "energy"."""
    vendor: str
    firmware: str
    link: str
    """How the board was reached: "direct" or "interface board"."""
    clock: str
    """Whose seconds the windows have."""
    data: str
    provenance: Provenance
    windows: tuple[MlperfWindow, ...] = ()
    throughput: float | None = None
    """Median of the windows, inferences a second."""
    score: MlperfScore | None = None
    energy_j: float | None = None
    """Median of the windows, joules per inference."""
    rules: tuple[RuleOutcome, ...] = ()

    @property
    def qualifies(self) -> bool:
        """Whether every rule of the mode was met."""
        return all(rule.met for rule in self.rules)
