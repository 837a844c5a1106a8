"""Checkpoints: whole or not there, and never of another training."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.converter.train import checkpoint
from edgekit.converter.train.checkpoint import Checkpoint
from edgekit.converter.train.history import Row, csv_text
from edgekit.errors import ModelError, OutputError

ROWS = (Row(1, 16, 0.2, 1.25, 0.5, 1.0, 0.625), Row(2, 32, 1 / 3, 0.1, 1.0, None, None))
IDENTITY: dict[str, Any] = {
    **dict.fromkeys(checkpoint.NAMES, 1),
    "augment": ["flip"],
    "progressive": None,
}


def _made() -> Checkpoint:
    rng = np.random.default_rng(0)
    arrays = {f"network/{i:04d}": rng.normal(size=(3, i + 1)).astype(np.float32) for i in range(4)}
    return Checkpoint(IDENTITY, ROWS, {**arrays, "optimizer/0000": np.array(7)})


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path, made = tmp_path / "a.npz", _made()
    checkpoint.write(path, made)
    found = checkpoint.read(path)
    assert (found.identity, found.history) == (made.identity, made.history)
    assert found.arrays.keys() == made.arrays.keys()
    for name, values in made.arrays.items():
        np.testing.assert_array_equal(found.arrays[name], values)
        assert found.arrays[name].dtype == values.dtype
    checkpoint.refuse_other(path, found.identity, IDENTITY)


def test_the_history_as_csv() -> None:
    assert csv_text(ROWS).splitlines() == [
        "epoch,size,rate,loss,top1,eval_loss,eval_top1",
        "1,16,0.2,1.25,0.5,1,0.625",
        "2,32,0.333333,0.1,1,,",
    ]
    assert ROWS[0].text(2) == (
        "epoch 1/2  loss 1.2500  top-1 50.00%  evaluation: loss 1.0000, top-1 62.50%"
    )
    assert ROWS[1].text(2) == "epoch 2/2  loss 0.1000  top-1 100.00%"


@pytest.mark.parametrize("key", sorted(checkpoint.NAMES))
def test_another_training_is_refused_by_name(key: str) -> None:
    asked = {**IDENTITY, key: ["crop", "erase"] if key == "augment" else "other"}
    with pytest.raises(ModelError) as caught:
        checkpoint.refuse_other(Path("m.checkpoint.npz"), IDENTITY, asked)
    assert caught.value.code == "other-checkpoint"
    text = str(caught.value)
    assert checkpoint.NAMES[key] in text
    assert "--resume" in text
    if key in checkpoint.HASHED:
        assert text.startswith("m.checkpoint.npz: of another training: ")
    elif key == "augment":
        assert "--augment was flip, now it is crop,erase" in text
    elif key == "progressive":
        assert "was none, now it is other" in text
    else:
        assert "was 1, now it is other" in text


def test_options_that_came_later_are_no_difference() -> None:
    old = {key: value for key, value in IDENTITY.items() if key != "ema"}
    checkpoint.refuse_other(Path("m.checkpoint.npz"), old, IDENTITY)


def test_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no checkpoint to resume from\. Leave --resume out"):
        checkpoint.read(tmp_path / "a.npz")


def test_an_unfinished_training_is_not_overwritten(tmp_path: Path) -> None:
    checkpoint.refuse_overwriting(tmp_path / "a.npz")
    (tmp_path / "a.npz").write_bytes(b"")
    with pytest.raises(OutputError, match=r"unfinished training, which would be lost\. Go on with"):
        checkpoint.refuse_overwriting(tmp_path / "a.npz")


def test_damaged_checkpoints(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    checkpoint.write(path, _made())
    whole = path.read_bytes()
    damaged = [b"", b"no archive", whole[: len(whole) // 2], whole[:200] + whole[300:]]
    for data in damaged:
        path.write_bytes(data)
        with pytest.raises(ModelError, match="cannot be read as a checkpoint") as caught:
            checkpoint.read(path)
        assert caught.value.code == "checkpoint-damaged"
    np.savez(path, x=np.ones(3))
    with pytest.raises(ModelError, match="Delete it and start again"):
        checkpoint.read(path)


def test_a_newer_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.npz"
    monkeypatch.setattr(checkpoint, "FORMAT", 99)
    checkpoint.write(path, _made())
    monkeypatch.undo()
    with pytest.raises(ModelError, match="format 99, this program reads 1"):
        checkpoint.read(path)


@pytest.mark.parametrize("done", [1, 2])
def test_a_full_disk_keeps_the_last_checkpoint(
    done: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(b"the last")

    def full(*arguments: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fdopen", full)
    made = _made()
    with pytest.raises(OutputError) as caught:
        checkpoint.write(path, Checkpoint(made.identity, ROWS[:done], made.arrays))
    assert caught.value.code == "checkpoint-not-written"
    assert f"No space left on device, after epoch {done}; " in str(caught.value)
    kept = "the checkpoint of epoch 1 is whole" if done == 2 else "no checkpoint exists yet"
    assert kept in str(caught.value)
    assert ("--resume" in caught.value.hint) == (done == 2)
    assert path.read_bytes() == b"the last"
    assert list(tmp_path.iterdir()) == [path]
