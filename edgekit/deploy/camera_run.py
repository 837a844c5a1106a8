"""What frames through a firmware's camera came to: each frame, and statistics of the stages."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from edgekit.errors import MismatchError

STAGES = ("take", "convert", "infer")


@dataclass(frozen=True, slots=True)
class FrameAnswer:
    """One frame on the board. `take` (until the frame was there), `convert` (with the gate) and
    `infer` are in the counter's unit; `label` is of the last inference where this frame was
    skipped."""

    name: str
    ran: bool
    changed: int
    take: float
    convert: float
    infer: float
    label: str
    score: float
    equal: bool | None
    """Input, output and decision are those of the NumPy definition; None: the frame is not known
    here, so nothing was compared."""
    fault: str = ""
    """The driver's word for why there was no frame; nothing above counts then."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Of a stage's samples, in the counter's unit."""

    name: str
    samples: int
    least: float
    median: float
    most: float


@dataclass(frozen=True, slots=True)
class CameraRun:
    """All frames, and what they ran on."""

    model: str
    target: str
    device: str
    camera: str
    """The driver."""
    format: str
    width: int
    height: int
    work_bytes: int
    """Of the conversion's line buffers."""
    unit: str
    hz: int
    """Counts in a second of the board's own clock; 0 where counts are no time."""
    basis: str
    frames: tuple[FrameAnswer, ...]

    @property
    def ran(self) -> int:
        """Frames that the model ran on."""
        return sum(frame.ran for frame in self.frames)

    @property
    def taken(self) -> tuple[FrameAnswer, ...]:
        """Those without a fault."""
        return tuple(frame for frame in self.frames if not frame.fault)

    @property
    def compared(self) -> bool:
        """Whether every frame that was taken was compared with the definition."""
        return bool(self.taken) and all(frame.equal is not None for frame in self.taken)

    def stages(self) -> Iterator[Stage]:
        """Statistics of each stage; an inference that was skipped is no sample."""
        for name in STAGES:
            values = [getattr(frame, name) for frame in self.taken if frame.ran or name != "infer"]
            if values:
                yield Stage(name, len(values), min(values), median(values), max(values))

    def faults(self) -> dict[str, int]:
        """Reasons why frames did not come, the most frequent first, and how often."""
        return dict(Tally(frame.fault for frame in self.frames if frame.fault).most_common())

    def verdict(self) -> MismatchError | None:
        """What is wrong, where a frame differs from the definition."""
        wrong = [frame.name for frame in self.frames if frame.equal is False]
        if not wrong:
            return None
        return MismatchError(
            f"{self.model} on {self.target}",
            f"{len(wrong)} of {len(self.frames)} frames differ from the reference: {wrong[0]}",
            hint="is the firmware of the same EdgeKit version? Report it with the bundle",
            code="camera-mismatch",
        )
