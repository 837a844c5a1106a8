"""Whether a change of accuracy on the same samples is more than chance may make."""

from __future__ import annotations

from edgekit.artifacts.report import Report

FEWEST = 6
"""Right answers more or fewer, on the same samples, from which on equally good models are an
unlikely cause. Where only d answers differ, all in one direction, the two-sided sign test gives
2 x 2^-d (3 % for 6); answers that differ in both directions make it larger, so that fewer than 6
never reach 5 %."""


def few_answers(before: Report, after: Report) -> str:
    """A sentence where so few answers changed, or "": the accuracies are equal, far enough apart,
    of unlike data, or no shares of right answers."""
    one, other = before.bundle.accuracy, after.bundle.accuracy
    if one is None or other is None or not one.metric == other.metric == "top1":
        return ""
    if (one.data, one.samples) != (other.data, other.samples):
        return ""
    more = round((other.after - one.after) * one.samples)
    if not 0 < abs(more) < FEWEST:
        return ""
    word = "more" if more > 0 else "fewer"
    return (
        f"Accuracy: {abs(more)} {word} of {one.samples:,} answers right;"
        f" a difference of less than {FEWEST} may be chance"
    )
