"""The trained networks of the samples: as small and as good in int8 as their page says."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.converter.options import ConvertOptions
from edgekit.deploy.convert import convert

pytestmark = pytest.mark.tensorflow
pytest.importorskip("tensorflow")

SAMPLE = Path(__file__).parents[3] / "samples" / "cifar10"
IMAGES = 250


@pytest.mark.parametrize(
    ("name", "most_weights", "least_top1"),
    [
        ("mobilenet_v1", 215_000, 0.84),
        ("squeezenet", 190_000, 0.78),
        ("shufflenet_v2", 345_000, 0.77),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_int8_is_as_good_as_said(
    name: str, most_weights: int, least_top1: float, test_data: Path, tmp_path: Path
) -> None:
    """Of 250 images a share that is 2.5 deviations below that of all 10,000 is enough."""
    sets = test_data / "datasets" / "cifar10_lossless"
    options = ConvertOptions(
        calibration=str(sets / "train_webp_lossless.npz"),
        calibration_samples=128,
        evaluation=str(sets / "test_webp_lossless.npz"),
        evaluation_samples=IMAGES,
        gate=False,
    )
    model = SAMPLE / f"{name}.keras"
    manifest = convert(
        model, target="virtual-m4", output_dir=tmp_path / "bundle", options=options
    ).manifest
    assert manifest.sizes["weights"] <= most_weights
    accuracy = manifest.accuracy
    assert accuracy is not None
    assert accuracy.after is not None
    assert accuracy.after >= least_top1
