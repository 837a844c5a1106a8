"""A csv of numbers as data: a sample per row, its label in one of the columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from edgekit.converter.data.arrays import LABEL_KEYS, from_arrays
from edgekit.converter.data.dataset import Dataset
from edgekit.errors import DataError

NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
LABEL_NAMES = frozenset((*(key.lower() for key in LABEL_KEYS), "class", "category", "species"))
"""Headings of the column that holds the label."""


def holds_numbers(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the last row reads as features, perhaps with a word as its label."""
    if not rows or len(rows[-1]) < 2:
        return False
    words = sum(NUMBER.fullmatch(cell) is None for cell in rows[-1])
    return words == 0 or (words == 1 and len(rows[-1]) > 2)


def numbers_table(
    path: Path, rows: Sequence[Sequence[str]], features: int | None = None
) -> Dataset:
    """A data set of vectors, one per row; `features` is how many numbers the model reads.

    A heading called label, class, y, ... marks the label's column; without one it is the last
    where the rows have one column more than the model reads, or `features` is not known. Labels
    may be words. Raises DataError for rows of different lengths and cells that are no numbers.
    """
    titles = [cell.lower() for cell in rows[0]]
    headed = len(rows) > 1 and sum(NUMBER.fullmatch(cell) is None for cell in rows[0]) > 1
    headed = headed or bool(LABEL_NAMES & set(titles))
    body = rows[1:] if headed else rows
    width = len(rows[0])
    for line, row in enumerate(body, start=2 if headed else 1):
        if len(row) != width:
            raise _bad(path, f"line {line} has {len(row)} cells, the first {width}")
    named = [at for at, name in enumerate(titles) if headed and name in LABEL_NAMES]
    column = named[0] if named else width - 1 if features in (None, width - 1) else None
    kept = [at for at in range(width) if at != column]
    samples = np.array([_numbers(path, row, kept) for row in body], np.float32)
    labels = None if column is None else _labels([row[column] for row in body])
    return from_arrays(path.name, samples, labels)


def _numbers(path: Path, row: Sequence[str], kept: Sequence[int]) -> list[float]:
    for at in kept:
        if not NUMBER.fullmatch(row[at]):
            raise _bad(path, f"the cell {row[at]!r} is no number")
    return [float(row[at]) for at in kept]


def _labels(cells: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.generic]]:
    """Numbers where all are numbers, else words."""
    if all(NUMBER.fullmatch(cell) for cell in cells):
        return np.array([float(cell) for cell in cells])
    return np.array(cells)


def _bad(path: Path, found: str) -> DataError:
    return DataError(
        str(path),
        found,
        allowed="rows of numbers, as many in each, and a column of labels",
        hint="write missing values as numbers, or leave such rows out",
        code="bad-csv",
    )
