"""The Android sample reads what `convert` writes. It is not compiled here."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

from tests.helpers.small_bundles import convert_small

SAMPLE = Path(__file__).parents[2] / "samples" / "android"
MAIN = SAMPLE / "app" / "src" / "main"
SOURCES = MAIN / "java" / "org" / "edgekit" / "sample"
PAGE = SAMPLE / "README.md"
ANDROID = "{http://schemas.android.com/apk/res/android}"
NAMES = re.compile(r"""(?:get|opt)\w+\("(\w+)\"""")


def test_fields_of_the_manifest_exist(tmp_path: Path) -> None:
    """Each field that the app reads by name is one that the manifest has."""
    manifest = json.loads((convert_small(tmp_path) / "edgekit.json").read_text(encoding="utf-8"))
    written = {*manifest, *manifest["inputs"][0], *manifest["preprocess"]}
    read = set(NAMES.findall((SOURCES / "Bundle.kt").read_text(encoding="utf-8")))
    assert {"shape", "scale", "zero_point", "mean", "labels"} <= read
    assert read <= written


def kotlin() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(SOURCES.glob("*.kt")))


def gradle(name: str) -> str:
    return (SAMPLE / name).read_text(encoding="utf-8")


def test_the_manifest_names_what_there_is() -> None:
    """The activity's class, the permission that the code asks for, the strings of both."""
    assert len(list(SAMPLE.rglob("*.xml"))) == 2
    manifest = ElementTree.parse(MAIN / "AndroidManifest.xml").getroot()
    strings = ElementTree.parse(MAIN / "res" / "values" / "strings.xml").getroot()
    activity = manifest.find("application/activity")
    assert activity is not None
    name = activity.get(f"{ANDROID}name", "").lstrip(".")
    assert f"class {name} : ComponentActivity" in (SOURCES / f"{name}.kt").read_text()
    assert activity.get(f"{ANDROID}exported") == "true"
    asked = re.findall(r"Manifest\.permission\.(\w+)", kotlin())
    held = [row.get(f"{ANDROID}name", "") for row in manifest.iter("uses-permission")]
    assert set(held) == {f"android.permission.{word}" for word in asked}
    used = set(re.findall(r"\bR\.string\.(\w+)", kotlin()))
    used |= set(re.findall(r"@string/(\w+)", (MAIN / "AndroidManifest.xml").read_text()))
    assert used == {row.get("name") for row in strings.iter("string")}


def test_packages_and_imports_hang_together() -> None:
    """Each file is in the package of its folder and the namespace, and imports only what the
    dependencies bring and the code uses."""
    assert 'namespace = "org.edgekit.sample"' in gradle("app/build.gradle.kts")
    for path in SOURCES.glob("*.kt"):
        text = path.read_text(encoding="utf-8")
        assert text.startswith("package org.edgekit.sample\n")
        imports = re.findall(r"^import ([\w.]+)(?: as (\w+))?$", text, re.MULTILINE)
        body = re.sub(r"^import .*$", "", text, flags=re.MULTILINE)
        for name, other in imports:
            assert re.search(rf"\b{other or name.rpartition('.')[2]}\b", body), name
            assert re.match(
                r"android\.|java\.|kotlin\.|org\.json\.|androidx\.|org\.tensorflow", name
            )


def test_the_page_states_the_versions() -> None:
    """Each version of the Gradle files is in the README's table, and so are the SDK levels."""
    page, app = PAGE.read_text(encoding="utf-8"), gradle("app/build.gradle.kts")
    rows = dict(re.findall(r"^\| ([^|]+?) \| ([^|]+?) \|$", page, re.MULTILINE))
    plugins = re.findall(r'version "([\d.]+)"', gradle("build.gradle.kts"))
    assert rows["Android Gradle plugin, Kotlin"] == ", ".join(plugins)
    versions = dict(re.findall(r'implementation\("([\w.:-]+):([\d.]+)"\)', app))
    camera = {v for name, v in versions.items() if name.startswith("androidx.camera:")}
    assert len(camera) == 1
    assert (
        rows["CameraX, Activity"] == f"{camera.pop()}, {versions['androidx.activity:activity-ktx']}"
    )
    litert = versions["com.google.ai.edge.litert:litert"]
    assert rows["LiteRT (`org.tensorflow.lite.Interpreter`)"] == litert
    numbers = dict(re.findall(r"\b(compileSdk|targetSdk|minSdk) = (\d+)", app))
    assert numbers["compileSdk"] == numbers["targetSdk"] == rows["Android SDK platform"]
    assert f"(API level {numbers['minSdk']})" in rows["phone"]
    for abi in re.findall(r'"(arm[\w-]+)"', app):
        assert f"`{abi}`" in rows["phone"]
    assert f"VERSION_{rows['JDK']}" in app


def test_page_names_every_source() -> None:
    """The README's table is complete, and it says that nobody compiled the app here."""
    page = PAGE.read_text(encoding="utf-8")
    assert {path.name for path in SOURCES.glob("*.kt")} == set(re.findall(r"`(\w+\.kt)` \|", page))
    assert "**Not compiled by this project's tests**" in page
