"""What is printed while EdgeKit is installed on a device, and what it means."""

from __future__ import annotations

import pytest

from edgekit.runtime.devices.remote_troubles import INSTALLING, PIP, SSH, trouble


@pytest.mark.parametrize(
    ("said", "code", "found"),
    [
        ("Illegal instruction (core dumped)", "provision-processor", "lacks an instruction"),
        ("one\nERROR: odd", "provision-failed", "installed there: ERROR: odd"),
        ("No matching distribution found for numpy", "provision-no-wheel", "wheel of numpy for"),
        ("Connection reset by peer", "ssh-lost", "the connection broke"),
    ],
)
def test_an_installation_that_ends(said: str, code: str, found: str) -> None:
    error = trouble("pi", (*PIP, *SSH, *INSTALLING), 1, said)
    assert error is not None
    assert error.code == code
    assert found in error.found
    assert error.hint
