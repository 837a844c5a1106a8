"""`python -m tests.helpers.run_edgekit ...`: the program, in an environment made worse.

EDGEKIT_TEST_BLOCK   modules that must look as if they were not installed, by commas
EDGEKIT_TEST_FSIZE   the largest file in bytes this process may write, as on a full disk
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


class Blocker(MetaPathFinder):
    """Finds no module of the given names, and lets nobody else find them."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None


def main() -> None:
    """Worsen the environment, then be the program."""
    blocked = os.environ.get("EDGEKIT_TEST_BLOCK", "")
    if blocked:
        sys.meta_path.insert(0, Blocker(blocked.split(",")))
    most = os.environ.get("EDGEKIT_TEST_FSIZE", "")
    if most:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(most), int(most)))
    from edgekit.cli.main import run

    run()


if __name__ == "__main__":
    main()
