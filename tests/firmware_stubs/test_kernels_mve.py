"""The Helium kernels equal `ref` byte for byte on random shapes, in QEMU and on their plain C.

The converter's packing prepares weights and factors, so kernel and packing are tested as one. Each
output lies between guard bytes; natively the sanitizers watch every other buffer, too.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.lower import select
from edgekit.converter.lower.select import Kernel
from edgekit.converter.lower.variants import Request
from edgekit.firmware_stubs import catalog
from tests.helpers.packed_cases import PackedCase, packed_case, reference, run_natively, run_on_m55
from tests.helpers.variant_cases import drawn, variants

KERNELS = variants("mve")
SANITIZERS = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
INPUTS_AT_ANY_ADDRESS = range(16)

MUTATIONS = [
    ("conv2d_s8", "at->w + j * p->dilation_w", "at->w + j"),
    ("conv2d_s8", "ek_min(4, output_c - o)", "4"),
    ("conv2d_s8", "at->h += p->stride_h", "at->h += 1"),
    ("conv2d_short_s8", "vctp8q((uint32_t)depth)", "vctp8q(16)"),
    ("depthwise_conv2d_s8", "? input + (y", "? input + (x"),
    ("depthwise_conv2d_3x3_s8", "at->w - 4", "at->w"),
    ("depthwise_conv2d_3x3_s8", "rows & 0x0F0F", "rows"),
    ("depthwise_conv2d_3x3_stride2_s8", "2 * y - p->pad_top", "2 * y"),
    ("fully_connected_s8", "p->output_c - o", "4"),
    ("transpose_conv2d_phases_s8", "16, 4, 3, 4", "16, 4, 3, 1"),
    ("svdf_quads_s8", "t + 1 < memory", "t + 2 < memory"),
    ("lstm_quads_s8", "dot_rows(x, &w, count)", "dot_rows(x, &w, count - 1)"),
    ("add_s8", "output, 0)", "output, 1)"),
    ("sub_s8", "output, 1)", "output, 0)"),
    ("mul_s8", "vmovltq_s8(x), vmovltq_s8(y)", "vmovltq_s8(x), vmovlbq_s8(y)"),
    ("maximum_s8", "16 * run.b_step", "16"),
    ("minimum_s8", "16 * run.a_step", "8 * run.a_step"),
    ("lut_s8", "0x80", "0x7f"),
    ("softmax_table_s8", "share.right > 31", "share.right > 30"),
    ("mean_planes_s8", "pixels - first", "pixels"),
    ("resize_bilinear_s8", "bottom + next", "bottom"),
    ("strided_copy_s8", "8 * stride", "7 * stride"),
    ("batch_matmul_columns_s8", "total *= r.y_zero", "total *= 1"),
    ("batch_matmul_rows_s8", "sums, -p->a_zero", "sums, p->a_zero"),
    ("average_pool2d_s8", "scaled + 1", "scaled"),
    ("max_pool2d_s8", "p->act_max", "127"),
]


def of_function(kernel: Kernel) -> str:
    return kernel.function


def suits(kernel: Kernel, request: Request) -> bool:
    return all(select.REQUIRES[name].holds(request) for name in kernel.requires)


def random_cases(kernel: Kernel, count: int) -> list[PackedCase]:
    """`count` random calls that meet the kernel's needs."""
    rng = np.random.default_rng([7, *kernel.function.encode()])
    cases: list[PackedCase] = []
    while len(cases) < count:
        call, inputs, outputs = drawn(kernel.family, rng)
        if not suits(kernel, Request(call)):
            continue
        skew = int(rng.choice(INPUTS_AT_ANY_ADDRESS))
        cases.append(packed_case(kernel, call, inputs, reference(call, inputs, outputs), skew))
    return cases


@pytest.mark.qemu
@pytest.mark.parametrize("kernel", KERNELS, ids=of_function)
def test_two_hundred_shapes_equal_the_reference_on_a_cortex_m55(
    kernel: Kernel, tmp_path: Path
) -> None:
    done = run_on_m55(random_cases(kernel, 200), tmp_path)
    assert "200 cases, 0 failures" in done.stdout, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.qemu
@pytest.mark.parametrize("kernel", KERNELS, ids=of_function)
def test_2500_shapes_equal_the_reference_on_a_cortex_m55(kernel: Kernel, tmp_path: Path) -> None:
    done = run_on_m55(random_cases(kernel, 2500), tmp_path)
    assert "2500 cases, 0 failures" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("kernel", KERNELS, ids=of_function)
def test_plain_c_equals_the_reference_under_sanitizers(kernel: Kernel, tmp_path: Path) -> None:
    done = run_natively(random_cases(kernel, 200), tmp_path, *SANITIZERS)
    assert "200 cases, 0 failures" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize(("name", "old", "new"), MUTATIONS)
def test_the_cases_notice_a_wrong_kernel(name: str, old: str, new: str, tmp_path: Path) -> None:
    kernel = next(k for k in KERNELS if k.function == f"ek_{name}__mve")
    text = catalog.kernel_source(kernel.function).read_text()
    assert text.count(old) == 1, "the mutation no longer applies"
    mutant = tmp_path / f"{name}.c"
    mutant.write_text(text.replace(old, new))
    done = run_natively(random_cases(kernel, 200), tmp_path, *SANITIZERS, source=mutant)
    assert done.returncode != 0
