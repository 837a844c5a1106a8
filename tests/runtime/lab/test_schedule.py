"""Which runs overlap: never two timed here, never two on one device, and all come to their turn."""

from __future__ import annotations

from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgekit.runtime.lab.schedule import Need, Shares, startable

NEEDS = st.lists(
    st.tuples(st.sampled_from(list(Shares)), st.frozensets(st.sampled_from("abc"), max_size=2)),
    min_size=1,
    max_size=8,
).map(lambda rows: [Need(f"run {i}", *row) for i, row in enumerate(rows)])


def _need(name: str, shares: Shares, *claims: str) -> Need:
    return Need(name, shares, frozenset(claims))


def test_what_is_timed_here_runs_alone_and_first() -> None:
    host, board = _need("host", Shares.ALONE), _need("nano", Shares.AWAY)
    assert startable([board, host], [], 2) == [host]
    assert startable([board], [host], 2) == []
    assert startable([host], [board], 2) == []


def test_as_many_emulators_as_cores_and_any_number_of_boards() -> None:
    virtual = [_need(f"m{i}", Shares.HERE) for i in range(3)]
    boards = [_need(f"nano {i}", Shares.AWAY) for i in range(3)]
    assert startable([*virtual, *boards], [], 2) == [*virtual[:2], *boards]


def test_two_on_one_meter_run_one_after_another() -> None:
    one, two = _need("a", Shares.AWAY, "meter", "p1"), _need("b", Shares.AWAY, "meter", "p2")
    assert startable([one, two], [], 2) == [one]
    assert startable([two], [one], 2) == []


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(NEEDS, st.integers(0, 3), st.randoms())
def test_all_run_and_none_beside_what_it_must_not(
    needs: list[Need], cores: int, random: Random
) -> None:
    waiting, running, done = list(needs), list[Need](), list[Need]()
    while waiting or running:
        for need in startable(waiting, running, cores):
            waiting.remove(need)
            running.append(need)
        assert running, "nothing runs, and something waits"
        assert len(running) == 1 or all(need.shares is not Shares.ALONE for need in running)
        assert sum(need.shares is Shares.HERE for need in running) <= max(cores, 1)
        claims = [claim for need in running for claim in need.claims]
        assert len(claims) == len(set(claims))
        done.append(running.pop(random.randrange(len(running))))
    assert sorted(done, key=needs.index) == needs
