"""The study in its database: kept, taken up, and what a database can refuse."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from edgekit.deploy.sweep import study
from edgekit.deploy.sweep.objectives import Limits, parse_objectives
from edgekit.deploy.sweep.samplers import make_sampler
from edgekit.deploy.sweep.space import make_space
from edgekit.deploy.sweep.study import Store, open_study, shown
from edgekit.errors import EdgeKitError
from tests.deploy.sweep.conftest import made_up

SPACE = make_space(["net"], {"precision": ["int8", "int4"], "arena": ["auto"]}, ["host"])
OBJECTIVES = parse_objectives(["accuracy", "instructions"])
POINTS = SPACE.points()


def _open(url: str, *, resume: bool = False, identity: dict[str, Any] | None = None) -> Store:
    sampler = make_sampler("random", 0, Limits())
    found = identity or {"axes": {"precision": ["int8", "int4"]}}
    return open_study(url, "sweep", SPACE, OBJECTIVES, sampler, found, resume=resume)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'study.db'}"


def _code(call: Any) -> EdgeKitError:
    with pytest.raises(EdgeKitError) as caught:
        call()
    error = caught.value
    assert "\n" not in str(error)
    return error


def test_a_study_is_taken_up_with_what_was_running(url: str) -> None:
    store = _open(url)
    first, point = store.ask(POINTS[0])
    store.tell(first, made_up(point))
    _, running = store.ask(POINTS[1])
    again = _open(url, resume=True)
    (told,) = again.finished()
    assert (told.number, told.point, told.outcome.record()) == (
        0, POINTS[0], made_up(POINTS[0]).record(),
    )  # fmt: skip
    assert list(told.point) == ["model", "precision", "arena", "target"]
    assert again.lost == [running] == [POINTS[1]]
    assert _open(url, resume=True).lost == []


def test_a_failure_is_stored_with_its_message(url: str) -> None:
    store = _open(url)
    trial, _ = store.ask(POINTS[0])
    store.tell(trial, made_up({"precision": "binary"}))
    (told,) = _open(url, resume=True).finished()
    assert told.outcome.error is not None
    assert told.outcome.error["found"] == "has no signs"


def test_a_study_is_not_taken_up_unasked(url: str) -> None:
    _open(url)
    error = _code(lambda: _open(url))
    assert (error.code, error.exit_code) == ("study-exists", 2)


def test_a_study_of_another_sweep_is_refused_with_the_difference(url: str) -> None:
    _open(url)
    other = {"axes": {"precision": ["int8", "int16"]}}
    error = _code(lambda: _open(url, resume=True, identity=other))
    assert error.code == "study-other"
    assert 'its axes differ: {"precision": ["int8", "int4"]} there' in error.found


def test_a_study_of_another_version_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _open(url)
    monkeypatch.setattr(study, "SCHEMA", 2)
    error = _code(lambda: _open(url, resume=True))
    assert (error.code, error.found) == ("study-version", "is of version 1")


def test_a_study_of_another_version_of_optuna_is_refused(url: str, tmp_path: Path) -> None:
    _open(url)
    with sqlite3.connect(tmp_path / "study.db") as database:
        database.execute("update alembic_version set version_num = 'v1.3.0.a'")
    assert _code(lambda: _open(url, resume=True)).code == "study-version"


def test_a_study_that_others_made_is_refused(url: str) -> None:
    import optuna

    optuna.create_study(storage=url, study_name="sweep")
    assert _code(lambda: _open(url, resume=True)).code == "study-foreign"


def test_a_locked_database_is_named(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study, "PATIENCE_S", 0.1)
    store = _open(url)
    other = sqlite3.connect(tmp_path / "study.db")
    other.execute("begin exclusive")
    try:
        error = _code(lambda: store.ask(POINTS[0]))
    finally:
        other.close()
    assert error.code == "study-locked"
    assert "--resume" in error.hint


def test_a_damaged_database_is_named(url: str, tmp_path: Path) -> None:
    (tmp_path / "study.db").write_bytes(b"no database at all" * 100)
    assert _code(lambda: _open(url)).code == "study-damaged"


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("sqlite:////no/such/folder/study.db", "study-unreachable"),
        ("nonsense", "study-url"),
        ("nosuchdatabase://host/name", "study-url"),
        ("mssql+pyodbc://host/name", "study-driver"),
    ],
)
def test_a_database_that_cannot_be_opened_is_named(address: str, code: str) -> None:
    assert _code(lambda: _open(address)).code == code


def test_passwords_are_not_shown() -> None:
    assert shown("postgresql://me:secret@host/db") == "postgresql://me:***@host/db"
    assert shown("sqlite:///study.db") == "sqlite:///study.db"


def test_without_optuna_the_extra_is_named(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "optuna", None)
    error = _code(lambda: _open(url))
    assert error.code == "missing-extra"
    assert "edgekit-sdk[sweep]" in error.hint
