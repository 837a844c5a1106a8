"""The TensorFlow Lite Micro form: the array is the file, the resolver has the operators."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.emit.tflm import NOT_IN_MICRO, RESOLVER_METHODS, emit_tflm
from edgekit.converter.ir.ops import BY_NAME
from edgekit.errors import UnsupportedError
from tests.helpers.toolchains import require

MODEL = np.random.default_rng(0).integers(0, 256, 1003, dtype=np.uint8).tobytes()
OPERATORS = ["CONV_2D", "RESHAPE", "CONV_2D", "ADD"]

RESOLVER_STUB = """
enum TfLiteStatus { kTfLiteOk, kTfLiteError };
namespace tflite {
template <unsigned n> struct MicroMutableOpResolver {
    unsigned count = 0;
    TfLiteStatus add() { return ++count <= n ? kTfLiteOk : kTfLiteError; }
    TfLiteStatus AddAdd() { return add(); }
    TfLiteStatus AddConv2D() { return add(); }
    TfLiteStatus AddReshape() { return add(); }
};
}
"""
MAIN = """
#include <cstdint>
#include <cstdio>
#include "kws_model_data.h"
#include "kws_op_resolver.h"
int main()
{
    kws_op_resolver_t resolver;
    if (kws_register_ops(resolver) != kTfLiteOk || resolver.count != 3) return 1;
    if (reinterpret_cast<uintptr_t>(g_kws_model_data) % 16) return 2;
    return fwrite(g_kws_model_data, 1, g_kws_model_data_size, stdout) != g_kws_model_data_size;
}
"""


def files() -> dict[str, str]:
    return emit_tflm(MODEL, OPERATORS, name="kws", model_sha256="ab" * 32, tool_version="0.0.test")


def test_the_array_is_the_model() -> None:
    body = files()["kws_model_data.cc"].split("{", 1)[1]
    assert bytes(int(byte, 16) for byte in re.findall(r"0x([0-9a-f]{2})", body)) == MODEL
    assert f"g_kws_model_data_size = {len(MODEL)};" in files()["kws_model_data.cc"]


def test_each_operator_is_registered_once_in_order() -> None:
    text = files()["kws_op_resolver.h"]
    assert re.findall(r"resolver\.(\w+)\(\)", text) == ["AddAdd", "AddConv2D", "AddReshape"]
    assert "MicroMutableOpResolver<3>" in text


def test_every_operator_has_a_method() -> None:
    assert set(RESOLVER_METHODS) | NOT_IN_MICRO == set(BY_NAME)
    assert not NOT_IN_MICRO & set(RESOLVER_METHODS)


def test_an_operator_that_tflm_lacks_is_refused() -> None:
    with pytest.raises(UnsupportedError) as caught:
        emit_tflm(b"", ["RELU_0_TO_1", "ADD"], name="m", model_sha256="", tool_version="0")
    assert caught.value.code == "tflm-operator"
    assert "RELU_0_TO_1" in caught.value.found
    assert "RELU6" in caught.value.hint


def test_compiled_it_holds_the_model_aligned(tmp_path: Path) -> None:
    require("g++")
    for name, text in files().items():
        (tmp_path / name).write_text(text)
    stub = tmp_path / "tensorflow/lite/micro/micro_mutable_op_resolver.h"
    stub.parent.mkdir(parents=True)
    stub.write_text(RESOLVER_STUB)
    (tmp_path / "main.cc").write_text(MAIN)
    command = ["g++", "-std=c++17", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I."]
    command += ["main.cc", "kws_model_data.cc", "-o", "main"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert subprocess.run([tmp_path / "main"], capture_output=True, check=True).stdout == MODEL


@pytest.mark.parametrize("size", [0, 1, 16, 17])
def test_short_models(size: int) -> None:
    text = emit_tflm(MODEL[:size], [], name="m", model_sha256="0" * 64, tool_version="1")
    assert text["m_model_data.cc"].count("0x") == size
