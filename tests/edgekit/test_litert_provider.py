"""edgekit.litert: opening, running, refusing; every message it can give."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edgekit import litert
from edgekit.errors import DataError, MissingExtraError, ModelError, UnsupportedError, UsageError
from edgekit.litert import available, open_interpreter, opening
from tests.helpers.tiny_tflite import add_one_model, custom_operator_model

PROVIDERS = [info.name for info in available() if info.name != "tf.lite"]


def _ones() -> list[np.ndarray]:
    return [np.ones((1, 4), np.float32)]


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("kernels", ["default", "builtin", "reference"])
def test_it_runs_and_names_its_kernels(provider: str, kernels: litert.Kernels) -> None:
    if "tensorflow" in sys.modules and provider == "tflite_runtime":
        pytest.skip("TensorFlow was imported first")
    interpreter = open_interpreter(add_one_model(), provider=provider, kernels=kernels)
    np.testing.assert_array_equal(interpreter.run(_ones())[0], np.full((1, 4), 2, np.float32))
    expected = {"default": ("XNNPACK", "optimized"), "builtin": ("optimized",)}
    assert interpreter.kernels in expected.get(kernels, ("reference",))
    assert interpreter.description == f"{provider} {interpreter.version}, {interpreter.kernels}"


def test_the_first_provider_that_works_is_taken() -> None:
    assert open_interpreter(add_one_model()).name == PROVIDERS[0]


def test_batch_resizes_inputs_and_outputs(tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(add_one_model())
    interpreter = open_interpreter(path, batch=5, threads=2)
    assert interpreter.inputs[0].shape == interpreter.outputs[0].shape == (5, 4)
    assert interpreter.threads == 2


def test_tensors_and_their_values() -> None:
    interpreter = open_interpreter(add_one_model(), kernels="reference", preserve_all_tensors=True)
    interpreter.run(_ones())
    by_name = {row.name: row for row in interpreter.tensors()}
    assert by_name["x"].dtype == "float32"
    assert interpreter.tensor(by_name["one"].index).tolist() == [1.0]


def test_available_imports_no_provider() -> None:
    code = (
        "import sys; from edgekit.litert import available; available();"
        "print([m for m in ('tensorflow','ai_edge_litert','tflite_runtime') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_a_provider_can_be_loaded_ahead() -> None:
    info = litert.load_provider("ai_edge_litert")
    assert info == available()[0]
    assert "ai_edge_litert.interpreter" in sys.modules


def test_stderr_stays_clean(capfd: pytest.CaptureFixture[str]) -> None:
    open_interpreter(add_one_model()).run(_ones())
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("keep", [0.2, 0.5, 0.9])
def test_a_truncated_model_is_an_error_not_a_crash(provider: str, keep: float) -> None:
    if "tensorflow" in sys.modules and provider == "tflite_runtime":
        pytest.skip("TensorFlow was imported first")
    data = add_one_model()
    with pytest.raises(ModelError, match="damaged") as caught:
        open_interpreter(data[: int(len(data) * keep)], provider=provider)
    assert caught.value.code == "interpreter-refused"


@pytest.mark.parametrize(("data", "found"), [(b"", "empty"), (b"PK\3\4" * 9, "not a TFLite file")])
def test_what_is_no_model_is_refused(data: bytes, found: str, tmp_path: Path) -> None:
    path = tmp_path / "fake.tflite"
    path.write_bytes(data)
    with pytest.raises(ModelError, match=found) as caught:
        open_interpreter(path)
    assert caught.value.code == ("not-tflite" if data else "empty-model")
    assert caught.value.subject == str(path)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read: No such file") as caught:
        open_interpreter(tmp_path / "none.tflite")
    assert caught.value.code == "model-missing"


def test_a_custom_operator_is_named() -> None:
    with pytest.raises(UnsupportedError, match="Mystery") as caught:
        open_interpreter(custom_operator_model())
    assert caught.value.code == "custom-operator"


def test_a_batch_the_model_cannot_take() -> None:
    with pytest.raises(UnsupportedError, match="cannot run with batch size 3") as caught:
        litert_explain(batch=3)
    assert caught.value.code == "fixed-batch"


def litert_explain(batch: int) -> None:
    raise opening._explain("m", RuntimeError("reshape.cc:92 failed"), "", batch)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"threads": 0}, "threads"),
        ({"kernels": "fast"}, "kernels"),
        ({"batch": 0}, "batch"),
        ({"provider": "onnx"}, "provider"),
    ],
)
def test_wrong_options(options: dict[str, object], code: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_interpreter(add_one_model(), **options)  # type: ignore[arg-type]
    assert caught.value.code == code


def test_no_provider_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    model = add_one_model()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"edgekit-sdk\[litert\]"):
        open_interpreter(model)
    assert available() == ()


def test_a_provider_that_does_not_import(monkeypatch: pytest.MonkeyPatch) -> None:
    model = add_one_model()

    def broken(name: str) -> object:
        raise ImportError("libfoo.so: cannot open shared object file")

    monkeypatch.setattr("importlib.import_module", broken)
    with pytest.raises(MissingExtraError, match="libfoo"):
        open_interpreter(model, provider="ai_edge_litert")


def test_tflite_runtime_with_numpy_2_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    if "tflite_runtime" not in PROVIDERS:
        pytest.skip("tflite_runtime is not installed")
    monkeypatch.setattr("numpy.__version__", "2.1.0")
    with pytest.raises(UsageError, match="needs numpy < 2") as caught:
        open_interpreter(add_one_model(), provider="tflite_runtime")
    assert caught.value.code == "provider-unusable"


@pytest.mark.parametrize(
    ("arrays", "code"),
    [
        ([], "input-count"),
        ([np.ones((1, 4), np.int8)], "input-shape"),
        ([np.ones((4,), np.float32)], "input-shape"),
    ],
)
def test_wrong_inputs(arrays: list[np.ndarray], code: str) -> None:
    with pytest.raises(DataError) as caught:
        open_interpreter(add_one_model()).run(arrays)
    assert caught.value.code == code


def test_a_failure_while_running_is_a_model_error() -> None:
    class Failing:
        def get_input_details(self) -> list[object]:
            return []

        get_output_details = get_input_details

        def invoke(self) -> None:
            raise RuntimeError("Node number 3 failed to invoke.")

    with pytest.raises(ModelError, match="Node number 3") as caught:
        litert.Interpreter(Failing(), "x", "1", "reference", 1).invoke()
    assert caught.value.code == "model-failed"
