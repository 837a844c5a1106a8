"""The long recording, in short: nothing lost, memory that does not follow its length."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
SECONDS = 100
"""40 MB of bytes; the arrays of all samples at once would take 240 MB and their making more."""


def test_a_long_recording_loses_nothing_in_constant_memory(tmp_path: Path) -> None:
    words = ("--soak", str(SECONDS), "--fast", "--json", str(tmp_path / "soak.json"))
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.meters", *words, "--trace", str(tmp_path / "t.npz")],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    found = json.loads((tmp_path / "soak.json").read_text())
    assert found["sent"] == found["samples"] == SECONDS * 100_000
    assert found["lost"] == 0
    assert abs(found["energy_error"]) < 1e-4
    assert found["rss_recorded"] - found["rss_before"] < 24e6
    assert found["rss_decoded"] - found["rss_before"] < 160e6
    assert found["trace_bytes"] == (tmp_path / "t.npz").stat().st_size
    assert "0 lost" in done.stdout
