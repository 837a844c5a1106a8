"""Factors of an int8 LSTM with int16 cell, as tflite-micro has them, for interpreter and C.

Each gate adds two sums, of inputs and of hidden values, both brought to int16 in steps of 2**-12;
LOGISTIC and TANH give Q0.15.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edgekit.converter.fixed_point import Requant, requant
from edgekit.converter.fixed_point16 import TableInput
from edgekit.converter.ir.graph import Graph, Node, Quant, Tensor
from edgekit.converter.ir.ops_recurrent import GATES, UnidirectionalSequenceLstm

GATE_SCALE = float(np.float32(0.00024414062))
UNIT = 2.0**-15


@dataclass(frozen=True, slots=True)
class LstmFactors:
    """Per gate the factors of both sums; those of the products; the input of the cell's TANH."""

    inputs: tuple[Requant, ...]
    hidden: tuple[Requant, ...]
    forget: Requant
    """forget gate * cell -> cell."""
    update: Requant
    """input gate * candidate -> cell."""
    output: Requant
    """output gate * tanh(cell) -> hidden."""
    tanh: TableInput
    clip: int
    """The cell's limit as stored; 32767 where it has none."""


def lstm_factors(graph: Graph, node: Node) -> LstmFactors:
    """The factors of a verified int8 LSTM."""
    op = node.op
    assert isinstance(op, UnidirectionalSequenceLstm)
    x, hidden, cell = (_quant(operand(graph, node, role)) for role in ("input", "hidden", "cell"))

    def sums(kind: str, source: Quant) -> tuple[Requant, ...]:
        weights = [_quant(operand(graph, node, f"{kind}_{gate}")) for gate in GATES]
        return tuple(requant(source.scale * w.scale / GATE_SCALE) for w in weights)

    power = round(math.log2(cell.scale))
    return LstmFactors(
        inputs=sums("weights", x),
        hidden=sums("recurrent", hidden),
        forget=requant(UNIT * cell.scale / cell.scale),
        update=requant(UNIT * UNIT / cell.scale),
        output=requant(UNIT * UNIT / hidden.scale),
        tanh=tanh_input(power),
        clip=min(round(op.cell_clip / cell.scale), 32767) if op.cell_clip > 0 else 32767,
    )


def tanh_input(power: int) -> TableInput:
    """How a cell in steps of 2**power gets to steps of 1 / (3 * 4096)."""
    left = 15 + power - 3
    return TableInput(3 << left, 0) if left >= 0 else TableInput(3, -left)


def operand(graph: Graph, node: Node, role: str) -> Tensor:
    """The operand of a role, which must be there."""
    found = graph.role(node, role)
    assert found is not None, f"{node.name} has no {role}"
    return found


def _quant(tensor: Tensor) -> Quant:
    assert tensor.quant is not None, f"{tensor.name} has no scale"
    return tensor.quant
