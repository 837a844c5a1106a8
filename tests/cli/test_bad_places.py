"""Places that cannot be written, disks that are full, folders that belong to someone else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.command_line import (
    ENTRY,
    ROOT,
    Done,
    edgekit,
    fails,
    nothing_left_in,
    program,
    started,
    succeeds,
    tree,
)

CONVERT = ("convert", "model.tflite", "-t", "virtual-m4", "--calibration", "data.npz", "-o")
WRITERS = (
    "convert model.tflite -t virtual-m4 --calibration data.npz -o {out}",
    "build {bundle} -o {out}",
    "bench {bundle} -t host --quick -o {out}",
)


@pytest.mark.parametrize("line", WRITERS)
@pytest.mark.parametrize(
    ("out", "code"),
    [
        ("model.tflite", "not-a-folder"),
        ("model.tflite/below", "cannot-write"),
        ("/proc/edgekit", "cannot-write"),
        ("/dev/null/edgekit", "cannot-write"),
        ("x" * 300, "cannot-write"),
    ],
)
def test_places_that_cannot_be_folders(
    line: str, out: str, code: str, desk: Path, small_bundle: Path
) -> None:
    with nothing_left_in(desk, small_bundle, desk.parent / "temporary"):
        words = line.format(out=out, bundle=small_bundle).split()
        error = fails(*words, exit_code=1, code=code)
    assert error["subject"] == out
    assert "-o" in error["hint"]


@pytest.mark.parametrize("option", ["--html", "--markdown", "--csv"])
def test_views_that_cannot_be_written(option: str, desk: Path, small_bundle: Path) -> None:
    with nothing_left_in(desk):
        fails("report", small_bundle, option, "/proc/page", exit_code=1, code="cannot-write")
        fails("report", small_bundle, option, ".", exit_code=1, code="cannot-write")


def test_a_dump_that_cannot_be_written(desk: Path) -> None:
    with nothing_left_in(desk, desk.parent / "temporary"):
        fails(*CONVERT, "new", "--dump", "model.tflite", exit_code=1, code="cannot-write")


def test_a_dump_is_a_readable_graph_per_pass(desk: Path) -> None:
    succeeds(*CONVERT, "new", "--dump", "dump", "-q")
    names = sorted(path.name for path in Path("dump").iterdir())
    last = [name.partition("-")[2] for name in names[-2:]]
    assert (names[0], last) == ("00-load.txt", ["quantize.txt", "correct-biases.txt"])
    assert "CONV_2D" in (Path("dump") / names[0]).read_text(encoding="utf-8")


def test_a_folder_of_someone_else_is_not_replaced(desk: Path) -> None:
    Path("photos").mkdir()
    Path("photos/cat.jpg").write_text("precious", encoding="utf-8")
    with nothing_left_in(desk):
        error = fails(*CONVERT, "photos", exit_code=1, code="not-ours")
    assert "holds no edgekit.json" in error["found"]


def test_the_current_folder_is_not_replaced(desk: Path) -> None:
    (desk / "here").mkdir()
    os.chdir("here")
    words = [word.replace("model.t", "../model.t").replace("data", "../data") for word in CONVERT]
    with nothing_left_in(desk):
        fails(*words, ".", exit_code=1, code="current-folder")
        fails(*words, "../here", exit_code=1, code="current-folder")


def test_an_empty_folder_and_an_old_bundle_are_replaced(desk: Path, small_bundle: Path) -> None:
    Path("empty").mkdir()
    succeeds(*CONVERT, "empty")
    shutil.copytree(small_bundle, "old")
    Path("old/firmware").mkdir()
    succeeds(*CONVERT, "old")
    assert not Path("old/firmware").exists()
    assert tree(Path("old")) == tree(Path("empty"))


def test_the_bundle_has_the_rights_of_any_new_folder(desk: Path) -> None:
    mask = os.umask(0o022)
    try:
        succeeds(*CONVERT, "new")
    finally:
        os.umask(mask)
    assert Path("new").stat().st_mode & 0o777 == 0o755
    assert Path("new/report.json").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    "bad",
    [
        ("--calibration", "gone"),
        ("--format", "fortran"),
        ("-t", "esp32"),
        ("--min-agreement", "1", "--eval", "hard.npz", "--calibration", "tiny.npz"),
    ],
)
def test_a_failed_conversion_leaves_the_old_bundle_alone(
    bad: tuple[str, ...], desk: Path, small_bundle: Path
) -> None:
    import numpy as np

    values = np.load("data.npz")["x"]
    np.savez("hard.npz", x=values)
    np.savez("tiny.npz", x=values * 0.2)
    shutil.copytree(small_bundle, "bundle")
    with nothing_left_in(desk, desk.parent / "temporary"):
        done = edgekit(*CONVERT, "bundle", *bad)
    assert done.code in (1, 2, 3)


@pytest.mark.parametrize("line", WRITERS)
def test_a_full_disk(line: str, desk: Path, small_bundle: Path) -> None:
    """The system refuses files of more than 3000 bytes, as it does on a disk without space."""
    words = line.format(out="a/b", bundle=small_bundle).split()
    with nothing_left_in(small_bundle):
        done = program(*words, cwd=desk, EDGEKIT_TEST_FSIZE="3000", EDGEKIT_LOG="off")
    _one_error(done)
    if "build" not in words:  # a build keeps its log for the reader
        assert not (desk / "a").exists()
    assert not list(desk.rglob(".*"))
    assert not list((desk.parent / "temporary").iterdir())


def test_a_full_disk_under_the_old_bundle(desk: Path, small_bundle: Path) -> None:
    shutil.copytree(small_bundle, "bundle")
    with nothing_left_in(desk, desk.parent / "temporary"):
        done = program(*CONVERT, "bundle", cwd=desk, EDGEKIT_TEST_FSIZE="3000")
    _one_error(done)
    assert done.err.startswith("error: bundle: cannot be written: File too large")


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 48 kB, where this process may mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    made = mount and subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=48k", "none", str(place)],
        capture_output=True,
        check=False,
    )
    if not made or made.returncode:
        pytest.skip("may not mount a small file system here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("line", WRITERS)
def test_a_disk_that_fills_up(line: str, tiny_disk: Path, desk: Path, small_bundle: Path) -> None:
    words = line.format(out=tiny_disk / "new", bundle=small_bundle).split()
    (tiny_disk / "filler").write_bytes(bytes(36 * 1024))
    done = edgekit(*words, "--json")
    assert done.code == 1
    error = done.record["error"]
    assert "No space left on device" in error["found"], error
    if "build" not in words:
        assert sorted(path.name for path in tiny_disk.iterdir()) == ["filler"]


@pytest.mark.parametrize("line", ["report same", "report same --json", "targets", "--help"])
def test_standard_output_on_a_full_disk(line: str, desk: Path, small_bundle: Path) -> None:
    (desk / "same").symlink_to(small_bundle)
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", ENTRY, *line.split()],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False, cwd=desk,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "error: standard output: cannot be written: No space left on device [cannot-write]",
        "  next:    free space, or send it elsewhere",
        "  more:    edgekit explain cannot-write",
    ]


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_outputs_are_no_failure(closed: str, desk: Path) -> None:
    line = f'exec "$0" -c "$1" targets {closed}'
    done = subprocess.run(
        ["sh", "-c", line, sys.executable, ENTRY],
        capture_output=True, text=True, check=False, cwd=desk,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert ("virtual-m4" in done.stdout) == (closed == "2>&-")


def test_two_conversions_into_one_place_at_once(desk: Path) -> None:
    """Whoever is last wins; the bundle is whole and nothing else is left."""
    both = [started(*CONVERT, "same", "-q", cwd=desk) for _ in range(2)]
    codes = [process.wait(timeout=120) for process in both]
    for process in both:
        process.communicate()
    assert 0 in codes
    assert succeeds("run", "same", "data.npz", "-q").code == 0
    assert sorted(path.name for path in desk.iterdir()) == ["data.npz", "model.tflite", "same"]


def _one_error(done: Done) -> None:
    """Exit 1 with a few plain lines."""
    assert (done.code, done.out) == (1, ""), done
    lines = [line for line in done.err.splitlines() if not line.startswith("info: ")]
    assert lines[0].startswith("error: "), done
    assert all(line.startswith("  ") for line in lines[1:]), done
    assert "Traceback" not in done.err
    assert "internal error" not in done.err
