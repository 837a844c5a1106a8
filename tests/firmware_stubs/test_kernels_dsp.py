"""Every `dsp` variant against `ref`, bit for bit: on virtual boards, and natively in plain C."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.lower import select
from edgekit.converter.lower.variants import Request
from tests.helpers import random_calls
from tests.helpers.packed_cases import (
    BOARDS,
    PackedCase,
    packed_case,
    reference,
    run_natively,
    run_on,
)

FAMILIES = {
    "conv2d_s8": random_calls.conv2d,
    "depthwise_conv2d_s8": random_calls.depthwise_conv2d,
    "fully_connected_s8": random_calls.fully_connected,
    "average_pool2d_s8": random_calls.average_pool2d,
    "add_s8": random_calls.add,
}
VARIANTS = [k for rows in select.kernel_table().values() for k in rows if k.isa == "dsp"]
FEW, MANY, AT_ONCE = 200, 2000, 500
SANITIZE = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
FAST_BOARDS = ("virtual-m4", "virtual-m33")


def test_every_variant_has_random_cases() -> None:
    assert {kernel.family for kernel in VARIANTS} == set(FAMILIES)


def fits(kernel: select.Kernel, request: Request) -> bool:
    return all(select.REQUIRES[name].holds(request) for name in kernel.requires)


def cases(count: int, seed: int) -> Iterator[PackedCase]:
    """Cases until every variant has had `count`."""
    rng, seen = np.random.default_rng(seed), Counter[str]()
    for family, draw in FAMILIES.items():
        variants = [kernel for kernel in VARIANTS if kernel.family == family]
        while min(seen[kernel.function] for kernel in variants) < count:
            call, inputs, outputs = draw(rng)
            request = Request(call)
            chosen = [k for k in variants if seen[k.function] < count and fits(k, request)]
            expected = reference(call, inputs, outputs) if chosen else None
            for kernel in chosen:
                seen[kernel.function] += 1
                assert expected is not None
                yield packed_case(kernel, call, inputs, expected, skew=int(rng.integers(4)))


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
