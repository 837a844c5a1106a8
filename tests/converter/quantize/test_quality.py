"""SQNR per layer, comparison of float and int8, and the gate."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgekit.artifacts.bundle import AccuracySummary, Preprocess
from edgekit.converter.compress.passes import compress
from edgekit.converter.data.batches import batches
from edgekit.converter.data.dataset import Dataset
from edgekit.converter.data.guess import choose_preprocess
from edgekit.converter.data.open import open_dataset
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Graph
from edgekit.converter.load.load import load_model
from edgekit.converter.quantize.evaluate import compare, confusion, evaluate, roc_auc, top1
from edgekit.converter.quantize.execute import outputs_real
from edgekit.converter.quantize.gate import Limits, check_accuracy
from edgekit.converter.quantize.int8 import quantize_int8, quantize_ranges
from edgekit.converter.quantize.sqnr import MAX_DB, Power, culprits, layer_sqnr
from edgekit.converter.quantize.tasks import Task, fitting_labels, head
from edgekit.errors import AccuracyError, DataError
from tests.helpers.float_graphs import FloatGraph, classifier, samples

READY = Preprocess(resize="none")
DEFAULTS = Limits()
RNG = np.random.default_rng(2)


def quantized(graph: Graph, count: int = 200) -> Graph:
    return quantize_int8(graph, [samples(graph, count)]).graph


def labelled(graph: Graph, count: int = 200, wrong: float = 0.1) -> Dataset:
    """Samples with the float model's own classes as labels, a share of them made wrong."""
    x = samples(graph, count, seed=5)
    output = outputs_real(graph, x)[graph.outputs[0]].reshape(count, -1)
    classes = output.argmax(axis=1) if output.shape[1] > 1 else (output[:, 0] > 0.5).astype(int)
    chance = np.random.default_rng(1).random(count) < wrong
    shifted = (classes + chance) % max(2, output.shape[1])
    return replace(open_dataset(x), labels=tuple(shifted.tolist()))


def broken(graph: Graph, factor: float = 0.05) -> Graph:
    """An int8 graph whose `conv` saturates: its range is a fraction of what it should be."""
    result = quantize_int8(graph, [samples(graph, 100)])
    low, high = result.ranges["conv"]
    return quantize_ranges(graph, {**result.ranges, "conv": (low * factor, high * factor)}).graph


# ---------------------------------------------------------------------------------------- SQNR


def test_decibels() -> None:
    power = Power()
    power.add(np.array([3.0, 4.0]), np.array([3.0, 4.5]))
    assert power.decibels == pytest.approx(20)
    assert Power().decibels == MAX_DB
    silent = Power()
    silent.add(np.zeros(2), np.ones(2))
    assert silent.decibels == -MAX_DB


def test_every_layer_of_a_good_conversion_is_clean() -> None:
    graph = classifier()
    found = layer_sqnr(graph, quantized(graph), samples(graph, 40, seed=3))
    assert list(found) == ["conv", "depthwise", "mean", "logits", "softmax"]
    assert min(found.values()) > 20


def test_a_graph_against_itself_has_no_noise() -> None:
    graph = classifier()
    assert set(layer_sqnr(graph, graph, samples(graph, 3)).values()) == {MAX_DB}


def test_the_layer_that_breaks_is_named_first() -> None:
    graph = classifier()
    found = layer_sqnr(graph, broken(graph), samples(graph, 20))
    worst = culprits(graph, found)
    assert worst[0][0] == "conv"
    assert found["conv"] < 10


def test_a_layer_that_only_hands_noise_on_is_no_culprit() -> None:
    graph = classifier()
    found = {"conv": 30.0, "depthwise": 10.0, "mean": 10.0, "logits": 9.0, "softmax": 0.0}
    assert [row[0] for row in culprits(graph, found)] == ["depthwise", "logits"]


def test_requantized_outputs_are_matched_by_name() -> None:
    g = FloatGraph()
    x = g.input((1, 4))
    p = g.node(ops.Softmax(), [x], "p")
    v = g.dense(x, 5 * RNG.normal(0, 1, (3, 4)), name="v")
    graph = g.graph(g.node(ops.Concatenation(1), [p, v], "joined"))
    found = layer_sqnr(graph, quantized(graph), samples(graph, 10))
    assert list(found) == ["p", "v", "joined"]


# --------------------------------------------------------------------------------------- tasks


def test_a_softmax_makes_classes_even_behind_a_reshape() -> None:
    g = FloatGraph()
    y = g.node(ops.Softmax(), [g.dense(g.input((1, 4)), np.ones((3, 4)), name="logits")])
    found = head(g.graph(g.node(ops.Reshape(), [y], "out", (1, 1, 3))))
    assert (found.task, found.output, found.scores) == (Task.CLASSES, "out", "logits")


def test_the_other_tasks() -> None:
    g = FloatGraph()
    x = g.input((1, 4))
    one = g.node(ops.Logistic(), [g.dense(x, np.ones((1, 4)))])
    assert head(g.graph(one)).task is Task.BINARY
    assert head(g.graph(g.dense(x, np.ones((4, 4))))).task is Task.RECONSTRUCTION
    assert head(g.graph(g.dense(x, np.ones((3, 4))))).task is Task.VALUES


def test_labels_must_be_the_model_s_classes() -> None:
    graph = classifier(classes=3)
    x = open_dataset(samples(graph, 4))
    for labels, classes in (((0, 1, 2, 3), None), ((0, 1, 1, 0), ("cat", "dog"))):
        data = replace(x, labels=labels, classes=classes)
        assert fitting_labels(data, graph, required=False) is None
        with pytest.raises(DataError) as caught:
            fitting_labels(data, graph, required=True)
        assert caught.value.code == "class-mismatch"
    assert fitting_labels(x, graph, required=True) is None


def test_class_labels_for_a_regression_are_refused() -> None:
    g = FloatGraph()
    graph = g.graph(g.dense(g.input((1, 4)), np.ones((1, 4))))
    data = replace(open_dataset(samples(graph, 4)), labels=(0, 1, 0, 1))
    with pytest.raises(DataError, match="no probability"):
        fitting_labels(data, graph, required=True)


# ------------------------------------------------------------------------------------- compare


def test_labels_give_top1_before_and_after() -> None:
    graph = classifier()
    data = labelled(graph, wrong=0.2)
    calls: list[tuple[int, int]] = []
    summary = compare(
        graph, quantized(graph), data, READY, progress=lambda *done: calls.append(done)
    )
    assert summary.metric == "top1"
    assert summary.before == pytest.approx(0.8, abs=0.08)
    assert abs(summary.before - summary.after) < 0.05
    assert summary.samples == 200
    assert summary.agreement is not None
    assert summary.agreement > 0.95
    assert summary.sqnr_db is not None
    assert summary.sqnr_db > 20
    assert calls[-1] == (200, 200)


def test_without_labels_agreement_counts() -> None:
    graph = classifier()
    summary = compare(graph, quantized(graph), open_dataset(samples(graph, 60)), READY, limit=50)
    assert (summary.metric, summary.before) == ("agreement", 1.0)
    assert summary.after == summary.agreement
    assert summary.samples == 50
    assert summary.data == "NumPy array (50 of 60 samples)"
    assert summary.expected_drop is not None
    assert summary.expected_drop < 0.01


def test_two_classes_have_an_auc_as_well() -> None:
    g = FloatGraph()
    y = g.dense(g.input((1, 6)), RNG.normal(0, 0.6, (2, 6)), name="logits")
    graph = g.graph(g.node(ops.Softmax(), [y]))
    summary = compare(graph, quantized(graph), labelled(graph), READY)
    assert summary.metric == "top1"
    assert summary.auc is not None
    assert summary.auc[0] == pytest.approx(summary.auc[1], abs=0.03)
    assert 0.7 < summary.auc[0] < 1


def sigmoid_model() -> Graph:
    g = FloatGraph()
    y = g.dense(g.input((1, 6)), RNG.normal(0, 1, (1, 6)), name="score")
    return g.graph(g.node(ops.Logistic(), [y], "p"))


def test_a_single_probability_is_a_binary_classifier() -> None:
    graph = sigmoid_model()
    summary = compare(graph, quantized(graph), labelled(graph, wrong=0), READY)
    assert (summary.metric, summary.before) == ("top1", 1.0)
    assert summary.auc is not None
    assert summary.auc[0] == 1
    unlabelled = compare(graph, quantized(graph), open_dataset(samples(graph, 50)), READY)
    assert unlabelled.metric == "agreement"


def autoencoder() -> Graph:
    g = FloatGraph()
    y = g.dense(g.input((1, 6)), RNG.normal(0, 0.6, (4, 6)), name="code")
    return g.graph(g.dense(y, RNG.normal(0, 0.6, (6, 4)), name="decoded"))


def test_an_autoencoder_is_judged_by_its_noise() -> None:
    graph = autoencoder()
    summary = compare(graph, quantized(graph), open_dataset(samples(graph, 50)), READY)
    assert (summary.metric, summary.before) == ("sqnr", 1.0)
    assert summary.sqnr_db is not None
    assert summary.after == pytest.approx(1 - 10 ** (-summary.sqnr_db / 10))
    assert summary.agreement is None


def test_an_autoencoder_with_labels_finds_the_odd_ones() -> None:
    graph = autoencoder()
    x = samples(graph, 100)
    x[50:] *= 3
    data = replace(open_dataset(x), labels=(0,) * 50 + (1,) * 50)
    summary = compare(graph, quantize_int8(graph, [x]).graph, data, READY)
    assert summary.metric == "auc"
    assert summary.before > 0.9
    assert summary.after == pytest.approx(summary.before, abs=0.02)


def test_logits_are_classes_where_labels_say_so() -> None:
    g = FloatGraph()
    graph = g.graph(g.dense(g.input((1, 6)), RNG.normal(0, 1, (3, 6)), name="logits"))
    x = open_dataset(samples(graph, 100))
    assert compare(graph, quantized(graph), x, READY).metric == "sqnr"
    assert compare(graph, quantized(graph), labelled(graph, wrong=0), READY).metric == "top1"


def test_labels_of_another_task_are_ignored_unless_required() -> None:
    graph = classifier(classes=4)
    data = replace(labelled(graph), labels=(7,) * 200)
    assert compare(graph, quantized(graph), data, READY).metric == "agreement"
    with pytest.raises(DataError):
        compare(graph, quantized(graph), data, READY, require_labels=True)


def test_calibrating_and_evaluating_on_the_same_data_is_said() -> None:
    graph = classifier()
    data = open_dataset(samples(graph, 50))
    summary = compare(
        graph, quantized(graph), data, READY, limit=20, calibrated_on=data.description
    )
    assert summary.data == "NumPy array (20 of 50 samples), also used for calibration"
    other = compare(graph, quantized(graph), data, READY, calibrated_on="photos (50 samples)")
    assert "calibration" not in other.data


def test_one_graph_alone() -> None:
    graph = classifier()
    data = labelled(graph, wrong=0)
    summary = evaluate(graph, data, READY)
    assert summary is not None
    assert summary.before == summary.after == 1.0
    assert evaluate(graph, replace(data, labels=None), READY) is None


def test_several_outputs_are_judged_by_the_worst() -> None:
    g = FloatGraph()
    y = g.conv(g.input((1, 4, 4, 2)), RNG.normal(0, 1, (3, 1, 1, 2)), name="conv")
    z = g.dense(g.node(ops.Reshape(), [y], "flat", (1, 48)), RNG.normal(0, 1, (2, 48)), name="z")
    graph = g.graph(y, z)
    good = quantize_int8(graph, [samples(graph, 50)])
    bad = quantize_ranges(graph, {**good.ranges, "z": (-0.1, 0.1)}).graph
    data = open_dataset(samples(graph, 20))
    first, second = (compare(graph, done, data, READY).sqnr_db for done in (good.graph, bad))
    assert first is not None
    assert second is not None
    assert first > 25 > 3 > second


def test_confusion_by_hand() -> None:
    labels, predicted = np.array([0, 0, 2, 2, 2]), np.array([0, 1, 2, 2, 0])
    assert confusion(predicted, labels, 3) == ((1, 1, 0), (0, 0, 0), (1, 0, 2))
    assert confusion(predicted, None, 3) is None
    assert confusion(None, labels, 3) is None
    assert confusion(predicted, labels, 33) is None


def test_the_confusion_of_a_comparison_counts_every_sample() -> None:
    for i in range(8):
        predicted, labels = np.random.default_rng(i).integers(0, 5, (2, 40))
        found = np.array(confusion(predicted, labels, 5))
        assert found.sum() == 40
        assert found.trace() / 40 == pytest.approx(top1(predicted, labels))


def test_auc_by_hand() -> None:
    labels = np.array([0, 0, 1, 1])
    assert roc_auc(np.array([0.1, 0.4, 0.35, 0.8]), labels) == pytest.approx(0.75)
    assert roc_auc(np.array([1.0, 1.0, 1.0, 1.0]), labels) == pytest.approx(0.5)
    assert roc_auc(np.array([0.0, 0.1, 0.2, 0.3]), labels) == 1
    assert roc_auc(np.arange(3.0), np.zeros(3, int)) is None


def test_auc_equals_counting_pairs() -> None:
    scores = RNG.integers(0, 6, 60).astype(float)
    labels = RNG.integers(0, 2, 60)
    pairs = [(a > b) + (a == b) / 2 for a in scores[labels == 1] for b in scores[labels == 0]]
    assert roc_auc(scores, labels) == pytest.approx(np.mean(pairs))


def test_top1_by_hand() -> None:
    assert top1(np.array([1, 2, 3, 3]), np.array([1, 2, 0, 3])) == 0.75


# ---------------------------------------------------------------------------------------- gate


def gate(summary: AccuracySummary, limits: Limits = DEFAULTS, **options: int) -> list[str]:
    """Codes of the warnings; raises AccuracyError."""
    graph = classifier()
    layers = {"conv": 40.0, "depthwise": 12.0, "mean": 12.0, "logits": 11.0, "softmax": 10.0}
    notes = check_accuracy("model", graph, summary, layers, limits=limits, **options)
    return [note.code for note in notes]


def refusal(summary: AccuracySummary, limits: Limits = DEFAULTS, **options: int) -> AccuracyError:
    with pytest.raises(AccuracyError) as caught:
        gate(summary, limits, **options)
    assert caught.value.exit_code == 3
    assert caught.value.code == "accuracy-gate"
    return caught.value


def top(
    before: float, after: float, samples: int = 10000, agreement: float = 0.9
) -> AccuracySummary:
    return AccuracySummary("top1", before, after, samples, "photos", agreement=agreement)


def test_a_small_drop_passes() -> None:
    assert gate(top(0.87, 0.865)) == []


def test_a_large_drop_is_refused_with_culprits_and_advice() -> None:
    error = refusal(top(0.87, 0.80), calibration_samples=40)
    assert "87.00% to 80.00%" in error.found
    assert "10000 samples of photos" in error.found
    assert "depthwise (-28 dB to 12 dB)" in error.hint
    assert "100 or more samples (now 40)" in error.hint
    assert "--no-gate" in error.hint


def test_few_samples_get_the_benefit_of_the_doubt_by_default_only() -> None:
    assert gate(top(0.87, 0.84, samples=100)) == []
    assert "drop" in refusal(top(0.87, 0.84, samples=100), Limits(max_drop=0.02)).allowed


def test_an_improvement_passes() -> None:
    assert gate(top(0.80, 0.85), Limits(max_drop=0.0)) == []


def test_a_stated_agreement_counts_beside_labels() -> None:
    assert gate(top(0.87, 0.87, agreement=0.8)) == []
    assert "80.0%" in refusal(top(0.87, 0.87, agreement=0.8), Limits(min_agreement=0.9)).found


def test_auc_is_gated_like_top1() -> None:
    summary = AccuracySummary("auc", 0.95, 0.80, 1000, "sounds")
    assert "AUC" in refusal(summary).found


def agreeing(agreement: float, expected_drop: float | None) -> AccuracySummary:
    return AccuracySummary(
        "agreement",
        1.0,
        agreement,
        1000,
        "photos",
        12.0,
        agreement=agreement,
        expected_drop=expected_drop,
    )


def test_agreement_by_default() -> None:
    assert gate(agreeing(0.95, 0.02)) == []
    assert gate(agreeing(0.65, 0.026)) == ["low-agreement"]  # near ties among many classes
    assert "65.0%" in refusal(agreeing(0.65, 0.2)).found
    assert "65.0%" in refusal(agreeing(0.65, None)).found


def test_a_stated_agreement_is_taken_literally() -> None:
    assert "at least 97.0%" in refusal(agreeing(0.95, 0.0), Limits(min_agreement=0.97)).allowed
    assert gate(agreeing(0.5, 0.5), Limits(min_agreement=0.4)) == ["low-agreement"]


def test_outputs_that_are_no_classes_are_gated_by_their_noise() -> None:
    assert gate(AccuracySummary("sqnr", 1.0, 0.99, 100, "sounds", 20.0)) == []
    error = refusal(AccuracySummary("sqnr", 1.0, 0.0, 100, "sounds", -2.0))
    assert "-2.0 dB" in error.found
    assert "input scale" in error.hint


def test_a_float_model_at_chance_is_pointed_out() -> None:
    assert gate(top(0.26, 0.26, samples=100)) == ["float-at-chance"]


def test_a_broken_conversion_is_refused_from_end_to_end() -> None:
    graph = classifier()
    bad = broken(graph, 0.02)
    data = labelled(graph, 300, wrong=0)
    summary = compare(graph, bad, data, READY)
    layers = layer_sqnr(graph, bad, samples(graph, 16))
    with pytest.raises(AccuracyError, match="conv"):
        check_accuracy("model", graph, summary, layers)


# ---------------------------------------------------------------------------------- real models


@pytest.mark.data
@pytest.mark.parametrize(
    ("model", "calibration", "evaluation", "count", "floor"),
    [
        (
            "mlperf_resnet8_cifar10_float.tflite",
            "cifar10_lossless/train_webp_lossless.npz",
            "cifar10_lossless/test_webp_lossless.npz",
            500,
            0.82,
        ),
        ("mlperf_vww_96_float.tflite", "coco256_person", "coco256_person", 256, 0.8),
    ],
)
def test_published_models_keep_their_accuracy(
    test_data: Path, model: str, calibration: str, evaluation: str, count: int, floor: float
) -> None:
    graph = compress(load_model(test_data / "models" / model).graph)
    some = open_dataset(test_data / "datasets" / calibration, limit=100)
    preprocess = choose_preprocess(graph, some).preprocess
    shape = graph[graph.inputs[0]].shape[1:]
    done = quantize_int8(graph, batches(some, preprocess, shape)).graph
    data = open_dataset(test_data / "datasets" / evaluation, limit=count)
    summary = compare(graph, done, data, preprocess, require_labels=True)
    assert summary.metric == "top1"
    assert summary.before > floor
    assert summary.after > summary.before - 0.02
    layers = layer_sqnr(graph, done, next(batches(data, preprocess, shape)))
    assert min(layers.values()) > 12
    check_accuracy(model, graph, summary, layers)


@pytest.mark.data
def test_keyword_spotting_from_quantized_features(test_data: Path) -> None:
    """The features are int8 with the int8 model's input scale, which the float model needs."""
    graph = compress(load_model(test_data / "models" / "mlperf_kws_float.tflite").graph)
    published = load_model(test_data / "models" / "mlperf_dscnn_kws_int8.tflite").graph
    data = open_dataset(test_data / "datasets" / "kws01" / "kws01.npz")
    preprocess = choose_preprocess(published, data).preprocess
    few = open_dataset(test_data / "datasets" / "kws01" / "kws01.npz", limit=200)
    done = quantize_int8(graph, batches(few, preprocess, (49, 10, 1))).graph
    summary = compare(graph, done, data, preprocess, require_labels=True)
    assert summary.before > 0.89
    assert summary.after > 0.89
