"""kernels.toml against the C header and sources, and the choice of a kernel."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

from edgekit.artifacts.bundle import Refusal
from edgekit.converter.ir.cost import node_macs
from edgekit.converter.ir.ops import BY_NAME
from edgekit.converter.ir.ops_binary import BINARY
from edgekit.converter.ir.ops_elementwise import FLOAT_ONLY
from edgekit.converter.ir.ops_logic import AddN
from edgekit.converter.lower import binary, select
from edgekit.converter.lower.calls import Array, Call
from edgekit.converter.lower.headers import header
from edgekit.converter.lower.logic import LOWERINGS as MIXED_LOWERINGS
from edgekit.converter.lower.lower import lower
from edgekit.converter.lower.operators import LOWERINGS
from edgekit.converter.lower.program import Params, Program, ScratchArg
from edgekit.converter.lower.variants import Request, Requirement
from edgekit.converter.plan.plan import plan
from edgekit.targets.reader import list_targets
from tests.helpers.generated_c import FIRMWARE, INCLUDE, TARGET
from tests.helpers.hand_models import tiny_image_model
from tests.helpers.random_graphs import random_graph

TABLE = select.kernel_table()
KERNELS = [kernel for rows in TABLE.values() for kernel in rows]
VARIANTS = [kernel for kernel in KERNELS if kernel.name]

WITH_DSP = """
[conv2d_s8]
cost = "ref_convolution"
[[conv2d_s8.variants]]
isa = "dsp"
name = "reversed"
requires = ["few"]
cost = "nothing"
packing = "reversed"
scratch = "test"
[fully_connected_s8]
[softmax_s8]
"""


def declarations(function: str) -> str:
    """The text of the header that declares a kernel, comments apart."""
    text = (INCLUDE / header(function)).read_text()
    return re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.function)
def test_every_kernel_is_declared_and_defined(kernel: select.Kernel) -> None:
    if kernel.isa == "ref":
        macro = re.compile(rf"#define (\w+)\(isa\)[\s\\]*void ek_{kernel.family}__##isa\(")
        declared = macro.search(declarations(kernel.function))
        assert declared, f"{header(kernel.function)} declares no {kernel.family}"
        assert f"{declared[1]}(ref);" in declarations(kernel.function)
    else:
        assert f"void {kernel.function}(" in declarations(kernel.function)
    source = FIRMWARE / "kernels" / select.source_path(kernel.function)
    assert f"void {kernel.function}(" in source.read_text()


def test_every_source_is_in_the_table() -> None:
    paths = {path.relative_to(FIRMWARE / "kernels").as_posix() for path in sources()}
    functions = {name for kernel in KERNELS for name in (kernel.function, *kernel.helper_functions)}
    assert paths == {select.source_path(name) for name in functions}


def functions_in(path: Path) -> set[str]:
    """The kernel functions that a file names, comments apart."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
    return set(re.findall(r"\bek_\w+__\w+", text))


def sources_of(path: Path) -> set[Path]:
    """A file and the headers it includes, and so on, but for those that only declare kernels."""
    names = re.findall(r'#include "(\w+\.h)"', path.read_text())
    included = [INCLUDE / name for name in names if not name.startswith("ek_kernels")]
    return {path}.union(*(sources_of(header) for header in included))


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.function)
def test_helpers_are_the_other_kernels_that_a_source_calls(kernel: select.Kernel) -> None:
    """Itself, through its headers or through a helper. Tests that link a kernel miss the others."""
    files = [
        FIRMWARE / "kernels" / select.source_path(name)
        for name in (kernel.function, *kernel.helper_functions)
    ]
    reached = set().union(*(functions_in(f) for path in files for f in sources_of(path)))
    assert functions_in(files[0]) - {kernel.function} <= set(kernel.helper_functions)
    assert set(kernel.helper_functions) <= reached - {kernel.function}


def sources() -> list[Path]:
    return sorted((FIRMWARE / "kernels").glob("*/*.c"))


def test_every_family_has_a_reference_with_a_cost_first() -> None:
    assert all((rows[0].isa, rows[0].name) == ("ref", "") for rows in TABLE.values())
    assert all(kernel.cost for kernel in KERNELS)


BINARY_NAMES = {operator.NAME for operator in BINARY}


def test_every_operator_is_lowered_and_listed() -> None:
    lowered = (*LOWERINGS, *FLOAT_ONLY, *MIXED_LOWERINGS, *binary.LOWERINGS)
    assert {op.NAME for op in lowered} == set(BY_NAME)
    path = Path(select.__file__).with_name("kernels.toml")
    rows = tomllib.loads(path.read_text())
    listed = {name for row in rows.values() for name in row["operators"]}
    added = {"ASSIGN_VARIABLE"}  # the step that ends a state's invocation
    floats = {op.NAME for op in FLOAT_ONLY if op is not AddN}  # of one operand a copy
    assert listed == (set(BY_NAME) | added) - floats - BINARY_NAMES


def test_named_functions_exist() -> None:
    assert {name for kernel in KERNELS for name in kernel.requires} <= set(select.REQUIRES)
    assert {kernel.cost for kernel in KERNELS} <= set(select.COSTS)
    assert {kernel.packing for kernel in KERNELS} - {""} <= set(select.PACKINGS)
    assert {kernel.scratch for kernel in KERNELS} <= set(select.SCRATCHES)


def test_requirements_are_sentences_that_follow_the_variants_name() -> None:
    for rule in select.REQUIRES.values():
        assert re.match(r"(needs|takes) ", rule.sentence), rule.sentence
        assert not rule.sentence.endswith(".")


def test_the_listed_operators_are_those_that_end_there() -> None:
    path = Path(select.__file__).with_name("kernels.toml")
    rows = tomllib.loads(path.read_text())
    for seed in range(40):
        for step in lower(random_graph(seed), TARGET).steps:
            family = step.kernel.removeprefix("ek_").split("__")[0]
            assert step.operator in rows[family]["operators"]


def test_the_calls_of_a_node_share_its_macs() -> None:
    """A grouped convolution is many calls; together they do what the node states."""
    for seed in range(120):
        graph = random_graph(seed)
        program = lower(graph, TARGET)
        sums: dict[str, int] = {}
        for step in program.steps:
            sums[step.layer] = sums.get(step.layer, 0) + step.macs
        for node in graph.nodes:
            assert sums.get(node.name, 0) in (0, node_macs(graph, node)), node.name


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> select.KernelTable:
    """A table with a variant for convolutions of at most 8 outputs that costs nothing."""
    rule = Requirement(
        "needs at most 8 output channels", lambda request: request.number("output_c") <= 8
    )
    packed = lambda request: (Array("w", "weights", "int8_t", request.weights[::-1], 4),)  # noqa: E731
    monkeypatch.setitem(select.REQUIRES, "few", rule)
    monkeypatch.setitem(select.COSTS, "nothing", lambda request: 0)
    monkeypatch.setitem(select.PACKINGS, "reversed", packed)
    monkeypatch.setitem(select.SCRATCHES, "test", lambda request: 8 * request.number("output_c"))
    return select.parse_kernels(WITH_DSP)


def convolution(output_c: int) -> Request:
    fields = ("batches", "input_c", "output_h", "output_w", "kernel_h", "kernel_w")
    params = Params("ek_conv2d_s8_t", (*((name, 1) for name in fields), ("output_c", output_c)))
    return Request(Call("conv2d_s8", (), params))


@pytest.mark.parametrize(
    ("isas", "output_c", "function"),
    [
        (("dsp", "ref"), 8, "ek_conv2d_reversed_s8__dsp"),
        (("mve", "dsp", "ref"), 8, "ek_conv2d_reversed_s8__dsp"),
        (("dsp", "ref"), 9, "ek_conv2d_s8__ref"),
        (("ref",), 8, "ek_conv2d_s8__ref"),
        (("neon",), 8, "ek_conv2d_s8__ref"),
    ],
)
def test_the_cheapest_variant_that_may_run_is_taken(
    few: select.KernelTable, isas: tuple[str, ...], output_c: int, function: str
) -> None:
    assert select.choose(few, convolution(output_c), isas).kernel.function == function


def test_a_choice_says_why_the_others_were_not_taken(few: select.KernelTable) -> None:
    wide = select.choose(few, convolution(9), ("dsp", "ref"))
    assert wide.refused == (
        Refusal("ek_conv2d_reversed_s8__dsp", "needs at most 8 output channels"),
    )
    narrow = select.choose(few, convolution(8), ("dsp", "ref"))
    assert (narrow.cost, len(narrow.refused)) == (0, 1)
    (portable,) = narrow.refused
    assert portable.reason == "is slower by estimate"
    assert portable.estimate == select.COSTS["ref_convolution"](convolution(8))


@pytest.fixture
def dsp_program(few: select.KernelTable) -> Program:
    """The tiny model for a target with a kernel that packs its weights and needs scratch."""
    cpu = TARGET.cpu.model_copy(update={"isa": ("dsp", "ref")})
    target = TARGET.model_copy(update={"cpu": cpu})
    return lower(tiny_image_model(), target, kernels=few)


def test_a_variants_arrays_replace_those_of_the_model(dsp_program: Program) -> None:
    plain = lower(tiny_image_model(), TARGET)
    packed, natural = (p.constant("conv1_w") for p in (dsp_program, plain))
    np.testing.assert_array_equal(packed.values, natural.values[::-1])
    assert (packed.align, natural.align) == (4, 1)
    assert "conv1_b" not in {array.name for array in dsp_program.constants}
    np.testing.assert_array_equal(
        dsp_program.constant("scores_w").values, plain.constant("scores_w").values
    )


def test_scratch_is_the_last_argument_and_lives_for_its_step(dsp_program: Program) -> None:
    conv, scores = dsp_program.steps[:2]
    assert conv.args[-1] == ScratchArg("conv1_scratch")
    assert (conv.scratch_bytes, scores.scratch_bytes) == (24, 0)
    placed = plan(dsp_program).placement("conv1_scratch")
    assert (placed.kind, placed.size, placed.first, placed.last) == ("scratch", 24, 0, 0)


def test_every_variants_isa_is_listed_by_a_target() -> None:
    listed = {isa for target in list_targets() for isa in target.cpu.isa}
    assert {kernel.isa for kernel in VARIANTS} <= listed
