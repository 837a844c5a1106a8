"""The best bundles of a sweep stay in its folder, the others go."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgekit.artifacts.bundle import MANIFEST_NAME
from edgekit.artifacts.files import output_folder
from edgekit.deploy.convert import write_contents
from edgekit.deploy.sweep.objectives import Objective
from edgekit.deploy.sweep.record import Trial, fronts

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
        """Write what belongs to the best of the trials now, remove what no longer does. `files` are
        those of trials that have just finished."""
        best = self.best(trials)
        for number in best:
            if number in files:
                with output_folder(self.place(number), marker=MANIFEST_NAME) as new:
                    write_contents(new, files[number])
        stay = {self.place(number) for number in best}
        for path in (self.folder / FOLDER).glob("trial-*"):
            if path not in stay:
                shutil.rmtree(path, ignore_errors=True)

    def best(self, trials: Sequence[Trial]) -> list[int]:
        """Numbers of the best: those on the front first, then those behind it."""
        good = [trial for trial in trials if trial.state == "ok"]
        first = self.objectives[0]
        sign = -1 if first.more else 1
        ordered = [
            trial.number
            for layer in fronts(good, self.objectives)
            for trial in sorted(layer, key=lambda t: (sign * t.value(first.name), t.number))
        ]
        return ordered[: self.count]
