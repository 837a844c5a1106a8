"""kernels.toml against the C header and sources, and the choice of a kernel."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.ir.ops import BY_NAME
from edgekit.converter.lower import select
from edgekit.converter.lower.lower import lower
from edgekit.converter.lower.operators import LOWERINGS
from edgekit.converter.lower.program import Program, ScratchArg
from edgekit.converter.plan.plan import plan
from tests.helpers.generated_c import FIRMWARE, INCLUDE, TARGET
from tests.helpers.hand_models import tiny_image_model
from tests.helpers.int8_graphs import random_graph

HEADER = re.sub(r"/\*.*?\*/", "", (INCLUDE / "ek_kernels.h").read_text(), flags=re.DOTALL)
TABLE = select.kernel_table()
KERNELS = [kernel for rows in TABLE.values() for kernel in rows.values()]

WITH_DSP = """
[conv2d_s8]
ref = {}
dsp = { packing = "reversed", scratch = "test" }
[fully_connected_s8]
ref = {}
[softmax_s8]
ref = {}
"""


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.function)
def test_every_kernel_is_declared_and_defined(kernel: select.Kernel) -> None:
    macro = re.compile(rf"#define (\w+)\(isa\)[\s\\]*void ek_{kernel.family}__##isa\(")
    declared = macro.search(HEADER)
    assert declared, f"ek_kernels.h declares no {kernel.family}"
    assert f"{declared[1]}({kernel.isa});" in HEADER
    source = FIRMWARE / "kernels" / select.source_path(kernel.function)
    assert f"void {kernel.function}(" in source.read_text()


def test_every_source_is_in_the_table() -> None:
    paths = {path.relative_to(FIRMWARE / "kernels").as_posix() for path in sources()}
    assert paths == {select.source_path(kernel.function) for kernel in KERNELS}


def sources() -> list[Path]:
    return sorted((FIRMWARE / "kernels").glob("*/*.c"))


def test_every_family_has_a_reference() -> None:
    assert all("ref" in rows for rows in TABLE.values())


def test_every_operator_is_lowered_and_listed() -> None:
    assert {op.NAME for op in LOWERINGS} == set(BY_NAME)
    path = Path(select.__file__).with_name("kernels.toml")
    rows = tomllib.loads(path.read_text())
    listed = {name for row in rows.values() for name in row["operators"]}
    assert listed == set(BY_NAME)


def test_named_preparations_exist() -> None:
    assert {kernel.packing for kernel in KERNELS} <= set(select.PACKINGS)
    assert {kernel.scratch for kernel in KERNELS} <= set(select.SCRATCHES)


def test_the_listed_operators_are_those_that_end_there() -> None:
    path = Path(select.__file__).with_name("kernels.toml")
    rows = tomllib.loads(path.read_text())
    for seed in range(40):
        for step in lower(random_graph(seed), TARGET).steps:
            family = step.kernel.removeprefix("ek_").split("__")[0]
            assert step.operator in rows[family]["operators"]


@pytest.mark.parametrize(
    ("isas", "function"),
    [
        (("dsp", "ref"), "ek_conv2d_s8__dsp"),
        (("mve", "dsp", "ref"), "ek_conv2d_s8__dsp"),
        (("ref",), "ek_conv2d_s8__ref"),
        (("neon",), "ek_conv2d_s8__ref"),
    ],
)
def test_the_first_isa_with_a_row_is_taken(isas: tuple[str, ...], function: str) -> None:
    table = select.parse_kernels(WITH_DSP)
    assert select.select(table, "conv2d_s8", isas).function == function


@pytest.fixture
def dsp_program(monkeypatch: pytest.MonkeyPatch) -> Program:
    """The tiny model for a target with a kernel that packs its weights and needs scratch."""
    monkeypatch.setitem(select.PACKINGS, "reversed", lambda values: values[::-1])
    monkeypatch.setitem(
        select.SCRATCHES, "test", lambda params: 8 * dict(params.fields)["output_c"]
    )
    cpu = TARGET.cpu.model_copy(update={"isa": ("dsp", "ref")})
    target = TARGET.model_copy(update={"cpu": cpu})
    return lower(tiny_image_model(), target, kernels=select.parse_kernels(WITH_DSP))


def test_weights_are_packed_for_the_kernel(dsp_program: Program) -> None:
    plain = lower(tiny_image_model(), TARGET)
    packed, natural = (p.constant("conv1_w").values for p in (dsp_program, plain))
    np.testing.assert_array_equal(packed, natural[::-1])
    np.testing.assert_array_equal(
        dsp_program.constant("scores_w").values, plain.constant("scores_w").values
    )


def test_scratch_is_the_last_argument_and_lives_for_its_step(dsp_program: Program) -> None:
    conv, scores = dsp_program.steps[:2]
    assert conv.args[-1] == ScratchArg("conv1_scratch")
    assert (conv.scratch_bytes, scores.scratch_bytes) == (24, 0)
    placed = plan(dsp_program).placement("conv1_scratch")
    assert (placed.kind, placed.size, placed.first, placed.last) == ("scratch", 24, 0, 0)
