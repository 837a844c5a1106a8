"""`edgekit provision`: EdgeKit with an interpreter on a Pi, in an environment of its own.

    ask the device -> this EdgeKit as a wheel, with others where asked for -> make the environment

It stays on the device; another call with the same EdgeKit finds it there and changes nothing.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from edgekit.artifacts.files import scratch_folder
from edgekit.deploy.wheel import DISTRIBUTION, Wheel, own_wheel, requirements
from edgekit.errors import DeviceError, ToolError, UsageError
from edgekit.runtime.devices import provisioned
from edgekit.runtime.devices.provisioned import Facts, Python
from edgekit.runtime.devices.remote import Remote, ssh

Progress = Callable[[str, int, int], None]
EXTRA = "rpi"
GLIBC = range(17, 37)
"""Minor versions of the C library 2.x whose wheels a system with Python 3.11 or newer runs; Debian
12 has 2.36."""
TOLD = ("Collecting", "Processing", "Looking", "Installing", provisioned.WAITING)
"""Lines that tell how far it is, most of them pip's."""


@dataclass(frozen=True, slots=True)
class Provisioned:
    """EdgeKit on a device: where its Python is, what it has ("edgekit", "python", "interpreter",
    "numpy"), and whether it was made now."""

    host: str
    python: str
    about: Mapping[str, str]
    fresh: bool


def provision(
    host: str,
    *,
    wheels: Path | None = None,
    download: bool = False,
    progress: Progress | None = None,
) -> Provisioned:
    """Install this EdgeKit and the interpreter of its extra `rpi` on `host`, unless it is there.

    Another run that installs there is waited for. Packages come over the device's own network; with
    `wheels` from that folder, with `download` over this machine's pip, for the device's Python and
    processor; both need no network there.

    Raises UsageError, ToolError, and DeviceError: nothing is left on the device then.
    """
    if wheels is not None and download:
        raise UsageError(
            "--wheels and --download",
            "given together: each says where the packages come from",
            allowed="one of them",
            hint="leave --wheels out to download",
            code="provision-source",
        )
    tell = progress or (lambda stage, done, total: None)
    given = _wheels_in(wheels) if wheels is not None else []
    device, wheel = ssh(host), own_wheel()
    facts = provisioned.ask_facts(device, wheel.digest)
    python_path = provisioned.python_of(facts, wheel.digest)
    if facts.ready is not None:
        return Provisioned(host, python_path, facts.ready, fresh=False)
    python = provisioned.choose_python(host, facts)
    with ExitStack() as stack:
        if download:
            folder = stack.enter_context(scratch_folder("edgekit-wheels-"))
            tell(f"downloading packages for Python {python.shown}, {facts.machine}", 0, 1)
            _download(folder, facts, python)
            tell(f"downloading packages for Python {python.shown}, {facts.machine}", 1, 1)
            given = _wheels_in(folder)
        about, fresh = _made(device, wheel, python, given, tell)
    return Provisioned(host, python_path, about, fresh)


def ensure(host: str, *, progress: Progress | None = None) -> Provisioned:
    """`provision` over whichever network there is: the device's own, else that of this machine.

    Raises as `provision` does, and DeviceError "provision-first" where neither has one.
    """
    try:
        return provision(host, progress=progress)
    except DeviceError as error:
        if error.code != "provision-no-network":
            raise
    try:
        return provision(host, download=True, progress=progress)
    except ToolError as error:
        raise DeviceError(
            host,
            "LiteRT is not installed there, its pip reaches no package index, and pip here fetches "
            f"nothing for it: {error.found}",
            hint=f"bring the packages first: edgekit provision {host} --wheels DIR; or measure the "
            "generated C alone: --engine native",
            code="provision-first",
        ) from None


def unprovision(host: str) -> str:
    """Remove what `provision` made on `host`; the folder that was there, or "" for none.

    Raises ToolError, DeviceError.
    """
    return provisioned.remove(ssh(host))


def _made(
    device: Remote, wheel: Wheel, python: Python, given: list[Path], tell: Progress
) -> tuple[dict[str, str], bool]:
    source = ["--no-index", "--find-links", "."] if given else []
    words = [*source, f"./{wheel.name}[{EXTRA}]"]
    archive = _archive(wheel, given)

    def said(text: str) -> None:
        if text.startswith(TOLD):
            tell(f"{device.name}: {text[:70]}", 1, 1)

    return provisioned.make(device, wheel.digest, python, archive, words, said)


def _archive(wheel: Wheel, given: list[Path]) -> bytes:
    """A tar file with the folder `wheels`."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        row = tarfile.TarInfo(f"wheels/{wheel.name}")
        row.size = len(wheel.data)
        tar.addfile(row, io.BytesIO(wheel.data))
        for path in given:
            tar.add(path, f"wheels/{path.name}")
    return stream.getvalue()


def _wheels_in(folder: Path) -> list[Path]:
    """The wheels of a folder, of other packages than EdgeKit. Raises UsageError for none."""
    own = DISTRIBUTION.replace("-", "_")
    found = sorted(path for path in folder.glob("*.whl") if not path.name.startswith(f"{own}-"))
    if not found:
        raise UsageError(
            str(folder),
            "holds no wheels" if folder.is_dir() else "is no folder",
            allowed="a folder with files *.whl of all that EdgeKit needs on the device",
            hint="--download fetches them; or on the like of it: pip download 'edgekit-sdk[rpi]'",
            code="no-wheels",
        )
    return found


def _download(folder: Path, facts: Facts, python: Python) -> None:
    """What EdgeKit needs on the device, by this machine's pip. Raises ToolError."""
    tags = [f"manylinux_2_{minor}_{facts.machine}" for minor in GLIBC]
    tags += [f"manylinux2014_{facts.machine}"]
    words = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-input"]
    words += ["--quiet", "--only-binary", ":all:", "--dest", str(folder)]
    words += ["--python-version", python.shown, *(f"--platform={tag}" for tag in tags)]
    words += requirements(EXTRA, python.shown, facts.machine)
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise ToolError(
            "pip download",
            f"failed for Python {python.shown} on {facts.machine}: {last}",
            hint="is there a network here, and pip? Else bring wheels in a folder: --wheels DIR",
            code="download-failed",
        )
