"""The trained binarized network of the samples: small, and as good as its page says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.options import ConvertOptions
from edgekit.deploy.convert import convert

pytestmark = pytest.mark.tensorflow
pytest.importorskip("tensorflow")

MODEL = Path(__file__).parents[3] / "samples" / "cifar10" / "quicknet.keras"
MOST_WEIGHTS = 150_000


def test_its_weights_are_bits(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).uniform(-1, 1, (20, 32, 32, 3)).astype(np.float32)
    options = ConvertOptions(calibration=noise, gate=False)
    done = convert(MODEL, target="virtual-m4", output_dir=tmp_path / "bundle", options=options)
    assert done.manifest.sizes["weights"] <= MOST_WEIGHTS
    binary = [step for step in done.manifest.steps if "LceBconv2d" in step.operator]
    assert len(binary) == 9


def test_it_knows_the_classes(test_data: Path, tmp_path: Path) -> None:
    sets = test_data / "datasets" / "cifar10_lossless"
    options = ConvertOptions(
        calibration=str(sets / "train_webp_lossless.npz"),
        calibration_samples=128,
        evaluation=str(sets / "test_webp_lossless.npz"),
        evaluation_samples=250,
        gate=False,
    )
    done = convert(MODEL, target="virtual-m4", output_dir=tmp_path / "bundle", options=options)
    accuracy = done.manifest.accuracy
    assert accuracy is not None
    assert accuracy.after is not None
    assert accuracy.after >= 0.82, "87.4 % of all; of 250 images this is 2.5 deviations less"
