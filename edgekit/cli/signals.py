"""Ctrl-C and kill: both unwind the stack, so that as little is left behind as by an error."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import Any, NoReturn

from edgekit.errors import EdgeKitError


class Interrupted(EdgeKitError):
    """Ctrl-C."""

    exit_code = 130
    default_code = "interrupted"


_lost: list[BaseException] = []


def install() -> None:
    """Make SIGTERM unwind the stack as Ctrl-C does, and let neither be lost.

    What is raised inside a C callback, a finalizer or an extension's look-ups Python only prints,
    and goes on; here it is kept for `again`.
    """
    signal.signal(signal.SIGTERM, _end)
    printed = sys.unraisablehook

    def unraisable(found: Any) -> None:
        if isinstance(found.exc_value, KeyboardInterrupt | SystemExit):
            _lost.append(found.exc_value)
        else:
            printed(found)

    sys.unraisablehook = unraisable


def again() -> None:
    """Raise what was lost, if anything was."""
    if _lost:
        raise _lost.pop()


def _end(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)
