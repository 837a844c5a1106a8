"""Train models of scikit-learn on handwritten digits of 8x8 pixels, which come with it.

    python samples/digits/train.py build/digits

writes train.npz, test.npz (x: (samples, 64) of 0..16, y: the digit), test.csv of the same, and
logistic.joblib, svm.joblib, forest.joblib.
"""

from __future__ import annotations

import sys
from pathlib import Path

import joblib
import numpy as np
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

MODELS = {
    "logistic": make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=500)),
    "svm": SVC(kernel="linear"),
    "forest": RandomForestClassifier(30, max_leaf_nodes=128, random_state=0),
}


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    x, y = load_digits(return_X_y=True)
    x, x_test, y, y_test = train_test_split(x, y, test_size=0.4, random_state=0, stratify=y)
    np.savez(folder / "train.npz", x=x.astype(np.float32), y=y)
    np.savez(folder / "test.npz", x=x_test.astype(np.float32), y=y_test)
    rows = np.column_stack([x_test, y_test])
    names = ",".join([*(f"pixel{n}" for n in range(64)), "label"])
    np.savetxt(folder / "test.csv", rows, delimiter=",", header=names, comments="", fmt="%g")
    for name, model in MODELS.items():
        joblib.dump(model.fit(x, y), folder / f"{name}.joblib")
        print(f"{name}: {model.score(x_test, y_test):.2%} of {len(y_test)} test digits")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/digits"))
