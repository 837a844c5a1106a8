"""The models that `edgekit baseline` trains, in the order of its table.

scikit-learn is imported inside functions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgekit.artifacts.files import writing
from edgekit.errors import MissingExtraError

TREES = 30
"""Trees of the forest, and rounds of boosting."""
LEAVES = 128
"""Leaves of one tree at most: what a small flash has room for."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model to train: its name in the table, and how to make one with a seed.

    `compiled` says whether it becomes a graph; the most frequent class needs none.
    """

    name: str
    make: Callable[[int], Any]
    compiled: bool = True


def require_sklearn(purpose: str) -> None:
    """Raise MissingExtraError where scikit-learn is not installed."""
    try:
        import sklearn  # noqa: F401
    except ImportError:
        raise MissingExtraError("scikit-learn", "sklearn", purpose) from None


def keep(candidate: Candidate, model: Any, folder: Path) -> None:
    """Write a trained model as a .joblib that `edgekit convert` reads."""
    import joblib

    folder.mkdir(parents=True, exist_ok=True)
    with writing(folder / f"{candidate.name.replace(' ', '_')}.joblib") as file:
        joblib.dump(model, file)


def _majority(seed: int) -> Any:
    from sklearn.dummy import DummyClassifier

    return DummyClassifier(strategy="prior")


def _centroid(seed: int) -> Any:
    from sklearn.neighbors import NearestCentroid
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), NearestCentroid())


def _logistic(seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=200))


def _machine(seed: int) -> Any:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import LinearSVC

    return make_pipeline(StandardScaler(), LinearSVC(C=0.01, max_iter=500, random_state=seed))


def _tree(seed: int) -> Any:
    from sklearn.tree import DecisionTreeClassifier

    return DecisionTreeClassifier(max_leaf_nodes=LEAVES, random_state=seed)


def _forest(seed: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(TREES, max_leaf_nodes=LEAVES, random_state=seed)


def _boosting(seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        max_iter=TREES, max_leaf_nodes=15, early_stopping=False, random_state=seed
    )


CANDIDATES: tuple[Candidate, ...] = (
    Candidate("most frequent class", _majority, compiled=False),
    Candidate("nearest centroid", _centroid),
    Candidate("logistic regression", _logistic),
    Candidate("linear SVM", _machine),
    Candidate("decision tree", _tree),
    Candidate("random forest", _forest),
    Candidate("gradient boosting", _boosting),
)
