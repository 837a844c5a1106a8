"""Where trials run: in this process, in several on this machine, on the workers of a Dask cluster.

Each is an `Executor` of the standard library for `run_parcel`; the search does not know which.
Only the process that searches touches the study.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any, NoReturn

from edgekit import __version__
from edgekit.deploy.sweep.axes import Point
from edgekit.deploy.sweep.options import SweepOptions
from edgekit.deploy.sweep.outcome import Outcome
from edgekit.deploy.sweep.parcel import Parcel, run_parcel, workbench
from edgekit.errors import EdgeKitError, MissingExtraError

Submit = Callable[[Sequence[Point]], "Future[tuple[Outcome, ...]]"]
CONNECT_S = 10.0
"""How long a scheduler may take to answer."""
GRACE_S = 5.0
"""What a worker has for clearing up once the searching process is gone."""


@dataclass(frozen=True, slots=True)
class Pool:
    """How many jobs run at once, and what starts one."""

    size: int
    submit: Submit
    title: str


@contextmanager
def open_pool(parcel: Parcel, options: SweepOptions) -> Iterator[Pool]:
    """The pool that the options name. Raises MissingExtraError, EdgeKitError."""
    if options.dask is not None:
        with _cluster(parcel, options.dask) as pool:
            yield pool
    elif options.workers > 1:
        with _processes(parcel, options.workers) as pool:
            yield pool
    else:
        yield Pool(1, lambda points: _at_once(parcel, points), "this process")


def _at_once(parcel: Parcel, points: Sequence[Point]) -> Future[tuple[Outcome, ...]]:
    done: Future[tuple[Outcome, ...]] = Future()
    done.set_result(run_parcel(parcel, points))
    return done


@contextmanager
def _processes(parcel: Parcel, count: int) -> Iterator[Pool]:
    """Fresh processes, which TensorFlow and threads of this one do not disturb. When the block
    ends early they are told to stop, so that what they started stops too."""
    fresh = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(count, fresh, initializer=_begin, initargs=(parcel,))
    try:
        yield Pool(count, lambda points: executor.submit(_run, points), f"{count} processes here")
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        for child in multiprocessing.active_children():
            child.terminate()
        raise
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


_parcels: list[Parcel] = []
"""That of this worker process."""


def _begin(parcel: Parcel) -> None:
    """Ctrl-C goes to all processes of a terminal, and the searching one tells the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _parcels[:] = [parcel]
    workbench(parcel)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


def _end_with_parent() -> None:
    """When the searching process is killed, nobody tells its workers, and they would wait for
    ever: end as if told, and in any case soon."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE_S)
        os._exit(1)


def _run(points: Sequence[Point]) -> tuple[Outcome, ...]:
    return run_parcel(_parcels[0], points)


@contextmanager
def _cluster(parcel: Parcel, address: str) -> Iterator[Pool]:
    """The workers of a Dask scheduler; the parcel goes to each once."""
    distributed = _distributed()
    try:
        client = distributed.Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise EdgeKitError(
            f"--dask {address}",
            f"no scheduler answers: {str(error) or type(error).__name__}",
            allowed="an address such as tcp://192.168.1.5:8786",
            hint="start one with `dask scheduler`, and `dask worker ADDRESS` on each machine",
            code="dask-unreachable",
        ) from None
    with client:
        count = _check_workers(client, address)
        there = client.scatter(parcel, broadcast=True)
        executor = client.get_executor(pure=False)
        yield Pool(
            count,
            lambda points: executor.submit(run_parcel, there, list(points)),
            f"{count} Dask workers",
        )


def _distributed() -> Any:
    try:
        import distributed
    except ImportError:
        raise MissingExtraError(
            "distributed", "sweep", "running trials on a Dask cluster"
        ) from None
    return distributed


def _check_workers(client: Any, address: str) -> int:
    """How many there are. Raises EdgeKitError without any, or where one has another EdgeKit."""
    try:
        found = client.run(_version)
    except ImportError:
        found = {"one of them": "none"}
    if not found:
        raise EdgeKitError(
            f"--dask {address}",
            "the scheduler has no workers",
            hint=f"run `dask worker {address} --nthreads 1` on each machine",
            code="dask-no-workers",
        )
    versions = set(found.values())
    if versions != {__version__}:
        raise EdgeKitError(
            f"--dask {address}",
            f"workers have other versions of EdgeKit: {', '.join(sorted(versions))}",
            allowed=f"{__version__}, as here",
            hint="install the same version on each machine: pip install edgekit-sdk",
            code="dask-version",
        )
    return len(found)


def _version() -> str:
    return __version__
