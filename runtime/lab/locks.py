"""Advisory locks: one run at a time on a board, a port, a meter.

A lock is a file that its holder has locked with flock(2). The system lets go of it when the holder
ends, however it ends: a lock is never stale. Files stay behind, empty; removing them would let
two runs lock two files of one name.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from edgekit.errors import DeviceError, EdgeKitError, OutputError
from edgekit.runtime.lab.flock import take
from edgekit.runtime.lab.state import state_folder

FOLDER = "locks"
LOOK_S = 0.1
"""How often a lock that is waited for is tried."""
GRACE_S = 0.3
"""Waited in any case: looking who holds a lock (`holder`) takes it for an instant."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock: process id, what it runs, since when."""

    pid: int
    what: str
    since: str

    def __str__(self) -> str:
        return f"process {self.pid}, {self.what}, since {self.since}"


@dataclass(frozen=True, slots=True)
class _Lock:
    """A lock: its name in messages, its file, what is wrong when another run holds it, and what to
    do where the file cannot be made."""

    name: str
    path: Path
    refuse: Callable[[Holder | None], EdgeKitError]
    unmade: str


@contextmanager
def locked(
    names: Iterable[str], *, what: str, wait_s: float = 0.0, tell: Tell | None = None
) -> Iterator[None]:
    """Hold the locks `names` ("port /dev/ttyACM0") during the block; `what` tells others why.

    A lock that another run holds is waited for, `wait_s` seconds for all together; `tell` is told
    once for whom. All runs take locks in the order of their names, so none wait for one another.
    Raises DeviceError naming the holder, OutputError where lock files cannot be made.
    """
    deadline = time.monotonic() + max(wait_s, GRACE_S)
    mine = _me(what)
    unmade = "name one in the environment variable EDGEKIT_STATE"
    with ExitStack() as stack:
        for name in sorted(set(names)):
            lock = _Lock(name, lock_path(name), partial(_in_use, name), unmade)
            stack.enter_context(_held(lock, mine, deadline, tell))
        yield


@contextmanager
def locked_file(
    path: Path, *, what: str, refuse: Callable[[Holder | None], EdgeKitError]
) -> Iterator[None]:
    """Hold the lock that is the file `path`, made where there is none, during the block.

    For what is one place to all users of it, as a folder of results is, whatever state folder is
    theirs. Raises what `refuse` gives when another run holds it, OutputError.
    """
    lock = _Lock(str(path), path, refuse, "see to it that you can write there, or choose another")
    with _held(lock, _me(what), time.monotonic() + GRACE_S, None):
        yield


def holder(name: str) -> Holder | None:
    """Who holds the lock `name` now; None when it is free or its holder has not said yet."""
    try:
        stream = os.open(lock_path(name), os.O_RDWR)
    except OSError:
        return None
    try:
        return None if take(stream) else _read(stream)
    finally:
        os.close(stream)


def lock_path(name: str) -> Path:
    """The file of a lock: words to recognize it by, and a hash that tells any two names apart."""
    words = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[-40:]
    digest = hashlib.sha256(name.encode()).hexdigest()[:12]
    return state_folder() / FOLDER / f"{words}-{digest}.lock"


def _me(what: str) -> Holder:
    return Holder(os.getpid(), what, datetime.now().astimezone().isoformat(timespec="seconds"))


@contextmanager
def _held(lock: _Lock, mine: Holder, deadline: float, tell: Tell | None) -> Iterator[None]:
    stream = _open(lock)
    try:
        _wait(stream, lock, deadline, tell)
        os.ftruncate(stream, 0)
        os.lseek(stream, 0, os.SEEK_SET)
        os.write(stream, json.dumps(asdict(mine)).encode())
        try:
            yield
        finally:
            os.ftruncate(stream, 0)
    finally:
        os.close(stream)


def _open(lock: _Lock) -> int:
    try:
        lock.path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(lock.path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise OutputError(
            str(lock.path),
            f"the lock file cannot be made: {error.strerror or error}",
            allowed="a folder that can be written, for locks of boards, meters and sweeps",
            hint=lock.unmade,
            code="lock-folder",
        ) from None


def _wait(stream: int, lock: _Lock, deadline: float, tell: Tell | None) -> None:
    told = False
    while not take(stream):
        who = _read(stream)
        if time.monotonic() >= deadline:
            raise lock.refuse(who)
        if not told and tell is not None:
            tell(f"waiting for {lock.name} ({who or 'in use'})")
        told = True
        time.sleep(LOOK_S)


def _in_use(name: str, who: Holder | None) -> DeviceError:
    return DeviceError(
        name,
        f"in use by another run: {who or 'it has not said who it is'}",
        allowed="one run at a time",
        hint="wait until it is over (--wait 600 does), or stop it",
        code="device-locked",
    )


def _read(stream: int) -> Holder | None:
    """What the holder wrote; None while it is writing."""
    try:
        os.lseek(stream, 0, os.SEEK_SET)
        return Holder(**json.loads(os.read(stream, 4096)))
    except (ValueError, TypeError):
        return None
