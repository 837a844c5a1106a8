"""The command line under test: in this process for speed, as a program where that matters."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgekit.cli.main import main

ROOT = Path(__file__).parent.parent.parent
ENTRY = "from edgekit.cli.main import run; run()"
WORSE = Path(__file__).parent / "worse_python"


@dataclass(frozen=True)
class Done:
    """What a command line answered."""

    code: int
    out: str
    err: str

    @property
    def record(self) -> Any:
        """Standard output as JSON: the whole of it must be one value."""
        return json.loads(self.out)


def edgekit(*arguments: object) -> Done:
    """Run a command line in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([str(argument) for argument in arguments])
    return Done(code, out.getvalue(), err.getvalue())


def succeeds(*arguments: object) -> Done:
    """Run a command line that must exit with 0 and show no traceback."""
    done = edgekit(*arguments)
    assert done.code == 0, done
    assert "Traceback" not in done.err
    return done


def fails(*arguments: object, exit_code: int, code: str) -> dict[str, Any]:
    """The error record of a command line that must fail: one JSON object on standard output,
    nothing on standard error, every part on one line, and a next step in it."""
    done = edgekit(*arguments, "--json")
    assert (done.code, done.err) == (exit_code, ""), done
    error: dict[str, Any] = done.record["error"]
    assert list(done.record) == ["error"]
    assert (error["code"], error["exit_code"]) == (code, exit_code), error
    assert error["subject"]
    assert error["found"]
    assert error["allowed"] or error["hint"], "no next step"
    assert all("\n" not in str(part) for part in error.values()), error
    return error


def started(
    *arguments: object, cwd: Path | None = None, **environment: str
) -> subprocess.Popen[str]:
    """The program as a child of its own; `environment` may make it worse (see WORSE)."""
    return subprocess.Popen(
        [sys.executable, "-c", ENTRY, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd or ROOT,
        env={**os.environ, "PYTHONPATH": f"{WORSE}:{ROOT}", **environment},
        start_new_session=True,
    )


def program(*arguments: object, cwd: Path | None = None, **environment: str) -> Done:
    """Run the program as a child and wait for it."""
    with started(*arguments, cwd=cwd, **environment) as process:
        out, err = process.communicate(timeout=120)
    return Done(process.returncode, out, err)


def tree(folder: Path) -> Mapping[str, str]:
    """Every file and folder below, hidden ones too, with the hash of its bytes."""
    return {
        path.relative_to(folder).as_posix(): (
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        )
        for path in sorted(folder.rglob("*"))
    }


@contextlib.contextmanager
def nothing_left_in(*folders: Path) -> Iterator[None]:
    """The folders hold afterwards what they held before, byte for byte."""
    before = [tree(folder) for folder in folders]
    yield
    assert [tree(folder) for folder in folders] == before
