"""NativeModel against a model of twenty lines compiled here."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgekit.errors import DataError, ModelError
from edgekit.runtime.engine.native import NativeModel

INCLUDE = Path(__file__).parents[3] / "firmware_stubs" / "include"
SHA256 = "0123456789abcdef" + "0" * 48

SOURCE = """
#include "ek_model.h"
#include <string.h>

static void invoke(uint8_t *arena) {
    int8_t *x = (int8_t *)arena, *y = (int8_t *)arena + 16;
    float z;
    for (int i = 0; i < 4; i++) y[i] = (int8_t)(2 * x[i]);
    EK_STEP_DONE(0);
    z = (float)y[0] / 4;
    memcpy(arena + 32, &z, sizeof z);
    EK_STEP_DONE(1);
}
static const ek_tensor_t inputs[] = {{"x", 4, 0, EK_S8, 0.5f, -3}};
static const ek_tensor_t outputs[] = {{"y", 4, 16, EK_S8, 0.25f, 1},
                                      {"z", 4, @OFFSET@, @DTYPE@, 0, 0}};
static const ek_step_t steps[] = {{"double", "MUL", 4}, {"quarter", "DEQUANTIZE", 1}};
const ek_model_t tiny_model = {"@NAME@", "0123456789abcdef", 48, 1, 2, 2, inputs, outputs, steps,
                               @INVOKE@, 0, 0};
"""

SPLIT = """
#include "ek_model.h"

static void invoke(const ek_arena_t *arena) {
    int8_t *x = (int8_t *)arena->block[1], *y = (int8_t *)arena->block[0] + 16;
    int8_t *kept = (int8_t *)arena->block[1] + 16;
    for (int i = 0; i < 4; i++) y[i] = (int8_t)(2 * x[i] + *kept);
    *kept += 1;
}
static void reset(const ek_arena_t *arena) { arena->block[1][16] = 5; }
static const ek_tensor_t inputs[] = {{"x", 4, 0, EK_S8, 0.5f, -3}};
static const ek_tensor_t outputs[] = {{"y", 4, @OFFSET@, EK_S8, 0.25f, 1}};
static const ek_step_t steps[] = {{"double", "MUL", 4}};
static const ek_block_t list[] = {{"DTCM", 20}, {"SRAM", 32}};
static const uint8_t in[] = {1}, out[] = {@OUT@};
static const ek_blocks_t blocks = {@COUNT@, list, in, out, @INVOKE@, reset};
const ek_model_t tiny_model = {"tiny", "0123456789abcdef", 52, 1, 1, 1, inputs, outputs, steps,
                               0, 0, &blocks};
"""

Build = Callable[..., Path]


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    compiler = shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("no C compiler")
    folder = tmp_path_factory.mktemp("native")

    def make(*flags: str, text: str = SOURCE, **words: str) -> Path:
        words = {"OFFSET": "32", "DTYPE": "EK_F32", "NAME": "tiny", "INVOKE": "invoke", **words}
        for key, value in words.items():
            text = text.replace(f"@{key}@", value)
        path = folder / f"lib{len(list(folder.iterdir()))}.so"
        command = [compiler, "-std=c11", "-Wall", "-Wextra", "-shared", "-fPIC", *flags]
        command += [f"-I{INCLUDE}", "-xc", "-", "-o", str(path)]
        subprocess.run(command, input=text, text=True, check=True)
        return path

    return make


@pytest.fixture(scope="module")
def plain(build: Build) -> NativeModel:
    return NativeModel(build(), "tiny", model_sha256=SHA256)


X = np.array([[1, -2, 3, 4]], np.int8)


def test_it_runs_and_returns_copies(plain: NativeModel) -> None:
    first = plain.run([X])
    assert first[0].tolist() == [2, -4, 6, 8]
    assert first[1].tolist() == [0.5]
    assert [array.dtype.name for array in first] == ["int8", "float32"]
    plain.run([2 * X])
    assert first[0].tolist() == [2, -4, 6, 8]


def test_shapes_are_given_back(plain: NativeModel) -> None:
    outputs = plain.run([X], shapes=[(1, 2, 2), (1, 1)])
    assert [array.shape for array in outputs] == [(1, 2, 2), (1, 1)]


def test_the_arena_is_aligned_and_sized(plain: NativeModel) -> None:
    assert plain._blocks[0].ctypes.data % 64 == 0
    assert plain.arena_bytes == len(plain._blocks[0]) == 48
    assert (plain.hash, plain.description) == ("0123456789abcdef", "edgekit-c ref, native")


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ([], "input-count"),
        ([X, X], "input-count"),
        ([X.astype(np.uint8)], "input-shape"),
        ([X[:, :3]], "input-shape"),
    ],
)
def test_inputs_that_do_not_fit(plain: NativeModel, inputs: list[np.ndarray], code: str) -> None:
    with pytest.raises(DataError) as caught:
        plain.run(inputs)
    assert caught.value.code == code


def test_another_models_library_is_refused(build: Build) -> None:
    with pytest.raises(ModelError, match="another model") as caught:
        NativeModel(build(), "tiny", model_sha256="f" * 64)
    assert caught.value.code == "native-hash"
    assert "convert again" in caught.value.hint


def test_a_missing_symbol_is_named(build: Build) -> None:
    with pytest.raises(ModelError, match="does not define other_model") as caught:
        NativeModel(build(), "other")
    assert caught.value.code == "native-symbol"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"OFFSET": "46"}, "outside the arena"),
        ({"DTYPE": "(ek_dtype_t)9"}, "no known dtype"),
        ({"INVOKE": "0"}, "no invoke"),
        ({"NAME": "other"}, "is named b'other'"),
    ],
)
def test_a_structure_that_makes_no_sense(build: Build, words: dict[str, str], message: str) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        NativeModel(build(**words), "tiny")
    assert caught.value.code == "native-abi"


TWO = {"OFFSET": "16", "COUNT": "2", "OUT": "0"}


def test_an_arena_in_two_blocks(build: Build) -> None:
    model = NativeModel(build(text=SPLIT, **TWO), "tiny")
    assert [len(block) for block in model._blocks] == [20, 32]
    assert all(block.ctypes.data % 64 == 0 for block in model._blocks)
    for fresh, kept in ((True, 5), (False, 6), (False, 7), (True, 5)):
        [y] = model.run([X], fresh=fresh)
        np.testing.assert_array_equal(y, 2 * X[0] + kept)
    assert model.arena_bytes == 52


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"OFFSET": "17"}, "outside the arena"),
        ({"OUT": "2"}, "outside the arena"),
        ({"COUNT": "1"}, "no invoke"),
        ({"COUNT": "9"}, "no invoke"),
        ({"INVOKE": "0"}, "no invoke"),
    ],
)
def test_blocks_that_make_no_sense(build: Build, words: dict[str, str], message: str) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        NativeModel(build(text=SPLIT, **(TWO | words)), "tiny")
    assert caught.value.code == "native-abi"


def test_what_is_no_library_or_not_there(tmp_path: Path) -> None:
    (tmp_path / "text.so").write_text("not an ELF file")
    with pytest.raises(ModelError, match="cannot be loaded") as caught:
        NativeModel(tmp_path / "text.so", "tiny")
    assert caught.value.code == "native-load"
    assert "--engine c" in caught.value.hint
    with pytest.raises(ModelError, match="No such file"):
        NativeModel(tmp_path / "none.so", "tiny")
