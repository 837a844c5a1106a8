"""What Arduino asks of a library, as rows: arduino-lint itself is not in Debian or on PyPI.

The sentences are those of docs/exports.md; "spec" is Arduino's library specification (revision 2.2,
docs.arduino.cc/arduino-cli/library-specification), "lint" the JSON schemas of arduino-lint
(etc/schemas/arduino-library-properties-definitions-schema.json) and its rule configuration.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlparse

REQUIRED = (
    "name", "version", "author", "maintainer", "sentence", "paragraph", "category", "url",
    "architectures",
)  # fmt: skip
OPTIONAL = ("includes", "depends", "dot_a_linkage", "precompiled", "ldflags", "license", "email")
CATEGORIES = (
    "Display", "Communication", "Signal Input/Output", "Sensors", "Device Control", "Timing",
    "Data Storage", "Data Processing", "Other", "Uncategorized",
)  # fmt: skip
EXECUTABLE = re.compile(r".*\.(exe|bat|com|msi)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Library:
    """A library's folder, and the keys of its library.properties."""

    folder: Path
    properties: dict[str, str]

    def sketches(self) -> list[Path]:
        """Folders of examples."""
        return [path for path in (self.folder / "examples").iterdir() if path.is_dir()]


@dataclass(frozen=True, slots=True)
class Rule:
    """One sentence, where it is from, and whether a library keeps it."""

    sentence: str
    source: str
    kept: Callable[[Library], bool]


def opened(folder: Path) -> Library:
    """The library in a folder; every line of library.properties is KEY=VALUE."""
    lines = (folder / "library.properties").read_text("utf-8").splitlines()
    return Library(folder, dict(line.split("=", 1) for line in lines))


RULES = (
    Rule(
        "`library.properties` has " + ", ".join(REQUIRED) + ", none empty",
        "spec, lint",
        lambda library: all(library.properties.get(key) for key in REQUIRED),
    ),
    Rule(
        "no other keys than those the specification names",
        "lint",
        lambda library: set(library.properties) <= {*REQUIRED, *OPTIONAL},
    ),
    Rule(
        "the name has letters, digits, spaces, `_`, `.`, `-`, begins with a letter, has at most 63"
        " characters",
        "spec, lint",
        lambda library: (
            re.fullmatch(r"[A-Za-z][\w .-]{0,62}", library.properties["name"]) is not None
        ),
    ),
    Rule(
        'the name does not have "arduino" in it',
        "lint",
        lambda library: "arduino" not in library.properties["name"].lower(),
    ),
    Rule(
        "the library's folder is called as the library",
        "lint",
        lambda library: library.folder.name == library.properties["name"],
    ),
    Rule(
        "the version is one of semantic versioning",
        "spec, lint",
        lambda library: (
            re.fullmatch(r"\d+\.\d+\.\d+(-[\w.-]+)?(\+[\w.-]+)?", library.properties["version"])
            is not None
        ),
    ),
    Rule(
        "the category is one of Arduino's ten",
        "spec, lint",
        lambda library: library.properties["category"] in CATEGORIES,
    ),
    Rule(
        "the paragraph does not repeat the sentence",
        "lint",
        lambda library: (
            not library.properties["paragraph"].startswith(library.properties["sentence"])
        ),
    ),
    Rule(
        "the url is one of http or https",
        "lint",
        lambda library: urlparse(library.properties["url"]).scheme in ("http", "https"),
    ),
    Rule(
        "architectures are names of cores, apart by commas",
        "spec",
        lambda library: (
            re.fullmatch(r"[a-z0-9_]+(,[a-z0-9_]+)*", library.properties["architectures"])
            is not None
        ),
    ),
    Rule(
        "headers in `includes` lie at the top of `src`",
        "spec",
        lambda library: all(
            (library.folder / "src" / header).is_file()
            for header in library.properties["includes"].split(",")
        ),
    ),
    Rule(
        "`dot_a_linkage` is true or absent",
        "lint",
        lambda library: library.properties.get("dot_a_linkage", "true") == "true",
    ),
    Rule(
        "sources lie in `src`, none at the top",
        "spec",
        lambda library: not [*library.folder.glob("*.[ch]"), *library.folder.glob("*.cpp")],
    ),
    Rule(
        "each folder in `examples` has a sketch called as the folder",
        "spec, lint",
        lambda library: (
            bool(library.sketches())
            and all((sketch / f"{sketch.name}.ino").is_file() for sketch in library.sketches())
        ),
    ),
    Rule(
        "names of sketches have letters, digits, `_`, `.`, `-`, and at most 63 characters",
        "spec",
        lambda library: all(
            re.fullmatch(r"\w[\w.-]{0,62}", sketch.name) for sketch in library.sketches()
        ),
    ),
    Rule(
        "there is a README and a LICENSE",
        "lint",
        lambda library: (
            (library.folder / "README.md").is_file() and (library.folder / "LICENSE").is_file()
        ),
    ),
    Rule(
        "there is no executable, no symbolic link, no `.development` and no submodule",
        "lint",
        lambda library: (
            not any(
                EXECUTABLE.fullmatch(path.name)
                or path.is_symlink()
                or path.name in (".development", ".gitmodules")
                for path in library.folder.rglob("*")
            )
        ),
    ),
)
