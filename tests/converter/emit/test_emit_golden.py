"""Generated C as people read it, and that it never differs between two runs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edgekit.converter.emit.c import steps_info
from tests.helpers.generated_c import generate
from tests.helpers.hand_models import float_border_model, tiny_image_model

ROOT = Path(__file__).parent.parent.parent.parent
TINY_FILES = ("tiny.h", "tiny.c", "tiny_weights.h", "tiny_weights.c", "CMakeLists.txt")


@pytest.mark.parametrize("file", TINY_FILES)
def test_image_model(golden: Callable[[str, str], None], file: str) -> None:
    generated = generate(tiny_image_model(), "tiny", labels=('cat "A"', "dög", "other??/"))
    golden(f"emit/{file}", generated.source.files[file])


@pytest.mark.parametrize("file", ["borders.h", "borders.c"])
def test_float_borders(golden: Callable[[str, str], None], file: str) -> None:
    golden(f"emit/{file}", generate(float_border_model(), "borders").source.files[file])


def test_example(golden: Callable[[str, str], None]) -> None:
    golden("emit/main.c", generate(tiny_image_model(), "tiny").source.files["example/main.c"])


SCRIPT = """
from tests.helpers.generated_c import generate
from tests.helpers.random_graphs import random_graph
source = generate(random_graph(11, 20), "again").source
print(sorted(source.files.items()), source.kernels)
"""


def test_equal_bytes_in_every_process() -> None:
    texts = set()
    for seed in ("1", "4242"):
        env = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT], cwd=ROOT, env=env, capture_output=True, check=True
        )
        texts.add(done.stdout)
    assert len(texts) == 1


def test_lines_of_code_keep_to_the_width() -> None:
    source = generate(tiny_image_model(), "tiny").source
    for path, text in source.files.items():
        for line in text.splitlines():
            assert len(line) <= 100, f"{path}: {line}"
            assert line == line.rstrip(), f"{path}: trailing space"
        assert text.endswith("\n")


def test_steps_of_the_manifest() -> None:
    generated = generate(tiny_image_model(), "tiny")
    steps = steps_info(generated.program, generated.memory)
    assert [step.name for step in steps] == ["conv1", "scores", "softmax"]
    conv = steps[0]
    assert (conv.operator, conv.kernel) == ("CONV_2D", "ek_conv2d_s8__ref")
    assert (conv.output_shape, conv.macs) == ((1, 2, 2, 3), 216)
    assert conv.weight_bytes == 54 + 3 * 4 + 3 * 8
    offset = generated.memory.offset("conv1_y")
    assert conv.arena == (offset, offset + 12)
