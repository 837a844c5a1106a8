"""`edgekit train`: what it prints and writes, and what it says when it cannot."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.train.zoo import NAMES
from tests.helpers.colours import coloured, write_colours
from tests.helpers.command_line import Done, fails, nothing_left_in, program, started, succeeds

TINY = "resnet8 --data colours.npz --width 0.25 --batch 24 --lr 0.05 -o tiny.keras"


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with tiny data, and in it."""
    write_colours(tmp_path / "colours.npz")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_list_of_networks(bench: Path) -> None:
    done = succeeds("train", "--list")
    assert all(name in done.out for name in NAMES)
    assert "8x8 pixels and more" in done.out
    rows = succeeds("train", "--list", "--json").record
    assert [row["name"] for row in rows] == list(NAMES)
    assert all(row["paper"] and row["title"] for row in rows)


@pytest.mark.tensorflow
def test_a_training_as_text(bench: Path) -> None:
    pytest.importorskip("tensorflow")
    done = succeeds("train", *TINY.split(), "--epochs", "2")
    lines = done.out.splitlines()
    assert lines[0].startswith("epoch 1/2  loss ")
    assert lines[1].startswith("epoch 2/2  loss ")
    assert "9 samples held back" not in done.out
    assert "10 samples held back from colours.npz (96 samples)" in done.out
    assert lines[-1] == "model: tiny.keras"
    assert done.err == ""
    written = sorted(path.name for path in bench.iterdir())
    assert written == ["colours.npz", "tiny.history.csv", "tiny.keras"]


@pytest.mark.tensorflow
@pytest.mark.slow
def test_two_processes_write_the_same_bytes(bench: Path) -> None:
    pytest.importorskip("tensorflow")
    for name in ("a.keras", "b.keras"):
        words = (*TINY.split(), "--epochs", "1", "--ema", "0.9", "-q", "-o", name)
        assert program("train", *words, cwd=bench) == Done(0, "", "")
    for suffix in (".keras", ".history.csv"):
        assert (bench / f"a{suffix}").read_bytes() == (bench / f"b{suffix}").read_bytes()


@pytest.mark.tensorflow
def test_a_training_as_json(bench: Path) -> None:
    pytest.importorskip("tensorflow")
    x, y = coloured(30, 3)
    np.savez("eval.npz", x=x, y=y)
    words = (*TINY.split(), "--eval", "eval.npz", "--epochs", "2", "--augment", "none", "--json")
    done = succeeds("train", *words)
    assert done.err == ""
    record = done.record
    assert (record["model"], record["architecture"]) == ("tiny.keras", "resnet8")
    assert record["evaluation"] == "eval.npz (30 samples)"
    assert record["top1"] == record["rows"][-1]["eval_top1"]
    assert [row["epoch"] for row in record["rows"]] == [1, 2]
    assert (record["shape"], record["classes"]) == ([8, 8, 3], ["blue", "green", "red"])


@pytest.mark.tensorflow
@pytest.mark.parametrize("as_json", [False, True])
def test_ctrl_c_keeps_the_last_checkpoint(as_json: bool, bench: Path) -> None:
    pytest.importorskip("tensorflow")
    words = ("train", *TINY.split(), "--epochs", "400", *(["--json"] if as_json else []))
    process = started(*words, cwd=bench)
    history = bench / "tiny.history.csv"
    while not history.exists():
        assert process.poll() is None, process.communicate()
        os.sched_yield()
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=100)
    assert process.returncode == 130
    kept = [path.name for path in bench.iterdir() if path.name.endswith("checkpoint.npz")]
    assert kept == ["tiny.checkpoint.npz"]
    assert not (bench / "tiny.keras").exists()
    hint = "go on with the same command and --resume"
    if as_json:
        error = json.loads(out)["error"]
        assert (error["code"], error["hint"], err) == ("interrupted", hint, "")
        assert "of 400, kept in tiny.checkpoint.npz" in error["found"]
    else:
        first, second = err.splitlines()
        assert first.startswith("error: interrupted: after epoch ")
        assert first.endswith(" of 400, kept in tiny.checkpoint.npz")
        assert second == f"  next:    {hint}"


def test_ctrl_c_before_the_first_epoch(bench: Path) -> None:
    os.mkfifo("slow.npz")
    words = ("train", "resnet8", "--data", "slow.npz", "-o", "new/tiny.keras")
    process = started(*words, cwd=bench, EDGEKIT_TEST_HIDE="")
    with (bench / "slow.npz").open("wb"):  # opens once the program reads
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=100)
    assert (process.returncode, out) == (130, "")
    assert err.splitlines() == [
        "error: interrupted: before the end of the first epoch: nothing was kept",
        "  next:    start again",
    ]
    assert not (bench / "new").exists()


def test_no_tensorflow(bench: Path) -> None:
    with nothing_left_in(bench):
        done = program("train", *TINY.split(), cwd=bench, EDGEKIT_TEST_HIDE="tensorflow,keras")
    assert done == Done(
        1,
        "",
        "error: tensorflow: not installed, and training needs it\n"
        "  next:    run: pip install 'edgekit-sdk[convert]'\n",
    )


@pytest.mark.parametrize(
    ("line", "exit_code", "code", "words"),
    [
        ("", 2, "argument-missing", ("ARCH is missing", "--list")),
        ("resnet8", 2, "argument-missing", ("--data is missing",)),
        ("resnet9 --data colours.npz", 2, "unknown-architecture", ("did you mean resnet8?",)),
        ("resnet8 --data colours.npz --input 32", 2, "bad-option", ("HEIGHTxWIDTHxCHANNELS",)),
        ("resnet8 --data colours.npz --epochs 0", 2, "bad-option", ("--epochs", "1 or more")),
        ("resnet8 --data colours.npz --augment flop", 2, "bad-option", ("flip, crop, erase",)),
        ("resnet8 --data colours.npz -o tiny.h5", 2, "bad-option", ("ends in .keras",)),
        ("resnet8 --data colours.npz --resume", 1, "no-checkpoint", ("leave --resume out",)),
        (
            "resnet8 --data colours.npz --real-weights 0.5",
            2,
            "train-not-binary",
            ("resnet8 has no binarized layers", "quicknet", "leave it out"),
        ),
        ("resnet8 --data colours.npz -o colours.npz/a.keras", 1, "not-a-folder", ("colours.npz",)),
    ],
)
def test_what_is_refused_before_any_work(
    line: str, exit_code: int, code: str, words: tuple[str, ...], bench: Path
) -> None:
    with nothing_left_in(bench):
        error = fails("train", *line.split(), exit_code=exit_code, code=code)
    for word in words:
        assert word in " ".join(map(str, error.values()))


def test_an_unfinished_training_is_not_lost(bench: Path) -> None:
    (bench / "tiny.checkpoint.npz").write_bytes(b"hours of work")
    with nothing_left_in(bench):
        error = fails("train", *TINY.split(), exit_code=1, code="unfinished-training")
    assert "--resume" in error["hint"]


@pytest.mark.tensorflow
def test_a_full_disk(bench: Path) -> None:
    pytest.importorskip("tensorflow")
    with nothing_left_in(bench):
        done = program("train", *TINY.split(), cwd=bench, EDGEKIT_TEST_FSIZE="20000")
    assert (done.code, done.out) == (1, "")
    first, second, third = done.err.splitlines()
    assert first.startswith("error: tiny.checkpoint.npz: cannot be written: ")
    assert first.endswith(", after epoch 1; no checkpoint exists yet [checkpoint-not-written]")
    assert second.startswith("  next:    free space, check permissions")
    assert third == "  more:    edgekit explain checkpoint-not-written"


@pytest.mark.parametrize(
    ("line", "code", "found"),
    [
        ("gone", "data-missing", "no such file or folder"),
        ("unlabelled.npz", "no-labels", "has no labels"),
        ("one.npz", "one-class", "all 9 samples are of one class"),
        ("small.npz", "input-too-small", "4x4x3 is smaller than resnet8 can take"),
        ("colours.npz --input 4x4x3", "input-too-small", "4x4x3 is smaller"),
    ],
)
def test_data_that_cannot_be_trained_on(line: str, code: str, found: str, bench: Path) -> None:
    x, y = coloured(9, 0)
    np.savez("unlabelled.npz", x=x)
    np.savez("one.npz", x=x, y=np.zeros(9))
    np.savez("small.npz", x=x[:, :4, :4], y=y)
    with nothing_left_in(bench):
        error = fails("train", "resnet8", "--data", *line.split(), exit_code=1, code=code)
    assert found in error["found"]
