"""A setup on its way to a worker: loaded models as they are, so that no worker needs TensorFlow;
data by path, or packed for workers that see other disks."""

from __future__ import annotations

import copyreg
import hashlib
import io
import pickle
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from edgekit.converter.options import ConvertOptions
from edgekit.deploy.sweep.axes import Point
from edgekit.deploy.sweep.outcome import Outcome
from edgekit.deploy.sweep.workbench import Setup, Workbench

DATA_FIELDS = ("calibration", "evaluation")
"""Options that name data."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A setup as bytes; `data` are archives of the files its options name, by option. `digest` is
    equal for equal parcels."""

    setup: bytes
    data: tuple[tuple[str, bytes], ...]
    digest: str


def pack(setup: Setup, *, with_data: bool = False) -> Parcel:
    """The setup, with the data it names if asked for. Data named twice go once."""
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream, protocol=5)
    table = copyreg.dispatch_table.copy()
    table[MappingProxyType] = lambda proxy: (_read_only, (dict(proxy),))
    pickler.dispatch_table = table
    pickler.dump(setup)
    named = data_paths(setup.base) if with_data else {}
    data = tuple((name, _archive(path)) for name, path in named.items())
    digest = hashlib.sha256(stream.getvalue())
    for name, archive in data:
        digest.update(name.encode() + hashlib.sha256(archive).digest())
    return Parcel(stream.getvalue(), data, digest.hexdigest())


def _read_only(values: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    """Read-only views of dictionaries, which pickle does not know, again."""
    return MappingProxyType(values)


def unpack(parcel: Parcel, folder: Path) -> Setup:
    """The setup again; its data lie below `folder` where they came along."""
    setup: Setup = pickle.loads(parcel.setup)
    if not parcel.data:
        return setup
    base = setup.base
    paths = data_paths(base)
    for name, archive in parcel.data:
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(folder / name, filter="data")
        here = str(folder / name / paths[name].name)
        moved: dict[str, Any] = dict.fromkeys(_naming(setup.base, paths[name]), here)
        base = replace(base, **moved)
    return replace(setup, base=base)


def data_paths(base: ConvertOptions) -> dict[str, Path]:
    """The data that are files or folders, each once, by the first option that names them."""
    found: dict[str, Path] = {}
    for name in DATA_FIELDS:
        value = getattr(base, name)
        if isinstance(value, str) and value != "none" and Path(value) not in found.values():
            found[name] = Path(value)
    return found


def _naming(base: ConvertOptions, path: Path) -> list[str]:
    """The options that name a path."""
    given = {name: getattr(base, name) for name in DATA_FIELDS}
    return [name for name, value in given.items() if value is not None and Path(value) == path]


def _archive(path: Path) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        tar.add(path.resolve(), arcname=path.name)
    return stream.getvalue()


_benches: dict[str, Workbench] = {}
"""That of the last parcel, in a worker's process."""
_folders: list[tempfile.TemporaryDirectory[str]] = []
"""Where its data lie; removed when the process ends."""


def workbench(parcel: Parcel) -> Workbench:
    """The workbench of a parcel, made when it first comes."""
    digest = parcel.digest
    if digest not in _benches:
        folder = ""
        if parcel.data:
            _folders[:] = [tempfile.TemporaryDirectory(prefix="edgekit-sweep-")]
            folder = _folders[0].name
        _benches.clear()
        _benches[digest] = Workbench(unpack(parcel, Path(folder)))
    return _benches[digest]


def run_parcel(parcel: Parcel, points: Sequence[Point]) -> tuple[Outcome, ...]:
    """Run trials in this process."""
    return workbench(parcel).run(points)
