"""Locks of open files, as the system gives them: flock(2), where there is one."""

from __future__ import annotations


def take(stream: int, *, wait: bool = False) -> bool:
    """Whether the file behind a descriptor could be locked; with `wait` as soon as it can be.

    The system lets go of it when the descriptor is closed, and when its process ends. Where it has
    no flock (Windows), every file can be had at any time: nothing is kept apart there.
    """
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True
