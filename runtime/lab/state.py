"""Where EdgeKit keeps what outlives a run: locks, the log of runs, the history."""

from __future__ import annotations

import os
from pathlib import Path

STATE = "EDGEKIT_STATE"


def state_folder() -> Path:
    """`$EDGEKIT_STATE`, else the user's own folder for such files; it need not exist yet."""
    given = os.environ.get(STATE)
    if given:
        return Path(given)
    from platformdirs import user_state_path

    return user_state_path("edgekit", appauthor=False)
