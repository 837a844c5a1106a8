"""What a rule of `verify` is: a check whose docstring is the sentence shown to the user."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edgekit.converter.ir.graph import Graph, Node, Tensor
from edgekit.converter.ir.ops import Op
from edgekit.errors import ModelError, UnsupportedError

GraphCheck = Callable[[Graph], tuple[str, str] | None]
NodeCheck = Callable[[Graph, Node], str]


@dataclass(frozen=True, slots=True)
class GraphRule:
    """A rule about a whole graph; `check` returns the first (subject, finding) or None."""

    name: str
    sentence: str
    check: GraphCheck


@dataclass(frozen=True, slots=True)
class NodeRule:
    """A rule about nodes of some operators (all, when none are named).

    `check` returns what was found against the rule, or "". `error` is ModelError for graphs
    that contradict themselves, UnsupportedError for what EdgeKit does not do.
    """

    name: str
    sentence: str
    check: NodeCheck
    error: type[ModelError]
    operators: tuple[type[Op], ...] = ()
    hint: str = ""

    def applies(self, op: Op) -> bool:
        """Whether the rule is about this operator."""
        return not self.operators or isinstance(op, self.operators)


def graph_rule(name: str) -> Callable[[GraphCheck], GraphRule]:
    """Make a check of whole graphs a rule; its docstring is the sentence."""
    return lambda check: GraphRule(name, _sentence(check), check)


def node_rule(
    name: str, *operators: type[Op], supported: bool = False, hint: str = ""
) -> Callable[[NodeCheck], NodeRule]:
    """Make a check of one node a rule; its docstring is the sentence.

    `supported` marks a limit of EdgeKit's, as opposed to a contradiction in the graph.
    """
    error = UnsupportedError if supported else ModelError
    return lambda check: NodeRule(name, _sentence(check), check, error, operators, hint)


def _sentence(check: Callable[..., object]) -> str:
    assert check.__doc__, f"rule {check} has no sentence"
    return " ".join(check.__doc__.split())


def operands(graph: Graph, node: Node) -> list[tuple[str, Tensor]]:
    """The node's present operands with their roles ("input", "weights", ...), "?" and "..." off."""
    roles = node.op.INPUTS
    found = []
    for position, name in enumerate(node.inputs):
        role = roles[min(position, len(roles) - 1)].rstrip("?.")
        if name is not None:
            found.append((role, graph[name]))
    return found


INDEX_ROLES = frozenset(
    ("axes", "axis", "paddings", "shape", "perm", "begin", "end", "strides", "size", "sizes",
     "multiples", "indices")
)  # fmt: skip
"""Operands of integers that say where values go."""

_GATES = ("input", "forget", "cell", "output")
WEIGHT_ROLES = frozenset(
    (
        "weights",
        "weights_time",
        "projection",
        *(f"{kind}_{gate}" for kind in ("weights", "recurrent", "peephole") for gate in _GATES),
    )
)
BIAS_ROLES = frozenset(("bias", "projection_bias", *(f"bias_{gate}" for gate in _GATES)))
FACTOR_ROLES = frozenset(("multiplier", "threshold"))
"""Operands of a binarized convolution, per output channel."""
TREE_ROLES = frozenset(("features", "thresholds", "children", "trees", "leaves"))
"""What trees are made of."""
PARAMETER_ROLES = WEIGHT_ROLES | BIAS_ROLES | INDEX_ROLES | FACTOR_ROLES | TREE_ROLES
STATE_ROLES = frozenset(("state", "hidden", "cell"))
"""Operands that are states; an integer operator keeps some of them in another element type."""


def activations(graph: Graph, node: Node) -> list[tuple[str, Tensor]]:
    """The operands that carry values through the network, and the outputs; without states."""
    apart = PARAMETER_ROLES | STATE_ROLES
    inputs = [(role, t) for role, t in operands(graph, node) if role not in apart]
    outputs = node.outputs[:1] if node.op.STATES else node.outputs
    return inputs + [("output", graph[name]) for name in outputs]
