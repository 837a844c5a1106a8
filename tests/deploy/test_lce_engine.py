"""The Larq Compute Engine as an engine of `verify`: a stand-in of its package, and the real one."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.tflite import write_tflite
from edgekit.deploy.verify import verify
from edgekit.errors import ModelError
from edgekit.litert.lce import PYTHON, lce_python, open_lce
from tests.helpers.binary_bundles import binary_network, convert_binary

PACKAGE = """
class LiteInterpreter:
    def __init__(self, model, threads, reference, *rest):
        if b"TFL3" not in model[:8]:
            raise RuntimeError("not a model")
        assert reference and threads == 1

    def predict(self, inputs):
        return [array + 1 for array in inputs]
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A Python with a package of this name that adds one."""
    folder = tmp_path / "site" / "larq_compute_engine" / "tflite" / "python"
    folder.mkdir(parents=True)
    (folder / "interpreter_wrapper_lite.py").write_text(PACKAGE)
    facts = tmp_path / "site" / "larq_compute_engine-9.9.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Name: larq-compute-engine\nVersion: 9.9\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    return sys.executable


def test_arrays_go_there_and_back(stand_in: str) -> None:
    with open_lce(write_tflite(binary_network()), stand_in) as (run, name):
        assert name == "larq-compute-engine 9.9, reference"
        for values in (np.arange(6, dtype=np.int8).reshape(2, 3), np.zeros((1, 4), np.float32)):
            first, second = run([values, values + 1])
            assert first.dtype == values.dtype
            assert np.array_equal(first, values + 1)
            assert np.array_equal(second, values + 2)


def test_its_refusal_is_told(stand_in: str) -> None:
    with pytest.raises(ModelError) as caught, open_lce(b"nothing", stand_in):
        pass
    assert (caught.value.code, caught.value.found) == ("lce-failed", "RuntimeError: not a model")


def test_a_python_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelError) as caught, open_lce(b"TFL3", sys.executable):
        pass
    assert caught.value.code == "lce-failed"
    monkeypatch.setenv(PYTHON, "/some/python")
    assert lce_python() == "/some/python"
    monkeypatch.delenv(PYTHON)
    assert lce_python() is None


def test_it_has_a_row_and_its_outputs_are_compared(
    stand_in: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong answer of its is shown, and decides nothing."""
    [wrapper] = tmp_path.glob("site/larq_compute_engine/tflite/python/*.py")
    wrong = "import numpy\n" + PACKAGE.replace(
        "[array + 1 for array in inputs]", "[numpy.zeros((1, 5, 5, 32), numpy.int8)]"
    )
    wrapper.write_text(wrong)
    monkeypatch.setenv(PYTHON, stand_in)
    found = verify(convert_binary(tmp_path), samples=2)
    [row] = [row for row in found.engines if "arq" in row.engine]
    assert not row.must_equal
    assert not row.equal
    assert found.proved


@pytest.mark.skipif(PYTHON not in os.environ, reason=f"{PYTHON} names no Python that has LCE")
def test_the_real_one_equals_the_interpreter(tmp_path: Path) -> None:
    found = verify(convert_binary(tmp_path), samples=5)
    [row] = [row for row in found.engines if row.engine.startswith("larq-compute-engine")]
    assert (row.inputs_equal, row.skipped) == (5, "")
