"""Atomic writing of files and folders: all of it or none of it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edgekit.errors import OutputError


def _cannot(path: Path, error: OSError) -> OutputError:
    reason = error.strerror or str(error)
    return OutputError(
        str(path),
        f"cannot be written: {reason}",
        hint="choose another place with -o/--output-dir, or free space and check permissions",
        code="cannot-write",
    )


def write_file(path: Path, data: bytes | str) -> None:
    """Write `data` (text as UTF-8) to `path` through a temporary file and a rename.

    Raises OutputError naming the path; nothing is left behind then.
    """
    payload = data.encode() if isinstance(data, str) else data
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        temporary = Path(name)
        with os.fdopen(handle, "wb") as stream:
            stream.write(payload)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise _cannot(path, error) from error
    except BaseException:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise


@contextmanager
def output_folder(path: Path, *, marker: str) -> Iterator[Path]:
    """A temporary folder that becomes `path` when the block ends without an exception.

    An existing `path` is replaced only if it is empty or holds the file `marker` (a former
    output of the same kind). Raises OutputError otherwise, or when the place cannot be written.
    """
    if path.exists() and not path.is_dir():
        raise OutputError(str(path), "exists and is not a folder", hint="choose another -o")
    if path.is_dir() and any(path.iterdir()) and not (path / marker).exists():
        raise OutputError(
            str(path),
            f"exists, is not empty and holds no {marker}, so it is not replaced",
            hint="choose another -o, or empty the folder yourself",
            code="not-ours",
        )
    parent = path.resolve().parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=parent, prefix=f".{path.name}."))
    except OSError as error:
        raise _cannot(path, error) from error
    try:
        yield temporary
        temporary.chmod(0o777 & ~_umask())
        _swap(temporary, path.resolve())
    except OSError as error:
        raise _cannot(path, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _swap(new: Path, place: Path) -> None:
    """Put `new` at `place`; what was there is removed only after the rename succeeded."""
    if not place.exists():
        new.replace(place)
        return
    old = Path(tempfile.mkdtemp(dir=place.parent, prefix=f".{place.name}.old."))
    place.replace(old / "was")
    try:
        new.replace(place)
    except OSError:
        (old / "was").replace(place)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
