"""The offset check: whole files pass, cut and mutated ones never bring anything but ValueError."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.litert.offsets import verify_offsets
from tests.helpers.tiny_tflite import add_one_model


def test_a_whole_file_passes() -> None:
    verify_offsets(add_one_model())


def test_every_cut_before_the_last_bytes_is_found() -> None:
    data = add_one_model()
    for size in range(0, len(data) - 32, 3):
        with pytest.raises(ValueError, match="outside the file"):
            verify_offsets(data[:size])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=8))
def test_mutated_files_never_surprise(changes: list[tuple[int, int]]) -> None:
    data = bytearray(add_one_model())
    for place, value in changes:
        data[place % len(data)] = value
    with suppress(ValueError):
        verify_offsets(bytes(data))


@pytest.mark.data
def test_real_files_pass(test_data: Path) -> None:
    for path in sorted((test_data / "models").glob("*.tflite")):
        verify_offsets(path.read_bytes())


@pytest.mark.tensorflow
def test_tf_lite_is_the_third_provider(tmp_path: Path) -> None:
    """In a process of its own: TensorFlow must not come before tflite_runtime in this one."""
    pytest.importorskip("ai_edge_litert")
    (tmp_path / "m.tflite").write_bytes(add_one_model())
    code = (
        "import sys; from pathlib import Path; import numpy as np\n"
        "from edgekit.litert import open_interpreter\n"
        "model = open_interpreter(Path(sys.argv[1]), provider='tf.lite')\n"
        "print(model.name, model.run([np.ones((1, 4), np.float32)])[0].tolist())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "m.tflite")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if "MissingExtraError" in done.stderr:
        pytest.skip("TensorFlow is not installed")
    assert done.stdout == "tf.lite [[2.0, 2.0, 2.0, 2.0]]\n", done.stderr
