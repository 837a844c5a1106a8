"""The writers of C text: their examples, and that what they write reads back the same."""

from __future__ import annotations

import doctest
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from edgekit.converter.emit import c_text, sheet
from edgekit.converter.fixed_point import Requant
from edgekit.converter.lower import fields, headers, int4, names, select
from tests.helpers.toolchains import compile_c

SHAPES = hnp.array_shapes(min_dims=1, max_dims=4, max_side=9)


@pytest.mark.parametrize("module", [c_text, sheet, fields, headers, int4, names, select])
def test_examples_in_docstrings(module: object) -> None:
    result = doctest.testmod(module)  # type: ignore[arg-type]
    assert result.attempted
    assert result.failed == 0


@given(hnp.arrays(np.int8, SHAPES))
def test_arrays_read_back_and_fit_the_width(values: np.ndarray) -> None:  # type: ignore[type-arg]
    text = c_text.array("const int8_t w[]", values)
    body = re.sub(r"/\*.*?\*/", "", text).split("{", 1)[1]
    numbers = [int(word) for word in re.findall(r"-?\d+", body)]
    assert numbers == values.reshape(-1).tolist()
    assert max(map(len, text.splitlines())) <= c_text.WIDTH


@given(hnp.arrays(np.int8, hnp.array_shapes(min_dims=2, max_dims=4, max_side=9)))
def test_a_line_holds_whole_rows_or_part_of_one(values: np.ndarray) -> None:  # type: ignore[type-arg]
    text = c_text.array("const int8_t w[]", values)
    lines = [line for line in text.splitlines()[1:-1] if "/*" not in line]
    counts = {line.count(",") for line in lines}
    row = values.shape[-1]
    assert all(count % row == 0 for count in counts)


def test_long_rows_are_broken_and_counted() -> None:
    text = c_text.array("const int8_t w[]", np.zeros((2, 40), np.int8))
    assert text.splitlines()[1] == "    /* 0 */"
    assert [line.count(",") for line in text.splitlines() if "0," in line] == [16, 16, 8] * 2
    assert text.count("/*") == 2


def test_int32_extremes_compile_to_themselves(tmp_path: Path) -> None:
    values = np.array([-(2**31), 2**31 - 1, 0], np.int32)
    array = c_text.array("const int32_t v[3]", values)
    program = f"#include <stdint.h>\n#include <stdio.h>\n{array}\nint main(void)\n{{\n"
    program += '    for (int i = 0; i < 3; i++) printf("%ld\\n", (long)v[i]);\n    return 0;\n}\n'
    (tmp_path / "v.c").write_text(program)
    compile_c("gcc", tmp_path / "v.c", "-o", tmp_path / "v")
    done = subprocess.run([tmp_path / "v"], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(v) for v in values.tolist()]


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_float_literals_read_back_as_the_same_float32(value: float) -> None:
    text = c_text.number(value)
    assert re.fullmatch(r"-?\d+(\.\d+)?(e[-+]?\d+)?f", text)
    assert "." in text or "e" in text
    assert np.float32(text.removesuffix("f")) == np.float32(value)


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=30))
def test_strings_mean_their_utf8_bytes(text: str) -> None:
    literal = c_text.string(text)
    assert literal.isascii()
    assert literal.isprintable()
    simple = re.sub(r"\\([0-7]{3})", lambda m: f"\\x{int(m[1], 8):02x}", literal)
    import ast

    assert ast.literal_eval("b" + simple.replace("\\?", "?")) == text.encode()


@given(st.text())
def test_comments_cannot_end_early(text: str) -> None:
    shown = c_text.safe(text)
    assert "*/" not in shown
    assert "\n" not in shown


def test_structs_keep_every_field_once() -> None:
    fields = [(f"field{i}_{'x' * i}", i) for i in range(30)]
    text = c_text.struct("static const t p", [*fields, ("q", Requant(7, -2)), ("v", (1, 2))])
    found = re.findall(r"\.(\w+) = ", text)
    assert found == [name for name, _ in fields] + ["q", "v"]
    assert max(map(len, text.splitlines())) <= c_text.WIDTH


@given(st.lists(st.text("abc_", min_size=1, max_size=40), min_size=1, max_size=12))
def test_calls_keep_their_arguments_in_order(arguments: list[str]) -> None:
    text = c_text.call("ek_function__ref", arguments)
    inside = text[text.index("(") + 1 : text.rindex(")")]
    assert [word.strip() for word in inside.split(",")] == arguments
    assert max(map(len, text.splitlines())) <= c_text.WIDTH
