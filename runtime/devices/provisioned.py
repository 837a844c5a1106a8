"""EdgeKit in a virtual environment of its own on another device: asked for, made, removed.

    ~/.local/share/edgekit/provisioned/env.XXXXXX     the environment
    ~/.local/share/edgekit/provisioned/<digest>       a link to it, made last

`digest` is that of EdgeKit's wheel: another EdgeKit gets an environment of its own, and replaces
the former when it stands. One that could not be completed is removed by the script that made it,
and without its link it would count for nothing. One script at a time makes or removes: the others
wait for the lock of the home folder, which is the device's own, whoever it is that asks.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from edgekit.errors import DeviceError
from edgekit.runtime.devices.remote import Remote
from edgekit.runtime.devices.remote_troubles import INSTALLING, PIP

PLACE = '"${XDG_DATA_HOME:-$HOME/.local/share}/edgekit/provisioned"'
OLDEST = (3, 11)
"""The oldest Python that EdgeKit runs on."""
NEEDED_BYTES = 400 * 2**20
"""Room for EdgeKit with NumPy, Pillow, Pydantic and LiteRT, and for a moment their wheels too."""
NAMES = ("python3", "python3.13", "python3.12", "python3.11")
DONE = "provisioned"
"""The file that says what is in an environment, and the word that ends the script making one."""
STANDS = "stands"
"""The word in its place where another run made the environment meanwhile."""
WAITING = "Waiting"
"""How the line begins that tells of another run."""

_PYTHON = """
import sys, struct
try:
    import venv, ensurepip
    whole = "yes"
except ImportError:
    whole = "no"
version = ".".join(str(part) for part in sys.version_info[:3])
print("python=%s %d %s %s" % (version, 8 * struct.calcsize("P"), whole, sys.executable))
"""


@dataclass(frozen=True, slots=True)
class Python:
    """One that the device has; `whole`: with what makes virtual environments."""

    path: str
    version: tuple[int, ...]
    bits: int
    whole: bool

    @property
    def shown(self) -> str:
        return ".".join(map(str, self.version))


@dataclass(frozen=True, slots=True)
class Facts:
    """What a device says before anything is changed on it. `free_bytes` are those of the file
    system that the environment would be on, `ready` what is in it where it stands already."""

    machine: str
    place: str
    free_bytes: int
    pythons: tuple[Python, ...]
    ready: Mapping[str, str] | None


def ask_facts(device: Remote, digest: str) -> Facts:
    """Raises DeviceError."""
    python = shlex.quote(_PYTHON)
    script = f"""place={PLACE}
    echo "place=$place"
    echo "machine=$(uname -m)"
    for name in {" ".join(NAMES)}; do
        if command -v $name >/dev/null 2>&1; then $name -c {python} 2>/dev/null; fi
    done
    up=$place; while [ ! -d "$up" ]; do up=$(dirname "$up"); done
    df -Pk "$up" | awk 'END {{ print "free=" $4 }}'
    if [ -f "$place/{digest}/{DONE}" ]; then echo "ready=$(cat "$place/{digest}/{DONE}")"; fi"""
    rows = [line.partition("=") for line in device.ask(script).splitlines()]
    told = {key: value for key, _, value in rows}
    free = told.get("free", "")
    return Facts(
        machine=told.get("machine", "").strip(),
        place=told.get("place", ""),
        free_bytes=int(free) * 1024 if free.isdigit() else NEEDED_BYTES,
        pythons=tuple(_python(value) for key, _, value in rows if key == "python"),
        ready=json.loads(told["ready"]) if "ready" in told else None,
    )


def _python(text: str) -> Python:
    version, bits, whole, path = text.split(" ", 3)
    return Python(path, tuple(map(int, version.split("."))), int(bits), whole == "yes")


def choose_python(name: str, facts: Facts) -> Python:
    """The first that can run EdgeKit; raises DeviceError where none can, or no room is left."""
    refused = _without_python(name, facts) or _without_room(name, facts)
    if refused is not None:
        raise refused
    return next(row for row in facts.pythons if _fits(row))


def _fits(row: Python) -> bool:
    return row.bits == 64 and row.version >= OLDEST and row.whole


def _without_python(name: str, facts: Facts) -> DeviceError | None:
    oldest = ".".join(map(str, OLDEST))
    if not facts.pythons:
        return DeviceError(
            name,
            "it has no Python",
            allowed=f"Python {oldest} or newer",
            hint="install it there: sudo apt-get install python3 python3-venv",
            code="provision-no-python",
        )
    wide = [row for row in facts.pythons if row.bits == 64]
    if not wide:
        return DeviceError(
            name,
            f"its Python is a program of 32 bits ({facts.machine}), and LiteRT has none for it",
            allowed="a 64-bit system",
            hint="install the 64-bit Raspberry Pi OS",
            code="provision-32-bit",
        )
    new = [row for row in wide if row.version >= OLDEST]
    if not new:
        return DeviceError(
            name,
            f"its Python is {wide[0].shown}",
            allowed=f"{oldest} or newer",
            hint="upgrade to Raspberry Pi OS 12 (bookworm); --engine native needs no Python",
            code="provision-old-python",
        )
    if not any(map(_fits, new)):
        return DeviceError(
            name,
            f"its Python {new[0].shown} cannot make virtual environments",
            allowed="one with venv and ensurepip",
            hint="install the module there: sudo apt-get install python3-venv",
            code="provision-no-venv",
        )
    return None


def _without_room(name: str, facts: Facts) -> DeviceError | None:
    if facts.free_bytes >= NEEDED_BYTES:
        return None
    return DeviceError(
        name,
        f"no space left on the device: {facts.free_bytes >> 20} MiB free at {facts.place}",
        allowed=f"{NEEDED_BYTES >> 20} MiB",
        hint="free some there; df -h shows it",
        code="device-full",
    )


def make(
    device: Remote,
    digest: str,
    python: Python,
    archive: bytes,
    words: Sequence[str],
    said: Callable[[str], None],
) -> tuple[dict[str, str], bool]:
    """Make the environment: what is in it, and whether this run made it. `archive` is a tar file
    with the folder `wheels`, `words` what pip is to install, in a folder that has them; `said` gets
    pip's lines, and one that begins with WAITING while another run is at it.

    Raises DeviceError; nothing is left on the device then.
    """
    with device.talking(_script(digest, python, len(archive), words), PIP, INSTALLING) as line:
        line.write(archive)
        for text in line.lines():
            word, _, rest = text.partition(" ")
            if word in (DONE, STANDS):
                return json.loads(rest), word == DONE
            said(text)
    raise AssertionError("a line ends with an error")


_CHECK = """
import json, sys
from importlib import metadata
from edgekit import __version__, litert
provider = litert.load_provider()
about = {"edgekit": __version__, "python": sys.version.split()[0],
         "interpreter": "%s %s" % (provider.name, provider.version),
         "numpy": metadata.version("numpy")}
print(json.dumps(about))
"""


def _script(digest: str, python: Python, size: int, words: Sequence[str]) -> str:
    wanted = " ".join(map(shlex.quote, words))
    return f"""set -e
    place={PLACE}
    up=$place; while [ ! -d "$up" ]; do up=$(dirname "$up"); done
    undo() {{
        rm -rf "$new"; made=$place
        while [ "$made" != "$up" ] && rmdir "$made" 2>/dev/null; do made=$(dirname "$made"); done
    }}
    trap undo EXIT; trap 'exit 1' HUP INT TERM PIPE
    mkdir -p "$place"
    new=$(mktemp -d "$place/env.XXXXXX")
    head -c {size} | tar -xf - -C "$new"
    {_LOCK} || {{ echo "{WAITING} for another run that installs there"; flock 9; }}
    if [ -f "$place/{digest}/{DONE}" ]; then
        echo "{STANDS} $(cat "$place/{digest}/{DONE}")"; exit 0
    fi
    {shlex.quote(python.path)} -m venv "$new"
    cd "$new/wheels"
    TMPDIR=$new/wheels "$new/bin/python" -m pip install --disable-pip-version-check --no-input \\
        --progress-bar off --no-cache-dir --only-binary :all: --retries 1 {wanted} </dev/null
    cd /
    rm -rf "$new/wheels"
    "$new/bin/python" -c {shlex.quote(_CHECK)} > "$new/{DONE}"
    ln -s "$(basename "$new")" "$place/{digest}" || [ -f "$place/{digest}/{DONE}" ]
    trap - EXIT
    {_FORMER.replace("DIGEST", digest)}
    echo "{DONE} $(cat "$place/{digest}/{DONE}")"
    """


_LOCK = """if command -v flock >/dev/null 2>&1; then exec 9<"$HOME"; else flock() { :; }; fi
    flock -n 9"""
"""Takes the lock, or fails; it is let go of when the script and all that it started end."""

_FORMER = """
    for link in "$place"/*; do
        if [ -L "$link" ] && [ "$link" != "$place/DIGEST" ]; then
            rm -rf "$(readlink -f "$link")" "$link"
        fi
    done
    [ "$(readlink "$place/DIGEST")" = "$(basename "$new")" ] || rm -rf "$new"
"""
"""Removes what other digests link to, and what was made for nothing where no lock could be had and
another run was faster."""


def remove(device: Remote) -> str:
    """Remove every environment of EdgeKit's there; the folder that held them, or "" for none.

    Raises DeviceError, also while another run makes one.
    """
    script = f"""place={PLACE}
    {_LOCK} || {{ echo "{WAITING}"; exit 0; }}
    if [ -d "$place" ]; then
        rm -rf "$place" && rmdir "$(dirname "$place")" 2>/dev/null || true
        echo "$place"
    fi"""
    found = device.ask(script).strip()
    if found == WAITING:
        raise DeviceError(
            device.name,
            "another run of provision installs there now",
            hint="run the command again when that one has ended",
            code="provision-busy",
        )
    return found


def python_of(facts: Facts, digest: str) -> str:
    """The path of the environment's Python."""
    return f"{facts.place}/{digest}/bin/python"
