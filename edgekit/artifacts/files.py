"""Atomic writing of files and folders: all of it or none of it."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import IO

from edgekit.errors import OutputError


def cannot_write(path: Path, error: OSError) -> OutputError:
    """The error for a place the system would not write."""
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
    with writing(path) as stream:
        stream.write(data.encode() if isinstance(data, str) else data)


def write_files(contents: Mapping[Path, bytes | str]) -> None:
    """Write several files that belong together: every one is complete on the disk before the
    first takes its place, in the order given. Raises OutputError; all are as they were then."""
    with ExitStack() as stack:
        for path, data in reversed(list(contents.items())):  # the last one opened is renamed first
            stream = stack.enter_context(writing(path))
            stream.write(data.encode() if isinstance(data, str) else data)
            stream.flush()
            _sync(stream)


def _sync(stream: IO[bytes]) -> None:
    """Wait until it is on the disk; terminals and pipes have none."""
    try:
        os.fsync(stream.fileno())
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise


@contextmanager
def writing(path: Path) -> Iterator[IO[bytes]]:
    """A file to write to that becomes `path` when the block ends without an exception.

    Raises OutputError naming the path; nothing is left behind when the block fails. A device or a
    pipe (/dev/stdout) is written to as it stands and never replaced.
    """
    if _no_file(path):
        with _naming(path), path.open("ab") as stream:
            yield stream
        return
    with _naming(path), _folders_above(path):
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as stream:
                yield stream
            temporary.chmod(0o666 & ~_umask())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def _no_file(path: Path) -> bool:
    """Whether it is a device or a pipe, or one of the names for what the process has open."""
    if path.absolute().is_relative_to("/dev"):
        return not path.absolute().is_relative_to("/dev/shm")
    return path.exists() and not (path.is_file() or path.is_dir())


@contextmanager
def output_folder(path: Path, *, marker: str) -> Iterator[Path]:
    """A temporary folder that becomes `path` when the block ends without an exception.

    An existing `path` is replaced only if it is empty or holds the file `marker` (a former
    output of the same kind). Raises OutputError otherwise, or when the place cannot be written.
    Folders above `path` that were made for it are gone again when the block fails.
    """
    with _naming(path):
        place = path.resolve()
        _refuse(path, place, marker)
        hidden = f".{place.name}."
        with _folders_above(place), scratch_folder(hidden, within=place.parent) as temporary:
            yield temporary
            temporary.chmod(0o777 & ~_umask())
            _swap(temporary, place)


@contextmanager
def scratch_folder(prefix: str, *, within: Path | None = None) -> Iterator[Path]:
    """A folder for the block alone, in `within` or where the system keeps temporary files.

    It is gone afterwards, also when Ctrl-C comes while it is made or removed.
    """
    made: list[Path] = []
    try:
        with uninterrupted():
            made.append(Path(tempfile.mkdtemp(dir=within, prefix=prefix)))
        yield made[0]
    finally:
        with uninterrupted():
            for folder in made:
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Holds back Ctrl-C and SIGTERM until the block has ended. Other threads get no signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[tuple[int, FrameType | None]] = []
    numbers = (signal.SIGINT, signal.SIGTERM)
    former = {n: signal.signal(n, lambda *arrived: caught.append(arrived)) for n in numbers}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
        for arrived, frame in caught:
            handler = former[signal.Signals(arrived)]
            if callable(handler):
                handler(arrived, frame)
            else:
                signal.raise_signal(arrived)


def check_writable(folder: Path) -> None:
    """Raise OutputError when a file could not be made in `folder`; leaves no trace."""
    with _naming(folder):
        _refuse_file(folder)
        with _folders_above(folder / "file"), tempfile.NamedTemporaryFile(dir=folder):
            pass


def _refuse(path: Path, place: Path, marker: str) -> None:
    """Raise OutputError for what must not be replaced."""
    _refuse_file(path)
    if Path.cwd().is_relative_to(place):
        raise OutputError(
            str(path),
            "is the folder you are in, and it would be replaced as a whole",
            hint="choose a folder inside it, such as -o build",
            code="current-folder",
        )
    if place.is_dir() and any(place.iterdir()) and not (place / marker).exists():
        raise OutputError(
            str(path),
            f"exists, is not empty and holds no {marker}, so it is not replaced",
            hint="choose another -o, or empty the folder yourself",
            code="not-ours",
        )


def _refuse_file(path: Path) -> None:
    if path.exists() and not path.is_dir():
        raise OutputError(
            str(path),
            "exists and is not a folder",
            hint="choose another place with -o/--output-dir",
            code="not-a-folder",
        )


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """What the system refuses in the block becomes an OutputError about `path`."""
    try:
        yield
    except OSError as error:
        raise cannot_write(path, error) from error


@contextmanager
def _folders_above(path: Path) -> Iterator[None]:
    """Makes the folders above `path`; new ones that end up empty are removed again."""
    missing = [folder for folder in path.parents if not folder.exists()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    finally:
        for folder in missing:
            with suppress(OSError):
                folder.rmdir()


def _swap(new: Path, place: Path) -> None:
    """Put `new` at `place`; what was there is removed only after the rename succeeded."""
    if not place.exists():
        new.replace(place)
        return
    with scratch_folder(f".{place.name}.old.", within=place.parent) as old:
        former = old / "was"
        try:
            place.replace(former)
            new.replace(place)
        finally:
            if former.exists() and not place.exists():  # also after Ctrl-C between the two
                former.replace(place)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
