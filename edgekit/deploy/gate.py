"""What the change gate saves and misses on a labelled clip, over its thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgekit.converter.camera.gate import GateSetting, block_samples, block_sums, decide
from edgekit.converter.camera.plan import Region, resized
from edgekit.deploy.bundles import open_bundle
from edgekit.deploy.camera_choice import plan_for
from edgekit.deploy.frames import load_frames
from edgekit.deploy.gate_data import Costs, Event, read_costs, read_events
from edgekit.errors import Verdict

THRESHOLDS = (8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
"""In 1/16 of an 8-bit level: half a level to 32."""


@dataclass(frozen=True, slots=True)
class GateRow:
    """One setting on the clip; `saved` is the share of the cost of looking at every frame."""

    setting: GateSetting
    inferences: int
    saved: float
    missed: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class GateStudy:
    """All settings, and the one that saves most among those that miss few enough events."""

    model: str
    frames: int
    events: tuple[Event, ...]
    costs: Costs
    max_missed: int
    rows: tuple[GateRow, ...]
    chosen: GateRow | None

    def verdict(self) -> Verdict | None:
        """What to say where no setting is good enough."""
        if self.chosen is not None:
            return None
        least = min(len(row.missed) for row in self.rows)
        return Verdict(
            f"gate of {self.model}",
            f"every setting misses {least} or more of {len(self.events)} events",
            allowed=f"--max-missed {self.max_missed}",
            hint="try lower --thresholds, --blocks 1 or --refresh, or a larger part of the scene",
            code="gate-misses",
        )

    def picture(self) -> str:
        """SVG: what is left of the cost against the events that are caught."""
        from edgekit.runtime.report.svg_tradeoff import Point, Words, svg_tradeoff

        caught = [100 * (1 - len(row.missed) / len(self.events)) for row in self.rows]
        points = [
            Point(str(row.setting.enter), max(0.01, 100 * (1 - row.saved)), share)
            for row, share in zip(self.rows, caught, strict=True)
        ]
        words = Words(
            f"change gate on {self.frames} frames, by threshold",
            f"cost left, % of looking at every frame ({self.costs.basis})",
            "events caught, %",
        )
        return svg_tradeoff(points, words)


def study_gate(
    bundle: str | Path,
    frames: str | Path,
    labels: str | Path,
    *,
    format: str = "rgb565",
    width: int = 160,
    height: int = 120,
    region: Region | None = None,
    thresholds: Sequence[int] = THRESHOLDS,
    blocks: int = 1,
    hold: int = 2,
    refresh: int = 0,
    max_missed: int = 0,
    counts: str | Path | None = None,
    energy: str | Path | None = None,
) -> GateStudy:
    """Decide about every frame of a clip at every threshold, and compare with its events.

    The decisions are those of the firmware, bit for bit. An event is caught when the model runs on
    one of its frames. `frames` is as for `load_frames`, `labels` for `read_events`, `counts` and
    `energy` for `read_costs`. Raises UsageError, DataError, ModelError.
    """
    opened = open_bundle(bundle)
    plan = plan_for(opened, format, width, height, region, "bilinear")
    clip = load_frames(frames, plan.format, width, height)
    events, costs = read_events(labels, len(clip.raw)), read_costs(counts, energy)
    sums = [block_sums(resized(plan, raw)) for raw in clip.raw]
    samples = block_samples(plan.shape)
    rows = []
    for enter in sorted(set(thresholds)):
        setting = GateSetting(enter, enter // 2, blocks, hold, refresh)
        ran = [decision.run for decision in decide(setting, sums, samples)]
        rows.append(_row(setting, ran, events, costs))
    good = [row for row in rows if len(row.missed) <= max_missed]
    return GateStudy(
        model=opened.manifest.name,
        frames=len(clip.raw),
        events=events,
        costs=costs,
        max_missed=max_missed,
        rows=tuple(rows),
        chosen=max(good, key=lambda row: row.saved, default=None),
    )


def _row(
    setting: GateSetting, ran: Sequence[bool], events: Sequence[Event], costs: Costs
) -> GateRow:
    """Saved: against inference on every frame; conversion with the gate is in both."""
    missed = tuple(event for event in events if not any(ran[event.start : event.end + 1]))
    spent = len(ran) * costs.convert + sum(ran) * costs.infer
    return GateRow(
        setting, sum(ran), 1 - spent / (len(ran) * (costs.convert + costs.infer)), missed
    )
