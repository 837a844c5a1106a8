"""Which format each layer gets: sensitivity of each alone, then greedy.

start         all layers int8, or int16 where int8 does not hold the accuracy
candidates    one layer in another format, where the model then takes less
sensitivity   each candidate alone, measured on few samples: the noise it adds to the model's
              output, as HAWQ (Dong et al. 2019, "HAWQ: Hessian AWare Quantization of Neural
              Networks with Mixed-Precision") ranks layers, with the loss itself in place of its
              Hessian; those that break the limit beyond chance are out
greedy        candidates in the order of saving per noise added; they stay if the model takes less
              with them and still holds the accuracy on all samples: all at once where that does,
              else half as many, down to one by one
again         from there, with candidates that save only beside those that stayed

Two evaluations for each candidate at most, of which one is on few samples, and as many more as it
can be halved; `MOST` in all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from edgekit.artifacts.bundle import AccuracySummary
from edgekit.converter.ir.graph import Graph
from edgekit.converter.mixed.bench import Bench
from edgekit.converter.mixed.choices import BASE, NAMES
from edgekit.converter.mixed.formats import Mix, layers_of, obstacle
from edgekit.converter.mixed.price import Take

MOST = 200
"""Evaluations of a search."""
LEAST_NOISE = 1e-9
"""Of the output's power: what a candidate without a measurable effect counts as."""

Holds = Callable[[AccuracySummary], bool]


@dataclass(frozen=True, slots=True)
class Move:
    """One layer in another format; `saving` is what the model then takes less."""

    layer: str
    format: str
    saving: int


@dataclass(frozen=True, slots=True)
class Found:
    """The mix, the one the search started from, and the moves between them in their order."""

    start: Mix
    mix: Mix
    moves: tuple[Move, ...]
    held: bool
    left_out: int = 0
    """Candidates that were not tried, to keep to `MOST` evaluations."""


def search(
    bench: Bench,
    graph: Graph,
    given: Mix,
    prefer: str,
    holds: Holds,
    may_hold: Holds,
    most: int = MOST,
) -> Found:
    """The cheapest mix found that holds the accuracy; layers in `given` keep their format.

    `may_hold` judges a candidate by few samples. Not `held`: no start does; then the mix is the
    more accurate start.
    """
    start = _start(bench, graph, given, holds)
    if not holds(bench.accuracy(start)):
        return Found(start, start, (), False)
    mix, left_out = dict(start), 0
    taken: list[Move] = []
    seen: set[tuple[str, str]] = set()
    while True:
        every = sorted(_moves(bench, graph, given, mix, prefer), key=lambda move: -move.saving)
        fresh = [move for move in every if (move.layer, move.format) not in seen]
        room = max(most - bench.evaluations - 1, 0)
        moves = fresh[: (room - room.bit_length()) // 2]
        seen |= {(move.layer, move.format) for move in fresh}
        left_out += len(fresh) - len(moves)
        accepted = [*_greedy(bench, mix, _ranked(bench, mix, moves, may_hold), prefer, holds)]
        if not accepted:
            return Found(start, mix, tuple(taken), True, left_out)
        taken += accepted
        mix |= {move.layer: move.format for move in accepted}


def _greedy(
    bench: Bench, start: Mix, ranked: Sequence[Move], prefer: str, holds: Holds
) -> Iterator[Move]:
    """The moves that stay. What several do to the accuracy together is asked once."""
    mix, rest = start, list(ranked)
    size = len(rest)
    while rest:
        block = _cheaper(bench, mix, rest[:size], prefer)
        tried = {**mix, **{move.layer: move.format for move in block}}
        if not block or holds(bench.accuracy(tried)):
            mix = tried
            yield from block
        elif size > 1:
            size //= 2
            continue
        rest = rest[size:]


def _cheaper(bench: Bench, mix: Mix, moves: Sequence[Move], prefer: str) -> list[Move]:
    """The moves with which the model takes less, each beside those before it."""
    kept: list[Move] = []
    for move in moves:
        tried = {**mix, move.layer: move.format}
        if _takes(bench, tried, prefer) < _takes(bench, mix, prefer):
            mix = tried
            kept.append(move)
    return kept


def _start(bench: Bench, graph: Graph, given: Mix, holds: Holds) -> Mix:
    """All layers int8, else all int16 that can be; the more accurate where neither holds."""
    if holds(bench.accuracy(given)):
        return given
    able = [node.name for node in layers_of(graph) if not obstacle(graph, node, "int16")]
    wide = {**dict.fromkeys(able, "int16"), **given}
    narrow = bench.accuracy(given)
    return wide if _better(bench.accuracy(wide), narrow) or holds(bench.accuracy(wide)) else given


def _better(one: AccuracySummary, other: AccuracySummary) -> bool:
    return (one.after, one.sqnr_db or 0.0) > (other.after, other.sqnr_db or 0.0)


def _moves(bench: Bench, graph: Graph, given: Mix, start: Mix, prefer: str) -> Iterator[Move]:
    """Every layer in every other format with which the model takes less."""
    whole = _takes(bench, start, prefer)
    for node in layers_of(graph):
        for name in NAMES if node.name not in given else ():
            own = start.get(node.name, BASE)
            if name == own or obstacle(graph, node, name):
                continue
            if name == "w4a16" and own != "int16":
                continue  # under int8 activations int4 takes as little flash, and less of the rest
            saving = whole - _takes(bench, {**start, node.name: name}, prefer)
            if saving > 0:
                yield Move(node.name, name, saving)


def _takes(bench: Bench, mix: Mix, prefer: str) -> int:
    found = bench.prices(mix)
    return (found.whole if found is not None else Take()).of(prefer)


def _ranked(bench: Bench, start: Mix, moves: Sequence[Move], may_hold: Holds) -> list[Move]:
    """Moves that may hold alone, those that save most for the noise they add first."""
    if not moves:
        return []
    before = _noise(bench.sensitivity(start))
    rows = []
    for place, move in enumerate(moves):
        alone = bench.sensitivity({**start, move.layer: move.format})
        if may_hold(alone):
            added = max(_noise(alone) - before, LEAST_NOISE)
            rows.append((-move.saving / added, place, move))
    return [move for _, _, move in sorted(rows, key=lambda row: row[:2])]


def _noise(summary: AccuracySummary) -> float:
    """Of the output's power."""
    return float(10 ** (-(summary.sqnr_db or 0.0) / 10))


def backed_off(moves: Iterable[Move], start: Mix) -> Iterator[dict[str, str]]:
    """The mix of all moves, then without the last, and so on down to the start."""
    kept = list(moves)
    while True:
        yield {**start, **{move.layer: move.format for move in kept}}
        if not kept:
            return
        kept.pop()
