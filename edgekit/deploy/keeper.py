"""Keeping what a benchmark has measured while it runs, so that one that breaks off can go on."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit import __version__
from edgekit.artifacts.bundle import MANIFEST_NAME
from edgekit.artifacts.figures import Note
from edgekit.artifacts.files import write_file
from edgekit.artifacts.partial import (
    PARTIAL_NAME,
    PARTIAL_TRACE,
    BoardParts,
    Partial,
    read_partial,
)
from edgekit.artifacts.power import PowerTrace
from edgekit.artifacts.run import RunResult
from edgekit.errors import EdgeKitError, UsageError
from edgekit.runtime.measure.metered import MeteredWindows, WindowsRun
from edgekit.runtime.measure.splice import completed, spliced
from edgekit.runtime.power.names import parse_meter
from edgekit.runtime.power.trace_file import read_trace, trace_npz
from edgekit.targets.model import Target

if TYPE_CHECKING:
    from edgekit.deploy.bench_options import BenchOptions
    from edgekit.deploy.bundles import Bundle
    from edgekit.deploy.inputs import Inputs


UNTRUSTED = "guard-broken"
"""Code of the error after which nothing that was measured counts."""


def now() -> str:
    """The date and time as reports tell them."""
    return datetime.now().astimezone().isoformat(timespec="seconds")


def conditions(
    bundle: Bundle, target: Target, inputs: Inputs, options: BenchOptions
) -> dict[str, str]:
    """What must be the same for measurements to belong together. A meter's port may change."""
    meter = parse_meter(options.power) if options.power else None
    manifest = (bundle.folder / MANIFEST_NAME).read_bytes()
    return {
        "model": bundle.manifest.model_sha256,
        "bundle": hashlib.sha256(manifest).hexdigest(),
        "target": target.name,
        "clock": f"{target.clock_hz} Hz",
        "meter": str(replace(meter, place="")) if meter else "none",
        "inputs": inputs.description,
        "samples": str(options.samples),
        "windows": str(options.windows),
        "threads": ",".join(map(str, options.threads)),
        "engine": options.engine or "usual",
        "place": " ".join(options.place.options) or "none",
        "cores": options.cores or "any",
        "cold starts": str(options.starts),
        "sustained": f"{options.sustained:g} s",
        "quick": "yes" if options.quick else "no",
        "edgekit": __version__,
    }


@dataclass
class Keeper:
    """`partial` is what there is so far, `trace` the recording of its energy windows. Without a
    folder nothing is written."""

    folder: Path | None
    partial: Partial
    trace: PowerTrace | None = None
    resumed: tuple[Note, ...] = field(default=())

    @classmethod
    def begin(cls, folder: Path | None, found: dict[str, str]) -> Keeper:
        """For a benchmark from its start."""
        return cls(folder, Partial(found, now()))

    @classmethod
    def resume(cls, folder: Path | None, found: dict[str, str]) -> Keeper:
        """For one that goes on where the one kept in `folder` ended.

        Raises UsageError when there is none or it was made under other conditions, DataError and
        MeterError when its files are damaged.
        """
        partial = read_partial(folder / PARTIAL_NAME) if folder is not None else None
        if folder is None or partial is None:
            raise UsageError(
                "--resume",
                f"no benchmark that broke off is kept in {folder}" if folder else "no folder given",
                allowed=f"-o DIR of a benchmark that broke off, with {PARTIAL_NAME} in it",
                hint="leave --resume out to begin anew",
                code="resume-nothing",
            )
        _check(partial.conditions, found)
        trace = read_trace(folder / PARTIAL_TRACE) if partial.inferences else None
        ended = f"{partial.ended or 'an unknown time'} ({partial.reason or 'it was killed'})"
        leg = f"begun {partial.began}, broke off {ended}; kept: {partial.kept() or 'nothing'}"
        text = f"went on at {now()} with a benchmark that was {leg}"
        note = Note("bench-resumed", "bench", text, level="info")
        kept = replace(partial, reason="", ended="", legs=(*partial.legs, leg))
        return cls(folder, kept, trace, (note,))

    @property
    def facts(self) -> dict[str, str]:
        """What the report says of it."""
        return {"resumed": "; ".join(self.partial.legs)} if self.partial.legs else {}

    def board(self, parts: BoardParts) -> None:
        """Keep what a board was asked so far."""
        self._keep(replace(self.partial, board=parts))

    def runs(self, runs: Sequence[RunResult]) -> None:
        """Keep complete runs."""
        self._keep(replace(self.partial, runs=tuple(runs)))

    @property
    def before(self) -> MeteredWindows | None:
        """The energy windows there are already."""
        if self.trace is None:
            return None
        return MeteredWindows(self.trace, self.partial.inferences, self.partial.board_s)

    def rescue(self, trace: PowerTrace, ran: WindowsRun) -> None:
        """Keep the windows that were completed in a recording that broke off."""
        inferences, board_s = ran.inferences, ran.board_s
        trace, count = completed(trace, len(inferences))
        if not count:
            return
        whole = trace if self.trace is None else spliced(self.trace, trace)
        if self.folder is not None:  # before the record that names it
            write_file(self.folder / PARTIAL_TRACE, trace_npz(whole))
        self.trace = whole
        self._keep(
            replace(
                self.partial,
                inferences=(*self.partial.inferences, *inferences[:count]),
                board_s=(*self.partial.board_s, *board_s[:count]),
            )
        )

    def broke(self, error: BaseException) -> None:
        """Note why it ended, and tell in the error how to go on. What came from firmware that
        wrote outside its memory is not kept."""
        if self.folder is None or self.partial.empty:
            return
        if isinstance(error, EdgeKitError) and error.code == UNTRUSTED:
            self.done()
            with contextlib.suppress(OSError):  # the user's own files are in it
                self.folder.rmdir()
            return
        reason = error.found if isinstance(error, EdgeKitError) else "interrupted"
        subject = f"{error.subject}: " if isinstance(error, EdgeKitError) else ""
        self._keep(replace(self.partial, reason=subject + reason, ended=now()))
        if isinstance(error, EdgeKitError):
            first = f"{error.hint}; then " if error.hint else ""
            kept = self.partial.kept()
            error.hint = f"{first}add --resume to go on: {kept} are kept in {self.folder}"

    def done(self) -> None:
        """The report is written: nothing is left to go on with."""
        if self.folder is not None:
            for name in (PARTIAL_NAME, PARTIAL_TRACE):
                (self.folder / name).unlink(missing_ok=True)

    def _keep(self, partial: Partial) -> None:
        self.partial = partial
        if self.folder is not None:
            write_file(self.folder / PARTIAL_NAME, partial.to_json())


def _check(kept: dict[str, str], found: dict[str, str]) -> None:
    """Raise UsageError for conditions that changed, naming them."""
    changed = [
        f"{name} was {kept.get(name, 'not told')[:40]}, now {value[:40]}"
        for name, value in found.items()
        if kept.get(name) != value
    ]
    if changed:
        raise UsageError(
            "--resume",
            f"the benchmark that broke off was another: {'; '.join(changed)}",
            allowed="the same model, target, meter and options",
            hint="give the options as they were, or leave --resume out to begin anew",
            code="resume-changed",
        )
