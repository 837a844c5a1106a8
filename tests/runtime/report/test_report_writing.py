"""A report is written whole or not at all, whatever the disk or a view does."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from edgekit.artifacts.report import Report, read_report
from edgekit.errors import OutputError
from edgekit.runtime.report import write
from edgekit.runtime.report.write import write_report
from tests.helpers import sample_report as sample


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file can grow beyond `size` bytes: the system refuses the write as on a full disk."""
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, former[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("size", [0, 100, 20_000, 40_000, 60_000])
def test_a_full_disk_leaves_the_old_report(size: int, tmp_path: Path) -> None:
    """The recording is the largest, then the page: each is the one that has no room once."""
    write_report(sample.host_report(), tmp_path)
    former = _contents(tmp_path)
    with room_for(size), pytest.raises(OutputError, match="cannot be written") as caught:
        write_report(sample.board_report(), tmp_path, trace=sample.trace())
    assert caught.value.code == "cannot-write"
    assert _contents(tmp_path) == former


def test_a_view_that_fails_loses_no_measurement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(report: Report) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr(write, "VIEWS", {"html": ("report.html", broken)})
    with pytest.raises(ZeroDivisionError):
        write_report(sample.board_report(), tmp_path, trace=sample.trace(), formats=("html",))
    assert sorted(_contents(tmp_path)) == ["power-trace.npz", "report.json"]
    found = read_report(tmp_path)
    assert replace(found, trace=None) == replace(sample.board_report(), trace=None)
