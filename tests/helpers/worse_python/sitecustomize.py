"""Makes every Python that has this folder on its path worse, as the environment asks.

EDGEKIT_TEST_HIDE    packages that must look as if they were not installed, by commas
EDGEKIT_TEST_FSIZE   the largest file in bytes a process may write, as on a full disk
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


class Hiding:
    """A finder of modules that does not see some packages."""

    def __init__(self, finder: Any, names: Sequence[str]) -> None:
        self.finder, self.names = finder, names

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name.partition(".")[0] in self.names:
            return None
        found: ModuleSpec | None = self.finder.find_spec(name, path, target)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self.finder, name)


hidden = os.environ.get("EDGEKIT_TEST_HIDE", "")
if hidden:
    sys.meta_path[:] = [Hiding(finder, hidden.split(",")) for finder in sys.meta_path]  # type: ignore[misc]
most = os.environ.get("EDGEKIT_TEST_FSIZE", "")
if most:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(most), int(most)))
