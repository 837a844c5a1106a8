"""A trained network as a .keras file, the same bytes for the same weights."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

from edgekit.artifacts.files import scratch_folder, write_file

TIME = (1980, 1, 1, 0, 0, 0)
SAVED = "1980-01-01@00:00:00"


def save(model: Any, path: Path) -> None:
    """Write the model atomically, without the time at which that was. Raises OutputError."""
    write_file(path, keras_bytes(model))


def keras_bytes(model: Any) -> bytes:
    """The .keras file of a model, with fixed dates."""
    with scratch_folder("edgekit-train-") as folder:
        model.save(folder / "model.keras")
        data = (folder / "model.keras").read_bytes()
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as source,
        zipfile.ZipFile(stream, "w") as target,
    ):
        for name in sorted(source.namelist()):
            member = repeatable(name, source.read(name))
            target.writestr(zipfile.ZipInfo(name, TIME), member, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def repeatable(name: str, data: bytes) -> bytes:
    """A member of a .keras file without what differs from run to run: the time of saving, and
    addresses in memory as the identifiers of shared objects, which become 0, 1, ..."""
    if name == "metadata.json":
        return json.dumps({**json.loads(data), "date_saved": SAVED}, sort_keys=True).encode()
    if name != "config.json":
        return data
    numbers: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        return f"{found[1]}{numbers.setdefault(found[2], len(numbers))}"

    return re.sub(r'("shared_object_id": )(\d+)', number, data.decode()).encode()
