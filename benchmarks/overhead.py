"""What our runner adds to the bare interpreter: both on one opened model, in turns, in one run.

    python -m benchmarks.overhead MODEL.tflite ... [--rounds N] [--threads N]

Bare is a loop around the package's own `invoke`, timed once from end to end. Ours is what `edgekit
bench` does: two clock readings for every sample, of a short model one sample for several inferences
(`calls_per_sample`), timed from end to end likewise. `--singly` times every inference alone. The
collector is off for both, as it is in `bench` while samples are taken. A round times both
in turns TRIES times and takes the fastest of each, so that what else the machine does meets
neither; its ratio is ours over bare. The figure is the median of the ratios, its 95 % interval that
of the median (bootstrap), its spread the middle half of the rounds.
Exit 3 when even the lower end of an interval is above MOST.
"""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter_ns

import numpy as np

from edgekit.litert import open_interpreter
from edgekit.runtime.measure.stats import median_interval
from edgekit.runtime.measure.timing import calls_per_sample, reading_s, timed

MOST = 1.01
ROUNDS = 40
TRIES = 50
TRY_S = 0.002
"""About how long each try takes: short, so that some go undisturbed."""


@dataclass(frozen=True, slots=True)
class Overhead:
    """`ratios` of our time to the bare one, one a round; `bare_s` seconds of a bare inference."""

    model: str
    engine: str
    calls: int
    """Inferences of each in a try."""
    each: int
    """Inferences in a sample of ours."""
    bare_s: float
    ratios: tuple[float, ...]

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the median ratio."""
        return median_interval(self.ratios)

    @property
    def beyond(self) -> bool:
        """Whether it is more than MOST allows, beyond doubt."""
        return self.interval[0] > MOST


def measure(
    model: Path,
    *,
    rounds: int = ROUNDS,
    try_s: float = TRY_S,
    threads: int = 1,
    singly: bool = False,
) -> Overhead:
    """Both on a .tflite file with inputs of zeros."""
    interpreter = open_interpreter(model, threads=threads)
    interpreter.set_inputs([np.zeros(row.shape, row.dtype) for row in interpreter.inputs])
    with interpreter.invoking() as raw:  # the bare interpreter is what this is about
        fastest = min(timed(raw, 5))
        each = 1 if singly else calls_per_sample(fastest, reading_s())
        samples = max(3, int(try_s / (each * fastest)))
        calls = samples * each
        ours = lambda: timed(raw, samples, each)  # noqa: E731
        bare = lambda: _loop(raw, calls)  # noqa: E731
        gc.disable()
        try:
            pairs = [_round(ours, bare, tries=TRIES) for _ in range(rounds)]
        finally:
            gc.enable()
    return Overhead(
        model.name,
        interpreter.description,
        calls,
        each,
        median(other for _, other in pairs) / calls,
        tuple(mine / other for mine, other in pairs),
    )


def _loop(call: Callable[[], object], count: int) -> None:
    for _ in range(count):
        call()


def _round(
    ours: Callable[[], object], bare: Callable[[], object], *, tries: int
) -> tuple[float, float]:
    """Seconds of the fastest try of both, which take turns."""
    pairs = [(_seconds(ours), _seconds(bare)) for _ in range(tries)]
    return min(mine for mine, _ in pairs), min(other for _, other in pairs)


def _seconds(work: Callable[[], object]) -> float:
    start = perf_counter_ns()
    work()
    return (perf_counter_ns() - start) / 1e9


def table(rows: Sequence[Overhead]) -> list[str]:
    """The rows as Markdown."""
    lines = [
        "| model | engine | bare, us | a sample | ours / bare | 95 % interval | middle half "
        "| rounds |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        low, high = row.interval
        q1, q3 = np.quantile(row.ratios, (0.25, 0.75))
        lines.append(
            f"| {row.model} | {row.engine} | {1e6 * row.bare_s:.2f} | {row.each} "
            f"| {median(row.ratios):.4f} "
            f"| {low:.4f} to {high:.4f} | {q1:.4f} to {q3:.4f} "
            f"| {len(row.ratios)} of {row.calls} |"
        )
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the models named; 3 when one is beyond MOST."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overhead")
    parser.add_argument("models", nargs="+", type=Path, metavar="MODEL.tflite")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--singly", action="store_true", help="every inference a sample")
    given = parser.parse_args(arguments)
    rows = [
        measure(path, rounds=given.rounds, threads=given.threads, singly=given.singly)
        for path in given.models
    ]
    print("\n".join(table(rows)))
    return 3 if any(row.beyond for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
