"""Lists of cores, and which are the fast ones."""

from __future__ import annotations

import pytest

from edgekit.errors import DeviceError, UsageError
from edgekit.runtime.devices import remote_troubles
from edgekit.runtime.devices.cores import big_cores, core_numbers, pinned
from edgekit.runtime.devices.remote import Remote
from edgekit.runtime.devices.remote_troubles import trouble

PHONE = Remote("phone", ("sh", "-c", 'echo "$0" >/dev/null'), "/tmp", ())


@pytest.mark.parametrize(
    ("text", "cores"),
    [("0", (0,)), ("4-7", (4, 5, 6, 7)), ("7,0,4-5", (0, 4, 5, 7)), ("63", (63,))],
)
def test_lists_of_cores(text: str, cores: tuple[int, ...]) -> None:
    assert core_numbers(text) == cores


@pytest.mark.parametrize("text", ["", "fast", "4-", "7-4", "64", "0-99999999999", "-1", "1;ls"])
def test_what_is_no_list_of_cores(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        core_numbers(text)
    assert caught.value.code == "bad-option"
    assert caught.value.allowed == "big, or numbers from 0 to 63"


def test_the_big_cores() -> None:
    """Two clusters of the same clock are both big."""
    assert big_cores("1803000 0 1 2 3\n2802000 6 7\n2253000 4 5\n") == (6, 7)
    assert big_cores("1800000 0 1\n1800000 2 3\n") == (0, 1, 2, 3)
    assert big_cores("") == ()


def test_a_device_that_does_not_tell_its_clusters() -> None:
    with pytest.raises(DeviceError) as caught:
        pinned(PHONE, "big")
    assert caught.value.code == "no-clusters"
    assert caught.value.hint == "name them: --cores 4-7"
    assert pinned(PHONE, "4-5").cores == (4, 5)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("sh: taskset: inaccessible or not found", "no-taskset"),
        ("sh: 1: taskset: not found", "no-taskset"),
        ("taskset: failed to set pid 0's affinity: Invalid argument", "no-such-core"),
        ("taskset: set affinity of 4 failed: Invalid argument", "no-such-core"),
    ],
)
def test_what_taskset_says(said: str, code: str) -> None:
    for known in (remote_troubles.ADB, remote_troubles.SSH):
        error = trouble("phone", known, 1, said)
        assert error is not None
        assert error.code == code
        assert "--cores" in (error.hint or "")
