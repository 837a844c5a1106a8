"""The language of `compare --fail-on`: limits on what may change, and their judgement.

    policy    = clause { "," clause }
    clause    = subject ( ">" | "<" ) limit
    subject   = METRIC | "layer:" NAME "." QUANTITY
    NAME      = a layer, with * for any letters, or in double quotes
    limit     = [ "+" | "-" ] number [ unit ]
    unit      = "%" (of the value before) | "pp" | "dB" | "B" | "K" | "M"
              | "ns" | "us" | "ms" | "s" | "nJ" | "uJ" | "mJ" | "J"

`latency>5%` fails a change in which latency grew by more than 5 %, `accuracy<-0.5pp` one in which
the accuracy fell by more than half a percentage point. A change that noise may explain does not
fail; one that cannot be judged does, for a gate must not open by itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from edgekit.errors import UsageError
from edgekit.runtime.report.changes import QUANTITIES, Change, Changes
from edgekit.runtime.report.conditions import METRICS

OPTION = "--fail-on"
EXAMPLE = 'for example --fail-on "latency>5%,accuracy<-0.5pp,layer:conv1.instructions>10%"'

# unit -> (factor, unit of records); "%" is a share of the value before
_UNITS: dict[str, tuple[float, str]] = {
    "": (1.0, ""),
    "%": (0.01, "%"),
    "pp": (0.01, "fraction"),
    "B": (1.0, "B"),
    "K": (1024.0, "B"),
    "M": (1048576.0, "B"),
    **{f"{p}s": (f, "s") for p, f in (("n", 1e-9), ("u", 1e-6), ("m", 1e-3), ("", 1.0))},
    **{f"{p}J": (f, "J") for p, f in (("n", 1e-9), ("u", 1e-6), ("m", 1e-3), ("", 1.0))},
    "dB": (1.0, "dB"),
}
_COUNTED = ("instructions", "cycles", "MAC")
"""Units of records for which a bare number is a limit."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One limit: `text` as written, `limit` in `unit` ("%" for a share, "" for a bare number)."""

    text: str
    subject: str
    above: bool
    limit: float
    unit: str

    def judges(self, subject: str) -> bool:
        """Whether it is about this subject; a layer's name may hold * and ?."""
        if not self.subject.startswith("layer:"):
            return subject == self.subject
        name, _, quantity = self.subject.rpartition(".")
        theirs, _, other = subject.rpartition(".")
        return quantity == other and (name == theirs or fnmatchcase(theirs, name))


class Outcome(StrEnum):
    """What a clause found."""

    KEPT = "kept"
    NOISE = "past the limit, but noise may explain it"
    VIOLATED = "violated"
    NOT_JUDGED = "cannot be judged"

    @property
    def fails(self) -> bool:
        """Whether the gate stays shut."""
        return self in (Outcome.VIOLATED, Outcome.NOT_JUDGED)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A clause held against one change; `why` says what could not be judged."""

    clause: Clause
    report: str
    outcome: Outcome
    change: Change | None = None
    why: str = ""


def parse_policy(text: str) -> tuple[Clause, ...]:
    """The clauses of a policy, in their order. Raises UsageError with the place of a mistake."""
    return _Parser(text).policy()


def judge(policy: Sequence[Clause], found: Changes) -> tuple[Judgement, ...]:
    """Every clause held against the changes of one report, in the order of the policy. Of several
    layers that a clause is about, those past the limit are told, or else the nearest to it."""
    return tuple(row for clause in policy for row in _judged(clause, found))


def _judged(clause: Clause, found: Changes) -> list[Judgement]:
    rows = [row for row in (*found.metrics, *found.layers) if clause.judges(row.subject)]
    if rows:
        judged = [_against(clause, found.after, row) for row in rows]
        past = [row for row in judged if row.outcome is not Outcome.KEPT]
        return past or [max(judged, key=_nearness)]
    why = "not both reports tell it"
    lost = [*found.only_before, *found.only_after]
    gone = [n for n in lost if clause.judges(f"layer:{n}.{clause.subject.rpartition('.')[2]}")]
    if gone:
        why = f"only one of the reports has {', '.join(gone[:4])}"
    return [Judgement(clause, found.after, Outcome.NOT_JUDGED, why=why)]


def _against(clause: Clause, report: str, change: Change) -> Judgement:
    value, interval, why = _value(clause, change)
    if change.unlike:
        why = f"conditions differ: {'; '.join(change.unlike)}"
    if why or value is None:
        return Judgement(clause, report, Outcome.NOT_JUDGED, change, why)
    sign = 1 if clause.above else -1
    outcome = Outcome.KEPT
    if sign * value > sign * clause.limit:
        nearest = min(sign * end for end in interval) if interval else sign * value
        outcome = Outcome.VIOLATED if nearest > sign * clause.limit else Outcome.NOISE
    return Judgement(clause, report, outcome, change)


def _nearness(kept: Judgement) -> float:
    value = _value(kept.clause, kept.change)[0] if kept.change is not None else None
    return (value or 0.0) * (1 if kept.clause.above else -1)


def _value(clause: Clause, change: Change) -> tuple[float | None, tuple[float, float] | None, str]:
    """What is held against the limit, its interval, or why there is nothing to hold."""
    if clause.unit == "%":
        if change.relative is None and change.delta == 0:
            return 0.0, None, ""
        why = "" if change.relative is not None else "it was 0 before, so that no share can be told"
        return change.relative, change.interval, why
    bare = clause.unit == "" and (clause.limit == 0 or change.unit in _COUNTED)
    if not bare and clause.unit != change.unit:
        allowed = "a share (%)" if not change.unit else f"a share (%) or {change.unit}"
        return None, None, f"its unit is not that of the figure; write {allowed}"
    ends = change.interval
    scaled = (ends[0] * change.before, ends[1] * change.before) if ends else None
    return change.delta, scaled, ""


class _Parser:
    """A cursor over the text; every method takes what it is named for, or says where it failed."""

    def __init__(self, text: str) -> None:
        self.text, self.place = text, 0

    def policy(self) -> tuple[Clause, ...]:
        clauses = [self._clause()]
        while self.place < len(self.text):
            self._take(r"\s*,\s*", "a comma between two clauses", ",")
            clauses.append(self._clause())
        return tuple(clauses)

    def _clause(self) -> Clause:
        self._skip()
        start = self.place
        subject = self._subject()
        sign = self._take(r"\s*([<>])\s*", "a comparison", "> or <")
        number = self._take(r"([+-]?(?:\d+\.?\d*|\.\d+))\s*", "a number", "such as 5, -0.5 or +2")
        at = self.place
        unit = self._take(r"([%A-Za-z]*)", "a unit", ", ".join(filter(None, _UNITS)))
        if unit not in _UNITS:
            self.place = at
            raise self._error("a unit", ", ".join(filter(None, _UNITS)))
        factor, kind = _UNITS[unit]
        text = self.text[start : self.place].strip()
        self._skip()
        return Clause(text, subject, sign == ">", float(number) * factor, kind)

    def _subject(self) -> str:
        at = self.place
        if self.text.startswith("layer:", at):
            return self._layer()
        names = ", ".join((*METRICS, "layer:NAME.QUANTITY"))
        name = self._take(r"([A-Za-z_]+)", "a metric", names)
        if name not in METRICS:
            self.place = at
            raise self._error("a metric", names)
        return name

    def _layer(self) -> str:
        self.place += len("layer:")
        quoted = re.compile(r'"([^"]*)"').match(self.text, self.place)
        if quoted:
            self.place = quoted.end()
            name = quoted[1]
        else:
            name = self._take(
                r"([^\s<>,\"]+)(?=\.[A-Za-z]+\s*[<>])",
                "a layer",
                'NAME.QUANTITY or "NAME".QUANTITY',
            )
        at = self.place
        allowed = ", ".join(QUANTITIES)
        quantity = self._take(r"\.([A-Za-z]+)", "a quantity of the layer", allowed)
        if quantity not in QUANTITIES:
            self.place = at + 1
            raise self._error("a quantity of the layer", allowed)
        return f"layer:{name}.{quantity}"

    def _skip(self) -> None:
        while self.place < len(self.text) and self.text[self.place].isspace():
            self.place += 1

    def _take(self, pattern: str, wanted: str, allowed: str) -> str:
        found = re.compile(pattern).match(self.text, self.place)
        if found is None:
            raise self._error(wanted, allowed)
        self.place = found.end()
        return found[1] if found.re.groups else found[0]

    def _error(self, wanted: str, allowed: str) -> UsageError:
        rest = self.text[self.place : self.place + 20]
        found = f"before {rest!r}" if rest else "at the end"
        return UsageError(
            OPTION,
            f"{self.text!r}: {wanted} is missing at character {self.place + 1}, {found}",
            allowed=allowed,
            hint=EXAMPLE,
            code="policy-syntax",
        )
