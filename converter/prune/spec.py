"""What `--prune` says, as a value.

    0.5              half of all weights to zero, wherever they matter least
    layer:0.5        half of the weights of every layer
    2:4              of each 4 weights in a row along the input channels 2 are kept
    channels:0.5     half of the channels of every layer go: the graph shrinks
    macs:0.5         as many channels go as it takes to save half of the multiply-accumulates

followed by exceptions for single layers, `,NAME=VALUE` (* and ? in names): a share, N:M, or 0 for a
layer that is left whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from edgekit.converter.patterns import matches
from edgekit.errors import UsageError

OPTION = "--prune"
ALLOWED = (
    "0.5 (share of the weights), layer:0.5, 2:4 (N of M are kept, N < M), channels:0.5 or macs:0.5"
)
MOST_OF = 64
"""Longest group of N:M."""
PRUNE_CRITERIA = ("auto", "magnitude", "data")
"""What decides which weights go; "auto" is data where there are any."""


class Scope(StrEnum):
    """What is pruned, and over what the share is taken."""

    GLOBAL = "global"
    LAYER = "layer"
    PATTERN = "pattern"
    CHANNELS = "channels"
    MACS = "macs"


@dataclass(frozen=True, slots=True)
class Amount:
    """A share to remove, or `keep` of each `of` weights in a row."""

    share: float = 0.0
    keep: int = 0
    of: int = 0

    def __str__(self) -> str:
        return f"{self.keep}:{self.of}" if self.of else f"{self.share:g}"


@dataclass(frozen=True, slots=True)
class LayerAmount:
    """A layer, or several by a pattern, with an amount of their own."""

    pattern: str
    amount: Amount


@dataclass(frozen=True, slots=True)
class PruneSpec:
    """`text` as it was given, the scope, the amount for all layers, and exceptions."""

    text: str
    scope: Scope
    amount: Amount
    exceptions: tuple[LayerAmount, ...] = ()

    @property
    def structured(self) -> bool:
        """Whether channels go, rather than single weights."""
        return self.scope in (Scope.CHANNELS, Scope.MACS)

    def exception(self, name: str) -> Amount | None:
        """A layer's own amount, the last that matches; None for one like the others."""
        found = [rule.amount for rule in self.exceptions if matches(rule.pattern, name)]
        return found[-1] if found else None


def parse_prune(text: str) -> PruneSpec:
    """`text` as a specification. Raises UsageError (code "bad-prune") for one that is none."""
    first, *rest = (part.strip() for part in text.split(","))
    named, colon, value = first.partition(":")
    if colon and named in (Scope.LAYER, Scope.CHANNELS, Scope.MACS):
        scope, amount = Scope(named), _share(text, value)
    elif colon:
        scope, amount = Scope.PATTERN, _pattern(text, first)
    else:
        scope, amount = Scope.GLOBAL, _share(text, first)
    exceptions = tuple(_exception(text, part, scope) for part in rest)
    if not amount.of and not amount.share and not any(rule.amount.share for rule in exceptions):
        raise _bad(text, "a share of 0 removes nothing")
    return PruneSpec(text, scope, amount, exceptions)


def check_prune(text: str, precision: str, *, data_free: bool) -> None:
    """Raise UsageError for a specification that is none, or that a conversion to this precision,
    or without data, cannot keep (code "prune-combination")."""
    spec = parse_prune(text)
    if precision == "binary" and not spec.structured:
        found, allowed = "signs have no zero: --precision binary would undo it", "channels or macs"
    elif data_free and spec.structured:
        found = "the statistics that --calibration none takes its ranges from are of all channels"
        allowed = "0.5, layer:0.5 or 2:4; or --calibration DATA"
    else:
        return
    hint = "change one of the two options"
    raise UsageError(
        f"{OPTION} {text}", found, allowed=allowed, hint=hint, code="prune-combination"
    )


def _share(text: str, value: str) -> Amount:
    try:
        share = float(value)
    except ValueError:
        raise _bad(text, f"not understood: {value!r} is no share") from None
    if not 0 <= share < 1:
        raise _bad(text, f"a share of {value} leaves {'no weights' if share >= 1 else 'more'}")
    return Amount(share)


def _pattern(text: str, value: str) -> Amount:
    found = re.fullmatch(r"(\d+):(\d+)", value)
    if found is None:
        raise _bad(text, f"not understood: {value!r}")
    keep, of = int(found[1]), int(found[2])
    if not 0 < keep < of <= MOST_OF:
        raise _bad(text, f"{value} keeps {keep} of {of} weights", f"1 <= N < M <= {MOST_OF}")
    return Amount(keep=keep, of=of)


def _exception(text: str, part: str, scope: Scope) -> LayerAmount:
    pattern, equals, value = (each.strip() for each in part.rpartition("="))
    if not equals or not pattern:
        raise _bad(text, f"not understood: {part!r} is no NAME=VALUE")
    amount = _pattern(text, value) if ":" in value else _share(text, value)
    if (scope is Scope.PATTERN and amount.share) or (scope is not Scope.PATTERN and amount.of):
        raise _bad(text, f"{part!r} is of another kind than the rest")
    if scope is Scope.MACS and amount.share:
        raise _bad(text, f"{part!r}: how much each layer loses follows from macs", f"{pattern}=0")
    return LayerAmount(pattern, amount)


def _bad(text: str, found: str, allowed: str = ALLOWED) -> UsageError:
    hint = "docs/pruning.md shows every form"
    return UsageError(f"{OPTION} {text}", found, allowed=allowed, hint=hint, code="bad-prune")
