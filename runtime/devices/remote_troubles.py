"""What `ssh`, `adb` and the shell of a device print when something is wrong, and what it means."""

from __future__ import annotations

import re
from dataclasses import dataclass

from edgekit.errors import DeviceError


@dataclass(frozen=True, slots=True)
class Trouble:
    """`pattern` is looked for in what was printed, with `status` only where the command ended with
    it; `found` may hold its groups as {0}, `hint` the device as {name}."""

    pattern: str
    code: str
    found: str
    hint: str
    status: int | None = None


def trouble(name: str, known: tuple[Trouble, ...], status: int, said: str) -> DeviceError | None:
    """The first of the troubles that a status and what was printed tell of, None for none."""
    for row in known:
        if row.status in (None, status) and (seen := re.search(row.pattern, said)):
            found = row.found.format(*seen.groups())
            return DeviceError(name, found, hint=row.hint.format(name=name), code=row.code)
    return None


SHELL = (
    Trouble(
        r"No space left on device|Disk quota exceeded",
        "device-full",
        "no space left on the device",
        "free a few megabytes there; df -h shows how much there is",
    ),
    Trouble(
        r"Exec format error|cannot execute binary file|not executable: .*ELF"
        r"|Syntax error: .*unexpected|ELF.*not found",
        "wrong-abi",
        "cannot execute the runner: it is for another kind of processor",
        "name the device's own target with --target; `edgekit targets` lists them",
    ),
    Trouble(
        r"runner: (?:cannot execute: )?Permission denied|runner: can't execute: Permission denied",
        "device-noexec",
        "the device lets no program start from its folder for temporary files",
        "mount it without noexec there",
    ),
    Trouble(
        r"taskset: .*not found",
        "no-taskset",
        "it has no taskset to hold a program to some cores",
        "leave --cores out",
    ),
    Trouble(
        r"taskset: .*(?:Invalid argument|affinity)",
        "no-such-core",
        "it has no such cores, or they are switched off",
        "leave --cores out, or name others; cat /sys/devices/system/cpu/online lists them",
    ),
    Trouble(
        r"Illegal instruction",
        "runner-signal-4",
        "the runner ended: the processor lacks an instruction of it",
        "convert for the device's own core; rpi4 and android-arm64 run on every 64-bit Arm",
    ),
    Trouble(
        r"Read-only file system",
        "device-read-only",
        "nothing can be written to the device",
        "remount it: its file system is read-only",
    ),
)
"""Said by the device's shell, whatever leads to it."""

SSH = (
    Trouble(
        r"REMOTE HOST IDENTIFICATION HAS CHANGED|Host key for .* has changed",
        "ssh-host-key-changed",
        "its host key is another one than before",
        "was the system installed anew? Find out, then forget the old key: ssh-keygen -R HOST",
    ),
    Trouble(
        r"Host key verification failed|No \S+ host key is known",
        "ssh-host-key-unknown",
        "its host key is not known here",
        "connect once by hand, compare the fingerprint and accept it: ssh {name}",
    ),
    Trouble(
        r"Permission denied \(",
        "ssh-denied",
        "it does not let you in: no key of yours is accepted there",
        "put your key there: ssh-copy-id {name}; one with a passphrase needs ssh-add first",
    ),
    Trouble(
        r"Too many authentication failures",
        "ssh-denied",
        "it does not let you in: too many keys were tried",
        "name the right one in ~/.ssh/config (IdentityFile, IdentitiesOnly yes)",
    ),
    Trouble(
        r"Could not resolve hostname|Name or service not known",
        "ssh-no-host",
        "no host of this name",
        "check the spelling; raspberrypi.local needs mDNS: try its IP address",
    ),
    Trouble(
        r"Connection refused",
        "ssh-refused",
        "nothing answers there: the SSH server is not running",
        "on a Raspberry Pi: sudo raspi-config, Interface Options, SSH",
    ),
    Trouble(
        r"Connection timed out|No route to host|Network is unreachable|Host is down",
        "ssh-unreachable",
        "cannot be reached",
        "is it on, and in this network? ping it",
    ),
    Trouble(
        r"Connection (?:to \S+ )?closed by|Connection reset|Broken pipe|Timeout, server .* not",
        "ssh-lost",
        "the connection broke",
        "is the device still on? Try again",
    ),
    *SHELL,
)

PIP = (
    Trouble(
        r"Failed to establish a new connection|Temporary failure in name resolution"
        r"|Name or service not known|Network is unreachable|Could not fetch URL|timed out",
        "provision-no-network",
        "its pip reaches no package index",
        "edgekit provision {name} --download takes the packages over this computer; --wheels DIR "
        "takes those of a folder",
    ),
    Trouble(
        r"No matching distribution found for (\S+)",
        "provision-no-wheel",
        "there is no wheel of {0} for its Python and processor",
        "edgekit provision {name} --download fetches all that is needed; with --wheels DIR put the "
        "one that is missing there",
    ),
    Trouble(
        r"File too large|[Ff]ile size limit",
        "device-full",
        "a file could not be written in full: a limit on the size of files is in force",
        "raise it there: ulimit -f unlimited",
    ),
    Trouble(
        r"No module named '?(?:venv|ensurepip)|ensurepip is not available",
        "provision-no-venv",
        "its Python cannot make virtual environments",
        "install the module there: sudo apt-get install python3-venv",
    ),
    Trouble(
        r"Illegal instruction",
        "provision-processor",
        "its processor lacks an instruction of a package that LiteRT needs",
        "measure the generated C there: --engine native",
    ),
)
"""Said by the device's pip while EdgeKit is installed there."""

INSTALLING = (
    Trouble(
        r"([^\n]*)\Z",
        "provision-failed",
        "EdgeKit could not be installed there: {0}",
        "nothing was left there; look at that message, and run the command again with --verbose",
    ),
)
"""What else may end it."""

ADB = (
    Trouble(
        r"no devices/emulators found",
        "adb-no-device",
        "adb sees no device",
        "plug the phone in and switch USB debugging on (developer options); adb devices lists it",
    ),
    Trouble(
        r"more than one device",
        "adb-several",
        "adb sees several devices",
        "choose one with --serial (for a meter android:SERIAL); adb devices lists them",
    ),
    Trouble(
        r"device '.*' not found",
        "adb-no-such-device",
        "adb sees no such device",
        "adb devices lists the serial numbers of those it sees",
    ),
    Trouble(
        r"device unauthorized|failed to authenticate",
        "adb-unauthorized",
        "it does not trust this computer yet",
        "unlock the phone and allow USB debugging in the window it shows",
    ),
    Trouble(
        r"device offline",
        "adb-offline",
        "it is offline",
        "unplug it and plug it in again, or run: adb reconnect",
    ),
    Trouble(
        r"only supports allocating a pty|support PTY args",
        "adb-too-old",
        "its Android is too old: adb passes it no bytes and brings no exit codes back",
        "take a phone with Android 7 (API level 24) or newer",
    ),
    Trouble(
        r"\A\Z",
        "adb-lost",
        "the connection broke",
        "is the cable in, and the phone on? Try again",
        status=0,  # adb ends without a word, and no runner ends of itself
    ),
    *SHELL,
)
