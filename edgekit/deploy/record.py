"""Recording with a power meter, and emulating one: what `edgekit meters` does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from edgekit.artifacts.files import check_writable, write_file
from edgekit.artifacts.power import PowerTrace
from edgekit.deploy.claims import claimed, claims
from edgekit.errors import MeterError, UsageError
from edgekit.runtime.power.emulators.device import Emulator, Faults
from edgekit.runtime.power.emulators.load import Load
from edgekit.runtime.power.meter import Meter, TakesEdges
from edgekit.runtime.power.names import METERS, load, make_meter
from edgekit.runtime.power.stream_meter import StreamMeter
from edgekit.runtime.power.trace_file import FORMATS, read_trace, write_trace
from edgekit.runtime.power.trace_parts import Parts, Summary, summarize
from edgekit.runtime.report.trace_picture import png
from edgekit.targets.model import Target
from edgekit.targets.reader import load_target

Watch = Callable[[PowerTrace], None]
LOOK_S = 0.25
"""How often a running recording is looked at."""
SHOWN_S = 5.0
"""How much of it is shown."""
REHEARSAL_S = 2.0
"""Length of the made-up window of a meter that has no wire to a board."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recording that was written: its files, and what it amounts to."""

    trace: Path | None
    picture: Path | None
    summary: Summary


def record_trace(
    meter: str,
    output: Path | None,
    *,
    picture: Path | None = None,
    seconds: float | None = None,
    target: str | Target | None = None,
    watch: Watch | None = None,
    wait_s: float = 0.0,
) -> Recorded:
    """Write what `meter` (a name as for `--power`) measures for `seconds`, or until Ctrl-C.

    A long recording is kept on disk, beside `output` (without one nothing is written). `watch`
    is shown the last seconds, again and again. What there is of a recording that breaks off is
    written too, before the MeterError. A meter that another run uses is waited for, `wait_s`
    seconds. Raises UsageError, MeterError, DeviceError, OutputError.
    """
    profile = load_target(target) if isinstance(target, str) else target
    for path in filter(None, (output, picture)):
        check_writable(path.parent)
    mine = claims(power=meter)
    with (
        claimed(mine, f"meters record {meter}", wait_s=wait_s),
        make_meter(meter, profile) as opened,
    ):
        if isinstance(opened, StreamMeter) and output is not None:
            opened.folder = output.parent
        opened.start()
        _wait(opened, seconds, watch)
        if not isinstance(opened, StreamMeter):
            return _keep_whole(opened, output, picture)
        with opened.stop_stored() as stored:
            if stored.failure is None:
                return _keep(stored.parts, output, picture)
            with suppress(MeterError, ValueError):  # Too little of it to be written.
                _keep(stored.parts, output, picture)
            raise stored.failure


def _keep_whole(meter: Meter, output: Path | None, picture: Path | None) -> Recorded:
    """For a meter that gives its recording as one."""
    try:
        trace = meter.stop()
    except MeterError:
        salvaged: PowerTrace | None = getattr(meter, "salvaged", None)
        if salvaged is not None:
            _keep(lambda: iter((salvaged,)), output, picture)
        raise
    return _keep(lambda: iter((trace,)), output, picture)


def _keep(parts: Parts, output: Path | None, picture: Path | None) -> Recorded:
    summary = summarize(parts())
    if output is not None:
        write_trace(output, parts, summary)
    if picture is not None:
        write_file(picture, png(parts, summary))
    return Recorded(output, picture, summary)


def _wait(meter: Meter, seconds: float | None, watch: Watch | None) -> None:
    if isinstance(meter, TakesEdges):
        meter.edge(False, 0.0)
        meter.edge(True, seconds or REHEARSAL_S)
        return
    if not meter.identity.wall_clock:
        return
    stream = meter if isinstance(meter, StreamMeter) else None
    end = None if seconds is None else time.monotonic() + seconds
    try:
        while (left := LOOK_S if end is None else end - time.monotonic()) > 0:
            time.sleep(min(left, LOOK_S))
            if getattr(meter, "failure", None) is not None:
                return  # `stop` tells of it.
            seen = stream.preview(SHOWN_S) if stream is not None and watch is not None else None
            if seen is not None and watch is not None:
                watch(seen)
    except KeyboardInterrupt:
        return


def check_trace_path(path: Path) -> None:
    """Raise UsageError for a file name that is no trace's."""
    if path.suffix not in FORMATS:
        raise UsageError(
            str(path),
            f"a trace cannot be written as {path.suffix or 'a file without an ending'}",
            allowed=", ".join(FORMATS),
            hint="-o trace.npz keeps everything, -o trace.csv is for other programs",
            code="trace-format",
        )


def emulate_meter(
    scheme: str,
    *,
    trace: Path | None = None,
    faults: Faults | None = None,
    seed: int = 0,
    seconds: float | None = None,
) -> Emulator:
    """An emulated `scheme` meter on a pseudo-terminal that plays `trace`, else two seconds of
    inferring after each second of idling. Close it. Raises UsageError, MeterError."""
    emulated = [name for name, kind in METERS.items() if kind.emulator]
    if scheme not in emulated:
        raise UsageError(
            f"meter {scheme!r}",
            "there is no emulator of it",
            allowed=", ".join(emulated),
            hint="see `edgekit meters list`",
            code="meter-not-emulated",
        )
    shown = Load.square() if trace is None else Load.from_trace(read_trace(trace))
    make: Callable[..., Emulator] = load(METERS[scheme].emulator)
    return make(shown, faults, seed=seed, seconds=seconds)


def linger(seconds: float | None) -> None:
    """Wait for `seconds`, or for Ctrl-C."""
    try:
        threading.Event().wait(seconds)
    except KeyboardInterrupt:
        return
