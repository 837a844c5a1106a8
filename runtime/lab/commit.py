"""The commit of the repository that a measurement was made in."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

PATIENCE_S = 10.0


def commit_of(folder: Path) -> str:
    """The commit checked out in the Git repository around `folder`, with "-dirty" where files that
    Git knows were changed; "" outside of a repository, without a commit, and without Git."""
    if shutil.which("git") is None:
        return ""
    head = _git(folder, "rev-parse", "--verify", "--quiet", "HEAD")
    if not head:
        return ""
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return f"{head}-dirty" if changed else head


def _git(folder: Path, *words: str) -> str:
    try:
        done = subprocess.run(
            ["git", "--no-optional-locks", *words],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
