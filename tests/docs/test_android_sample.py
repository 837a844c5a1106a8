"""The Android sample reads what `convert` writes. It is not compiled here."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

from tests.helpers.small_bundles import convert_small

SAMPLE = Path(__file__).parents[2] / "samples" / "android"
SOURCES = SAMPLE / "app" / "src" / "main" / "java" / "org" / "edgekit" / "sample"
NAMES = re.compile(r"""(?:get|opt)\w+\("(\w+)\"""")


def test_fields_of_the_manifest_exist(tmp_path: Path) -> None:
    """Each field that the app reads by name is one that the manifest has."""
    manifest = json.loads((convert_small(tmp_path) / "edgekit.json").read_text(encoding="utf-8"))
    written = {*manifest, *manifest["inputs"][0], *manifest["preprocess"]}
    read = set(NAMES.findall((SOURCES / "Bundle.kt").read_text(encoding="utf-8")))
    assert {"shape", "scale", "zero_point", "mean", "labels"} <= read
    assert read <= written


def test_xml_is_well_formed() -> None:
    """The manifest names the activity that there is."""
    files = sorted(SAMPLE.rglob("*.xml"))
    assert len(files) == 2
    for file in files:
        ElementTree.parse(file)
    space = "{http://schemas.android.com/apk/res/android}name"
    activity = ElementTree.parse(files[0]).getroot().find("application/activity")
    assert activity is not None
    assert (SOURCES / f"{activity.get(space, '').lstrip('.')}.kt").is_file()


def test_page_names_every_source() -> None:
    """The README's table is complete."""
    page = (SAMPLE / "README.md").read_text(encoding="utf-8")
    assert {path.name for path in SOURCES.glob("*.kt")} == set(re.findall(r"`(\w+\.kt)` \|", page))
