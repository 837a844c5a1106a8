"""What only POSIX systems have (Linux, macOS, WSL), and what is said where it is missing."""

from __future__ import annotations

import importlib.util
import os

from edgekit.errors import ToolError


def require_posix(what: str) -> None:
    """Raise ToolError where the system cannot do `what` ("a virtual board") for us."""
    if importlib.util.find_spec("termios") is None:
        raise ToolError(
            what,
            "this system has no POSIX pipes and terminals, which it needs",
            allowed="Linux, macOS, or Windows with WSL",
            hint="run the command in WSL; convert, inspect, report, compare and history work here",
            code="posix-only",
        )


def raw_terminal(what: str) -> tuple[int, int, str]:
    """A pseudo-terminal that passes bytes as they are: its master, its slave, and the path by which
    programs open the slave like a serial port. Raises ToolError, naming `what` needs it."""
    require_posix(what)
    import tty

    master, slave = os.openpty()
    tty.setraw(slave)
    return master, slave, os.ttyname(slave)
