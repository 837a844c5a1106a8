"""Which emulator runs a target's programs, and for which there is none."""

from __future__ import annotations

import pytest

from edgekit.errors import ToolError, UsageError
from edgekit.runtime.devices.launch import emulated
from edgekit.targets.reader import load_target


@pytest.mark.parametrize("name", ["virtual-m4", "host"])
def test_targets_without_an_emulator_of_programs(name: str) -> None:
    with pytest.raises(UsageError, match="no emulator of programs") as caught:
        emulated(load_target(name))
    assert caught.value.code == "no-program-emulator"
    assert "aarch64" in caught.value.allowed
    assert "rpi4" in caught.value.hint


def test_an_emulator_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ToolError, match="not installed") as caught:
        emulated(load_target("rpi4"))
    assert caught.value.code == "qemu-user-missing"
    assert "qemu-user-static" in caught.value.hint
