"""What every meter may have to say about a recording."""

from __future__ import annotations

from edgekit.artifacts.figures import Note
from edgekit.runtime.power.meter import MeterIdentity

CLOCK_TOLERANCE = 0.01
CLOCK_SLACK_S = 0.2
"""How far the samples may fall short of this computer's clock: a share, and a time."""


def clock_note(identity: MeterIdentity, length_s: float, elapsed_s: float) -> tuple[Note, ...]:
    """Whether the recording is shorter than the time it took."""
    if not identity.wall_clock or elapsed_s - length_s <= max(
        CLOCK_SLACK_S, CLOCK_TOLERANCE * elapsed_s
    ):
        return ()
    text = (
        f"{length_s:.3f} s of samples arrived in {elapsed_s:.3f} s: more samples are lost than "
        "the stream shows"
    )
    advice = "use a faster computer or fewer programs beside the measurement"
    return (Note("meter-clock", identity.name, text, advice),)


def torn_note(name: str, count: int, what: str) -> tuple[Note, ...]:
    """That `count` pieces of the stream were no sample."""
    if not count:
        return ()
    return (Note("meter-bytes", name, f"{count} {what}", "connect the meter without a hub"),)
