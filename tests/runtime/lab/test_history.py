"""The history store: many writers, kill -9, old and newer versions, and files that are none."""

from __future__ import annotations

import contextlib
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edgekit.artifacts.figures import OF_MEANS
from edgekit.artifacts.report import Report
from edgekit.errors import EdgeKitError, UsageError
from edgekit.runtime.lab import history
from edgekit.runtime.lab.commit import commit_of
from edgekit.runtime.lab.history import History, Wanted, history_path
from edgekit.runtime.lab.history_schema import MIGRATIONS, VERSION
from edgekit.runtime.report.stored import MOST_INLINE
from tests.helpers.sample_report import host_report, host_run

ROOT = Path(__file__).parent.parent.parent.parent
WRITE = """
import sys
from pathlib import Path
from tests.runtime.lab.test_history import report
from edgekit.runtime.lab.history import History
first, count = int(sys.argv[2]), int(sys.argv[3])
for number in range(first, first + count):
    with History(Path(sys.argv[1]), patience_s=300) as found:
        found.add(report(number), tags=[f"t{number}"])
    print(number, flush=True)
"""


def report(number: int, **environment: str) -> Report:
    """A report that differs from those of other numbers in its date."""
    created = f"2026-05-{1 + number // 1440:02d}T{number // 60 % 24:02d}:{number % 60:02d}:00+00:00"
    plain = host_report()
    return replace(plain, created=created, environment={**plain.environment, **environment})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "history.db"


def _writer(path: Path, first: int, count: int) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", WRITE, str(path), str(first), str(count)]
    return subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def _whole(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as base:
        assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert base.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_spread_of_means_is_left_to_the_report(path: Path) -> None:
    """The figures of a history bear no name of their spread."""
    plain = report(1)
    figure = replace(plain.figures["latency"], spread=OF_MEANS)
    means = replace(report(2), figures={**plain.figures, "latency": figure})
    with History(path) as found:
        one, two = (found.add(each)[0] for each in (plain, means))
        kept = found.figures("latency")
        assert found.report(two) == means
    assert (kept[one].low, kept[one].high) == (figure.low, figure.high)
    assert (kept[two].value, kept[two].low, kept[two].high) == (figure.value, None, None)


def test_a_report_comes_back_as_it_was(path: Path) -> None:
    one = report(1, device="nano", commit="abc123")
    with History(path) as found:
        number, new = found.add(one, tags=["baseline"])
        assert new
        assert found.report(number) == one
        (record,) = found.records()
        assert (record.device, record.commit, record.tags) == ("nano", "abc123", ("baseline",))
        assert record.created == "2026-05-01T00:01:00+00:00"
        for name, figure in one.figures.items():
            kept = found.figures(name)[number]
            assert (kept.value, kept.unit) == (figure.value, figure.unit)
            assert kept.provenance == figure.provenance
        assert found.figure_names() == sorted(one.figures)


def test_the_same_report_is_kept_once(path: Path) -> None:
    with History(path) as found:
        first = found.add(report(1), tags=["a"])
        again = found.add(report(1), tags=["b"])
        assert (first, again) == ((first[0], True), (first[0], False))
        assert [record.tags for record in found.records()] == [("a", "b")]


def test_what_is_wanted(path: Path) -> None:
    with History(path) as found:
        for number in (3, 1, 2):
            found.add(report(number, device=f"d{number}", commit=f"c{number}c"), tags=["all"])
        found.tag(2, ["one"])

        def created(**wanted: object) -> list[str]:
            return [r.created[14:16] for r in found.records(Wanted(**wanted))]  # type: ignore[arg-type]

        assert created() == created(tag="all") == ["01", "02", "03"]
        assert created(last=2) == ["02", "03"]
        assert created(tag="one") == created(device="d1") == created(commit="c1") == ["01"]
        assert created(name="nothing") == []
        assert found.tag(2, ["one", "all"], remove=True).tags == ()
        with pytest.raises(UsageError) as caught:
            found.report(99)
        assert caught.value.code == "history-no-record"


def test_dates_of_other_zones_are_in_order(path: Path) -> None:
    with History(path) as found:
        for created in ("2026-05-01T10:00:00+02:00", "2026-05-01T07:00:00+00:00"):
            found.add(replace(report(0), created=created))
        hours = [record.created[11:13] for record in found.records()]
    assert hours == ["07", "08"]


def test_many_writers_at_once_from_an_empty_folder(path: Path) -> None:
    writers = [_writer(path, 100 * number, 8) for number in range(4)]
    assert [process.wait() for process in writers] == [0] * 4
    with History(path) as found:
        records = found.records()
        assert len(records) == len({record.sha256 for record in records}) == 32
        assert all(len(record.tags) == 1 for record in records)
        assert len(found.figures("latency")) == 32
    _whole(path)


def test_a_writer_that_is_killed_leaves_whole_records(path: Path) -> None:
    done: list[int] = []
    for round in range(3):
        with _writer(path, 1000 * round, 1000) as process:
            assert process.stdout is not None
            for line in process.stdout:
                done.append(int(line))
                if len(done) % 4 == 0:
                    process.send_signal(signal.SIGKILL)
                    break
    _whole(path)
    with History(path) as found:
        records = found.records()
        assert len(done) == 12
        assert 12 <= len(records) <= 15  # one may be written whose number was not told
        for record in records:
            assert len(record.tags) == 1
            assert found.report(record.id).figures.keys() == host_report().figures.keys()
        assert len(found.figures("latency")) == len(records)


def test_many_samples_are_kept_beside_the_record(path: Path) -> None:
    report = replace(host_report(), runs=(host_run(2 * MOST_INLINE),))
    with History(path) as found:
        number, _ = found.add(report)
        (size,) = found._base.execute("SELECT length(report) FROM records").fetchone()
        assert size < 10_000
        assert found.report(number) == report
        found._base.execute("UPDATE samples SET data = x'00'")
        assert found.report(number).warnings[-1].code == "samples-changed"
        found._base.execute("DELETE FROM records")
        assert found._base.execute("SELECT count(*) FROM samples").fetchone() == (0,)


def test_an_older_file_is_brought_to_the_present_version(path: Path) -> None:
    path.parent.mkdir()
    with contextlib.closing(sqlite3.connect(path)) as base:
        for statement in MIGRATIONS[0]:
            base.execute(statement)
        base.execute(
            "INSERT INTO records VALUES (7, 's', 'net', 'm', 't', '', '', '2026', '2026', 'x', x'')"
        )
        base.execute(f"PRAGMA application_id = {history.APPLICATION}")
        base.execute("PRAGMA user_version = 1")
        base.commit()
    with History(path) as found:
        assert [record.id for record in found.records()] == [7]
    with contextlib.closing(sqlite3.connect(path)) as base:
        assert base.execute("PRAGMA user_version").fetchone() == (VERSION,)
        names = {row[0] for row in base.execute("SELECT name FROM sqlite_master")}
    assert "records_by_series" in names


@contextlib.contextmanager
def _raises(code: str, path: Path) -> Iterator[None]:
    with pytest.raises(EdgeKitError) as caught:
        yield
    assert (caught.value.code, caught.value.subject) == (code, str(path)), caught.value
    assert caught.value.hint


def _newer(path: Path) -> None:
    with History(path):
        pass
    with contextlib.closing(sqlite3.connect(path)) as base:
        base.execute("PRAGMA user_version = 99")


def _other(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as base:
        base.execute("CREATE TABLE bookmarks (url TEXT)")


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda path: path.write_text("not a database, certainly not " * 50), "history-foreign"),
        (_other, "history-foreign"),
        (_newer, "history-newer"),
        (lambda path: path.mkdir(), "history-place"),
        (lambda path: None, "history-missing"),
    ],
)
def test_files_that_are_no_history(make: Callable[[Path], None], code: str, path: Path) -> None:
    path.parent.mkdir()
    make(path)
    before = path.read_bytes() if path.is_file() else b""
    with _raises(code, path):
        History(path, create=False)
    assert before == (path.read_bytes() if path.is_file() else b"")


def test_a_damaged_file(path: Path) -> None:
    with History(path) as found:
        for number in range(20):
            found.add(report(number))
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)
    with _raises("history-damaged", path), History(path) as found:
        found.records()


def test_a_locked_file(path: Path) -> None:
    with History(path):
        pass
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as base:
        base.execute("BEGIN IMMEDIATE")
        with History(path, patience_s=0.05) as found:
            assert found.records() == []  # reading goes on
            with _raises("history-locked", path):
                found.add(report(1))
        base.execute("ROLLBACK")


def test_a_full_disk(path: Path) -> None:
    with History(path) as found:
        found.add(report(1))
        pages = found._base.execute("PRAGMA page_count").fetchone()[0]
        found._base.execute(f"PRAGMA max_page_count = {pages}")
        with _raises("history-full", path):
            for number in range(2, 200):
                found.add(report(number))
        assert found.report(1) == report(1)
    _whole(path)


def test_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EDGEKIT_HISTORY", raising=False)
    monkeypatch.setenv("EDGEKIT_STATE", str(tmp_path))
    assert history_path() == tmp_path / "history.db"
    monkeypatch.setenv("EDGEKIT_HISTORY", "mine.db")
    assert history_path() == Path("mine.db")
    assert history_path(Path("given.db")) == Path("given.db")


def test_the_commit_of_a_repository(tmp_path: Path) -> None:
    assert commit_of(tmp_path) == ""

    def git(*words: str) -> str:
        own = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
        done = subprocess.run(
            ["git", *own, *words], cwd=tmp_path, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    git("init", "-q")
    assert commit_of(tmp_path) == ""
    (tmp_path / "file").write_text("1")
    git("add", "file")
    git("commit", "-q", "-m", "one")
    head = git("rev-parse", "HEAD")
    assert commit_of(tmp_path) == head
    (tmp_path / "file").write_text("2")
    assert commit_of(tmp_path) == f"{head}-dirty"
