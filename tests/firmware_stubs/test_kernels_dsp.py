"""Every `dsp` variant against `ref`, bit for bit: on virtual boards, and natively in plain C."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.packed_cases import BOARDS, PackedCase, run_natively, run_on
from tests.helpers.variant_cases import FAMILIES, variant_cases, variants

FEW, MANY, AT_ONCE = 200, 2000, 125
SANITIZE = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
FAST_BOARDS = ("virtual-m4", "virtual-m33")


def test_every_variant_has_random_cases() -> None:
    assert {kernel.family for kernel in variants("dsp")} <= set(FAMILIES)


def cases(count: int, seed: int) -> Iterator[PackedCase]:
    return variant_cases("dsp", count, seed)


@pytest.mark.qemu
@pytest.mark.parametrize("board", FAST_BOARDS)
def test_hundreds_of_shapes_on_a_virtual_board(board: str, tmp_path: Path) -> None:
    done = run_on(BOARDS[board], list(cases(FEW, seed=1)), tmp_path)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr


@pytest.mark.slow
@pytest.mark.qemu
@pytest.mark.parametrize("flags", [("-O3",), ("-O2",), ("-Os",), ("-O0",)], ids=str)
@pytest.mark.parametrize("board", ["virtual-m4", "virtual-m7", "virtual-m33", "virtual-m55"])
def test_thousands_of_shapes_on_a_virtual_board(
    board: str, flags: tuple[str, ...], tmp_path: Path
) -> None:
    for seed in range(MANY // AT_ONCE):
        done = run_on(BOARDS[board], list(cases(AT_ONCE, seed=10 + seed)), tmp_path, *flags)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr


def test_hundreds_of_shapes_in_plain_c_under_sanitizers(tmp_path: Path) -> None:
    done = run_natively(list(cases(FEW, seed=5)), tmp_path, *SANITIZE)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]


def test_a_wrong_byte_is_noticed(tmp_path: Path) -> None:
    first, *rest = cases(5, seed=6)
    broken = bytes([first.expected[0] ^ 1]) + first.expected[1:]
    wrong = PackedCase(
        first.function, first.params, first.inputs, first.constants, broken, first.scratch
    )
    done = run_natively([wrong, *rest], tmp_path, "-O1")
    assert done.returncode != 0
    assert "FAILED: case 0" in done.stdout
