"""The steady clock that all processes of a machine share."""

from __future__ import annotations

import time

_RAW = getattr(time, "CLOCK_MONOTONIC_RAW", None)


def clock_ns() -> int:
    """Nanoseconds of the clock that the generated C's program reads too, where there is one."""
    return time.monotonic_ns() if _RAW is None else time.clock_gettime_ns(_RAW)
