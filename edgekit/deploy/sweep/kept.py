"""The best bundles of a sweep stay in its folder, the others go."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgekit.artifacts.bundle import MANIFEST_NAME
from edgekit.artifacts.files import output_folder
from edgekit.deploy.convert import write_contents
from edgekit.deploy.sweep.objectives import Objective
from edgekit.deploy.sweep.pareto import best_first, dominates
from edgekit.deploy.sweep.record import Trial

FOLDER = "bundles"


@dataclass(frozen=True, slots=True)
class Kept:
    """Up to `count` bundles below `folder`."""

    folder: Path
    count: int
    objectives: tuple[Objective, ...]

    def place(self, number: int) -> Path:
        """Where the bundle of a trial is, if it is kept."""
        return self.folder / FOLDER / f"trial-{number:03d}"

    def name(self, number: int) -> str:
        """The same relative to the output folder; "" where it was not kept."""
        place = self.place(number)
        return f"{FOLDER}/{place.name}" if (place / MANIFEST_NAME).is_file() else ""

    def update(self, trials: Sequence[Trial], files: Mapping[int, Mapping[str, bytes]]) -> None:
        """Write what may yet belong to the best, remove what no longer can. `files` are those of
        trials that have just finished."""
        open_still = self.possible(trials)
        for number in open_still & files.keys():
            with output_folder(self.place(number), marker=MANIFEST_NAME) as new:
                write_contents(new, files[number])
        self._leave(open_still)

    def choose(self, trials: Sequence[Trial]) -> None:
        """Leave the best of all trials."""
        ordered = best_first(_good(trials), self.objectives)
        self._leave({trial.number for trial in ordered[: self.count]})

    def possible(self, trials: Sequence[Trial]) -> set[int]:
        """Numbers of the trials that may be among the best in the end: fewer than `count` others
        dominate them. Whatever dominates a trial stands before it, however many come."""
        good = _good(trials)
        rivals = {t.number: sum(dominates(o, t, self.objectives) for o in good) for t in good}
        return {number for number, above in rivals.items() if above < self.count}

    def _leave(self, numbers: Collection[int]) -> None:
        stay = {self.place(number) for number in numbers}
        for path in (self.folder / FOLDER).glob("trial-*"):
            if path not in stay:
                shutil.rmtree(path, ignore_errors=True)


def _good(trials: Sequence[Trial]) -> list[Trial]:
    return [trial for trial in trials if trial.state == "ok"]
