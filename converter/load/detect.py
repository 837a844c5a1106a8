"""Which kind of model a source is: by content first, the suffix only has to agree."""

from __future__ import annotations

import difflib
import re
import zipfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from edgekit.errors import ModelError, UsageError

ZOO = ("mobilenet_v1", "mobilenet_v2", "squeezenet")


class Format(StrEnum):
    """Formats `load_model` reads."""

    TFLITE = "tflite"
    KERAS = "keras"
    HDF5 = "h5"
    HDF5_WEIGHTS = "h5-weights"
    SAVED_MODEL = "saved-model"
    ZOO = "zoo"
    ESTIMATOR = "scikit-learn"


@dataclass(frozen=True, slots=True)
class Source:
    """A model source that exists: its format, and its path (the name alone for the zoo)."""

    format: Format
    path: Path


_HDF5 = b"\x89HDF\r\n\x1a\n"
_SUFFIXES = {
    ".tflite": (Format.TFLITE,),
    ".lite": (Format.TFLITE,),
    ".keras": (Format.KERAS,),
    ".h5": (Format.HDF5, Format.HDF5_WEIGHTS),
    ".hdf5": (Format.HDF5, Format.HDF5_WEIGHTS),
    ".joblib": (Format.ESTIMATOR,),
    ".pkl": (Format.ESTIMATOR,),
    ".pickle": (Format.ESTIMATOR,),
}
_READABLE = ".tflite, .keras, .h5, .joblib, a SavedModel folder, or a zoo name: " + ", ".join(ZOO)
_PICKLED = (b"\x80", b"\x78", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x5d\x00", b"\x04\x22\x4d\x18")
"""How pickles begin, and what joblib compresses them with: zlib, gzip, bz2, xz, lzma, lz4."""
_WORDS = {
    Format.TFLITE: "a TFLite file",
    Format.KERAS: "a Keras 3 file (.keras)",
    Format.HDF5: "an HDF5 file (.h5)",
    Format.HDF5_WEIGHTS: "an HDF5 file (.h5)",
    Format.ESTIMATOR: "a scikit-learn model (.joblib)",
}


def detect(source: str | Path) -> Source:
    """The source's format. A zoo name counts only where no file of that name exists.

    Raises ModelError for what is missing, empty, unreadable, of no known kind, or of another
    kind than its suffix says; UsageError for a name that is neither a file nor in the zoo.
    """
    path = Path(source)
    if path.is_dir():
        return Source(_folder(path), path)
    if not path.exists():
        return Source(_zoo(str(source)), path)
    kind = _content(path)
    _check_suffix(path, kind)
    return Source(kind, path)


def _zoo(name: str) -> Format:
    if name in ZOO:
        return Format.ZOO
    if "/" in name or "\\" in name or Path(name).suffix[1:2].isalpha():
        raise ModelError(name, "no such file", hint="check the path", code="model-missing")
    close = difflib.get_close_matches(name.lower(), ZOO, n=3, cutoff=0.6)
    hint = f"did you mean {' or '.join(close)}?" if close else "give a path or a zoo name"
    raise UsageError(
        name, "neither a file nor a zoo model", allowed=_READABLE, hint=hint, code="unknown-model"
    )


def _folder(path: Path) -> Format:
    if (path / "saved_model.pb").is_file() or (path / "saved_model.pbtxt").is_file():
        return Format.SAVED_MODEL
    inside = sorted(entry.name for entry in path.iterdir())
    shown = ", ".join(inside[:5]) + (", ..." if len(inside) > 5 else "") or "nothing"
    raise ModelError(
        str(path),
        f"a folder without saved_model.pb (holds {shown})",
        allowed=_READABLE,
        hint="give the folder that model.export() or tf.saved_model.save() wrote",
        code="no-saved-model",
    )


def _content(path: Path) -> Format:
    """The format by what the file holds."""
    head = _head(path)
    if not head:
        raise ModelError(
            str(path), "the file is empty", hint="copy or export it again", code="empty-model"
        )
    if head[4:8] == b"TFL3":
        return Format.TFLITE
    if head.startswith(_HDF5):
        _check_hdf5_size(path, head)
        return Format.HDF5 if has_model_config(path) else Format.HDF5_WEIGHTS
    if head.startswith(b"PK\x03\x04"):
        return _archive(path)
    if _SUFFIXES.get(path.suffix.lower()) == (Format.ESTIMATOR,) and head.startswith(_PICKLED):
        return Format.ESTIMATOR
    raise ModelError(
        str(path), f"not a model: {_guess(head)}", allowed=_READABLE, hint="check the file",
        code="unknown-format",
    )  # fmt: skip


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(64)
    except OSError as error:
        raise ModelError(
            str(path),
            f"cannot be read: {error.strerror or error}",
            hint="check its permissions",
            code="model-missing",
        ) from None


def _check_hdf5_size(path: Path, head: bytes) -> None:
    """Compare the end-of-file address in the superblock (HDF5 specification, II.A) with the file's
    size, so that half a model is not taken for a weights file."""
    padded = head.ljust(48, b"\0")  # a superblock that is cut off says no size
    end = padded[40:48] if padded[8] < 2 else padded[28:36]
    expected, found = max(int.from_bytes(end, "little"), 48), path.stat().st_size
    if found >= expected:
        return
    raise ModelError(
        str(path),
        f"damaged: {found} bytes of {expected}",
        hint="copy or export it again",
        code="damaged-model",
    )


def has_model_config(path: Path) -> bool:
    """Whether an HDF5 file holds an architecture: its attribute's name stands there in clear."""
    return b"model_config" in path.read_bytes()


def _archive(path: Path) -> Format:
    try:
        names = zipfile.ZipFile(path).namelist()
    except zipfile.BadZipFile:
        raise ModelError(
            str(path),
            "damaged: a zip archive that ends too early",
            hint="copy or export it again",
            code="damaged-model",
        ) from None
    if "config.json" in names and "model.weights.h5" in names:
        return Format.KERAS
    inner = [name for name in names if name.endswith((".tflite", "saved_model.pb", ".h5"))]
    hint = f"unpack it and give {inner[0]}" if inner else "give the model itself"
    raise ModelError(
        str(path),
        "a zip archive that is no .keras file (no config.json)",
        allowed=_READABLE,
        hint=hint,
        code="unknown-format",
    )


def _guess(head: bytes) -> str:
    """What an unknown file looks like."""
    kinds = (
        (b"\x08", "perhaps an ONNX file"),
        (b"<", "an HTML or XML page"),
        (b"version https://git-lfs", "a Git LFS pointer; run `git lfs pull`"),
        (b"\x80", "a Python pickle; of a scikit-learn model, name it .joblib or .pkl"),
        (b"\x1f\x8b", "a gzip archive; unpack it"),
        (b"\x7fELF", "an ELF program"),
    )
    for magic, kind in kinds:
        if head.startswith(magic):
            return kind
    if re.fullmatch(rb"[\t\n\r\x20-\x7e]+", head):
        return "a text file"
    return f"it starts with {head[:8].hex(' ')}"


def _check_suffix(path: Path, kind: Format) -> None:
    """Refuse a file whose suffix promises another format: something went wrong before."""
    promised = _SUFFIXES.get(path.suffix.lower(), (kind,))
    if kind not in promised:
        right = next(suffix for suffix, kinds in _SUFFIXES.items() if kind in kinds)
        raise ModelError(
            str(path),
            f"holds {_WORDS[kind]}, not {_WORDS[promised[0]]} as its suffix says",
            hint=f"rename it to {path.with_suffix(right).name}",
            code="wrong-suffix",
        )
