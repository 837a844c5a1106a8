"""One door to every kind of calibration and evaluation data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgekit.converter.data.arrays import from_arrays, from_iterable, open_npy, open_npz
from edgekit.converter.data.dataset import Dataset, subset
from edgekit.converter.data.folders import from_files, open_csv, open_folder, open_labels
from edgekit.converter.data.images import SUFFIXES
from edgekit.converter.data.several import InputSpec, open_several
from edgekit.errors import DataError, UsageError

FORMS = (
    "a folder of images, a folder per class, .npz, .npy, .csv, labels.json, an image, an iterable"
)


def open_dataset(
    spec: Any,
    *,
    limit: int | None = None,
    seed: int = 0,
    inputs: Sequence[InputSpec] = (),
    evaluation: bool = False,
) -> Dataset:
    """The data set `spec` names, cut down to `limit` samples drawn evenly with `seed`.

    `spec` is a path (see FORMS), a NumPy array with samples along the first axis, or an iterable
    (or a function that returns one) of arrays or (array, class index) pairs. Samples load when
    they are asked for, except those of iterables. An array of the model's one input's very shape is
    one sample; for several `inputs` see `several.open_several`. `evaluation` takes the test part
    of an archive that has one. Raises DataError, and UsageError for a limit below one.
    """
    if limit is not None and limit < 1:
        raise UsageError(
            "number of samples",
            f"{limit} is too few",
            allowed="1 or more",
            hint="ask for at least one, better 100",
            code="bad-option",
        )
    if len(inputs) > 1:
        return subset(_not_empty(open_several(spec, inputs, limit)), limit, seed)
    if isinstance(spec, np.ndarray):
        spec = spec[None] if any(spec.shape == only.shape for only in inputs) else spec
        return subset(_not_empty(from_arrays("NumPy array", spec)), limit, seed)
    if isinstance(spec, str | Path):
        return subset(_not_empty(_open_path(Path(spec), inputs, evaluation)), limit, seed)
    if callable(spec) or hasattr(spec, "__iter__"):
        return from_iterable(spec, limit)
    raise DataError(
        f"data of type {type(spec).__name__}",
        "not understood",
        allowed=FORMS,
        hint="give a path or an iterable of arrays",
        code="bad-data",
    )


def _open_path(path: Path, inputs: Sequence[InputSpec], evaluation: bool) -> Dataset:
    if path.is_dir():
        return open_folder(path)
    if not path.exists():
        raise DataError(
            str(path),
            "no such file or folder",
            allowed=FORMS,
            hint="check the path",
            code="data-missing",
        )
    suffix = path.suffix.lower()
    if suffix == ".npz":
        return open_npz(path, evaluation=evaluation)
    if suffix == ".npy":
        return open_npy(path, one=tuple(only.shape for only in inputs))
    if suffix == ".csv":
        vector = len(inputs) == 1 and len(inputs[0].shape) == 1
        return open_csv(path, inputs[0].shape[0] if vector else None)
    if suffix == ".json":
        return open_labels(path)
    if suffix in SUFFIXES:
        return from_files(path.name, [path])
    raise DataError(
        str(path),
        f"a {path.suffix or 'suffixless'} file is no known data",
        allowed=FORMS,
        hint="convert it to .npz with numpy.savez(path, x=samples, y=labels)",
        code="bad-data",
    )


def _not_empty(dataset: Dataset) -> Dataset:
    if dataset.count:
        return dataset
    raise DataError(
        dataset.description,
        "holds no sample",
        hint="give at least one, better 100",
        code="no-samples",
    )
