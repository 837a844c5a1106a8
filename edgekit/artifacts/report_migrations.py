"""Older records brought to the present form, one revision after the other.

The schema's number changes when a reader of the old form would misread the new one; the revision
counts additions that it would merely ignore. A record without a revision is of revision 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Raw = dict[str, Any]

REPORT_REVISION = 4
"""Revision of the records this program writes."""


@dataclass(frozen=True, slots=True)
class Migration:
    """What changed after a revision, and the raw record with it; None where a part of the record
    is not what it must be, which validation then names."""

    sentence: str
    migrate: Callable[[Raw], None]


def revision_of(raw: Raw) -> int:
    """The revision a record states, 0 for none or what is no number."""
    stated = raw.get("revision", 0)
    return stated if type(stated) is int and stated >= 0 else 0


def migrated(raw: Raw) -> Raw:
    """A copy of a record's top level in the form of REPORT_REVISION; newer ones are left alone."""
    found = dict(raw)
    for revision in range(revision_of(raw), REPORT_REVISION):
        MIGRATIONS[revision].migrate(found)
        found["revision"] = revision + 1
    return found


def _kernel_sets(raw: Raw) -> None:
    """Kernel folders stood in the steps' kernels alone, the version in the list of tools."""
    bundle = raw.get("bundle")
    if not isinstance(bundle, dict):
        return
    steps, versions = bundle.get("steps"), bundle.get("versions")
    version = versions.get("edgekit", "") if isinstance(versions, dict) else ""
    rows = steps if isinstance(steps, list) else []
    kernels = [step.get("kernel") for step in rows if isinstance(step, dict)]
    names = kernel_sets(kernel for kernel in kernels if isinstance(kernel, str))
    raw["bundle"] = {**bundle, "kernel_sets": dict.fromkeys(names, f"edgekit {version}".strip())}


def kernel_sets(kernels: Iterable[str]) -> tuple[str, ...]:
    """The folders that kernels come from: "ek_conv2d_s8__dsp" is of "dsp"."""
    return tuple(sorted({name.rpartition("__")[2] for name in kernels if "__" in name}))


def _defaults(raw: Raw) -> None:
    """Nothing to move: what an older record lacks has a default."""


MIGRATIONS: Mapping[int, Migration] = {
    0: Migration("which sets the kernels are of, and their version, has a field", _kernel_sets),
    1: Migration("runs may hold cold starts", _defaults),
    2: Migration("runs may hold a sustained run", _defaults),
    3: Migration("a bundle may say how it streams", _defaults),
}
"""Revision that is left -> what brings a record to the next one."""
