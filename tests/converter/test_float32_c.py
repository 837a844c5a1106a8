"""Generated C in float32 against LiteRT's reference kernels."""

from __future__ import annotations

import ctypes
import math
from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.interpret import run
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Quant
from tests.converter.interpret.test_float_operators import MAKERS, f32, run_litert
from tests.helpers.float_graphs import classifier, samples
from tests.helpers.generated_c import FIRMWARE, INCLUDE, build, generate, run_c
from tests.helpers.oracle import Array, single_operator
from tests.helpers.three_engines import Case, compiled
from tests.helpers.toolchains import compile_c

SANITIZED = ("-fsanitize=undefined", "-fno-sanitize-recover=all")
SEEDS = 8
TOLERANCE = 1e-5
"""Relative; what other orders of summation and another exp may cost."""


def cases(operator: str) -> list[Case]:
    found = []
    for seed in range(SEEDS):
        rng = np.random.default_rng([seed, *operator.encode()])
        name, made, operands, shape = MAKERS[operator](rng)
        free = [t for t in operands if t is not None and t.data is None]
        inputs: list[Array] = [(rng.standard_normal(t.shape) * 4).astype(np.float32) for t in free]
        model = single_operator(name, made, operands, f32(*shape))
        found.append(Case(f"{operator}-{seed}", model, inputs))
    return found


def assert_near(found: Array, expected: Array, case: str = "") -> None:
    scale = max(1e-3, float(np.abs(expected).max(initial=0)))
    np.testing.assert_allclose(
        found, expected, rtol=TOLERANCE, atol=TOLERANCE * scale, err_msg=case
    )


@pytest.mark.parametrize("operator", MAKERS)
def test_generated_c_is_within_a_hundred_thousandth_of_litert(
    operator: str, tmp_path: Path
) -> None:
    made = cases(operator)
    for case, found in zip(made, compiled(made, tmp_path, *SANITIZED), strict=True):
        assert found.dtype == np.float32
        assert_near(found, run_litert(case.model, case.inputs), case.name)


@pytest.mark.parametrize(
    ("kind", "reach", "floor"),
    [
        ("LOGISTIC", 95, 1e-36),
        ("TANH", 12, 1e-36),
        ("ELU", 90, 1e-36),
        ("GELU", 9, 1e-6),
        ("SIN", 4e7, 2e-7),
        ("COS", 1e3, 2e-7),
    ],
)
def test_functions_of_one_value_over_their_whole_range(
    kind: str, reach: float, floor: float, tmp_path: Path
) -> None:
    x = np.linspace(-reach, reach, 20_000, dtype=np.float32)
    tiny = np.float32(10.0) ** np.linspace(-30, 0, 500, dtype=np.float32)
    x = np.concatenate([x, tiny, -tiny])[None]
    case = Case(kind.lower(), single_operator(kind, None, [f32(*x.shape)], f32(*x.shape)), [x])
    [found] = compiled([case], tmp_path)
    wide = x.astype(np.float64)
    exact = {
        "LOGISTIC": lambda: 1 / (1 + np.exp(-wide)),
        "TANH": lambda: np.tanh(wide),
        "ELU": lambda: np.where(wide < 0, np.expm1(wide), wide),
        "GELU": lambda: wide / 2 * (1 + np.vectorize(math.erf)(wide / math.sqrt(2))),
        "SIN": lambda: np.sin(wide),
        "COS": lambda: np.cos(wide),
    }[kind]()
    normal = np.abs(exact) > floor
    np.testing.assert_allclose(found[normal], exact[normal], rtol=1e-6, atol=floor)
    np.testing.assert_allclose(found[~normal], exact[~normal], atol=floor)


def test_exp_within_two_units_of_the_last_place(tmp_path: Path) -> None:
    source = tmp_path / "exp.c"
    source.write_text(
        '#include "ek_exp_f32.h"\n'
        "void all(int n, const float *x, float *y);\n"
        "void all(int n, const float *x, float *y)\n"
        "{ for (int i = 0; i < n; i++) y[i] = ek_exp_f32(x[i]); }\n"
    )
    library = tmp_path / "exp.so"
    compile_c("gcc", "-O2", "-shared", "-fPIC", f"-I{INCLUDE}", "-o", library, source)
    x = np.linspace(-87.3, 88.7, 400_000, dtype=np.float32)
    x = np.concatenate([x, np.float32([np.inf, -np.inf, np.nan, 1e30, -1e30, 0])])
    y = np.empty_like(x)
    ctypes.CDLL(str(library)).all(
        len(x), x.ctypes.data_as(ctypes.c_void_p), y.ctypes.data_as(ctypes.c_void_p)
    )
    np.testing.assert_allclose(y[:-6], np.exp(x[:-6].astype(np.float64)), rtol=2.4e-7)
    assert y[-6] == np.inf
    assert y[-5] == 0
    assert np.isnan(y[-4])
    assert y[-3] == np.inf
    assert y[-2] == 0
    assert y[-1] == 1


def test_a_whole_float_network(tmp_path: Path) -> None:
    graph = classifier()
    made = generate(graph, "floats")
    library = build([made], tmp_path, *SANITIZED)
    data = samples(graph, 5)
    expected = run(graph, data)[graph.outputs[0]]
    for index, row in enumerate(data):
        [found] = run_c(library, made, [row[None]], poison=index)
        assert_near(found, expected[index : index + 1])
    assert all(step.kernel.endswith("_f32__ref") for step in made.program.steps)
    assert '#include "ek_kernels_f32.h"' in made.source.files["floats.c"]
    assert "const float *floats_output(const uint8_t *arena);" in made.source.files["floats.h"]


def test_float_layers_between_quantized_ones(tmp_path: Path) -> None:
    """DEQUANTIZE, a softmax in float32, QUANTIZE: the float part in float kernels."""
    from tests.helpers.int8_graphs import GraphBuilder

    g = GraphBuilder("mixed")
    x = g.input((1, 12), Quant.per_tensor(0.1, 3))
    from edgekit.converter.ir.graph import DType

    real = g.node(ops.Dequantize(), [x], (1, 12), None, dtype=DType.FLOAT32)
    soft = g.node(ops.Softmax(), [real], (1, 12), None, dtype=DType.FLOAT32)
    y = g.node(ops.Quantize(), [soft], (1, 12), Quant.per_tensor(1 / 256, -128))
    graph = g.graph(y)
    made = generate(graph, "mixed")
    library = build([made], tmp_path, *SANITIZED)
    codes = np.random.default_rng(0).integers(-128, 128, (1, 12)).astype(np.int8)
    [found] = run_c(library, made, [codes])
    expected = run(graph, codes)[graph.outputs[0]]
    assert np.abs(found.astype(int) - expected).max() <= 1
    kernels = [step.kernel for step in made.program.steps]
    assert kernels == [
        "ek_dequantize_s8_f32__ref",
        "ek_softmax_f32__ref",
        "ek_quantize_f32_s8__ref",
    ]


def test_the_kernels_need_no_double_and_no_library(tmp_path: Path) -> None:
    """An FPU in single precision runs them, and nothing but memcpy and its like is linked."""
    sources = sorted((FIRMWARE / "kernels" / "ref").glob("*_f32.c"))
    strict = ("-Wdouble-promotion", "-Wfloat-conversion", "-O2", f"-I{INCLUDE}")
    compile_c("gcc", *strict, "-c", *sources, cwd=tmp_path)
    bare = ("-DNDEBUG", "-nostdlib", "-shared", "-fPIC")
    compile_c("gcc", *strict, *bare, "-o", tmp_path / "all.so", *sources)
    import subprocess

    listed = subprocess.run(
        ["nm", "-u", str(tmp_path / "all.so")], capture_output=True, text=True, check=True
    )
    missing = {line.split()[-1].split("@")[0] for line in listed.stdout.splitlines()}
    assert missing <= {"memcpy", "memmove", "memset"}  # what any C compiler may need
