"""Every code in the source has a page, and every page a code."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from edgekit.errors import UsageError
from edgekit.explanations import pages as module
from edgekit.explanations.pages import nearest, page, pages
from tests.helpers.codes import ROOT, codes

FOLDER = ROOT / "edgekit" / "explanations"


def _written() -> list[str]:
    rows = [tomllib.loads(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.toml")]
    return [code for row in rows for each in row["page"] for code in each["codes"]]


def _elsewhere() -> set[str]:
    """Codes that are keys of tables, not arguments."""
    from edgekit.converter.load.keras import _REASONS
    from edgekit.runtime.flash.troubles import SENTENCES

    return {*SENTENCES, *(code for _, _, code, _ in _REASONS)}


def test_every_code_has_a_page() -> None:
    lacking = {code: place for code, place in codes().items() if code not in pages()}
    assert not lacking, "add a page to edgekit/explanations/*.toml"
    assert not _elsewhere() - pages().keys()


def test_every_page_is_about_codes_that_exist() -> None:
    assert set(_written()) <= {*codes(), *_elsewhere()}


def test_no_code_has_two_pages() -> None:
    tables = [code for one in module._of_tables() for code in one.codes]
    twice = [code for code, count in Counter((*_written(), *tables)).items() if count > 1]
    assert not twice


def test_codes_are_found_wherever_they_are_stated() -> None:
    """An argument, a note, a default, a tuple, a condition, a table's field."""
    assert {
        *("bad-option", "drift", "does-not-fit", "meter-busy", "preprocess-unsure"),
        *("ssh-denied", "trace-missing", "energy-drift", "interpret-dtype"),
    } <= codes().keys()


def test_pages_are_whole() -> None:
    for code, found in pages().items():
        assert code in found.codes
        assert not found.title.endswith("."), code
        for text in (found.means, found.why, found.do):
            assert len(text) > 10, code
            assert "\n" not in text, code


def test_pages_name_documents_that_exist() -> None:
    texts = " ".join(f"{one.means} {one.why} {one.do}" for one in pages().values())
    for name in set(re.findall(r"docs/[\w-]+\.md", texts)):
        assert Path(ROOT, name).is_file(), name


def test_an_unknown_code_names_its_neighbours() -> None:
    with pytest.raises(UsageError) as caught:
        page("metre-silent")
    assert "meter-silent" in caught.value.allowed
    assert caught.value.code == "explain-unknown"
    assert nearest("port")[0] == "port"
