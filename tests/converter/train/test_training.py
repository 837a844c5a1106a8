"""Whole trainings of tiny networks: they learn, repeat exactly, and go on exactly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgekit
from edgekit.converter.options import ConvertOptions
from edgekit.converter.train import loop
from edgekit.converter.train.history import Row
from edgekit.converter.train.options import TrainOptions
from edgekit.converter.train.train import Places, Trained, train
from edgekit.errors import EdgeKitError, ModelError, OutputError, UsageError
from tests.helpers.colours import coloured, write_colours

pytestmark = pytest.mark.tensorflow
pytest.importorskip("tensorflow")

TINY = TrainOptions(width=0.25, epochs=3, batch=24, validation=0.25, rate=0.05)
EVERYTHING = replace(
    TINY,
    augment=("flip", "crop", "erase", "mixup", "cutmix"),
    ema=0.9,
    progressive=0.5,
    optimizer="adamw",
    schedule="cosine",
    rate=0.01,
)


def _run(colours: Path, output: Path, options: TrainOptions = TINY, **more: Any) -> Trained:
    return train("resnet8", colours, output=output, options=options, **more)


def _stop_after(epoch: int) -> Callable[[Row, int], None]:
    def stop(row: Row, epochs: int) -> None:
        if row.epoch == epoch:
            raise KeyboardInterrupt

    return stop


@pytest.fixture(scope="module")
def trained(colours: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A network that knows its colours."""
    place = tmp_path_factory.mktemp("trained") / "colours.keras"
    return _run(colours, place, replace(TINY, epochs=8, augment=("flip",)))


def test_it_learns(trained: Trained) -> None:
    assert trained.top1 is not None
    assert trained.top1 >= 0.95
    assert trained.rows[-1].loss < trained.rows[0].loss
    assert [row.epoch for row in trained.rows] == list(range(1, 9))
    assert trained.evaluation == "24 samples held back from colours.npz (96 samples)"
    assert len(trained.epoch_seconds) == 8
    assert sorted(path.name for path in trained.model.parent.iterdir()) == [
        "colours.history.csv",
        "colours.keras",
    ]
    assert len(trained.history.read_text().splitlines()) == 9


def test_what_it_learned_survives_conversion(
    trained: Trained, colours: Path, tmp_path: Path
) -> None:
    """`convert` finds the scaling by itself, and the int8 network is as good."""
    result = edgekit.convert(
        trained.model,
        target="virtual-m4",
        output_dir=tmp_path / "bundle",
        options=ConvertOptions(calibration=str(colours)),
    )
    preprocess = result.manifest.preprocess
    assert preprocess is not None
    assert (preprocess.mean, preprocess.scale) == ((127.5,), (1 / 127.5,))
    answers = edgekit.classify(tmp_path / "bundle", _pictures(tmp_path), engine="reference")
    assert [answer.top[0][0] for answer in answers] == ["blue", "green", "red"]


def _pictures(folder: Path) -> list[str]:
    x, labels = coloured(3, 9)
    for index, label in enumerate(labels):
        np.save(folder / f"{label}.npy", x[index])
    return [str(folder / f"{label}.npy") for label in range(3)]


@pytest.mark.parametrize("options", [TINY, EVERYTHING], ids=["plain", "everything"])
def test_resumed_equals_uninterrupted(options: TrainOptions, colours: Path, tmp_path: Path) -> None:
    """And so does a second run: the same bytes of model and history. An interruption after the
    last epoch leaves only the model to be written."""
    whole = _run(colours, tmp_path / "whole.keras", options)
    place = tmp_path / "part.keras"
    stop = 2 if options is TINY else 3
    with pytest.raises(KeyboardInterrupt):
        _run(colours, place, options, on_epoch=_stop_after(stop))
    assert Places(place).checkpoint.is_file()
    assert not place.exists()
    resumed = _run(colours, place, replace(options, resume=True))
    assert (resumed.resumed_after, len(resumed.epoch_seconds)) == (stop, 3 - stop)
    assert resumed.rows == whole.rows
    assert place.read_bytes() == whole.model.read_bytes()
    assert resumed.history.read_bytes() == whole.history.read_bytes()
    assert not Places(place).checkpoint.exists()


def test_another_seed_gives_another_network(colours: Path, tmp_path: Path) -> None:
    one = replace(TINY, epochs=1)
    first, second = (
        _run(colours, tmp_path / f"{seed}.keras", replace(one, seed=seed)) for seed in (0, 1)
    )
    assert first.rows != second.rows
    assert first.model.read_bytes() != second.model.read_bytes()


def test_resuming_something_else_is_refused(colours: Path, tmp_path: Path) -> None:
    place = tmp_path / "a.keras"
    with pytest.raises(KeyboardInterrupt):
        _run(colours, place, on_epoch=_stop_after(1))
    kept = Places(place).checkpoint.read_bytes()
    again = replace(TINY, resume=True)
    other = write_colours(tmp_path / "other.npz", seed=5)
    cases: tuple[tuple[str, Callable[[], object]], ...] = (
        (
            "the architecture was resnet8, now it is dscnn",
            lambda: train("dscnn", colours, output=place, options=again),
        ),
        ("--seed was 0, now it is 3", lambda: _run(colours, place, replace(again, seed=3))),
        ("the training data differ", lambda: _run(other, place, again)),
        ("--epochs was 3, now it is 9", lambda: _run(colours, place, replace(again, epochs=9))),
    )
    for words, call in cases:
        with pytest.raises(ModelError) as caught:
            call()
        assert caught.value.code == "other-checkpoint"
        assert words in str(caught.value)
    with pytest.raises(OutputError, match="unfinished training"):
        _run(colours, place)
    assert Places(place).checkpoint.read_bytes() == kept


def test_nothing_to_resume(colours: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no checkpoint to resume from"):
        _run(colours, tmp_path / "a.keras", replace(TINY, resume=True))


@pytest.mark.parametrize("name", ["model.h5", "model", "."])
def test_only_keras_files_are_written(name: str, colours: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"a file that ends in \.keras"):
        _run(colours, tmp_path / name)


def test_a_loss_that_explodes_is_said(
    colours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(*arguments: Any) -> Callable[..., Any]:
        return lambda x, y, decay: (float("nan"), 0)

    monkeypatch.setattr(loop, "_step", explode)
    with pytest.raises(EdgeKitError) as caught:
        _run(colours, tmp_path / "a.keras")
    assert caught.value.code == "diverged"
    assert "no longer finite in epoch 1" in str(caught.value)
    assert "--lr" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_without_evaluation_data(colours: Path, tmp_path: Path) -> None:
    found = _run(colours, tmp_path / "a.keras", replace(TINY, epochs=1, validation=0))
    assert (found.top1, found.loss, found.evaluation) == (None, None, None)
    assert found.history.read_text().endswith(",,\n")


def test_with_evaluation_data(trained: Trained, colours: Path, tmp_path: Path) -> None:
    """The top-1 told is that of the file written."""
    other = write_colours(tmp_path / "other.npz", count=300, seed=8)
    options = replace(TINY, epochs=2, evaluation=str(other), ema=0.5)
    found = _run(colours, tmp_path / "a.keras", options)
    import keras

    x, labels = coloured(300, 8)
    model = keras.models.load_model(found.model)
    answers = model.predict((x.astype(np.float32) - 127.5) / 127.5, verbose=0).argmax(axis=1)
    assert found.top1 == float((answers == labels).mean())
    assert found.evaluation == "other.npz (300 samples)"


def test_arrays_are_trained_on_as_they_are(tmp_path: Path) -> None:
    x, labels = coloured(48, 0)
    np.savez(tmp_path / "a.npz", x=(x.astype(np.float32) - 128) / 64, y=labels)
    found = train("dscnn", tmp_path / "a.npz", output=tmp_path / "a.keras", options=TINY)
    assert found.shape == (8, 8, 3)
    assert found.classes == ("0", "1", "2")


def test_progress_is_told(colours: Path, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    options = replace(TINY, epochs=2)
    _run(colours, tmp_path / "a.keras", options, progress=lambda *step: told.append(step))
    assert told[0] == ("load data", 96, 96)
    assert told[1:] == [("train", step, 6) for step in range(1, 7)]
