"""Runs side by side, each in a process of its own, started as the schedule lets them."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from edgekit import errors
from edgekit.artifacts.report import Report, from_json
from edgekit.errors import DeviceError, EdgeKitError
from edgekit.runtime.lab.schedule import Need, startable
from edgekit.runtime.runner.environment import cores

Tell = Callable[[str, str, int, int], None]
"""Told of progress: whose, its stage, units done and in total."""
GRACE_S = 60.0
"""What a run has for clearing up after Ctrl-C; an emulator may take seconds to stop."""


@dataclass(frozen=True, slots=True)
class Job:
    """A run: its request for `fleet_child`, and what it needs of this computer."""

    need: Need
    request: dict[str, Any]

    @property
    def name(self) -> str:
        """What it is called, different from all others."""
        return self.need.name


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a run: a report, or the error it ended with. `verdict` is what speaks against
    a report all the same. `began` is in seconds since 1970."""

    name: str
    report: Report | None
    error: EdgeKitError | None
    verdict: EdgeKitError | None
    began: float
    seconds: float


@dataclass
class _Running:
    """A child process and what it has answered so far."""

    job: Job
    process: subprocess.Popen[bytes]
    said: IO[bytes]
    began: float
    started: float
    answer: dict[str, Any] = field(default_factory=dict)

    def outcome(self) -> Outcome:
        seconds = time.monotonic() - self.started
        report = error = wrong = None
        if "report" in self.answer:
            report = from_json(self.answer["report"], subject=self.job.name)
            told = self.answer["verdict"]
            wrong = None if told is None else errors.rebuilt(told)
        elif "error" in self.answer:
            error = errors.rebuilt(self.answer["error"])
        else:
            error = self._crashed()
        return Outcome(self.job.name, report, error, wrong, self.began, seconds)

    def _crashed(self) -> EdgeKitError:
        self.said.seek(0)
        lines = self.said.read().decode("utf-8", "replace").strip().splitlines()
        status = self.process.returncode
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        return DeviceError(
            self.job.name,
            f"its process {how}: {lines[-1] if lines else 'it said nothing'}",
            hint="run the benchmark of this device alone, with --verbose",
            code="fleet-crashed",
        )


def run_jobs(
    jobs: Sequence[Job], tell: Tell, finished: Callable[[Outcome], None]
) -> tuple[Outcome, ...]:
    """Run all jobs, side by side where the schedule allows, and return what became of each, in
    their order. One that fails does not stop the others. Ctrl-C stops all, each as if it were
    alone, and is raised again when they have ended."""
    waiting, ended = list(jobs), dict[str, Outcome]()
    lines: queue.SimpleQueue[tuple[_Running, bytes]] = queue.SimpleQueue()
    with _stopped_at_the_end() as running:
        while waiting or running:
            needs = [job.need for job in waiting]
            for need in startable(needs, [child.job.need for child in running], cores()):
                job = next(job for job in waiting if job.need is need)
                waiting.remove(job)
                tell(job.name, "starting", 0, 0)
                running.append(_start(job, lines))
            child, line = lines.get()
            if line:
                _take(child, json.loads(line), tell)
                continue
            child.process.wait()
            running.remove(child)
            ended[child.job.name] = outcome = child.outcome()
            child.said.close()
            finished(outcome)
    return tuple(ended[job.name] for job in jobs)


def _take(child: _Running, line: dict[str, Any], tell: Tell) -> None:
    if "progress" in line:
        stage, done, total = line["progress"]
        tell(child.job.name, stage, done, total)
    else:
        child.answer = line


def _start(job: Job, lines: queue.SimpleQueue[tuple[_Running, bytes]]) -> _Running:
    root = str(Path(errors.__file__).parents[1])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
    said = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the run has ended
    process = subprocess.Popen(
        [sys.executable, "-m", "edgekit.deploy.fleet_child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=said,
        env={**os.environ, "PYTHONPATH": path},
        start_new_session=True,  # Ctrl-C comes from us alone, once
    )
    child = _Running(job, process, said, time.time(), time.monotonic())
    with contextlib.suppress(BrokenPipeError):
        assert process.stdin is not None
        process.stdin.write(json.dumps(job.request).encode())
        process.stdin.close()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.put((child, line))
        lines.put((child, b""))

    threading.Thread(target=read, daemon=True).start()
    return child


@contextmanager
def _stopped_at_the_end() -> Iterator[list[_Running]]:
    """The children that run; on the way out they are interrupted, at last killed."""
    running: list[_Running] = []
    try:
        yield running
    finally:
        for child in running:
            try:
                child.process.send_signal(signal.SIGINT)
            except ValueError:  # Windows sends none to a single process
                child.process.terminate()
        deadline = time.monotonic() + GRACE_S
        for child in running:
            try:
                child.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()
            child.said.close()
