"""Kernels on packed signs against the interpreter, bit for bit, on virtual boards and natively.

Kernels are called as they are, also where the cost model would take another one.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.converter.lower.select import Kernel
from edgekit.firmware_stubs import catalog
from tests.helpers.binary_kernels import kernel_cases, kernels
from tests.helpers.packed_cases import BOARDS, run_natively, run_on

FEW, SANITIZED, MANY, AT_ONCE = 24, 12, 1500, 100
SANITIZE = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
ON_BOARDS = [
    (board, kernel)
    for board, isa in (("virtual-m55", "mve"), ("virtual-m4", "dsp"))
    for kernel in kernels(isa)
]
PORTABLE = [kernel for isa in ("mve", "dsp", "any") for kernel in kernels(isa)]
MUTATIONS = [
    ("conv2d_tables_b1", "tables_b1", "below(0, w, step)", "below(1, w, step)"),
    ("conv2d_tables_b1", "tables_b1", "i * p->dilation_h", "i"),
    ("conv2d_tables_b1", "tables_b1", "SET(f, 12)", "SET(f, 11)"),
    ("conv2d_b1_tables_s8", "conv2d_b1_tables_s8", "multiplier, bias,", "bias, bias,"),
]  # fmt: skip


def named(value: object) -> str:
    return value.function if isinstance(value, Kernel) else str(value)


@pytest.mark.qemu
@pytest.mark.parametrize(("board", "kernel"), ON_BOARDS, ids=named)
def test_dozens_of_shapes_on_a_virtual_board(board: str, kernel: Kernel, tmp_path: Path) -> None:
    done = run_on(BOARDS[board], list(kernel_cases(kernel, FEW, seed=1)), tmp_path)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr


@pytest.mark.slow
@pytest.mark.qemu
@pytest.mark.parametrize("flags", [("-O3",), ("-Os",), ("-O0",)], ids=str)
@pytest.mark.parametrize(("board", "kernel"), ON_BOARDS, ids=named)
def test_thousands_of_shapes_on_a_virtual_board(
    board: str, kernel: Kernel, flags: tuple[str, ...], tmp_path: Path
) -> None:
    for part in range(MANY // AT_ONCE):
        cases = list(kernel_cases(kernel, AT_ONCE, seed=10 + part))
        done = run_on(BOARDS[board], cases, tmp_path, *flags)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr


@pytest.mark.parametrize("kernel", PORTABLE, ids=named)
def test_plain_c_under_sanitizers(kernel: Kernel, tmp_path: Path) -> None:
    done = run_natively(list(kernel_cases(kernel, SANITIZED, seed=2)), tmp_path, *SANITIZE)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]


@pytest.mark.parametrize(("name", "file", "old", "new"), MUTATIONS)
def test_the_cases_notice_a_wrong_kernel(
    name: str, file: str, old: str, new: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [kernel] = [k for k in kernels("mve") if k.function == f"ek_{name}__mve"]
    source = catalog.kernel_source(f"ek_{file}__mve")
    text = source.read_text()
    assert text.count(old) == 1, "the mutation no longer applies"
    mutant = tmp_path / source.name
    mutant.write_text(text.replace(old, new))
    real = catalog.kernel_source
    monkeypatch.setattr(
        catalog, "kernel_source", lambda f: mutant if f"ek_{file}_" in f else real(f)
    )
    done = run_natively(list(kernel_cases(kernel, SANITIZED, seed=3)), tmp_path, "-O1")
    assert done.returncode != 0
