"""Operators with states of their own, which their files hold as variable tensors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from edgekit.converter.ir.ops_base import Activation, Op


@dataclass(frozen=True, slots=True)
class Svdf(Op):
    """A filter over time of rank 1 or more: each of units * rank filters takes the dot product of
    the input with its weights (filters, input), keeps the last few of them in its state (batch,
    filters * memory), and weighs those with `weights_time` (filters, memory). Neighbouring filters
    are summed, `rank` to a unit, and the bias (units) is added."""

    NAME: ClassVar[str] = "SVDF"
    INPUTS: ClassVar[tuple[str, ...]] = ("input", "weights", "weights_time", "bias?", "state")
    STATES: ClassVar[tuple[int, ...]] = (4,)
    rank: int = 1
    activation: Activation = Activation.NONE


@dataclass(frozen=True, slots=True)
class UnidirectionalSequenceLstm(Op):
    """An LSTM over a sequence (batch, time, values), or (time, batch, values) if `time_major`.

    Weights are (units, values) and (units, units), biases (units), states (batch, units). The cell
    is clipped to +-`cell_clip` unless that is 0. No peepholes, projection or normalization.
    """

    NAME: ClassVar[str] = "UNIDIRECTIONAL_SEQUENCE_LSTM"
    INPUTS: ClassVar[tuple[str, ...]] = (
        "input",
        "weights_input", "weights_forget", "weights_cell", "weights_output",
        "recurrent_input", "recurrent_forget", "recurrent_cell", "recurrent_output",
        "peephole_input?", "peephole_forget?", "peephole_output?",
        "bias_input", "bias_forget", "bias_cell", "bias_output",
        "projection?", "projection_bias?",
        "hidden", "cell",
    )  # fmt: skip
    STATES: ClassVar[tuple[int, ...]] = (18, 19)
    cell_clip: float = 0.0
    projection_clip: float = 0.0
    time_major: bool = False


GATES = ("input", "forget", "cell", "output")
"""Of an LSTM, in the order of its operands."""
