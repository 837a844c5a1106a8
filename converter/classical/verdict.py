"""Do you need a network? One sentence from the table."""

from __future__ import annotations

from collections.abc import Sequence

from edgekit.converter.classical.measure import Row
from edgekit.units import count_text, percent


def verdict(rows: Sequence[Row]) -> str:
    """What the table says, from accuracies and their intervals.

    The cheapest classical model whose accuracy lies within the best one's interval stands for all.
    Of a network it is enough to reach the lower end of its interval.
    """
    classical = [row for row in rows if not row.network]
    best = max(classical, key=lambda row: row.accuracy)
    near = [row for row in classical if row.accuracy >= best.low]
    cheap = min(near, key=lambda row: row.instructions)
    networks = [row for row in rows if row.network]
    if not networks:
        return _alone(classical[0], cheap, best)
    network = max(networks, key=lambda row: row.accuracy)
    enough = [row for row in classical if row.accuracy >= network.low]
    if enough:
        found = min(enough, key=lambda row: row.instructions)
        return (
            f"You do not need this network: {found.name} reaches {percent(found.accuracy)} where it"
            f" has {percent(network.accuracy)}{_cost(found, network)}."
        )
    gain = 100 * (network.accuracy - best.accuracy)
    return (
        f"The network pays: {percent(network.accuracy)}, {gain:.2f} points more than {best.name},"
        f" the best without one{_cost(best, network)}."
    )


def _alone(constant: Row, cheap: Row, best: Row) -> str:
    if best.accuracy <= constant.high:
        return (
            f"No model here is clearly better than the most frequent class"
            f" ({percent(constant.accuracy)}): the features say little, or a network has to find"
            " better ones."
        )
    text = f"A network has to beat {percent(best.high)}, the upper end of {best.name}"
    if cheap is not best:
        text += f"; {cheap.name} is as good within its error{_cost(cheap, best)}"
    return text + "."


def _cost(one: Row, other: Row) -> str:
    """How the instructions of two models compare, where both have any."""
    if not one.instructions or not other.instructions:
        return ""
    return (
        f" ({count_text(one.instructions)} instructions against {count_text(other.instructions)})"
    )
