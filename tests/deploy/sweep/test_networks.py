"""Architectures as an axis: trained once, taken again, refused where trained otherwise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import edgekit
from edgekit.converter.options import ConvertOptions
from edgekit.deploy.sweep import networks
from edgekit.deploy.sweep.networks import Network, make_training, parse_networks, train_all
from edgekit.deploy.sweep.options import SweepOptions
from edgekit.errors import EdgeKitError
from tests.helpers.command_line import fails


def test_a_network_is_an_architecture_and_a_width() -> None:
    assert parse_networks(["mobilenet-v1:0.25", "resnet8"]) == (
        Network("mobilenet_v1", 0.25),
        Network("resnet8", 1.0),
    )
    assert Network("resnet8", 0.5).place(Path("out")) == Path("out/networks/resnet8-0.5.keras")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("resnet8:wide", "sweep-arch"),
        ("resnet8:0", "sweep-arch"),
        ("resnet9", "unknown-architecture"),
    ],
)
def test_bad_networks_are_refused(text: str, code: str) -> None:
    with pytest.raises(EdgeKitError) as caught:
        parse_networks([text])
    assert (caught.value.code, caught.value.exit_code) == (code, 2)


def test_training_needs_data() -> None:
    words = ("sweep", "-t", "host", "-o", "out")
    fails(*words, "--arch", "resnet8", exit_code=2, code="sweep-arch")
    fails(*words, "--arch", "resnet8", "--train", "gone", exit_code=1, code="data-missing")
    fails(*words, "--train", "gone", exit_code=2, code="option-unused")
    fails(*words, exit_code=2, code="sweep-axis")


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """24 pictures of two classes."""
    rng = np.random.default_rng(0)
    y = np.arange(24) % 2
    x = (rng.integers(0, 120, (24, 16, 16, 3)) + 120 * y[:, None, None, None]).astype(np.uint8)
    np.savez(tmp_path / "train.npz", x=x, y=y)
    return tmp_path / "train.npz"


def test_a_network_is_trained_once_and_not_taken_for_another(
    labelled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[str] = []

    def train(architecture: str, spec: str, *, output: Path, **rest: object) -> None:
        trained.append(f"{architecture} {spec}")
        output.write_bytes(b"weights")

    monkeypatch.setattr(networks, "train", train)
    several = parse_networks(["resnet8:0.25", "dscnn"])
    for _ in range(2):
        train_all(several, make_training(labelled, 3, 0), tmp_path, lambda *step: None)
    assert trained == [f"resnet8 {labelled}", f"dscnn {labelled}"]
    with pytest.raises(EdgeKitError) as caught:
        train_all(several, make_training(labelled, 4, 0), tmp_path, lambda *step: None)
    assert caught.value.code == "sweep-network"
    assert "another epochs: 3" in caught.value.found


@pytest.mark.tensorflow
def test_trained_networks_are_swept(labelled: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorflow")
    record = edgekit.sweep(
        target="virtual-m4",
        output_dir=tmp_path / "out",
        axes={"precision": ["int8"]},
        options=SweepOptions(networks=("resnet8:0.25",), train=labelled, epochs=1),
        convert=ConvertOptions(calibration=str(labelled)),
    )
    (trial,) = record.trials
    assert trial.state == "ok", trial.problem
    assert trial.point["model"] == "resnet8-0.25"
    assert (tmp_path / "out/networks/resnet8-0.25.keras").is_file()
