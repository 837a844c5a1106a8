"""TensorFlow's complaints in our words, without TensorFlow."""

from __future__ import annotations

import importlib.util
import os
import sys
import warnings

import pytest

from edgekit.converter.load.clock import Clock
from edgekit.converter.load.keras import (
    attempt,
    explain,
    first_lines,
    fixed_shape,
    import_tensorflow,
    readable_names,
)
from edgekit.converter.load.quiet import quiet
from edgekit.converter.load.tolerant import tolerant_layers
from edgekit.errors import EdgeKitError, MissingExtraError, ModelError, UnsupportedError, UsageError


@pytest.mark.parametrize(
    ("reason", "code", "words"),
    [
        ("TypeError: Could not locate class 'Mish'. Make", "custom-class", "custom class Mish"),
        ("ValueError: Unknown layer: 'Mish'. Please", "custom-class", "custom class Mish"),
        ("ValueError: The `Lambda` layer 'x' safe_mode=True", "lambda-layer", "(a Lambda layer)"),
        (
            "ConverterError: Some ops are not supported by the native TFLite runtime, "
            "you can enable TF kernels fallback using TF Select. tf.Erfc, tf.Cumsum",
            "unsupported-operator",
            "Cumsum, Erfc",
        ),
        (
            "ValueError: Only input tensors may be passed as positional arguments. The following",
            "keras-operation",
            "Keras writes into .h5 files and cannot read back",
        ),
        ("ConverterError: 'tf.TensorListReserve' op requires", "unsupported-operator", "a loop"),
    ],
)
def test_known_complaints(reason: str, code: str, words: str) -> None:
    error = explain("net.h5", "load", reason)
    assert isinstance(error, UnsupportedError)
    assert (error.code, error.subject) == (code, "net.h5")
    assert words in error.found
    assert error.hint


def test_words_of_the_compiler_are_no_operators() -> None:
    error = explain("net.h5", "convert", "tf.entry_function: Flex op tf.BitwiseAnd", "")
    assert error.found.endswith("TFLite does not have: BitwiseAnd")


@pytest.mark.parametrize(("step", "code"), [("load", "load-failed"), ("convert", "convert-failed")])
def test_other_complaints_are_quoted(step: str, code: str) -> None:
    error = explain("net.h5", step, "OSError: it is\n   broken")
    assert type(error) is ModelError
    assert error.code == code
    assert error.found == f"TensorFlow cannot {step} it: OSError: it is broken"
    assert error.hint


def test_long_complaints_are_cut_at_a_word() -> None:
    text = first_lines("word " * 200, limit=22)
    assert text == "word word word word ..."


def test_what_tensorflow_raises_becomes_a_model_error() -> None:
    def fail() -> None:
        raise RuntimeError("deep inside")

    with pytest.raises(ModelError, match="RuntimeError: deep inside"):
        attempt("net.h5", "load", fail)

    def refuse() -> None:
        raise UsageError("x", "y")

    with pytest.raises(UsageError):
        attempt("net.h5", "load", refuse)


def test_missing_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError) as caught:
        import_tensorflow(Clock())
    assert caught.value.extra == "convert"
    assert "edgekit-sdk[convert]" in caught.value.hint


def test_tensorflow_that_does_not_import(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(MissingExtraError, match="import of tensorflow halted"):
        import_tensorflow(Clock())


def test_shapes_get_batch_one_and_the_size_asked_for() -> None:
    assert fixed_shape("m", (None, 32, 32, 3), None) == (1, 32, 32, 3)
    assert fixed_shape("m", (None, None, None, 3), (24, 32)) == (1, 24, 32, 3)
    assert fixed_shape("m", (None, 32, 32, 3), (32, 32)) == (1, 32, 32, 3)
    assert fixed_shape("m", (None, 640), (24, 32)) == (1, 640)


def test_open_shapes_ask_for_an_input_size() -> None:
    with pytest.raises(UnsupportedError) as caught:
        fixed_shape("m.h5", (None, None, None, 3), None)
    assert caught.value.code == "dynamic-shape"
    assert "--input-size" in caught.value.hint
    with pytest.raises(UnsupportedError) as caught:
        fixed_shape("m.h5", (None, None, 8), None)
    assert "fixed input shape" in caught.value.hint


def test_a_size_that_the_model_does_not_have() -> None:
    with pytest.raises(UsageError) as caught:
        fixed_shape("m.h5", (None, 96, 96, 3), (64, 64))
    assert caught.value.code == "input-size"
    assert "96x96" in caught.value.allowed


def test_made_up_input_names_are_replaced() -> None:
    names = ["keras_tensor_12", "image:0", "keras_tensor_13"]
    assert readable_names(names) == ("input", "image", "input_2")


class _Layer:
    def __init__(self, name: str = "", dtype: str = "") -> None:
        self.name = name


_Layer.__name__ = "Layer"


class _Depthwise(_Layer):
    def __init__(self, kernel_size: int, **rest: object) -> None:
        super().__init__(**rest)  # type: ignore[arg-type]
        self.kernel_size = kernel_size


class _TensorFlow:
    class keras:
        Operation = _Layer

        class layers:
            Layer = _Layer
            DepthwiseConv2D = _Depthwise


def test_arguments_of_older_keras_are_dropped_and_named() -> None:
    dropped: set[str] = set()
    layer = tolerant_layers(_TensorFlow, dropped)["DepthwiseConv2D"]
    made = layer(3, name="dw", groups=1, time_major=False)
    assert (made.kernel_size, made.name) == (3, "dw")
    assert dropped == {"DepthwiseConv2D.groups", "DepthwiseConv2D.time_major"}
    with pytest.raises(ValueError, match="groups=4"):
        layer(3, groups=4)


def test_quiet_keeps_both_streams_and_returns_the_log(capfd: pytest.CaptureFixture[str]) -> None:
    with quiet() as log:
        print("python talks")
        os.write(2, b"native code talks\n")
        warnings.warn("and warns", stacklevel=1)
        heard = log()
    assert "native code talks" in heard
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_quiet_ends_after_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(EdgeKitError), quiet():
        raise EdgeKitError("a", "b")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"
