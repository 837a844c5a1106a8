"""Programs on the PATH that are not the real ones: they record how they were called."""

from __future__ import annotations

import json
from pathlib import Path

_SCRIPT = """#!/bin/sh
printf '%s\\n' "$0" "$@" > '{record}'
cat '{words}'
exit {status}
"""


class StandIn:
    """A program that prints `output` and ends with `status`; `probes` is what it lists as JSON."""

    def __init__(self, folder: Path, name: str, *, output: str = "", status: int = 0) -> None:
        folder.mkdir(exist_ok=True, parents=True)
        self.record = folder / f"{name}.argv"
        words = folder / f"{name}.words"
        words.write_text(output, encoding="utf-8")
        self.path = folder / name
        script = _SCRIPT.format(record=self.record, words=words, status=status)
        self.path.write_text(script, encoding="utf-8")
        self.path.chmod(0o755)

    @property
    def arguments(self) -> list[str]:
        """Of the last call, the program's name left out; none when it was not called."""
        if not self.record.exists():
            return []
        return self.record.read_text(encoding="utf-8").splitlines()[1:]

    def lists_probes(self, *serials: str) -> StandIn:
        """Asked for its probes it answers with these, as `pyocd json --probes` does."""
        boards = [{"unique_id": serial, "info": f"ST-Link {serial}"} for serial in serials]
        answer = self.path.with_suffix(".json")
        answer.write_text(json.dumps({"status": 0, "boards": boards}), encoding="utf-8")
        lines = self.path.read_text(encoding="utf-8").splitlines()
        lines.insert(1, f"if [ \"$1\" = json ]; then cat '{answer}'; exit 0; fi")
        self.path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return self
