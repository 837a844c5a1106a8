"""Pages of the documentation that are generated from code; `--update-golden` writes them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from edgekit.artifacts.report import json_schema
from edgekit.artifacts.report_migrations import REPORT_REVISION
from edgekit.explanations.pages import pages
from tools.docs_codes import codes_markdown
from tools.docs_record import record_markdown

Golden = Callable[[str, str], None]
DOCS = "../../docs"


def test_the_page_of_codes_is_current(golden: Golden) -> None:
    golden(f"{DOCS}/codes.md", codes_markdown())


def test_the_page_of_fields_is_current(golden: Golden) -> None:
    golden(f"{DOCS}/report-fields.md", record_markdown())


def test_every_code_has_one_line() -> None:
    listed = re.findall(r"^\| `([^`]+)` \|", codes_markdown(), re.MULTILINE)
    assert sorted(listed) == sorted(pages())


def test_every_field_of_the_schema_is_described() -> None:
    schema = json.loads(json_schema())
    classes = {"Report": schema, **schema["$defs"]}
    sections = re.split(r"^## ", record_markdown(), flags=re.MULTILINE)[1:]
    found = {
        text.partition("\n")[0]: set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
        for text in sections
    }
    assert found.pop("Revisions") == set()
    assert found == {
        name: set(each["properties"]) for name, each in classes.items() if "properties" in each
    }


def test_every_revision_is_told() -> None:
    page = record_markdown()
    rows = [f"| {revision} | " in page for revision in range(1, REPORT_REVISION + 1)]
    assert rows
    assert all(rows)


def test_links_between_the_fields_lead_to_a_class() -> None:
    page = record_markdown()
    heads = {head.lower() for head in re.findall(r"^## (\w+)$", page, re.MULTILINE)}
    assert set(re.findall(r"\]\(#(\w+)\)", page)) <= heads


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("a tuple of any length", "| `labels` | [string, ...] | empty | Names of the classes"),
        ("null", "| `energy` | [EnergyResult](#energyresult) or null | `null` |"),
        ("an object", "| `figures` | {string: [Figure](#figure)} | empty |"),
        ("words", "| `provenance` | `measured` or `simulated` or `estimated` |"),
        ("a number", "| `threads` | integer | `1` |"),
    ],
)
def test_types_are_those_of_json(name: str, row: str) -> None:
    assert row in record_markdown()
