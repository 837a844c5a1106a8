"""What a program says about its choice of kernels."""

from __future__ import annotations

import pytest

from edgekit.converter.lower.explain import explain, explanation_lines
from edgekit.converter.lower.lower import lower
from edgekit.converter.lower.program import Program
from edgekit.targets.reader import load_target
from tests.helpers.hand_models import tiny_image_model


@pytest.fixture(scope="module")
def program() -> Program:
    return lower(tiny_image_model(), load_target("virtual-m4"))


def test_every_step_is_explained_in_order(program: Program) -> None:
    found = explain(program)
    assert [e.kernel for e in found] == [step.kernel for step in program.steps]
    assert [e.index for e in found] == list(range(len(program.steps)))


def test_a_fast_kernel_names_the_slower_ones_with_their_cost(program: Program) -> None:
    conv = explain(program)[0]
    assert conv.kernel.endswith("__dsp")
    reasons = {refusal.kernel: refusal.reason for refusal in conv.refused}
    assert reasons["ek_conv2d_s8__ref"].startswith("is slower: about ")
    assert conv.per_mac == pytest.approx(conv.estimate / conv.macs)


def test_steps_without_products_have_no_rate(program: Program) -> None:
    softmax = next(e for e in explain(program) if e.operator == "SOFTMAX")
    assert softmax.per_mac is None


def test_text_has_a_line_for_each_choice_and_each_refusal(program: Program) -> None:
    lines = explanation_lines(program)
    refusals = sum(len(e.refused) for e in explain(program))
    assert len(lines) == len(program.steps) + refusals
    assert "instructions" in lines[0]
    assert "per MAC" in lines[0]
