"""Learning from teachers: the loss against its formula in NumPy, and every refusal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgekit.converter.data.candidates import BYTES, SIGNED, UNIT
from edgekit.converter.quantize.int8 import quantize_int8
from edgekit.converter.tflite.writer import write_tflite
from edgekit.converter.train import data
from edgekit.converter.train.backend import classifier
from edgekit.converter.train.loss import Distillation, attention_distance, hard_loss, total_loss
from edgekit.converter.train.options import TrainOptions
from edgekit.converter.train.scaling import scaled
from edgekit.converter.train.teacher import Teacher, load_teachers
from edgekit.converter.train.train import train
from edgekit.converter.train.zoo import build, find, initialize
from edgekit.errors import ModelError
from tests.helpers.colour_networks import write_colour_network
from tests.helpers.colours import coloured
from tests.helpers.float_graphs import classifier as small_graph
from tests.helpers.float_graphs import samples

pytestmark = pytest.mark.tensorflow
tf = pytest.importorskip("tensorflow")

Floats = NDArray[np.float64]
TINY = TrainOptions(width=0.25, epochs=2, batch=24, validation=0.25, rate=0.05)


def _softmax(z: Floats) -> Floats:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    result: Floats = e / e.sum(axis=1, keepdims=True)
    return result


class Fixed:
    """A teacher whose answers are given."""

    def __init__(self, scores: Floats, features: Any = None) -> None:
        self.scores, self.features = scores, features

    def answer(self, tf: Any, x: Any) -> tuple[Any, Any]:
        features = None if self.features is None else tf.constant(self.features, tf.float32)
        return tf.constant(self.scores, tf.float32), features


def _loss(
    z: Floats, y: Floats, teachers: list[Fixed], features: Any = None, **options: float
) -> float:
    settings = {"temperature": 4.0, "alpha": 0.9, "feature_weight": 0.0, **options}
    distil = Distillation(teachers=tuple(teachers), **settings)  # type: ignore[arg-type]
    ours = None if features is None else tf.constant(features, tf.float32)
    arrays = (tf.constant(values, tf.float32) for values in (z, y))
    student, targets = arrays
    return float(total_loss(tf, student, ours, None, targets, distil if teachers else None))


@pytest.mark.parametrize(("heat", "alpha"), [(1.0, 0.5), (4.0, 0.9), (8.0, 1.0), (2.0, 0.0)])
@pytest.mark.parametrize("count", [1, 3])
def test_the_loss_is_that_of_the_formula(heat: float, alpha: float, count: int) -> None:
    rng = np.random.default_rng(count)
    z, y = rng.normal(size=(5, 4)) * 3, _softmax(rng.normal(size=(5, 4)))
    theirs = [rng.normal(size=(5, 4)) * 3 for _ in range(count)]
    p = np.mean([_softmax(t / heat) for t in theirs], axis=0)
    hard = -(y * np.log(_softmax(z))).sum(axis=1).mean()
    soft = heat**2 * (p * (np.log(p) - np.log(_softmax(z / heat)))).sum(axis=1).mean()
    found = _loss(z, y, [Fixed(t) for t in theirs], temperature=heat, alpha=alpha)
    assert found == pytest.approx((1 - alpha) * hard + alpha * soft, rel=1e-4)
    assert _loss(z, y, []) == pytest.approx(hard, rel=1e-5)


def test_a_student_that_equals_its_teacher_has_nothing_to_learn_from_it() -> None:
    z = np.random.default_rng(0).normal(size=(6, 5))
    assert _loss(z, _softmax(z), [Fixed(z)], alpha=1.0) == pytest.approx(0, abs=1e-5)


def test_features_match_by_where_they_look() -> None:
    rng = np.random.default_rng(1)
    ours = rng.normal(size=(3, 4, 4, 6))
    looks = np.sqrt((ours**2).sum(axis=3, keepdims=True)) * 7.0  # one channel, other scale
    assert float(attention_distance(tf, *_floats(ours, looks))) == pytest.approx(0, abs=1e-5)
    theirs = rng.normal(size=(3, 4, 4, 2))

    def unit(values: Floats) -> Floats:
        flat = (values**2).sum(axis=3).reshape(3, -1)
        result: Floats = flat / np.linalg.norm(flat, axis=1, keepdims=True)
        return result

    expected = ((unit(ours) - unit(theirs)) ** 2).sum(axis=1).mean()
    assert float(attention_distance(tf, *_floats(ours, theirs))) == pytest.approx(
        expected, rel=1e-4
    )
    z = rng.normal(size=(3, 2))
    plain = _loss(z, _softmax(z), [Fixed(z)])
    more = _loss(z, _softmax(z), [Fixed(z, theirs)], ours, feature_weight=10.0)
    assert more - plain == pytest.approx(10 * expected, rel=1e-3)


def test_maps_of_other_sizes_are_brought_together() -> None:
    ours = np.random.default_rng(2).normal(size=(2, 4, 4, 3))
    looks = np.sqrt((ours**2).sum(axis=3, keepdims=True))
    large = looks.repeat(2, axis=1).repeat(2, axis=2)
    assert float(attention_distance(tf, *_floats(ours, large))) == pytest.approx(0, abs=1e-5)


def _floats(*arrays: Floats) -> tuple[Any, ...]:
    return tuple(tf.constant(values, tf.float32) for values in arrays)


@pytest.fixture(scope="module")
def labelled(colours: Path) -> data.Labelled:
    return data.load(colours, None, samples=None, seed=0, progress=lambda *step: None)


@pytest.fixture(scope="module")
def knowing(colours: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A teacher that knows its colours."""
    place = tmp_path_factory.mktemp("teacher") / "teacher.keras"
    options = replace(TINY, epochs=8, augment=("flip",))
    found = train("resnet8", colours, output=place, options=options)
    assert found.top1 is not None
    assert found.top1 > 0.9
    return place


def _network(shape: tuple[int, int, int] = (8, 8, 3), classes: int = 3) -> Any:
    model = build(tf, find("dscnn"), shape, classes, 0.25)
    initialize(model, 4)
    return model


def _saved(model: Any, path: Path) -> Path:
    model.save(path)
    return path


def test_a_teacher_is_loaded_with_its_scaling(knowing: Path, labelled: data.Labelled) -> None:
    (teacher,) = load_teachers(tf, [knowing], labelled)
    assert (teacher.scaling, teacher.view.logits, teacher.view.features) == (SIGNED, True, True)
    assert teacher.top1 > 0.9


@pytest.mark.parametrize("scaling", [BYTES, UNIT])
def test_other_scalings_are_found(
    scaling: Any, knowing: Path, labelled: data.Labelled, tmp_path: Path
) -> None:
    inner = tf.keras.models.load_model(knowing)
    image = tf.keras.layers.Input((8, 8, 3))
    mean, factor = SIGNED.mean[0], SIGNED.scale[0] / scaling.scale[0]
    x = tf.keras.layers.Rescaling(factor, -mean * SIGNED.scale[0])(image)
    path = _saved(tf.keras.Model(image, inner(x)), tmp_path / "other.keras")
    (teacher,) = load_teachers(tf, [path], labelled)
    assert teacher.scaling == scaling
    assert teacher.top1 > 0.9


def test_a_float_tflite_teaches(labelled: data.Labelled, tmp_path: Path) -> None:
    path = write_colour_network(tmp_path / "a.tflite")
    (teacher,) = load_teachers(tf, [path], labelled)
    assert (teacher.scaling, teacher.view.logits, teacher.view.features) == (SIGNED, True, True)
    assert teacher.top1 > 0.9


def test_blue_first_is_reversed() -> None:
    x = np.arange(12, dtype=np.uint8).reshape(1, 2, 2, 3)
    from edgekit.converter.data.candidates import CAFFE

    found = np.asarray(scaled(tf, x, CAFFE))
    np.testing.assert_allclose(found, x[..., ::-1] - np.array(CAFFE.mean), rtol=1e-5)


@pytest.mark.parametrize("end", ["softmax layer", "dense softmax", "scores"])
def test_probabilities_and_scores_teach_the_same(end: str, labelled: data.Labelled) -> None:
    base = _network()
    scores = base.get_layer("scores")
    hidden = tf.keras.Model(base.input, scores.input)
    if end == "softmax layer":
        model = base
    else:
        kind = "softmax" if end == "dense softmax" else None
        last = tf.keras.layers.Dense(3, activation=kind)
        model = tf.keras.Model(base.input, last(hidden.output))
        last.set_weights(scores.get_weights())
    view = classifier(tf, model)
    assert view.logits == (end != "dense softmax")
    answer, _ = Teacher(Path("t"), "", view, SIGNED, 0.0).answer(tf, labelled.x[:9])
    expected, _ = Teacher(Path("t"), "", classifier(tf, base), SIGNED, 0.0).answer(
        tf, labelled.x[:9]
    )
    for heat in (1.0, 5.0):
        a, b = (np.asarray(tf.nn.softmax(value / heat)) for value in (answer, expected))
        np.testing.assert_allclose(a, b, atol=1e-4)


def test_an_ensemble_teaches(knowing: Path, colours: Path, tmp_path: Path) -> None:
    other = _saved(_network(), tmp_path / "other.keras")
    options = replace(TINY, epochs=1, teachers=(knowing, other), feature_weight=5.0)
    found = train("resnet8", colours, output=tmp_path / "a.keras", options=options)
    assert [name for name, _ in found.teachers] == ["teacher.keras", "other.keras"]
    alone = replace(options, teachers=(knowing,))
    second = train("resnet8", colours, output=tmp_path / "b.keras", options=alone)
    assert second.rows != found.rows


def test_an_h5_file_of_older_keras_teaches(test_data: Path, tmp_path: Path) -> None:
    """ResNet-8 of MLPerf Tiny takes 0..255; random pictures tell its scaling by chance only."""
    x, _ = coloured(20, 0, side=32)
    np.savez(tmp_path / "ten.npz", x=x, y=np.arange(20) % 10)
    path = test_data / "models" / "mlperf_resnet8_cifar10.h5"
    options = replace(TINY, epochs=1, teachers=(path,), feature_weight=1.0)
    found = train("resnet8", tmp_path / "ten.npz", output=tmp_path / "a.keras", options=options)
    assert [name for name, _ in found.teachers] == ["mlperf_resnet8_cifar10.h5"]
    assert found.rows[0].loss > 0


def _refused(labelled: data.Labelled, path: Path, code: str, *words: str) -> None:
    with pytest.raises(ModelError) as caught:
        load_teachers(tf, [path], labelled)
    assert caught.value.code == code
    assert caught.value.subject == f"teacher {path}"
    assert caught.value.hint
    for word in words:
        assert word in str(caught.value)


def test_teachers_that_do_not_fit(labelled: data.Labelled, tmp_path: Path) -> None:
    large = _saved(_network((12, 8, 3)), tmp_path / "large.keras")
    _refused(labelled, large, "teacher-input", "takes 12x8x3", "8x8x3", "--input 12x8x3")
    many = _saved(_network(classes=4), tmp_path / "many.keras")
    _refused(labelled, many, "teacher-classes", "tells 4 classes apart", "3, as the training data")
    (tmp_path / "a.txt").write_bytes(b"a teacher")
    with pytest.raises(ModelError, match="not a model"):
        load_teachers(tf, [tmp_path / "a.txt"], labelled)
    four = small_graph(classes=4)
    (tmp_path / "four.tflite").write_bytes(write_tflite(four))
    _refused(labelled, tmp_path / "four.tflite", "teacher-classes", "tells 4 classes apart")
    small = small_graph(size=6, classes=3)
    (tmp_path / "small.tflite").write_bytes(write_tflite(small))
    _refused(labelled, tmp_path / "small.tflite", "teacher-input", "takes 6x6x3")
    integer = quantize_int8(small, [samples(small, 9)]).graph
    (tmp_path / "int8.tflite").write_bytes(write_tflite(integer))
    _refused(labelled, tmp_path / "int8.tflite", "train-quantized", "is quantized already")
    _refused(labelled, tmp_path / "gone.keras", "teacher-file", "no such file")


def test_a_damaged_teacher(labelled: data.Labelled, tmp_path: Path) -> None:
    (tmp_path / "bad.keras").write_bytes(b"no archive")
    with pytest.raises(ModelError, match=r"bad\.keras: TensorFlow cannot load it"):
        load_teachers(tf, [tmp_path / "bad.keras"], labelled)


def test_another_teacher_is_another_training(colours: Path, knowing: Path, tmp_path: Path) -> None:
    other = _saved(_network(), tmp_path / "other.keras")
    place = tmp_path / "a.keras"

    def stop(*row: object) -> None:
        raise KeyboardInterrupt

    options = replace(TINY, teachers=(knowing,))
    with pytest.raises(KeyboardInterrupt):
        train("resnet8", colours, output=place, options=options, on_epoch=stop)
    options = replace(TINY, teachers=(other,), resume=True)
    with pytest.raises(ModelError, match="of another training: the teachers differ"):
        train("resnet8", colours, output=place, options=options)


def test_hard_loss_of_certain_answers() -> None:
    z = tf.constant([[50.0, 0.0], [0.0, 50.0]])
    assert float(hard_loss(tf, z, tf.eye(2))) == pytest.approx(0, abs=1e-6)
    assert float(hard_loss(tf, z, tf.reverse(tf.eye(2), [1]))) == pytest.approx(50, rel=1e-5)
