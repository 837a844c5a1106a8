"""The language of limits: what it accepts, where it says a mistake is, how it judges."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.errors import UsageError
from edgekit.runtime.report.change_views import judgement_record, judgement_text
from edgekit.runtime.report.changes import Change, Changes
from edgekit.runtime.report.policy import Outcome, judge, parse_policy


def holding(*rows: Change, only_after: tuple[str, ...] = ()) -> Changes:
    layers = tuple(row for row in rows if row.subject.startswith("layer:"))
    metrics = tuple(row for row in rows if row not in layers)
    return Changes("old", "new", metrics, layers, only_after=only_after)


LATENCY = Change("latency", "Latency", "s", 0.010, 0.0106, low=1.055, high=1.065)
NOISY = replace(LATENCY, low=1.01, high=1.12)
ACCURACY = Change("accuracy", "Accuracy", "fraction", 0.90, 0.89, more_is_better=True)
FLASH = Change("flash", "Flash", "B", 1000, 1001)
ENERGY = Change("energy", "Energy", "J", 1e-3, 1.2e-3, unlike=("meter (PPK2, LPM01A)",))
CONV = Change("layer:conv1.instructions", "conv1 instructions", "instructions", 100, 112)
DENSE = Change("layer:dense.instructions", "dense instructions", "instructions", 100, 100)
FOUND = holding(LATENCY, ACCURACY, FLASH, ENERGY, CONV, DENSE, only_after=("extra",))


@pytest.mark.parametrize(
    ("policy", "outcome"),
    [
        ("latency>5%", Outcome.VIOLATED),
        ("latency > 7 %", Outcome.KEPT),
        ("latency>0.5ms", Outcome.VIOLATED),
        ("latency>700us", Outcome.KEPT),
        ("latency<-5%", Outcome.KEPT),
        ("accuracy<-0.5pp", Outcome.VIOLATED),
        ("accuracy<-2pp", Outcome.KEPT),
        ("flash>0", Outcome.VIOLATED),
        ("flash>1K", Outcome.KEPT),
        ("flash>0.5B", Outcome.VIOLATED),
        ("energy>50%", Outcome.NOT_JUDGED),
        ("ram>0", Outcome.NOT_JUDGED),
        ("latency>5", Outcome.NOT_JUDGED),
        ("flash>1ms", Outcome.NOT_JUDGED),
        ("layer:conv1.instructions>10%", Outcome.VIOLATED),
        ('layer:"conv1".instructions>11', Outcome.VIOLATED),
        ("layer:c*.instructions>20%", Outcome.KEPT),
        ("layer:extra.instructions>1%", Outcome.NOT_JUDGED),
    ],
)
def test_a_clause(policy: str, outcome: Outcome) -> None:
    (found,) = judge(parse_policy(policy), FOUND)
    assert found.outcome is outcome
    assert judgement_record(found)["clause"] == policy
    assert found.outcome.value in judgement_text(found)


def test_noise_does_not_shut_the_gate_and_is_told() -> None:
    (found,) = judge(parse_policy("latency>5%"), holding(NOISY))
    assert found.outcome is Outcome.NOISE
    assert not found.outcome.fails
    (sure,) = judge(parse_policy("latency>0.5%"), holding(NOISY))
    assert sure.outcome is Outcome.VIOLATED


def test_of_many_layers_those_past_the_limit_are_told() -> None:
    (kept,) = judge(parse_policy("layer:*.instructions>20%"), FOUND)
    assert kept.change is CONV  # the nearest to it
    (found,) = judge(parse_policy("layer:*.instructions>10%"), FOUND)
    assert found.change is CONV


def test_why_nothing_could_be_judged_is_said() -> None:
    policy = parse_policy("energy>1%,ram>0,layer:extra.macs>0")
    texts = [judgement_text(row) for row in judge(policy, FOUND)]
    assert "meter (PPK2, LPM01A)" in texts[0]
    assert "not both reports tell it" in texts[1]
    assert "only one of the reports has extra" in texts[2]


@pytest.mark.parametrize(
    ("policy", "place", "wanted"),
    [
        ("", 1, "a metric"),
        ("latncy>5%", 1, "a metric"),
        ("latency", 8, "a comparison"),
        ("latency>>5%", 9, "a number"),
        ("latency>5q", 10, "a unit"),
        ("latency>5%;flash>0", 11, "a comma"),
        ("latency>5%,", 12, "a metric"),
        ("latency>5%, flash=0", 18, "a comparison"),
        ("layer:conv1>5%", 7, "a layer"),
        ("layer:conv1.speed>5%", 13, "a quantity"),
        ('layer:"a,b"macs>0', 12, "a quantity"),
    ],
)
def test_mistakes_are_placed(policy: str, place: int, wanted: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_policy(policy)
    assert f"{wanted}" in caught.value.found
    assert f"at character {place}," in caught.value.found
    assert caught.value.code == "policy-syntax"


def test_names_with_commas_dots_and_slashes() -> None:
    clauses = parse_policy('layer:"a,b>c".macs>0, layer:net/conv.1.sqnr<-3dB')
    assert [row.subject for row in clauses] == ["layer:a,b>c.macs", "layer:net/conv.1.sqnr"]


@settings(deadline=None)
@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    code = ""
    try:
        assert parse_policy(text)
    except UsageError as error:
        code = error.code
    assert code in ("", "policy-syntax")
