"""Which of several runs may go on at the same time.

Runs on machines of their own do; what emulators count is exact however busy this computer is, so
they do too, as many as it has cores; what is timed on this computer runs when nothing else does.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Shares(StrEnum):
    """What a run needs of this computer."""

    ALONE = "timed on this computer"
    HERE = "emulated on this computer"
    AWAY = "on a device of its own"


@dataclass(frozen=True, slots=True)
class Need:
    """`claims` are names of locks: runs with one in common never overlap."""

    name: str
    shares: Shares
    claims: frozenset[str] = frozenset()


def startable(waiting: Sequence[Need], running: Collection[Need], cores: int) -> list[Need]:
    """Those of `waiting` that may start now, the first named first; none waits for ever."""
    now: list[Need] = []
    for need in waiting:
        if need.shares is Shares.ALONE and not running and not now:
            return [need]
    if any(need.shares is Shares.ALONE for need in running):
        return []
    for need in waiting:
        beside = [*running, *now]
        here = sum(other.shares is Shares.HERE for other in beside)
        full = need.shares is Shares.HERE and here >= max(cores, 1)
        shared = any(need.claims & other.claims for other in beside)
        if need.shares is not Shares.ALONE and not full and not shared:
            now.append(need)
    return now
