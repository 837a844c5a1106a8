"""EdgeKit itself as a wheel, made from the package that is running: for a Pi that is to run it too.

Neither a build tool nor a network is needed, and the same package gives the same bytes, so that a
wheel's hash says which EdgeKit a device has.
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import edgekit
from edgekit.errors import ToolError

DISTRIBUTION = "edgekit-sdk"
FIELDS = ("Name", "Version", "Requires-Python", "Requires-Dist", "Provides-Extra")
"""Of the package's metadata, what an installer needs."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The first date a zip file can hold."""


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel file: its name, its bytes, and `digest`, twelve digits of its SHA-256."""

    name: str
    data: bytes

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.data).hexdigest()[:12]


def own_wheel() -> Wheel:
    """The running EdgeKit. Raises ToolError where its metadata is not installed."""
    try:
        about = metadata.metadata(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        raise ToolError(
            DISTRIBUTION,
            "runs from a folder that was never installed, so what it requires is not known",
            hint="run: pip install -e . in the checkout",
            code="not-installed",
        ) from None
    told = [f"{key}: {value}" for key in FIELDS for value in about.get_all(key) or ()]
    files = dict(_package(Path(edgekit.__file__).parent))
    scripts = _lines("[console_scripts]", "edgekit = edgekit.cli.entry:run")
    return pack(DISTRIBUTION, about["Version"], files, told=told, scripts=scripts)


def pack(
    name: str,
    version: str,
    files: Mapping[str, bytes],
    *,
    told: Sequence[str] = (),
    scripts: bytes | None = None,
) -> Wheel:
    """A wheel of pure Python: `files` are those of site-packages, `told` lines of its metadata,
    `scripts` its entry points."""
    stem = f"{name.replace('-', '_')}-{version}"
    info = f"{stem}.dist-info"
    about = told or (f"Name: {name}", f"Version: {version}")
    rows = [*files.items(), (f"{info}/METADATA", _lines("Metadata-Version: 2.1", *about))]
    rows += [(f"{info}/WHEEL", _lines(*_WHEEL))]
    rows += [(f"{info}/entry_points.txt", scripts)] if scripts is not None else []
    return Wheel(f"{stem}-py3-none-any.whl", _zip([*rows, _record(rows, f"{info}/RECORD")]))


_WHEEL = (
    "Wheel-Version: 1.0",
    f"Generator: edgekit {edgekit.__version__}",
    "Root-Is-Purelib: true",
    "Tag: py3-none-any",
)


def _lines(*lines: str) -> bytes:
    return ("\n".join(lines) + "\n").encode()


def _package(root: Path) -> Iterator[tuple[str, bytes]]:
    """Its files in order, those behind links too; no byte code, nothing hidden."""
    for path in sorted(_walk(root)):
        yield f"{root.name}/{path.relative_to(root).as_posix()}", path.read_bytes()


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name == "__pycache__" or path.name.startswith(".") or path.suffix == ".pyc":
            continue
        if path.is_dir():
            yield from _walk(path)
        else:
            yield path


def _record(files: list[tuple[str, bytes]], name: str) -> tuple[str, bytes]:
    rows = []
    for path, data in files:
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.append(f"{path},sha256={digest},{len(data)}")
    return name, _lines(*rows, f"{name},,")


def _zip(files: list[tuple[str, bytes]]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            row = zipfile.ZipInfo(name, _EPOCH)
            row.compress_type = zipfile.ZIP_DEFLATED
            row.external_attr = 0o644 << 16
            archive.writestr(row, data)
    return stream.getvalue()


def requirements(extra: str, python: str, machine: str) -> list[str]:
    """What an EdgeKit with `extra` requires on Linux with that Python ("3.11.2") and machine
    ("aarch64"), as words for pip: "numpy>=1.26"."""
    from packaging.requirements import Requirement

    there = {
        "extra": extra,
        "python_full_version": python,
        "python_version": ".".join(python.split(".")[:2]),
        "platform_machine": machine,
        "sys_platform": "linux",
    }
    found = []
    for text in metadata.requires(DISTRIBUTION) or ():
        row = Requirement(text)
        if row.marker is None or row.marker.evaluate(there):
            row.marker = None
            found.append(str(row))
    return found
