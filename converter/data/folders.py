"""Images on disk: plain folders, a folder per class, labels.json, csv."""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from edgekit.artifacts.figures import Note
from edgekit.converter.data.dataset import Dataset, Kind
from edgekit.converter.data.images import SUFFIXES, Pixels, decode_image
from edgekit.converter.data.tables import holds_numbers, numbers_table
from edgekit.errors import DataError

LABELS_FILE = "labels.json"
CLASS_LISTS = ("labels.txt", "classes.txt")
SPLITS = frozenset(("train", "val", "valid", "validation", "test", "images", "data"))
"""Folder names that say what part of a set they hold, not which class."""

LABEL_KEYS = ("label", "class", "category", "target", "y")


def open_folder(folder: Path) -> Dataset:
    """Images in a folder, with labels where the folder says them.

    Labels come from a labels.json in the folder or beside it, else from subfolders when all
    images lie in two or more of them that are not named like splits ("train", "test"). Raises
    DataError when the folder holds no image.
    """
    labelled = _beside_labels(folder)
    if labelled is not None:
        return labelled
    files = image_files(folder)
    if not files:
        raise DataError(
            str(folder),
            "no image in this folder or below",
            allowed=", ".join(sorted(SUFFIXES)),
            hint="give a folder of images, an .npz, an .npy or a .csv",
            code="no-images",
        )
    first = [file.relative_to(folder).parts[0] for file in files]
    flat = any(len(file.relative_to(folder).parts) == 1 for file in files)
    if flat or len(set(first)) < 2 or {name.lower() for name in first} & SPLITS:
        return from_files(title(folder), files)
    classes = _class_order(folder, sorted(set(first), key=_natural))
    return from_files(title(folder), files, [classes.index(name) for name in first], classes)


def image_files(folder: Path) -> list[Path]:
    """Every image below `folder`, hidden files left out, in natural order.

    Links to folders are followed, each folder once.
    """
    found: list[Path] = []
    seen: set[str] = set()
    for parent, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(parent)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders.sort()
        files = (Path(parent, name) for name in names if not name.startswith("."))
        found += [file for file in files if file.suffix.lower() in SUFFIXES and file.is_file()]
    return sorted(found, key=lambda file: _natural(file.relative_to(folder).as_posix()))


def open_labels(path: Path) -> Dataset:
    """The images listed in a labels.json, which lie beside it or in `images/` there.

    Forms: {"cat1.jpg": "cat", ...}, a list of rows, or {"rows": [{"file": ..., LABEL: ...}]}.
    LABEL is one of "label", "class", "category", "target", "y", or the key that the entry
    "label_rule" begins with ("person=1 if ..."). Raises DataError for any other content.
    """
    rows = _label_rows(path)
    base = path.parent / "images" if (path.parent / "images").is_dir() else path.parent
    missing = [name for name, _ in rows if not (base / name).is_file()]
    if missing:
        raise _missing_image(path, missing)
    indices, classes = _as_indices([label for _, label in rows], _label_key(path))
    files = [base / name for name, _ in rows]
    return from_files(title(path.parent), files, indices, classes)


def open_csv(path: Path, features: int | None = None) -> Dataset:
    """The samples of a csv: numbers (see `tables.numbers_table`), or two columns for images.

    Of images those are path (relative to the csv) and label; a first row whose path does not
    exist and that reads like a header is skipped. `features` is how many numbers the model reads,
    where that is known. Raises DataError for missing files and rows without a label.
    """
    cells = _cells(path)
    if holds_numbers(cells):
        return numbers_table(path, cells, features)
    rows = _image_rows(path, cells)
    missing = [name for name, _ in rows if not (path.parent / name).is_file()]
    if missing:
        raise _missing_image(path, missing)
    indices, classes = _as_indices([_integer(label) for _, label in rows], "")
    return from_files(path.name, [path.parent / name for name, _ in rows], indices, classes)


def from_files(
    description: str,
    files: Sequence[Path],
    labels: Sequence[int] | None = None,
    classes: Sequence[str] | None = None,
) -> Dataset:
    """A data set of image files, decoded one at a time."""

    def load(index: int) -> Pixels:
        return decode_image(files[index], str(files[index]))

    return Dataset(
        description,
        Kind.IMAGES,
        tuple(file.name for file in files),
        load,
        None if labels is None else tuple(labels),
        None if classes is None else tuple(classes),
    )


def title(folder: Path) -> str:
    """The folder's name, with its parent's when the name alone says little."""
    resolved = folder.resolve()
    if resolved.name.lower() in SPLITS and resolved.parent.name:
        return f"{resolved.parent.name}/{resolved.name}"
    return resolved.name


def _beside_labels(folder: Path) -> Dataset | None:
    """The folder by the labels.json in it or beside it, if every image has a row there."""
    inside, beside = folder / LABELS_FILE, folder.parent / LABELS_FILE
    if inside.is_file():
        return open_labels(inside)
    if not beside.is_file() or folder.name != "images":
        return None
    files = image_files(folder)
    try:
        rows: dict[str, Any] = dict(_label_rows(beside))
    except DataError:
        return None
    plain = from_files(title(folder), files)
    lacking = [file for file in files if file.relative_to(folder).as_posix() not in rows]
    if not files or lacking:
        note = Note(
            "labels-incomplete",
            beside.name,
            f"{len(lacking)} of {len(files)} images have no row",
            "the labels are not used: add the missing rows, or leave those images out",
        )
        return None if not files else _with_note(plain, note)
    labels = [rows[file.relative_to(folder).as_posix()] for file in files]
    indices, classes = _as_indices(labels, _label_key(beside))
    return from_files(title(folder), files, indices, classes)


def _with_note(dataset: Dataset, note: Note) -> Dataset:
    return replace(dataset, notes=(*dataset.notes, note))


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise _bad_labels(path, f"cannot be read: {error}") from None


def _label_key(path: Path) -> str:
    """The row key that holds the label, or "" when the file has no rows."""
    content = _read_json(path)
    rows = content.get("rows") if isinstance(content, dict) else content
    if not isinstance(rows, list) or not rows or not isinstance(rows[0], dict):
        return ""
    rule = str(content.get("label_rule", "")) if isinstance(content, dict) else ""
    named = re.match(r"\s*(\w+)\s*=", rule)
    keys = (*LABEL_KEYS, *(named.groups() if named else ()))
    return next((key for key in keys if key in rows[0]), "")


def _label_rows(path: Path) -> list[tuple[str, Any]]:
    """(file, label) per row."""
    content = _read_json(path)
    rows = content.get("rows", content) if isinstance(content, dict) else content
    if isinstance(rows, dict):
        return list(rows.items())
    key = _label_key(path)
    if not isinstance(rows, list) or not key:
        raise _bad_labels(path, "no rows with a file and a label")
    try:
        return [(str(row["file"]), row[key]) for row in rows]
    except (KeyError, TypeError):
        raise _bad_labels(path, f"a row lacks 'file' or {key!r}") from None


def _bad_labels(path: Path, found: str) -> DataError:
    return DataError(
        str(path),
        found,
        allowed='{"cat1.jpg": "cat"} or {"rows": [{"file": "cat1.jpg", "label": 0}]}',
        hint="or use a folder per class, or a csv with the columns path,label",
        code="bad-labels",
    )


def _cells(path: Path) -> list[list[str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            lines = stream.read().splitlines()
            reader = csv.reader(lines, delimiter=_delimiter(lines))
            return [[cell.strip() for cell in row] for row in reader if any(row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _bad_csv(path, f"cannot be read: {error}") from None


def _image_rows(path: Path, rows: list[list[str]]) -> list[tuple[str, str]]:
    if rows and Path(rows[0][0]).suffix.lower() not in SUFFIXES:
        rows = rows[1:]
    if not rows:
        raise _bad_csv(path, "no row")
    short = next((row for row in rows if len(row) < 2 or not row[1]), None)
    if short is not None:
        raise _bad_csv(path, f"a row without a label: {','.join(short)}")
    return [(row[0], row[1]) for row in rows]


def _delimiter(lines: list[str]) -> str:
    """What separates the cells: a comma, unless the first line has only others."""
    first = lines[0] if lines else ""
    return next((mark for mark in ",;\t" if mark in first), ",")


def _bad_csv(path: Path, found: str) -> DataError:
    return DataError(
        str(path),
        found,
        allowed="rows of path,label, or of numbers",
        hint="write one image path and its class per row, or one sample's numbers and its class",
        code="bad-csv",
    )


def _missing_image(source: Path, names: list[str]) -> DataError:
    return DataError(
        str(source),
        f"{names[0]} and {len(names) - 1} more are not there" if names[1:] else f"no {names[0]}",
        allowed=f"paths relative to {source.parent.name}",
        hint="correct the paths or copy the images",
        code="image-missing",
    )


def _as_indices(labels: list[Any], key: str) -> tuple[list[int], list[str] | None]:
    """Class indices and, where labels have names, the names in index order."""
    if all(isinstance(label, bool | int) for label in labels):
        indices = [int(label) for label in labels]
        yes_no = key not in ("", *LABEL_KEYS) and set(indices) <= {0, 1}
        return indices, [f"no {key}", key] if yes_no else None
    names = sorted({str(label) for label in labels}, key=_natural)
    return [names.index(str(label)) for label in labels], names


def _integer(text: str) -> int | str:
    return int(text) if re.fullmatch(r"\d+", text) else text


def _class_order(folder: Path, names: list[str]) -> list[str]:
    """Class names in the order of a labels.txt or classes.txt in the folder, else as given."""
    for listed in CLASS_LISTS:
        path = folder / listed
        if path.is_file():
            lines = path.read_text(encoding="utf-8").splitlines()
            order = [line.strip() for line in lines if line.strip()]
            if set(names) <= set(order):
                return order
    return names


def _natural(text: str) -> list[tuple[int, int, str]]:
    """A sort key under which 2 comes before 10."""
    parts = re.split(r"(\d+)", text)
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]
