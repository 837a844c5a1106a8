"""scikit-learn estimators saved by joblib or pickle -> float graphs.

scikit-learn and joblib are imported here, inside functions. Reading such a file runs code that is
stored in it, whoever wrote it: that cannot be prevented, only said (`UNTRUSTED`).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgekit.artifacts.figures import Note
from edgekit.converter.interpret import run
from edgekit.converter.ir.graph import Graph
from edgekit.converter.ir.ops_trees import TreeEnsemble
from edgekit.converter.load.estimator_graph import Affine, Array, Stack
from edgekit.converter.load.estimator_linear import LINEAR, Builder
from edgekit.converter.load.estimator_scaling import SCALERS, unwrapped
from edgekit.converter.load.estimator_trees import TREES
from edgekit.errors import EdgeKitError, MissingExtraError, ModelError, UnsupportedError

UNTRUSTED = "reading it runs code that is stored in it: open only files that you trust"
"""What to say before such a file is read."""

PROBES = 256
"""Random inputs on which the graph is held against the estimator's own `predict`."""

ESTIMATORS: dict[str, Builder] = {**LINEAR, **TREES}


def open_estimator(path: Path) -> tuple[Any, tuple[Note, ...]]:
    """The fitted scikit-learn estimator in a file, and what scikit-learn warned about.

    Raises MissingExtraError where scikit-learn or joblib is not installed, ModelError for a file
    that cannot be unpickled, holds something else, or an estimator that was never fitted.
    """
    joblib, base = _packages()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model = joblib.load(path)
        except ModuleNotFoundError as error:
            raise _unreadable(
                path, f"it needs the module {error.name}, which is not here"
            ) from None
        except Exception as error:  # a pickle runs any code, which raises anything
            first = (str(error).splitlines() or [type(error).__name__])[0]
            raise _unreadable(path, f"cannot be unpickled: {first}") from None
    if not isinstance(model, base):
        raise ModelError(
            str(path),
            f"holds {_kind(model)}, not a scikit-learn model",
            allowed="an estimator or a pipeline",
            hint="save the fitted model itself: joblib.dump(model, 'model.joblib')",
            code="not-an-estimator",
        )
    check_fitted(model, str(path))
    return model, _version_notes(path, caught)


def estimator_graph(model: Any, name: str, source: str) -> tuple[Graph, tuple[str, ...], str]:
    """A fitted estimator as a float graph; the names of its classes, () for a regression; and how
    it was checked.

    The graph reads a vector of float32 features (1, n) and gives one number per class or target.
    Raises UnsupportedError for estimators without a graph, and for several class outputs;
    ModelError where the graph does not answer as the estimator does.
    """
    inner, scaling, features = unwrapped(model)
    builder = _builder(inner)
    classes = _classes(inner)
    stack = Stack(name, features)
    builder(stack, inner, scaling)
    graph = stack.graph({"source": source, "description": type(inner).__name__})
    return graph, classes, check_answers(graph, model, _probes(graph, scaling))


def check_fitted(model: Any, subject: str) -> None:
    """Raise ModelError for an estimator that `fit` was not called on."""
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    try:
        check_is_fitted(model)
        fitted = hasattr(model, "n_features_in_")
    except NotFittedError:
        fitted = False
    if not fitted:
        raise ModelError(
            subject,
            f"{type(model).__name__} was never fitted",
            allowed="a trained model",
            hint="call fit(X, y) before saving it",
            code="unfitted-model",
        )


def check_answers(graph: Graph, model: Any, inputs: Array) -> str:
    """Hold the graph against the estimator's `predict` on float32 inputs (n, features).

    Returns the sentence that says so. Raises ModelError where more than one answer in a hundred
    differs, which rounding does not explain: float32 sums may turn what all but ties.
    """
    found = next(iter(run(graph, inputs).values()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about feature names, which arrays have not
        wanted = np.asarray(model.predict(inputs.astype(np.float64)))
    classes = getattr(model, "classes_", None)
    if classes is None:
        same = np.isclose(found, wanted.reshape(found.shape), rtol=1e-3, atol=_tolerance(wanted))
        same = same.all(axis=1)
    else:
        same = np.asarray(classes)[found.argmax(axis=1)] == wanted
    equal = int(same.sum())
    if equal < 0.99 * len(inputs):
        raise ModelError(
            type(model).__name__,
            f"answers differ from its predict on {len(inputs) - equal} of {len(inputs)} inputs",
            allowed="equal answers",
            hint="please report it with the versions of scikit-learn and EdgeKit",
            code="estimator-mismatch",
        )
    return f"in float32 it answers as scikit-learn's predict on {equal} of {len(inputs)} inputs"


def _tolerance(wanted: Array) -> float:
    return 1e-4 * float(np.abs(wanted).max(initial=0.0))


def _probes(graph: Graph, scaling: Affine) -> Array:
    """Inputs that the estimator behind the scalers sees as normally distributed; those of trees
    spread over the thresholds of each feature."""
    rng = np.random.default_rng(0)
    count = graph[graph.inputs[0]].shape[1]
    node = graph.nodes[0]
    if not isinstance(node.op, TreeEnsemble):
        return np.asarray(scaling.back(rng.normal(size=(PROBES, count))), np.float32)
    features, thresholds = graph.input(node, 1).values.astype(np.int64), graph.input(node, 2).values
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(low, features, thresholds)
    np.maximum.at(high, features, thresholds)
    never = low > high
    low, high = np.where(never, 0.0, low), np.where(never, 0.0, high)
    way = rng.uniform(-0.25, 1.25, (PROBES, count))
    return np.asarray(low + way * (high - low + 1e-3), np.float32)


def _packages() -> tuple[Any, type]:
    try:
        import joblib
        from sklearn.base import BaseEstimator
    except ImportError as error:
        package = "joblib" if error.name == "joblib" else "scikit-learn"
        raise MissingExtraError(package, "sklearn", "reading scikit-learn models") from None
    return joblib, BaseEstimator


def _builder(model: Any) -> Builder:
    """What makes a graph of this class of estimator, or of the one it is derived from."""
    for ancestor in type(model).__mro__:
        if ancestor.__module__.startswith("sklearn.") and ancestor.__name__ in ESTIMATORS:
            return ESTIMATORS[ancestor.__name__]
    raise UnsupportedError(
        type(model).__name__,
        "this estimator has no form as a network",
        allowed=f"{', '.join(sorted(ESTIMATORS))}; in front of them {', '.join(sorted(SCALERS))}",
        hint="train one of those, or `edgekit baseline` to see which does well on your data",
        code="unsupported-estimator",
    )


def _classes(model: Any) -> tuple[str, ...]:
    """Names of a classifier's classes. Raises UnsupportedError for several outputs of classes."""
    classes = getattr(model, "classes_", None)
    if classes is None:
        return ()
    labels = getattr(getattr(model, "_label_binarizer", None), "y_type_", "")
    if isinstance(classes, list) or labels.startswith("multilabel"):
        raise UnsupportedError(
            type(model).__name__,
            "predicts several labels at once (multi-output)",
            allowed="one class per sample",
            hint="train one model per label",
            code="multi-output",
        )
    return tuple(str(name) for name in np.asarray(classes).tolist())


def counting(model: Any) -> bool:
    """Whether a classifier's classes are other numbers than 0, 1, 2, ..."""
    classes = np.asarray(getattr(model, "classes_", ()))
    return classes.dtype.kind in "iuf" and classes.tolist() != list(range(len(classes)))


def class_notes(source: str, model: Any) -> tuple[Note, ...]:
    """A warning where labels in data cannot be the estimator's own."""
    if not counting(model):
        return ()
    shown = ", ".join(map(str, np.asarray(model.classes_).tolist()[:5]))
    return (
        Note(
            "class-numbers",
            source,
            f"its classes are called {shown}; outputs, and labels of data, count from 0",
            "give data whose labels are places in the model's classes_",
        ),
    )


def _version_notes(path: Path, caught: Sequence[Any]) -> tuple[Note, ...]:
    """The first warning about another version of scikit-learn, as ours."""
    for entry in caught:
        if type(entry.message).__name__ == "InconsistentVersionWarning":
            was, now = entry.message.original_sklearn_version, entry.message.current_sklearn_version
            return (
                Note(
                    "estimator-version",
                    path.name,
                    f"was saved by scikit-learn {was} and is read by {now}",
                    "install the version that saved it, or save it anew, if answers look odd",
                ),
            )
    return ()


def _kind(value: Any) -> str:
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def _unreadable(path: Path, found: str) -> EdgeKitError:
    return ModelError(
        str(path),
        found,
        allowed="a file that joblib.dump or pickle.dump wrote",
        hint="save it again with the versions of Python and scikit-learn that are installed here",
        code="damaged-model",
    )
