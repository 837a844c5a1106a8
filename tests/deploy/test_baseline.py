"""Classical models beside a network: the table, the verdict, and what is refused."""

from __future__ import annotations

import builtins
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from edgekit.converter.classical.candidates import CANDIDATES
from edgekit.converter.classical.measure import Row, interval
from edgekit.converter.classical.vectors import SIDE, halves, small_shape, vectors
from edgekit.converter.classical.verdict import verdict
from edgekit.converter.data.open import open_dataset
from edgekit.converter.load import load_model
from edgekit.deploy.baseline import baseline
from edgekit.errors import MissingExtraError
from tests.helpers.command_line import fails, succeeds
from tests.helpers.estimators import iris
from tests.helpers.tiny_tflite import add_one_model

NAMES = [candidate.name for candidate in CANDIDATES]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    x, y = iris()
    path = tmp_path_factory.mktemp("baseline") / "iris.npz"
    np.savez(path, x=x.astype(np.float32), y=y)
    return path


@pytest.fixture(scope="module")
def found(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """The record of one run, and where it kept its models."""
    kept = tmp_path_factory.mktemp("kept")
    done = succeeds("baseline", "--data", data, "--save", kept, "--json", "-o", kept / "t.json")
    assert json.loads((kept / "t.json").read_text()) == done.record
    return done.record, kept


def test_every_model_has_a_row(found: Any) -> None:
    record, _ = found
    assert [row["name"] for row in record["rows"]] == NAMES
    assert record["evaluation"] == "iris.npz (36 samples)"
    assert record["features"] == "4 numbers as they are"
    for row in record["rows"]:
        assert row["low"] <= row["accuracy"] <= row["high"]
        assert (row["samples"], row["network"]) == (36, False)
        if row["name"] != NAMES[0]:
            assert min(row["flash_bytes"], row["ram_bytes"], row["instructions"]) > 0
            assert row["accuracy"] > 0.6


def test_kept_models_convert(found: Any) -> None:
    _, kept = found
    names = sorted(path.stem.replace("_", " ") for path in kept.glob("*.joblib"))
    assert names == sorted(NAMES[1:])
    for path in kept.glob("*.joblib"):
        assert load_model(path).graph.inputs == ("features",)


def test_the_same_seed_gives_the_same_table(data: Path, found: Any) -> None:
    def rows(values: Any) -> list[Row]:
        return [replace(row, seconds=None) for row in values]

    again = baseline(data)
    assert rows(again.rows) == rows(Row(**row) for row in found[0]["rows"])
    assert again.verdict == found[0]["verdict"]


def test_a_network_is_judged_on_the_same_samples(data: Path, found: Any) -> None:
    """A model of the table serves as the network."""
    record, kept = found
    model = kept / "logistic_regression.joblib"
    done = baseline(data, models=(str(model),))
    row, twin = done.rows[-1], record["rows"][NAMES.index("logistic regression")]
    assert (row.network, row.samples, row.seconds) == (True, 36, None)
    assert row.accuracy == pytest.approx(twin["accuracy"], abs=1.5 / 36)
    assert "network" in done.verdict


def test_a_network_that_came_quantized(data: Path, found: Any, tmp_path: Path) -> None:
    """It is the same network as the float model that is quantized on the way."""
    model = found[1] / "logistic_regression.joblib"
    out = tmp_path / "bundle"
    succeeds("convert", model, "-t", "host", "--calibration", data, "-q", "-o", out)
    (row,) = baseline(data, models=(str(out / "model.tflite"),)).rows[-1:]
    twin = found[0]["rows"][NAMES.index("logistic regression")]
    assert (row.name, row.network, row.samples) == ("model.tflite", True, 36)
    assert row.accuracy == pytest.approx(twin["accuracy"], abs=1.5 / 36)
    assert min(row.flash_bytes, row.ram_bytes, row.instructions) > 0


def test_a_network_that_stays_float(data: Path, found: Any) -> None:
    record, kept = found
    model = str(kept / "decision_tree.joblib")
    row = baseline(data, models=(model,), precision="float32").rows[-1]
    twin = record["rows"][NAMES.index("decision tree")]
    assert row.accuracy == pytest.approx(twin["accuracy"], abs=1.5 / 36)


def test_samples_bound_the_work(data: Path) -> None:
    done = succeeds("baseline", "--data", data, "--samples", 30)
    assert "trained on iris.npz (30 of 114 samples)" in done.out.replace("\n", " ")


def test_pictures_are_averaged_down(tmp_path: Path) -> None:
    for name, level in (("dark", 20), ("light", 230)):
        (tmp_path / name).mkdir()
        for index in range(4):
            image = np.full((48, 40, 3), level + index, np.uint8)
            Image.fromarray(image).save(tmp_path / name / f"{index}.png")
    dataset = open_dataset(tmp_path)
    assert small_shape(dataset.load(0)) == (SIDE, 13, 3)
    known, features = vectors(dataset)
    assert (known.x.shape, features) == ((8, SIDE * 13 * 3), "16x13x3 pixels of 0..255")
    assert set(known.x[0].tolist()) == {20.0}


def test_every_class_is_held_back_once_at_least(data: Path) -> None:
    kept, held = halves(open_dataset(data), 0.01, 0)
    assert (kept.count, held.count) == (147, 3)
    assert sorted(held.labels or ()) == [0, 1, 2]


# ------------------------------------------------------------------------------- the verdict


def row(name: str, accuracy: float, instructions: int, *, network: bool = False) -> Row:
    low, high = interval(accuracy, 400)
    return Row(name, accuracy, low, high, 400, 1, 1, instructions, network=network)


CONSTANT, TREE, FOREST = row("most frequent class", 0.3, 0), row("tree", 0.8, 100), (
    row("forest", 0.82, 900)
)  # fmt: skip


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ((), "A network has to beat 85.45 %, the upper end of forest; tree is as good within its"
             " error (100 instructions against 900)."),
        ((row("net", 0.83, 9000, network=True),),
         "You do not need this network: tree reaches 80.00 % where it has 83.00 % (100"
         " instructions against 9,000)."),
        ((row("net", 0.95, 9000, network=True),),
         "The network pays: 95.00 %, 13.00 points more than forest, the best without one (900"
         " instructions against 9,000)."),
    ],
)  # fmt: skip
def test_verdicts(more: tuple[Row, ...], said: str) -> None:
    assert verdict((CONSTANT, TREE, FOREST, *more)) == said


def test_features_that_say_nothing_are_named() -> None:
    assert "No model here is clearly better" in verdict((CONSTANT, row("tree", 0.31, 100)))


@pytest.mark.parametrize(("share", "count"), [(0.0, 10), (1.0, 10), (0.5, 4), (0.9, 1000)])
def test_intervals_hold_the_share(share: float, count: int) -> None:
    low, high = interval(share, count)
    assert 0 <= low <= share <= high <= 1
    assert high - low < 2 / count**0.5


# ----------------------------------------------------------------------------------- refused


def saved(folder: Path, name: str, **arrays: Any) -> Path:
    np.savez(folder / name, **arrays)
    return folder / name


def test_bad_data_is_refused(data: Path, tmp_path: Path) -> None:
    x, y = iris()
    plain = saved(tmp_path, "plain.npz", x=x)
    assert "label" in fails("baseline", "--data", plain, exit_code=1, code="no-labels")["found"]
    one = saved(tmp_path, "one.npz", x=x, y=np.zeros(len(x), int))
    fails("baseline", "--data", one, exit_code=1, code="one-class")
    narrow = saved(tmp_path, "narrow.npz", x=x[:, :3], y=y)
    error = fails("baseline", "--data", data, "--eval", narrow, exit_code=1, code="feature-count")
    assert error["found"] == "3 features"
    error = fails("baseline", "--data", data, "--precision", "int4", exit_code=2, code="bad-option")
    assert error["allowed"] == "int8, int16, float32"


def test_a_network_that_predicts_no_classes(tmp_path: Path) -> None:
    """As many outputs as inputs: an autoencoder, whose error ranks samples and names no class."""
    x, y = iris()
    two = saved(tmp_path, "two.npz", x=x.astype(np.float32), y=(y > 0).astype(int))
    model = tmp_path / "net.tflite"
    model.write_bytes(add_one_model())
    error = fails("baseline", "--data", two, "--model", model, exit_code=2, code="baseline-network")
    assert "predicts no classes" in error["found"]
    assert error["allowed"] == "a classifier of the data's classes"


def test_scikit_learn_is_named_where_it_is_missing(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: Any) -> Any:
        if name == "sklearn":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(MissingExtraError) as caught:
        baseline(data)
    assert "edgekit-sdk[sklearn]" in caught.value.hint
