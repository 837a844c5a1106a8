"""Every `c32` and `any` variant against `ref`, bit for bit: on virtual boards, and natively.

The Cortex-M3 machine also runs what is compiled for a Cortex-M0.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.firmware_stubs import catalog
from tests.helpers.packed_cases import BOARDS, PackedCase, run_natively, run_on
from tests.helpers.variant_cases import FAMILIES, variant_cases, variants

ISAS = ("c32", "any")
FEW, MANY, AT_ONCE = 200, 2000, 250
SANITIZE = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
CORES = ("-mcpu=cortex-m0", "-mcpu=cortex-m3")

MUTATIONS = [
    ("conv2d_quads_s8", "at.h += p->stride_h", "at.h += 1"),
    ("conv2d_quads_s8", "p->dilation_h * line}", "line}"),
    ("conv2d_quads_s8", "two ? y + channels : y", "y + channels"),
    ("depthwise_conv2d_3x3_s8", "row + p->pad_left * p->input_c", "row"),
    ("depthwise_conv2d_3x3_s8", "x + 2 * next;", "x + next;"),
    ("depthwise_conv2d_3x3_s8", "s.copied = 0", "(void)0"),
    ("fully_connected_quads_s8", "l < left", "l < 4"),
    ("transpose_conv2d_phases_s8", "1, 4, 4, 1", "1, 4, 4, 4"),
    ("add_tables_s8", "scratch, 1)", "scratch, -1)"),
    ("sub_tables_s8", "scratch, -1)", "scratch, 1)"),
    ("mul_s8", "b += run.b_step", "b++"),
    ("maximum_s8", "one > other", "one > other + 1"),
    ("minimum_s8", "b += b_step", "b++"),
    ("lut_s8", "middle[input[5]]", "middle[input[4]]"),
    ("average_pool2d_s8", "sum - half", "sum + half"),
    ("max_pool2d_s8", "ek_max(c, x[2])", "ek_max(c, x[3])"),
    ("mean_planes_s8", "sum - zeros", "sum"),
    ("softmax_once_s8", "share.right > 31", "share.right > 30"),
    ("softmax_table_s8", "share.right > 31", "share.right > 30"),
    ("resize_bilinear_s8", "+ (total >> 31)", ""),
    ("strided_copy_s8", "count >= 4", "count > 0"),
]


def test_every_variant_has_random_cases() -> None:
    for isa in ISAS:
        assert {kernel.family for kernel in variants(isa)} <= set(FAMILIES)


def cases(count: int, seed: int) -> list[PackedCase]:
    return [case for isa in ISAS for case in variant_cases(isa, count, seed)]


@pytest.mark.qemu
@pytest.mark.parametrize("core", CORES)
def test_hundreds_of_shapes_on_a_virtual_board(core: str, tmp_path: Path) -> None:
    done = run_on(BOARDS["virtual-m3"], cases(FEW, seed=1), tmp_path, core)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr


@pytest.mark.slow
@pytest.mark.qemu
@pytest.mark.parametrize("flag", ["-O3", "-Os", "-O0"])
@pytest.mark.parametrize("core", CORES)
def test_thousands_of_shapes_on_a_virtual_board(core: str, flag: str, tmp_path: Path) -> None:
    for seed in range(MANY // AT_ONCE):
        some = cases(AT_ONCE, seed=10 + seed)
        done = run_on(BOARDS["virtual-m3"], some, tmp_path, core, flag)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr


def test_hundreds_of_shapes_natively_under_sanitizers(tmp_path: Path) -> None:
    done = run_natively(cases(FEW, seed=5), tmp_path, *SANITIZE)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]


@pytest.mark.parametrize(("name", "old", "new"), MUTATIONS)
def test_the_cases_notice_a_wrong_kernel(name: str, old: str, new: str, tmp_path: Path) -> None:
    isa = next(isa for isa in ISAS if (catalog.KERNELS / isa / f"{name}.c").exists())
    function = f"ek_{name}__{isa}"
    text = catalog.kernel_source(function).read_text()
    assert text.count(old) == 1, "the mutation no longer applies"
    mutant = tmp_path / f"{name}.c"
    mutant.write_text(text.replace(old, new))
    own = [c for c in variant_cases(isa, 100, seed=7) if c.function == function]
    assert run_natively(own, tmp_path, *SANITIZE, source=mutant).returncode != 0
