"""Ctrl-C that arrives where Python cannot raise it still ends the program."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from edgekit.cli import output, signals


class _Finalized:
    """Raises where nobody can catch it."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __del__(self) -> None:
        raise self.error


@pytest.fixture(autouse=True)
def _hooks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "unraisablehook", _printed.append)
    monkeypatch.setattr(signals.signal, "signal", lambda number, handler: None)
    signals.install()
    yield
    _printed.clear()


_printed: list[object] = []


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(143)])
def test_progress_raises_what_was_lost(error: BaseException) -> None:
    _Finalized(error)
    with pytest.raises(type(error)) as caught:
        output.current().advance("stage", 1, 2)
    assert caught.value is error
    output.current().advance("stage", 2, 2)  # once
    assert not _printed


def test_other_errors_are_printed_as_ever() -> None:
    _Finalized(ValueError("a defect"))
    output.current().advance("stage", 1, 2)
    assert len(_printed) == 1
