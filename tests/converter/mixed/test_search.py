"""The search against a bench whose prices and accuracies are written down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest

from edgekit.artifacts.bundle import AccuracySummary
from edgekit.converter.mixed.bench import Bench
from edgekit.converter.mixed.price import Prices, Take
from edgekit.converter.mixed.search import MOST, Found, backed_off, search
from tests.helpers.mixed_networks import mixed_network

GRAPH = mixed_network()
COST = {"int8": 100, "int4": 120, "int16": 200, "w4a16": 260, "binary": 40}
SIZE = {"int8": 100, "int4": 55, "int16": 105, "w4a16": 60, "binary": 15}
HARM = {"int8": 0.002, "int4": 0.01, "int16": 0.0, "w4a16": 0.009, "binary": 0.05}
SENSITIVE = {"first": 6.0, "dense": 3.0, "second": 0.2, "narrow": 0.5}


class Written:
    """Additive prices; the drop is the sum of what each layer's format does to it."""

    def __init__(self, more: Callable[[Mapping[str, str]], float] = lambda mix: 0.0) -> None:
        self.layers = ("first", "narrow", "wide", "deep", "second", "dense")
        self.more = more
        self.seen: dict[tuple[str, ...], AccuracySummary] = {}
        self.rough: set[tuple[str, ...]] = set()

    @property
    def evaluations(self) -> int:
        return len(self.seen) + len(self.rough)

    def sensitivity(self, mix: Mapping[str, str]) -> AccuracySummary:
        """As exact as `accuracy`, unless `more` says otherwise."""
        self.rough.add(self.formats(mix))
        return self.written(mix)

    def formats(self, mix: Mapping[str, str]) -> tuple[str, ...]:
        return tuple(mix.get(name, "int8") for name in self.layers)

    def prices(self, mix: Mapping[str, str]) -> Prices:
        forms = self.formats(mix)
        arena = max(COST[form] for form in forms)
        whole = Take(sum(COST[f] for f in forms), sum(SIZE[f] for f in forms), arena)
        return Prices(whole, {})

    def accuracy(self, mix: Mapping[str, str]) -> AccuracySummary:
        return self.seen.setdefault(self.formats(mix), self.written(mix))

    def written(self, mix: Mapping[str, str]) -> AccuracySummary:
        forms = self.formats(mix)
        pairs = zip(self.layers, forms, strict=True)
        drop = sum(SENSITIVE.get(name, 1.0) * HARM[form] for name, form in pairs) + self.more(mix)
        noise = max(drop, 1e-6)
        from math import log10

        return AccuracySummary("top1", 0.9, 0.9 - drop, 100, "data", sqnr_db=-10 * log10(noise))


def run(
    bench: Written, prefer: str, most_drop: float, *, given: Mapping[str, str] | None = None,
    most: int = MOST,
) -> Found:  # fmt: skip
    def holds(summary: AccuracySummary) -> bool:
        return summary.before - summary.after <= most_drop + 1e-9

    return search(cast(Bench, bench), GRAPH, given or {}, prefer, holds, holds, most)


def test_the_least_sensitive_layers_are_binarized_first() -> None:
    bench = Written()
    found = run(bench, "instructions", 0.09)
    assert found.held
    assert [move.layer for move in found.moves][:2] == ["second", "narrow"]
    assert set(found.mix.values()) == {"binary"}
    assert bench.accuracy(found.mix).after >= 0.9 - 0.09
    for name in bench.layers:  # nothing more could have been had
        if name not in found.mix and name != "deep":
            tried = {**found.mix, name: "binary"}
            assert bench.accuracy(tried).after < 0.9 - 0.09


def test_a_tight_limit_changes_nothing() -> None:
    found = run(Written(), "instructions", 0.0235)
    assert found == Found({}, {}, (), True)


def test_flash_takes_int4_where_one_bit_is_too_few() -> None:
    found = run(Written(), "flash", 0.07)
    assert "int4" in found.mix.values()
    assert found.mix["second"] == "binary"
    assert Written().accuracy(found.mix).after >= 0.9 - 0.07


def test_layers_given_keep_their_format() -> None:
    found = run(Written(), "flash", 0.2, given={"second": "int8", "deep": "int4"})
    assert found.mix["deep"] == "int4"
    assert found.mix["second"] == "int8"


def test_where_int8_is_too_coarse_it_comes_down_from_int16() -> None:
    found = run(Written(), "instructions", 0.012)
    assert found.held
    assert set(found.start.values()) == {"int16"}
    assert found.mix["first"] == "int16"
    assert "int8" in found.mix.values()


def test_where_nothing_holds_the_best_start_comes_back() -> None:
    found = run(Written(lambda mix: 0.5), "instructions", 0.01)
    assert not found.held
    assert set(found.mix.values()) == {"int16"}


def test_evaluations_are_bounded_and_what_was_left_out_is_counted() -> None:
    bench = Written()
    found = run(bench, "flash", 0.3, most=9)
    assert bench.evaluations <= 9
    assert found.left_out > 0
    whole = run(Written(), "flash", 0.3)
    assert whole.left_out == 0


@pytest.mark.parametrize("prefer", ["instructions", "flash", "ram"])
@pytest.mark.parametrize("drop", [0.03, 0.05, 0.07, 0.09, 0.2])
def test_blocks_leave_what_one_by_one_would(prefer: str, drop: float) -> None:
    """Where harms add up, the same moves stay, and fewer mixes are run for it."""
    bench = Written()
    found = run(bench, prefer, drop)
    mix, ranked = dict(found.start), []
    for move in found.moves:
        ranked.append(move)
        mix[move.layer] = move.format
        assert bench.written(mix).after >= 0.9 - drop - 1e-9
    assert mix == found.mix
    assert len(bench.seen) <= 2 + 2 * (len(bench.layers) + 3)


def test_all_moves_that_hold_together_cost_one_evaluation() -> None:
    bench = Written()
    found = run(bench, "flash", 0.9)
    assert len(found.moves) > 5
    assert len(bench.seen) <= 3  # the start, all moves of the first round, those of the second


def test_a_candidate_that_few_samples_rule_out_is_not_run_on_all() -> None:
    bench = Written(lambda mix: 9.0 * (mix.get("second") == "binary"))
    found = run(bench, "instructions", 0.09)
    assert "second" not in found.mix
    assert not any(forms[4] == "binary" for forms in bench.seen)


def test_the_same_twice() -> None:
    assert run(Written(), "flash", 0.1) == run(Written(), "flash", 0.1)


def test_what_saves_only_beside_others_is_tried_again() -> None:
    class Packed(Written):
        def prices(self, mix: Mapping[str, str]) -> Prices:
            plain = super().prices(mix)
            forms = dict(zip(self.layers, self.formats(mix), strict=True))
            alone = forms["narrow"] == "binary" and forms["second"] != "binary"
            return Prices(Take(plain.whole.instructions + 100 * alone), {})

    found = run(Packed(), "instructions", 0.06)
    assert {"second", "narrow"} <= {layer for layer, f in found.mix.items() if f == "binary"}


def test_backing_off_takes_the_last_move_first() -> None:
    moves = tuple(SimpleNamespace(layer=name, format="int4") for name in "ab")
    mixes = list(backed_off(cast(Any, moves), {"c": "int16"}))
    assert mixes == [
        {"c": "int16", "a": "int4", "b": "int4"}, {"c": "int16", "a": "int4"}, {"c": "int16"},
    ]  # fmt: skip


@pytest.mark.parametrize("prefer", ["instructions", "flash", "ram"])
@pytest.mark.parametrize("drop", [0.02, 0.05, 0.1, 0.4])
def test_the_result_always_holds_and_never_takes_more(prefer: str, drop: float) -> None:
    bench = Written()
    found = run(bench, prefer, drop)
    if found.held:
        assert bench.accuracy(found.mix).after >= 0.9 - drop - 1e-9
        before, after = (bench.prices(mix).whole.of(prefer) for mix in (found.start, found.mix))
        assert after <= before
