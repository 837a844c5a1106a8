"""Arrays as data: .npz, .npy, and iterables from Python."""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from edgekit.artifacts.figures import Note
from edgekit.converter.data.dataset import Array, Dataset, Kind
from edgekit.converter.data.images import decode_image
from edgekit.errors import DataError

PLAIN_KEYS = ("x", "X", "samples", "images", "inputs", "features", "data")
SPLITS = ("train", "test", "val")
"""Parts of a set that one archive may hold side by side: x_train, y_train, x_test, ..."""
SAMPLE_KEYS = (*PLAIN_KEYS, *(f"x_{part}" for part in SPLITS))
LABEL_KEYS = ("y", "Y", "labels", "label", "targets", *(f"y_{part}" for part in SPLITS))
MAX_STREAM = 10_000
"""Samples kept of an iterable when no limit is given."""


def open_npz(path: Path, *, evaluation: bool = False) -> Dataset:
    """An .npz archive, in one of two layouts.

    Plain: an array of samples (`x`, `images`, ... or the only one) with optional `y` or `labels`.
    Packed images: `data` holds encoded image files end to end, `offsets` (n + 1) their borders,
    `labels` their classes. Of an archive with `x_train` and `x_test` the training part is taken,
    for evaluation the test part. Both layouts may have `classes` (names) and `names` (one per
    sample).
    Raises DataError for damaged files and other layouts.
    """
    arrays = load_arrays(path)
    if not isinstance(arrays, Mapping):
        raise _damaged(path, "a single array, not an .npz archive")
    if "offsets" in arrays and "data" in arrays:
        return _packed(path, arrays)
    keys = [key for key in SAMPLE_KEYS if key in arrays] or list(arrays)
    if not keys or (keys[0] not in SAMPLE_KEYS and len(keys) > 1):
        raise DataError(
            str(path),
            f"holds {', '.join(arrays) or 'nothing'}",
            allowed=f"samples as one of {', '.join(SAMPLE_KEYS)}; labels as y or labels",
            hint="write it with numpy.savez(path, x=samples, y=labels)",
            code="npz-layout",
        )
    parts = [key for key in keys if key not in PLAIN_KEYS]
    if evaluation and keys[0] in parts:
        keys.sort(key=lambda key: key == "x_train")
    own = [f"y{keys[0][1:]}"] if keys[0] in parts else LABEL_KEYS
    labels = next((arrays[key] for key in own if key in arrays), None)
    description = f"{path.name}: {keys[0]}" if len(parts) > 1 else path.name
    dataset = from_arrays(description, arrays[keys[0]], labels, texts(arrays, "classes"))
    names = texts(arrays, "names") or []
    return replace(dataset, names=tuple(names)) if len(names) == dataset.count else dataset


def open_npy(path: Path, *, one: Sequence[tuple[int, ...]] = ()) -> Dataset:
    """An .npy array whose first axis counts samples, or of a shape in `one` a single sample; no
    labels. Raises DataError when damaged."""
    array = load_arrays(path)
    if isinstance(array, Mapping):
        raise _damaged(path, "an .npz archive")
    return from_arrays(path.name, array[None] if array.shape in one else array)


def from_arrays(
    description: str, samples: Array, labels: Any = None, classes: Sequence[str] | None = None
) -> Dataset:
    """A data set over an array with samples along the first axis.

    uint8 samples of image shape are images, everything else is taken as it is. Raises DataError
    when there is no sample axis, or labels and samples differ in number.
    """
    if samples.ndim < 2 or samples.dtype.kind not in "fiub":
        raise DataError(
            description,
            f"{samples.dtype} of shape {list(samples.shape)}",
            allowed="numbers, with samples along the first of two or more axes",
            hint="add the sample axis with array[None]",
            code="array-shape",
        )
    names, labels = _named(labels)
    known, notes = class_labels(description, labels, len(samples))
    classes = classes if names is None else names
    kind, values = _kind(samples)
    return Dataset(
        description,
        kind,
        tuple(f"sample {index}" for index in range(len(samples))),
        lambda index: np.asarray(values[index]),
        known,
        None if classes is None else tuple(classes),
        notes,
    )


def from_iterable(
    source: Iterable[Any] | Callable[[], Iterable[Any]], limit: int | None
) -> Dataset:
    """The first `limit` samples (default 10,000) that a Python iterable yields.

    An item is an array of the model's input shape, a list holding just that (as TensorFlow's
    representative data sets yield), or a pair (array, class index). Raises DataError for other
    items and when there is none.
    """
    items = list(islice(iter(source() if callable(source) else source), limit or MAX_STREAM))
    if not items:
        raise DataError(
            "Python iterable",
            "yields no sample",
            hint="a spent generator is empty",
            code="no-samples",
        )
    pairs = [_pair(item, index) for index, item in enumerate(items)]
    samples = [sample for sample, _ in pairs]
    labels = [label for _, label in pairs]
    known = None if None in labels else [int(label) for label in labels if label is not None]
    image = all(_image_like(sample) for sample in samples)
    return Dataset(
        "Python iterable",
        Kind.IMAGES if image else Kind.ARRAYS,
        tuple(f"sample {index}" for index in range(len(items))),
        lambda index: samples[index],
        None if known is None else tuple(known),
    )


UNREADABLE = (
    *(OSError, ValueError, EOFError, KeyError, SyntaxError, tokenize.TokenError),
    *(zipfile.BadZipFile, zlib.error),
    RuntimeError,  # an encrypted archive, or compressed in a way Python does not know
    MemoryError,  # a header that promises terabytes
)
"""What NumPy raises for files that are damaged or not what they seem."""


def load_arrays(path: Path) -> Array | dict[str, Array]:
    """The arrays of a .npy or .npz file. Raises DataError when it is damaged."""
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return loaded
        with loaded:
            return {key: loaded[key] for key in loaded.files}
    except UNREADABLE as error:
        raise _damaged(path, str(error).partition("\n")[0] or type(error).__name__) from None


def _damaged(path: Path, found: str) -> DataError:
    return DataError(
        str(path),
        f"cannot be read: {found}",
        allowed=f"a {path.suffix} file of plain numbers",
        hint="write it again with numpy.save or numpy.savez",
        code="array-unreadable",
    )


def _packed(path: Path, arrays: Mapping[str, Array]) -> Dataset:
    data, offsets = arrays["data"], arrays["offsets"].astype(np.int64)
    fits = data.ndim == 1 and data.dtype == np.uint8 and offsets.ndim == 1 and len(offsets) > 1
    if not fits or offsets[0] < 0 or offsets[-1] > len(data) or bool((np.diff(offsets) <= 0).any()):
        raise _damaged(path, "data and offsets do not belong together")
    names = texts(arrays, "names") or [f"sample {i}" for i in range(len(offsets) - 1)]
    labels, notes = class_labels(path.name, arrays.get("labels"), len(offsets) - 1)
    classes = texts(arrays, "classes")

    def load(index: int) -> Array:
        blob = data[offsets[index] : offsets[index + 1]].tobytes()
        return decode_image(blob, f"{path}: {names[index]}")

    return Dataset(
        path.name,
        Kind.IMAGES,
        tuple(names),
        load,
        labels,
        None if classes is None else tuple(classes),
        notes,
    )


def texts(arrays: Mapping[str, Array], key: str) -> list[str] | None:
    """An archive's list of names, or None where it has none."""
    if key not in arrays or arrays[key].ndim != 1:
        return None
    return [
        item.decode() if isinstance(item, bytes) else str(item) for item in arrays[key].tolist()
    ]


def _named(labels: Any) -> tuple[list[str] | None, Any]:
    """Labels that are words as indices into their sorted names; others as they are."""
    array = None if labels is None else np.asarray(labels)
    if array is None or array.ndim != 1 or array.dtype.kind not in "US":
        return None, labels
    words = [word.decode() if isinstance(word, bytes) else str(word) for word in array.tolist()]
    names = sorted(set(words))
    return names, np.array([names.index(word) for word in words])


def class_labels(
    description: str, labels: Any, count: int
) -> tuple[tuple[int, ...] | None, tuple[Note, ...]]:
    """Class indices from indices, a column of them, or one-hot rows; None for anything else."""
    if labels is None:
        return None, ()
    array = np.asarray(labels)
    if len(array) != count:
        raise DataError(
            description,
            f"{count} samples but {len(array)} labels",
            hint="store one label per sample",
            code="label-count",
        )
    if array.ndim == 2:
        array = array[:, 0] if array.shape[1] == 1 else _one_hot(array)
    whole = (
        array.ndim == 1 and array.dtype.kind in "iufb" and bool((array == np.floor(array)).all())
    )
    if whole and (array >= 0).all():
        return tuple(array.astype(int).tolist()), ()
    note = Note(
        "labels-not-classes",
        description,
        f"its labels ({np.asarray(labels).dtype} of shape {list(np.shape(labels))}) are no class "
        "indices and are not used",
        "store class indices 0, 1, 2, ...",
    )
    return None, (note,)


def _one_hot(array: Array) -> Array:
    """The column of the single 1 in each row; the array itself when rows are not one-hot."""
    hot = (array.max(axis=1) == 1).all() and (array.sum(axis=1) == 1).all()
    return array.argmax(axis=1) if hot else array


def _kind(samples: Array) -> tuple[Kind, Array]:
    if samples.ndim == 3 and samples.dtype == np.uint8:
        return Kind.IMAGES, samples[:, :, :, None]
    if samples.ndim == 4 and _image_like(samples[0] if len(samples) else samples):
        return Kind.IMAGES, samples
    return Kind.ARRAYS, samples


def _image_like(sample: Array) -> bool:
    return sample.dtype == np.uint8 and sample.ndim == 3 and sample.shape[2] in (1, 3)


def _pair(item: Any, index: int) -> tuple[Array, int | None]:
    sample, label = item, None
    if isinstance(item, list | tuple):
        if len(item) == 2 and np.ndim(item[1]) == 0:
            sample, label = item[0], int(item[1])
        elif len(item) == 1:
            sample = item[0]
    try:
        array = np.asarray(sample)
    except ValueError:
        array = np.empty(0, object)
    if array.dtype.kind not in "fiub" or array.ndim == 0:
        raise DataError(
            f"Python iterable, sample {index}",
            f"{type(sample).__name__} is not an array of numbers",
            allowed="an array, or (array, class index)",
            hint="yield NumPy arrays of the model's input shape",
            code="bad-sample",
        )
    return array, label
