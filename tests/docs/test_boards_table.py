"""docs/flash.md's table of what each Cortex-M profile went through, from the profiles themselves.

`python -m tests.docs.test_boards_table` prints the rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edgekit.targets.model import Target
from edgekit.targets.reader import list_targets

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/flash.md"


def rows() -> Iterator[str]:
    """A row for each profile; tests/firmware_stubs/test_board_ports.py compiles and links them,
    tests/cli/test_flash.py boots those that name a machine."""
    for target in list_targets():
        if target.family == "cortex-m":
            machine = _machine(target)
            built = "yes" if target.port else "no port"
            tested = "passes" if machine else "-"
            yield f"| `{target.name}` | {built} | {machine or '-'} | {tested} | no |"


def _machine(target: Target) -> str:
    if target.emulator is not None:
        return f"`{target.emulator.machine}`"
    boots = target.boots_in
    return f"`{boots.machine}` ({boots.chip})" if boots is not None else ""


def test_the_page_has_every_row() -> None:
    text = PAGE.read_text("utf-8")
    for row in rows():
        assert row in text.splitlines(), row


def test_the_numbers_of_boards_are_those_of_the_profiles() -> None:
    real = [t for t in list_targets() if t.family == "cortex-m" and t.emulator is None]
    boot = sum(t.boots_in is not None for t in real)
    assert f"| {len(real)} Cortex-M boards (" in (ROOT / "docs/targets.md").read_text("utf-8")
    numbers = f"[{len(real)} boards](docs/flash.md), none tried yet, the firmware of {WORDS[boot]}"
    assert numbers in (ROOT / "README.md").read_text("utf-8")


WORDS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


if __name__ == "__main__":
    print("\n".join(rows()))
