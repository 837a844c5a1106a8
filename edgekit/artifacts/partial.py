"""What a benchmark that broke off had measured: the file that `bench --resume` goes on from."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from edgekit.artifacts.figures import Note
from edgekit.artifacts.run import RunResult, StepCost, Window
from edgekit.errors import DataError

PARTIAL_NAME = "bench-partial.json"
PARTIAL_TRACE = "power-trace.partial.npz"
PARTIAL_SCHEMA = 1


@dataclass(frozen=True, slots=True)
class BoardParts:
    """What a board had been asked: outputs compared and equal, a note on the first that differs,
    timed windows, cost of every step, bytes of memory. None was not reached."""

    checked: int = 0
    equal: int = 0
    notes: tuple[Note, ...] = ()
    windows: tuple[Window, ...] = ()
    steps: tuple[StepCost, ...] | None = None
    memory: dict[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Partial:
    """A benchmark in its middle. `conditions` are what must be the same to go on.

    `inferences` and `board_s` are of each energy window that is in the kept trace: how many it
    held, and its seconds on the board's clock (empty where that was not told). `reason` is the
    error that ended it, `ended` when that was; `legs` are the same of those before it.
    """

    conditions: dict[str, str]
    began: str
    board: BoardParts = field(default_factory=BoardParts)
    runs: tuple[RunResult, ...] = ()
    inferences: tuple[int, ...] = ()
    board_s: tuple[float, ...] = ()
    reason: str = ""
    ended: str = ""
    legs: tuple[str, ...] = ()
    schema: int = PARTIAL_SCHEMA

    @property
    def empty(self) -> bool:
        """Whether nothing was measured."""
        return self.board == BoardParts() and not self.runs and not self.inferences

    def kept(self) -> str:
        """What there is, in words."""
        board = self.board
        found = {
            f"{board.checked} outputs": board.checked,
            f"{len(board.windows)} timed windows": board.windows,
            "the per-layer profile": board.steps,
            "the memory figures": board.memory,
            f"{len(self.runs)} runs": self.runs and not board.checked,
            f"{len(self.inferences)} energy windows": self.inferences,
        }
        return ", ".join(text for text, there in found.items() if there)

    def to_json(self) -> str:
        """The text of the file."""
        return json.dumps(asdict(self), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def read_partial(path: Path) -> Partial | None:
    """What is in the file at `path`, None when there is none. Raises DataError."""
    from pydantic import TypeAdapter, ValidationError

    try:
        raw: Any = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(raw, dict) or raw.get("schema") != PARTIAL_SCHEMA:
            raise ValueError(f"schema {raw.get('schema') if isinstance(raw, dict) else raw!r}")
        return TypeAdapter(Partial).validate_python(raw)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, ValidationError) as error:
        raise DataError(
            str(path),
            f"cannot be read: {str(error).splitlines()[0]}",
            hint="run `edgekit bench` again without --resume",
            code="partial-damaged",
        ) from None
