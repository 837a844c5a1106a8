"""What --prune takes, and what it says to the rest."""

from __future__ import annotations

import pytest

from edgekit.converter.options import ConvertOptions
from edgekit.converter.prune.spec import Amount, Scope, parse_prune
from edgekit.errors import UsageError


@pytest.mark.parametrize(
    ("text", "scope", "amount"),
    [
        ("0.5", Scope.GLOBAL, Amount(0.5)),
        ("layer:0.9", Scope.LAYER, Amount(0.9)),
        ("2:4", Scope.PATTERN, Amount(keep=2, of=4)),
        ("1:16", Scope.PATTERN, Amount(keep=1, of=16)),
        ("channels:0.25", Scope.CHANNELS, Amount(0.25)),
        ("macs:0.4", Scope.MACS, Amount(0.4)),
    ],
)
def test_every_kind_is_understood(text: str, scope: Scope, amount: Amount) -> None:
    spec = parse_prune(text)
    assert (spec.scope, spec.amount, spec.exceptions) == (scope, amount, ())
    assert spec.structured == (scope in (Scope.CHANNELS, Scope.MACS))


def test_the_last_exception_that_matches_counts() -> None:
    spec = parse_prune("0.5, conv*=0.8, conv_1=0")
    assert spec.exception("conv_2") == Amount(0.8)
    assert spec.exception("conv_1") == Amount(0)
    assert spec.exception("dense") is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("3:2", "3:2 keeps 3 of 2 weights"),
        ("4:4", "4:4 keeps 4 of 4 weights"),
        ("0:4", "0:4 keeps 0 of 4 weights"),
        ("2:128", "2:128 keeps 2 of 128 weights"),
        ("1", "a share of 1 leaves no weights"),
        ("1.5", "a share of 1.5 leaves no weights"),
        ("-0.1", "a share of -0.1 leaves more"),
        ("nan", "a share of nan leaves more"),
        ("0", "a share of 0 removes nothing"),
        ("channels:1", "a share of 1 leaves no weights"),
        ("half", "not understood: 'half' is no share"),
        ("filters:0.5", "not understood: 'filters:0.5'"),
        ("", "not understood: '' is no share"),
        ("0.5,conv", "not understood: 'conv' is no NAME=VALUE"),
        ("0.5,conv=2:4", "'conv=2:4' is of another kind than the rest"),
        ("2:4,conv=0.5", "'conv=0.5' is of another kind than the rest"),
        ("macs:0.5,conv=0.5", "how much each layer loses follows from macs"),
    ],
)
def test_what_is_not_understood_is_named(text: str, found: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_prune(text)
    assert caught.value.code == "bad-prune"
    assert caught.value.subject == f"--prune {text}"
    assert found in caught.value.found
    assert caught.value.allowed


def test_options_check_the_specification_and_what_it_is_combined_with() -> None:
    for options, found in (
        ({"prune": "3:2"}, "keeps 3 of 2"),
        ({"prune": "0.5", "prune_by": "luck"}, "unknown value 'luck'"),
        ({"prune": "0.5", "precision": "binary"}, "signs have no zero"),
        ({"prune": "channels:0.5", "calibration": "none"}, "are of all channels"),
    ):
        with pytest.raises(UsageError, match=found):
            ConvertOptions(**options)  # type: ignore[arg-type]
    ConvertOptions(prune="2:4", calibration="none")
    ConvertOptions(prune="channels:0.5", precision="binary")
