"""Changes between reports as rows of text, as Markdown and as plain values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from edgekit.runtime.report.changes import Change, Changes, Finding
from edgekit.runtime.report.markdown import safe
from edgekit.runtime.report.policy import Judgement
from edgekit.runtime.report.text import value_text

COLUMNS = ("", ">before", ">after", ">change", "95 % interval", ">samples", "finding")
MOST_LAYERS = 10
"""Layers listed, those of the largest change."""


def rows(changes: Sequence[Change]) -> list[tuple[str, ...]]:
    """One row of COLUMNS a change."""
    return [
        (
            row.title,
            value_text(row.before, row.unit),
            value_text(row.after, row.unit),
            change_text(row),
            _interval(row),
            f"{row.samples[0]:,} / {row.samples[1]:,}",
            finding_text(row),
        )
        for row in changes
    ]


def change_text(change: Change) -> str:
    """ "+2.5 %"; percentage points for fractions, dB for decibels."""
    if change.unit == "fraction":
        return f"{100 * change.delta:+.2f} pp"
    if change.unit == "dB":
        return f"{change.delta:+.1f} dB"
    if change.relative is None:
        return "0 %" if not change.delta else f"+{value_text(change.delta, change.unit)}"
    return f"{100 * change.relative:+.3g} %" if change.relative else "0 %"


def finding_text(change: Change) -> str:
    """The finding; for unlike conditions with what differs."""
    if change.finding is Finding.UNLIKE:
        return f"unlike: {'; '.join(change.unlike)}"
    return change.finding.value


def _interval(change: Change) -> str:
    ends = change.interval
    if ends is None:
        return "not known" if change.doubt else "exact"
    return f"{100 * ends[0]:+.3g} .. {100 * ends[1]:+.3g} %"


def telling_layers(found: Changes) -> tuple[Change, ...]:
    """Layers that changed, those of the largest change first, MOST_LAYERS at most."""
    changed = [row for row in found.layers if row.finding not in (Finding.EQUAL, Finding.UNLIKE)]
    sizes = {row.subject: abs(row.relative) if row.relative else 0.0 for row in changed}
    return tuple(sorted(changed, key=lambda row: -sizes[row.subject])[:MOST_LAYERS])


def sentences(found: Changes) -> tuple[str, ...]:
    """What else differs, and which layers have no partner."""
    lone = ((found.before, found.only_before), (found.after, found.only_after))
    return (
        *found.besides,
        *(
            f"{len(names)} layers of {whose} alone: {', '.join(names[:6])}"
            + (", ..." if len(names) > 6 else "")
            for whose, names in lone
            if names
        ),
    )


def judgement_text(row: Judgement) -> str:
    """A clause with its outcome and the change behind it."""
    text = f"{row.clause.text}: {row.outcome}"
    if row.change is not None and not row.why:
        before, after = (
            value_text(v, row.change.unit) for v in (row.change.before, row.change.after)
        )
        name = f"{row.change.title} " if row.change.subject.startswith("layer:") else ""
        text += f" ({name}{before} -> {after}, {change_text(row.change)})"
    return text + (f": {row.why}" if row.why else "")


def markdown(found: Sequence[Changes], judged: Sequence[Judgement]) -> str:
    """For a pull request: the verdict, then a table for each report; names are escaped."""
    parts = []
    if judged:
        failed = any(row.outcome.fails for row in judged)
        parts.append("## " + ("Not within the limits" if failed else "Within the limits"))
        parts.append("\n".join(_verdicts(judged, several=len(found) > 1)))
    for each in found:
        parts.append(f"### {safe(each.after)} against {safe(each.before)}")
        changed = [row for row in each.metrics if row.finding is not Finding.EQUAL]
        if changed:
            parts.append(_table(changed))
        layers = telling_layers(each)
        if layers:
            parts.append(f"Layers that changed most:\n\n{_table(layers)}")
        equal = [row.title for row in each.metrics if row.finding is Finding.EQUAL]
        lines = (*sentences(each), *([f"equal: {', '.join(equal)}"] if equal else []))
        if lines:
            parts.append("\n".join(f"- {safe(line)}" for line in lines))
    return "\n\n".join(parts) + "\n"


def _verdicts(judged: Sequence[Judgement], *, several: bool) -> Iterator[str]:
    """A line for each limit that is not kept, and one for those that are."""
    for name in dict.fromkeys(row.report for row in judged):
        of = f"{safe(name)}: " if several else ""
        mine = [row for row in judged if row.report == name]
        for row in mine:
            if row.outcome.fails:
                yield f"- ❌ {of}{safe(judgement_text(row))}"
        kept = [judgement_text(row) for row in mine if not row.outcome.fails]
        if kept:
            yield f"- ✅ {of}{safe('; '.join(kept))}"


def _table(changes: Sequence[Change]) -> str:
    head = f"| {' | '.join(name.lstrip('>') for name in COLUMNS)} |"
    rule = f"|{'|'.join('--:' if name.startswith('>') else '---' for name in COLUMNS)}|"
    body = (f"| {' | '.join(safe(cell) for cell in row)} |" for row in rows(changes))
    return "\n".join((head, rule, *body))


def record(found: Changes) -> dict[str, Any]:
    """The changes as plain values, for JSON."""
    return {
        "before": found.before,
        "after": found.after,
        "metrics": [_plain(row) for row in found.metrics],
        "layers": [_plain(row) for row in found.layers],
        "only_before": list(found.only_before),
        "only_after": list(found.only_after),
        "besides": list(found.besides),
    }


def judgement_record(row: Judgement) -> dict[str, Any]:
    """A judgement as plain values, for JSON."""
    return {
        "clause": row.clause.text,
        "report": row.report,
        "outcome": row.outcome.name.lower().replace("_", "-"),
        "subject": row.change.subject if row.change else row.clause.subject,
        "why": row.why,
    }


def _plain(row: Change) -> dict[str, Any]:
    return {**asdict(row), "relative": row.relative, "finding": row.finding.value}
