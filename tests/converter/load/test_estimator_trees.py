"""Trees, forests and boosted trees of scikit-learn as one node: the answers of `predict`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgekit.converter.load.estimator import estimator_graph
from edgekit.converter.load.estimator_graph import Affine
from edgekit.converter.load.estimator_trees import MOST, float32_thresholds
from edgekit.errors import UnsupportedError
from tests.helpers.estimators import as_float32, diabetes, digits, fitted, graph_of, outputs

pytest.importorskip("sklearn")
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.tree import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    ExtraTreeClassifier,
)

CLASSIFIERS = {
    "tree": DecisionTreeClassifier(random_state=0),
    "stump": DecisionTreeClassifier(max_depth=1, random_state=0),
    "best first": DecisionTreeClassifier(max_leaf_nodes=20, random_state=0),
    "weighted": DecisionTreeClassifier(class_weight="balanced", max_depth=5, random_state=0),
    "extra tree": ExtraTreeClassifier(random_state=0),
    "forest": RandomForestClassifier(8, random_state=0),
    "shallow forest": RandomForestClassifier(9, max_depth=4, random_state=0),
    "extra trees": ExtraTreesClassifier(8, random_state=0),
    "boosted": GradientBoostingClassifier(n_estimators=4, random_state=0),
    "boosted from zero": GradientBoostingClassifier(n_estimators=3, init="zero", random_state=0),
    "histogram": HistGradientBoostingClassifier(max_iter=4, random_state=0),
    "scaled": make_pipeline(StandardScaler(), RandomForestClassifier(5, random_state=0)),
    "ranged": make_pipeline(MinMaxScaler(), DecisionTreeClassifier(random_state=0)),
}
REGRESSIONS = {
    "tree": DecisionTreeRegressor(random_state=0),
    "forest": RandomForestRegressor(8, random_state=0),
    "extra trees": ExtraTreesRegressor(8, random_state=0),
    "boosted": GradientBoostingRegressor(n_estimators=10, random_state=0),
    "histogram": HistGradientBoostingRegressor(max_iter=10, random_state=0),
    "scaled": make_pipeline(StandardScaler(), GradientBoostingRegressor(n_estimators=5)),
}


@pytest.mark.parametrize("classes", [10, 2])
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_every_answer_is_that_of_predict(name: str, classes: int) -> None:
    data = digits(classes)
    model = fitted(CLASSIFIERS[name], data, 400)
    graph = graph_of(model)
    assert [node.op.NAME for node in graph.nodes] == ["EdgekitTreeEnsemble"]
    found = outputs(graph, data[0])
    assert found.shape == (len(data[0]), classes)
    np.testing.assert_array_equal(found.argmax(axis=1), model.predict(data[0]))


@pytest.mark.parametrize("name", REGRESSIONS)
def test_values_are_those_of_predict(name: str) -> None:
    x, y = diabetes()
    model = fitted(REGRESSIONS[name], (x, y), 300)
    found = outputs(graph_of(model), x)
    np.testing.assert_allclose(found[:, 0], model.predict(as_float32(x)), rtol=1e-5)


def test_a_forest_gives_the_probabilities_of_predict_proba() -> None:
    data = digits()
    model = fitted(RandomForestClassifier(9, max_depth=4, random_state=0), data)
    found = outputs(graph_of(model), data[0])
    np.testing.assert_allclose(found, model.predict_proba(data[0]), atol=1e-6)


def test_several_targets_of_a_regression_are_several_outputs() -> None:
    x, y = diabetes()
    model = RandomForestRegressor(4, random_state=0).fit(x[:200], np.stack([y, -y], axis=1)[:200])
    np.testing.assert_allclose(outputs(graph_of(model), x), model.predict(x), rtol=1e-5)


def test_a_tree_of_one_leaf_answers_always_the_same() -> None:
    model = DecisionTreeClassifier(max_depth=3).fit(np.zeros((4, 2)), [0, 1, 1, 1])
    np.testing.assert_allclose(outputs(graph_of(model), np.ones((3, 2))), [[0.25, 0.75]] * 3)


def test_equal_leaves_are_stored_once() -> None:
    data = digits()
    graph = graph_of(fitted(RandomForestClassifier(8, random_state=0), data))
    assert graph["leaves"].shape == (10, 10)  # pure leaves: one row per class


def test_thresholds_decide_as_float64_ones_for_every_float32() -> None:
    rng = np.random.default_rng(0)
    exact = rng.normal(size=2000)
    features = np.zeros(2000, np.int64)
    found = float32_thresholds(exact, features, Affine.identity(1))
    assert (found <= exact).all()
    assert (np.nextafter(found, np.float32(np.inf)) > exact).all()


@pytest.mark.parametrize("factor", [3.7, 1e-3, 1 / 3])
def test_thresholds_behind_a_scaler_decide_as_the_scaled_feature(factor: float) -> None:
    rng = np.random.default_rng(0)
    exact = rng.normal(size=500).astype(np.float32).astype(np.float64)
    scaling = Affine(np.array([factor]), np.array([-0.123]))
    found = float32_thresholds(exact, np.zeros(500, np.int64), scaling)
    for x in (found, np.nextafter(found, np.float32(np.inf))):
        scaled = scaling(x.astype(np.float64)[:, None])[:, 0].astype(np.float32)
        np.testing.assert_array_equal(x <= found, scaled <= exact)


def refused(model: Any) -> UnsupportedError:
    with pytest.raises(UnsupportedError) as caught:
        estimator_graph(model, "model", "model.joblib")
    return caught.value


def test_several_labels_are_refused() -> None:
    x, y = digits()
    model = RandomForestClassifier(2).fit(x[:100], np.stack([y, y], axis=1)[:100])
    assert refused(model).code == "multi-output"


def test_a_start_from_another_model_and_a_link_are_refused() -> None:
    data = digits(2)
    model = GradientBoostingClassifier(n_estimators=2, init=LogisticRegression(max_iter=500))
    error = refused(fitted(model, data))
    assert (error.code, error.found) == (
        "estimator-option",
        "starts from another model (init=LogisticRegression)",
    )
    dummy = GradientBoostingClassifier(n_estimators=2, init=DummyClassifier(strategy="prior"))
    assert graph_of(fitted(dummy, data)).nodes
    poisson = fitted(HistGradientBoostingRegressor(loss="poisson", max_iter=2), diabetes())
    assert refused(poisson).found == "loss 'poisson', whose prediction is an exponential"


def test_categories_are_refused() -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 4, (300, 1))
    y = np.isin(x[:, 0], (0, 2)).astype(int)
    model = HistGradientBoostingClassifier(categorical_features=[0], max_iter=2).fit(x, y)
    assert refused(model).found == "splits by categories"


def test_a_tree_that_16_bits_do_not_address_is_refused() -> None:
    x = np.arange(2.0 * MOST + 10)[:, None]
    model = DecisionTreeRegressor().fit(x, x[:, 0])
    error = refused(model)
    assert (error.code, "splits" in error.found) == ("tree-too-large", True)
