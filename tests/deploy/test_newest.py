"""The newest of what comes: in order, nothing twice, and what was overtaken is counted."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from edgekit.deploy.newest import Newest


def test_what_was_overtaken_is_dropped() -> None:
    came, go_on = threading.Event(), threading.Event()

    def items() -> Iterator[str]:
        yield from ("a", "b", "c")
        came.set()
        go_on.wait()
        yield "d"

    newest = Newest(items())
    came.wait()
    taken = iter(newest)
    assert (next(taken), newest.dropped) == ("c", 2)
    go_on.set()
    assert list(taken) == ["d"]
    assert newest.dropped == 2


def test_an_error_comes_after_the_item_before_it() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("gone")

    taken = iter(Newest(items()))
    assert next(taken) == 1
    with pytest.raises(ValueError, match="gone"):
        next(taken)


def test_nothing_comes() -> None:
    assert list(Newest([])) == []
