"""Which rows each step of a cascade computes in each stripe, and where they lie.

Demand runs backwards: the last step's rows of a stripe say which rows of its operands must exist,
and so on up to the first step. What exists already is not computed again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgekit.converter.lower.program import Program, Step
from edgekit.converter.lower.rowwise import RowMap, Window, row_bytes, row_map

Ranges = list[list[tuple[int, int]]]
"""For each step and stripe the output rows computed: first, and one past the last."""


@dataclass(frozen=True, slots=True)
class Rolling:
    """A buffer that holds some rows: in stripe s those from `low[s]` to `high[s]` (excluded)."""

    row_bytes: int
    low: tuple[int, ...]
    high: tuple[int, ...]

    @property
    def rows(self) -> int:
        """The most rows it holds."""
        return max(high - low for low, high in zip(self.low, self.high, strict=True))

    @property
    def carried(self) -> bool:
        """Whether any row stays from one stripe to the next."""
        return any(self.kept(stripe)[0] for stripe in range(len(self.low)))

    def kept(self, stripe: int) -> tuple[int, int]:
        """Rows that stay from the stripe before, and the row of the buffer they are at."""
        if stripe == 0 or self.high[stripe - 1] <= self.low[stripe]:
            return 0, 0
        return self.high[stripe - 1] - self.low[stripe], self.low[stripe] - self.low[stripe - 1]


@dataclass(frozen=True, slots=True)
class Schedule:
    """A cascade of `steps` in `stripes` stripes.

    `rolling` are the buffers that become smaller; the others that the steps touch stay whole.
    `held` are those, of both, that matter from one stripe to the next.
    """

    steps: tuple[Step, ...]
    maps: tuple[RowMap, ...]
    stripes: int
    ranges: Ranges
    rolling: Mapping[str, Rolling]
    held: tuple[str, ...]
    views: Mapping[str, tuple[int, int]]

    @property
    def independent(self) -> bool:
        """Whether no stripe reads what another one computed, so that any may come first."""
        made = {step.writes[0] for step in self.steps}
        read = {name for step in self.steps for name in step.reads}
        return not made & read & set(self.held)

    def row_bytes(self, buffer: str) -> int:
        """Bytes of a row of a buffer."""
        return self.views[buffer][1]

    def place(self, buffer: str, stripe: int, row: int) -> int:
        """Where a row of the tensor lies in its buffer, counted in rows."""
        rolling = self.rolling.get(buffer)
        return row - rolling.low[stripe] if rolling else row

    def kept(self, index: int, stripe: int) -> tuple[int, int]:
        """Rows that the step has to move before its call, and from which row; (0, 0) for none."""
        out = self.steps[index].writes[0]
        writers = [i for i, step in enumerate(self.steps) if out in step.writes]
        if out not in self.rolling or index != writers[0]:
            return 0, 0
        kept, start = self.rolling[out].kept(stripe)
        return (kept, start) if kept and start else (0, 0)


def schedule(program: Program, first: int, last: int, rows: int) -> Schedule | None:
    """Steps first..last in stripes of `rows` rows of the last step's output.

    None where a step does not work row by row, steps see one buffer under different shapes, or
    there would be a single stripe.
    """
    steps = program.steps[first : last + 1]
    maps = [row_map(step) for step in steps]
    if any(found is None for found in maps):
        return None
    known = tuple(found for found in maps if found is not None)
    views = _views(steps, known)
    stripes = -(-known[-1].height // rows)
    if views is None or stripes < 2:
        return None
    outside = {name for i, s in enumerate(program.steps) if not first <= i <= last
               for name in s.touches}  # fmt: skip
    outside |= {port.buffer for port in (*program.inputs, *program.outputs)}
    outside |= {state.buffer for state in program.states}
    made = {step.writes[0] for step in steps}
    ranges = _ranges(steps, known, stripes, rows, outside)
    if ranges is None:
        return None
    rolling = {
        name: _rolling(name, steps, known, ranges, views[name][1]) for name in made - outside
    }
    carried = [name for name, rows_kept in rolling.items() if rows_kept.carried]
    whole = [name for name in views if name not in rolling]
    whole += [n for s, m in zip(steps, known, strict=True)
              for n, w in zip(s.reads, m.windows, strict=True) if w is None]  # fmt: skip
    held = tuple(sorted({*carried, *whole}))
    return Schedule(steps, known, stripes, ranges, rolling, held, views)


def _views(steps: Sequence[Step], maps: Sequence[RowMap]) -> dict[str, tuple[int, int]] | None:
    """(rows, bytes of a row) of each buffer that all steps see alike."""
    found: dict[str, tuple[int, int]] = {}
    made = {step.writes[0] for step in steps}
    for step, rows in zip(steps, maps, strict=True):
        for name, view in row_bytes(step, rows).items():
            if found.setdefault(name, view) != view:
                return None
        for name, window in zip(step.reads, rows.windows, strict=True):
            if window is None and name in made:
                return None
    return found


def _ranges(
    steps: Sequence[Step],
    maps: Sequence[RowMap],
    stripes: int,
    rows: int,
    outside: set[str],
) -> Ranges | None:
    """See the module; None where a call would read no row at all."""
    ranges: Ranges = [[] for _ in steps]
    done = {step.writes[0]: 0 for step in steps}
    readers = {name: sum(name in step.reads for step in steps) for name in done}
    for stripe in range(stripes):
        share = min(rows * (stripe + 1), maps[-1].height)
        demand: dict[str, int] = {}
        low: dict[str, int] = {}
        reached: dict[str, int] = {}
        for index in reversed(range(len(steps))):
            out, height = steps[index].writes[0], maps[index].height
            if out not in reached:
                end = max(done[out], demand.get(out, 0))
                if not readers[out]:
                    end = -(-height * share // maps[-1].height)
                if out in outside and stripe == stripes - 1:
                    end = height
                reached[out] = end
            start = done[out]
            if out not in outside and readers[out] == 1:
                start = max(start, low.get(out, 0))
            start = min(start, reached[out])
            ranges[index].append((start, reached[out]))
            if reached[out] > start and not _ask(
                steps[index], maps[index], start, reached[out], demand, low
            ):
                return None
        done |= reached
    return ranges


def _ask(
    step: Step, rows: RowMap, first: int, end: int, demand: dict[str, int], low: dict[str, int]
) -> bool:
    """Adds the rows that a call reads; False where one operand would have none."""
    for name, window in zip(step.reads, rows.windows, strict=True):
        if window is None:
            continue
        start, stop = window.needs(first, end)
        if start >= stop:
            return False
        demand[name] = max(demand.get(name, 0), stop)
        low[name] = min(low.get(name, start), start)
    return True


def _rolling(
    name: str, steps: Sequence[Step], maps: Sequence[RowMap], ranges: Ranges, size: int
) -> Rolling:
    """The rows of a buffer that matter in each stripe: from the lowest read now or later."""
    writer = next(index for index, step in enumerate(steps) if name in step.writes)
    windows = [
        (index, window)
        for index, (step, rows) in enumerate(zip(steps, maps, strict=True))
        for read, window in zip(step.reads, rows.windows, strict=True)
        if read == name and window is not None
    ]
    lows, highs = [], [end for _, end in ranges[writer]]
    later = highs[-1]
    for stripe in reversed(range(len(highs))):
        later = min([later, *_lowest(windows, ranges, stripe)])
        first, end = ranges[writer][stripe]
        lows.append(min(later, first, highs[stripe]) if end > first else min(later, highs[stripe]))
    return Rolling(size, tuple(reversed(lows)), tuple(highs))


def _lowest(windows: list[tuple[int, Window]], ranges: Ranges, stripe: int) -> list[int]:
    """The lowest row each reader reads in a stripe, of those that compute something."""
    found = []
    for index, window in windows:
        first, end = ranges[index][stripe]
        if end > first:
            found.append(window.needs(first, end)[0])
    return found
