"""Options and names: every refusal, without TensorFlow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edgekit.converter.train.options import AUGMENTS, TrainOptions, augments
from edgekit.converter.train.zoo import NAMES, check_shape, find
from edgekit.errors import DataError, UsageError
from tests.helpers.command_line import ROOT


@pytest.mark.parametrize(
    ("option", "given", "text"),
    [
        ("--width", {"width": 0.0}, "0 (allowed: above 0, up to 4)"),
        ("--width", {"width": 4.5}, "4.5 (allowed: above 0, up to 4)"),
        ("--epochs", {"epochs": 0}, "0 (allowed: 1 or more)"),
        ("--batch", {"batch": 1}, "1 (allowed: 2 or more)"),
        ("--seed", {"seed": -1}, "-1 (allowed: 0 or more)"),
        ("--val-split", {"validation": 1.0}, "1 (allowed: 0 to 0.9)"),
        ("--warmup", {"warmup": -0.1}, "-0.1 (allowed: 0 to 0.9, a share of all steps)"),
        ("--lr", {"rate": 0.0}, "0 (allowed: above 0)"),
        ("--lr", {"rate": float("nan")}, "nan (allowed: above 0)"),
        ("--weight-decay", {"weight_decay": -1.0}, "-1 (allowed: 0 or more)"),
        ("--label-smoothing", {"label_smoothing": 1.0}, "1 (allowed: 0 to below 1)"),
        ("--progressive", {"progressive": 0.1}, "0.1 (allowed: 0.3 to 1)"),
        ("--ema", {"ema": 1.0}, "1 (allowed: 0 to below 1)"),
        ("--temperature", {"temperature": 0.0}, "0 (allowed: above 0)"),
        ("--alpha", {"alpha": 1.5}, "1.5 (allowed: 0 to 1)"),
        ("--feature-weight", {"feature_weight": -1.0}, "-1 (allowed: 0 or more)"),
        ("--feature-weight", {"feature_weight": 1.0}, "without a teacher there are no features"),
        ("--schedule", {"schedule": "step"}, "unknown value 'step' (allowed: onecycle, cosine)"),
        ("--optimizer", {"optimizer": "adam"}, "unknown value 'adam' (allowed: sgd, adamw)"),
        ("--augment", {"augment": ("flop",)}, "unknown value 'flop'"),
    ],
)
def test_options_out_of_range(option: str, given: dict[str, Any], text: str) -> None:
    with pytest.raises(UsageError) as caught:
        TrainOptions(**given)
    assert str(caught.value).startswith(f"{option}: {text}")


def test_the_rate_grows_with_the_batch_unless_given() -> None:
    assert TrainOptions().peak == 0.2
    assert TrainOptions(batch=64).peak == 0.1
    assert TrainOptions(batch=64, rate=0.5).peak == 0.5
    assert TrainOptions(optimizer="adamw").peak == 4e-3


def test_augmentations_are_read() -> None:
    assert augments(None) is None
    assert augments("none") == ()
    assert augments("flip, crop") == ("flip", "crop")
    assert TrainOptions(augment=AUGMENTS).augment == AUGMENTS


def test_networks_are_found_by_name() -> None:
    assert [find(name).name for name in NAMES] == list(NAMES)
    assert find("MobileNet-V1").name == "mobilenet_v1"


def test_an_unknown_network_lists_the_names() -> None:
    with pytest.raises(UsageError) as caught:
        find("mobilnet_v2")
    assert caught.value.code == "unknown-architecture"
    assert caught.value.allowed == ", ".join(NAMES)
    assert caught.value.hint == "did you mean mobilenet_v2?"
    with pytest.raises(UsageError, match="See `edgekit train --list`"):
        find("vgg")


def test_images_too_small_for_a_network() -> None:
    check_shape("resnet8", (8, 8, 3), "data")
    with pytest.raises(DataError) as caught:
        check_shape("resnet8", (32, 7, 1), "data.npz")
    assert str(caught.value) == (
        "data.npz: 32x7x1 is smaller than resnet8 can take (allowed: 8 pixels or more each way). "
        "Enlarge the images with --input 32x32x1"
    )


def test_options_and_names_need_no_tensorflow() -> None:
    modules = ("options", "zoo", "data", "schedule", "checkpoint", "train")
    lines = "; ".join(f"import edgekit.converter.train.{name}" for name in modules)
    code = f"import sys; {lines}; sys.exit(any(m in sys.modules for m in ('tensorflow', 'keras')))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_every_module_says_what_it_is_for() -> None:
    for path in Path(ROOT, "converter", "train").glob("*.py"):
        assert path.read_text(encoding="utf-8").startswith('"""'), path
