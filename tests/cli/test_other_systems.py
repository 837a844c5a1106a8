"""A system without POSIX: what needs none works, and all else says where it does.

Python's modules and names that Windows lacks are taken away in a process of its own; what else is
different there, paths and processes, this does not show.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from edgekit.errors import ToolError
from edgekit.runtime.posix import raw_terminal, require_posix
from edgekit.runtime.report.write import write_report
from tests.helpers.command_line import ROOT
from tests.helpers.sample_report import board_report


def _without_posix(*commands: list[str]) -> list[tuple[int, str, str]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.helpers.other_system", json.dumps(commands)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    return [(code, out, err) for code, out, err in json.loads(done.stdout)]


def test_what_needs_no_posix_works(desk: Path) -> None:
    for name in ("old", "new"):
        write_report(board_report(), desk / name)
    commands = [
        ["convert", "model.tflite", "-t", "host", "--calibration", "data.npz", "-o", "bundle"],
        ["inspect", "bundle"],
        ["report", "new", "--html", "page.html", "--markdown", "page.md"],
        ["compare", "old", "new"],
        ["history", "import", "old", "new"],
        ["history", "list"],
        ["targets"],
        ["explain", "posix-only"],
    ]
    for words, (code, _, err) in zip(commands, _without_posix(*commands), strict=True):
        assert code == 0, (words, err)
        assert "Traceback" not in err
    assert (desk / "bundle" / "edgekit.json").is_file()
    assert (desk / "page.html").is_file()


def test_what_needs_it_says_so(desk: Path, small_bundle: Path) -> None:
    bench = ["bench", str(small_bundle), "--quick", "--json"]
    commands = [
        [*bench, "-t", "virtual-m4", "--log", "runs.jsonl"],
        [*bench, "-t", "virtual-m4", "--power", "virtual"],
        [*bench, "-t", "host", "--engine", "native"],
        ["meters", "record", "virtual", "--seconds", "1", "--json"],
    ]
    for words, (code, out, err) in zip(commands, _without_posix(*commands), strict=True):
        assert (code, err) == (1, ""), (words, out, err)
        error = json.loads(out)["error"]
        assert error["code"] == "posix-only", (words, error)
        assert error["allowed"] == "Linux, macOS, or Windows with WSL"
        assert "WSL" in error["hint"]
    assert json.loads((desk / "runs.jsonl").read_text())["error"] == "posix-only"


def test_it_is_asked_for_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    require_posix("anything")
    monkeypatch.setitem(sys.modules, "termios", None)
    with pytest.raises(ToolError) as caught:
        raw_terminal("a virtual meter")
    assert (caught.value.subject, caught.value.code) == ("a virtual meter", "posix-only")
