"""Every `c32` variant against `ref`, bit for bit: on virtual boards, and natively.

The Cortex-M3 machine also runs what is compiled for a Cortex-M0.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.firmware_stubs import catalog
from tests.helpers.packed_cases import BOARDS, run_natively, run_on
from tests.helpers.variant_cases import FAMILIES, variant_cases, variants

FEW, MANY, AT_ONCE = 200, 2000, 500
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
    ("add_tables_s8", "p->b_zero, p->left_shift", "p->a_zero, p->left_shift"),
]


def test_every_variant_has_random_cases() -> None:
    assert {kernel.family for kernel in variants("c32")} <= set(FAMILIES)


@pytest.mark.qemu
@pytest.mark.parametrize("core", CORES)
def test_hundreds_of_shapes_on_a_virtual_board(core: str, tmp_path: Path) -> None:
    done = run_on(BOARDS["virtual-m3"], list(variant_cases("c32", FEW, seed=1)), tmp_path, core)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr


@pytest.mark.slow
@pytest.mark.qemu
@pytest.mark.parametrize("flag", ["-O3", "-Os", "-O0"])
@pytest.mark.parametrize("core", CORES)
def test_thousands_of_shapes_on_a_virtual_board(core: str, flag: str, tmp_path: Path) -> None:
    for seed in range(MANY // AT_ONCE):
        cases = list(variant_cases("c32", AT_ONCE, seed=10 + seed))
        done = run_on(BOARDS["virtual-m3"], cases, tmp_path, core, flag)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr


def test_hundreds_of_shapes_natively_under_sanitizers(tmp_path: Path) -> None:
    done = run_natively(list(variant_cases("c32", FEW, seed=5)), tmp_path, *SANITIZE)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]


@pytest.mark.parametrize(("name", "old", "new"), MUTATIONS)
def test_the_cases_notice_a_wrong_kernel(name: str, old: str, new: str, tmp_path: Path) -> None:
    function = f"ek_{name}__c32"
    text = catalog.kernel_source(function).read_text()
    assert text.count(old) == 1, "the mutation no longer applies"
    mutant = tmp_path / f"{name}.c"
    mutant.write_text(text.replace(old, new))
    cases = [c for c in variant_cases("c32", 100, seed=7) if c.function == function]
    assert run_natively(cases, tmp_path, *SANITIZE, source=mutant).returncode != 0
