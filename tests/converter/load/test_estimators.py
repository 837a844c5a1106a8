"""scikit-learn models as graphs: the answers of `predict`, and what is refused."""

from __future__ import annotations

import pickle
import sys
import types
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.converter.load import Format, load_model
from edgekit.converter.load.estimator import check_answers
from edgekit.errors import EdgeKitError, MissingExtraError, ModelError, UnsupportedError
from tests.helpers.estimators import as_float32, diabetes, digits, fitted, graph_of, iris, outputs

joblib = pytest.importorskip("joblib")
from sklearn.cluster import KMeans  # noqa: E402
from sklearn.decomposition import PCA  # noqa: E402
from sklearn.linear_model import (  # noqa: E402
    Lasso,
    LinearRegression,
    LogisticRegression,
    Perceptron,
    Ridge,
    RidgeClassifier,
    SGDClassifier,
)
from sklearn.model_selection import GridSearchCV  # noqa: E402
from sklearn.neural_network import MLPClassifier, MLPRegressor  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import (  # noqa: E402
    MaxAbsScaler,
    MinMaxScaler,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import SVC, SVR, LinearSVC, LinearSVR, NuSVC  # noqa: E402

CLASSIFIERS = {
    "logistic": LogisticRegression(max_iter=50),
    "linear svc": LinearSVC(max_iter=50, random_state=0),
    "hinge": SGDClassifier(random_state=0),
    "log loss": SGDClassifier(loss="log_loss", random_state=0),
    "ridge": RidgeClassifier(),
    "perceptron": Perceptron(random_state=0),
    "svc": SVC(kernel="linear"),
    "nu-svc": NuSVC(kernel="linear", nu=0.1),
    "relu": MLPClassifier((12,), max_iter=15, random_state=0),
    "tanh": MLPClassifier((12, 8), activation="tanh", max_iter=15, random_state=0),
    "sigmoid": MLPClassifier((12,), activation="logistic", max_iter=15, random_state=0),
    "scaled": make_pipeline(StandardScaler(), LogisticRegression(max_iter=50)),
    "twice scaled": make_pipeline(StandardScaler(), MinMaxScaler(), "passthrough",
                                  LinearSVC(max_iter=50, random_state=0)),
    "search": GridSearchCV(LogisticRegression(max_iter=20), {"C": [0.1, 1.0]}, cv=2),
}  # fmt: skip
REGRESSIONS = {
    "least squares": LinearRegression(),
    "ridge": Ridge(),
    "lasso": Lasso(),
    "linear svr": LinearSVR(random_state=0),
    "svr": SVR(kernel="linear"),
    "perceptron": MLPRegressor(hidden_layer_sizes=(8,), max_iter=20, random_state=0),
    "robust": make_pipeline(RobustScaler(), Ridge()),
    "largest": make_pipeline(MaxAbsScaler(), Ridge()),
    "no mean": make_pipeline(StandardScaler(with_mean=False), Ridge()),
    "no spread": make_pipeline(StandardScaler(with_std=False), Ridge()),
}


@pytest.mark.parametrize("classes", [10, 2])
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_classifier_answers_as_predict(name: str, classes: int) -> None:
    data = digits(classes)
    model = fitted(CLASSIFIERS[name], data)
    found = outputs(graph_of(model), data[0])
    assert found.shape == (len(data[0]), classes)
    np.testing.assert_array_equal(found.argmax(axis=1), model.predict(data[0]))


@pytest.mark.parametrize("name", REGRESSIONS)
def test_a_regression_gives_the_values_of_predict(name: str) -> None:
    x, y = diabetes()
    model = fitted(REGRESSIONS[name], (x, y))
    found = outputs(graph_of(model), x)
    wanted = model.predict(as_float32(x).astype(np.float64))
    np.testing.assert_allclose(found[:, 0], wanted, rtol=1e-4, atol=1e-3)


def test_several_targets_are_several_outputs() -> None:
    x, y = diabetes()
    model = LinearRegression().fit(x, np.stack([y, -2 * y, y**0.5], axis=1))
    np.testing.assert_allclose(outputs(graph_of(model), x), model.predict(x), rtol=1e-3)


@pytest.mark.parametrize("classes", [10, 2])
def test_softmax_gives_the_probabilities_of_predict_proba(classes: int) -> None:
    data = digits(classes)
    model = fitted(LogisticRegression(max_iter=50), data)
    np.testing.assert_allclose(
        outputs(graph_of(model), data[0]), model.predict_proba(data[0]), atol=1e-5
    )


def test_a_classifier_of_words_keeps_its_names_in_order(tmp_path: Path) -> None:
    x, y = iris()
    names = np.array(["setosa", "versicolor", "virginica"])
    joblib.dump(LogisticRegression(max_iter=200).fit(x, names[y]), tmp_path / "m.joblib")
    loaded = load_model(tmp_path / "m.joblib")
    assert (loaded.format, loaded.labels) == (Format.ESTIMATOR, tuple(names))
    assert loaded.notes == ("in float32 it answers as scikit-learn's predict on 256 of 256 inputs",)
    assert loaded.cautions == ()


@pytest.mark.parametrize("suffix", [".joblib", ".pkl", ".pickle"])
@pytest.mark.parametrize("compress", [0, 3, ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3)])
def test_files_of_joblib_and_pickle(tmp_path: Path, suffix: str, compress: Any) -> None:
    path = tmp_path / f"m{suffix}"
    joblib.dump(fitted(Ridge(), diabetes()), path, compress=compress)
    assert load_model(path).graph.name == "m"


def test_class_numbers_that_do_not_count_from_zero_are_warned_of(tmp_path: Path) -> None:
    x, y = iris()
    joblib.dump(LogisticRegression(max_iter=200).fit(x, y + 1), tmp_path / "m.joblib")
    (note,) = load_model(tmp_path / "m.joblib").cautions
    assert (note.code, note.level) == ("class-numbers", "warning")
    assert "1, 2, 3" in note.message


def test_another_version_of_scikit_learn_is_our_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("sklearn.base.__version__", "0.1")
        joblib.dump(fitted(Ridge(), diabetes()), tmp_path / "m.pkl")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nothing is warned past us
        (note,) = load_model(tmp_path / "m.pkl").cautions
    assert note.code == "estimator-version"
    assert "saved by scikit-learn 0.1" in note.message


# ------------------------------------------------------------------------------------ refused


def refused(path: Path, value: Any) -> EdgeKitError:
    joblib.dump(value, path)
    with pytest.raises(EdgeKitError) as caught:
        load_model(path)
    return caught.value


@pytest.mark.parametrize(
    ("make", "code", "found"),
    [
        (lambda: {"weights": 1}, "not-an-estimator", "holds dict, not a scikit-learn model"),
        (lambda: np.zeros(3), "not-an-estimator", "holds numpy.ndarray, not a scikit-learn model"),
        (Ridge, "unfitted-model", "Ridge was never fitted"),
        (
            lambda: make_pipeline(StandardScaler(), Ridge()),
            "unfitted-model",
            "Pipeline was never fitted",
        ),
        (
            lambda: fitted(SVC(kernel="rbf"), iris()),
            "estimator-kernel",
            "kernel 'rbf'",
        ),
        (lambda: fitted(SVR(kernel="poly"), diabetes()), "estimator-kernel", "kernel 'poly'"),
        (
            lambda: fitted(SVC(kernel="linear", break_ties=True), iris()),
            "estimator-option",
            "break_ties=True decides equal votes by other numbers than votes",
        ),
        (
            lambda: MLPRegressor("poisson", hidden_layer_sizes=(4,), max_iter=3).fit(*diabetes()),
            "estimator-option",
            "output activation 'exp'",
        ),
        (
            lambda: fitted(KMeans(3, n_init=1), iris()),
            "unsupported-estimator",
            "this estimator has no form as a network",
        ),
        (
            lambda: fitted(make_pipeline(PCA(2), Ridge()), diabetes()),
            "pipeline-step",
            "is no scaler",
        ),
        (
            lambda: fitted(make_pipeline(MinMaxScaler(clip=True), Ridge()), diabetes()),
            "estimator-option",
            "clips features to its range (clip=True)",
        ),
        (
            lambda: MLPClassifier((4,), max_iter=3).fit(np.eye(4), np.eye(4, dtype=int)),
            "multi-output",
            "predicts several labels at once (multi-output)",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_what_has_no_graph_is_refused(tmp_path: Path, make: Any, code: str, found: str) -> None:
    error = refused(tmp_path / "m.joblib", make())
    assert (error.code, error.found) == (code, found)
    assert error.allowed
    assert error.hint


def test_refused_estimators_are_shown_those_that_are_taken(tmp_path: Path) -> None:
    error = refused(tmp_path / "m.joblib", fitted(KMeans(3, n_init=1), iris()))
    assert isinstance(error, UnsupportedError)
    for name in ("LogisticRegression", "SVC", "MLPClassifier", "StandardScaler"):
        assert name in error.allowed


def test_a_damaged_file_and_one_of_a_missing_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m.joblib"
    path.write_bytes(b"\x80\x04damaged")
    with pytest.raises(ModelError) as caught:
        load_model(path)
    assert (caught.value.code, "cannot be unpickled" in caught.value.found) == (
        "damaged-model",
        True,
    )
    elsewhere = types.ModuleType("elsewhere")

    class Model:
        pass

    Model.__module__, Model.__qualname__ = "elsewhere", "Model"
    elsewhere.Model = Model  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "elsewhere", elsewhere)
    path.write_bytes(pickle.dumps(Model()))
    monkeypatch.delitem(sys.modules, "elsewhere")
    with pytest.raises(ModelError) as caught:
        load_model(path)
    assert caught.value.found == "it needs the module elsewhere, which is not here"


@pytest.mark.parametrize(("missing", "named"), [("joblib", "joblib"), ("sklearn", "scikit-learn")])
def test_a_missing_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str, named: str
) -> None:
    joblib.dump(fitted(Ridge(), diabetes()), tmp_path / "m.joblib")
    for name in [name for name in sys.modules if name.partition(".")[0] == missing]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(MissingExtraError) as caught:
        load_model(tmp_path / "m.joblib")
    assert caught.value.subject == named
    assert "edgekit-sdk[sklearn]" in caught.value.hint


def test_a_graph_that_answers_otherwise_is_refused() -> None:
    x, y = iris()
    graph = graph_of(LogisticRegression(max_iter=200).fit(x, y))
    other = LogisticRegression(max_iter=200).fit(x, (y + 1) % 3)
    with pytest.raises(ModelError) as caught:
        check_answers(graph, other, as_float32(x))
    assert caught.value.code == "estimator-mismatch"
    assert "of 150 inputs" in caught.value.found
