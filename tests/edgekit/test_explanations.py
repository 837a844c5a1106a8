"""Every code in the source has a page, and every page a code."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter, defaultdict

import pytest

from edgekit.errors import UsageError
from edgekit.explanations import pages as module
from edgekit.explanations.pages import TOPICS, by_topic, nearest, page, pages, search
from tests.helpers.codes import (
    COMPOSED,
    KEYED,
    ROOT,
    Module,
    Reader,
    codes,
    stated,
    strings,
    taking,
    unfollowed,
)
from tests.helpers.doc_links import broken_links
from tests.helpers.spoken_commands import unknown_options, wrong_commands

FOLDER = ROOT / "edgekit" / "explanations"


def _written() -> list[str]:
    rows = [tomllib.loads(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.toml")]
    return [code for row in rows for each in row["page"] for code in each["codes"]]


def test_every_code_has_a_page() -> None:
    lacking = {code: place for code, place in codes().items() if code not in pages()}
    assert not lacking, "add a page to edgekit/explanations/*.toml"


def test_every_page_is_about_codes_that_exist() -> None:
    assert set(_written()) <= codes().keys()


def test_every_place_that_states_a_code_is_followed() -> None:
    """A code that is put together at run time is stated in COMPOSED; what is there, is needed."""
    assert unfollowed() == {*COMPOSED, *KEYED}


def test_no_code_has_two_pages() -> None:
    tables = [code for one in module._of_tables() for code in one.codes]
    twice = [code for code, count in Counter((*_written(), *tables)).items() if count > 1]
    assert not twice


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('raise DataError("x", "is bad", code="one")', {"one"}),
        ('raise DataError("x", "is bad", code="one" if small else "two")', {"one", "two"}),
        ('CODE = "one"\nraise DataError("x", "is bad", code=CODE)', {"one"}),
        ('def f(said, code: str): pass\nf("is bad", "one")', {"one"}),
        ('def f(said, code: int): pass\nf("is bad", 1)', set()),
        ('class Rule:\n    code: str\n    text: str\nRule("one", "is bad")', {"one"}),
        ('def f():\n    said, code = "is bad", "one"\n    raise E("x", said, code=code)', {"one"}),
        ('R = (("is bad", "one"),)\nfor said, c in R:\n    raise E("x", said, code=c)', {"one"}),
        ('class Own(DataError):\n    default_code = "one"', {"one"}),
        ('raise DataError("x", "is bad", code=f"{what}-one")', {"?"}),
        ('raise DataError("x", "is bad", code=table[0])', {"?"}),
        ('raise DataError("x", "is bad", code="one" if small else name)', {"one", "?"}),
        ('def f(code: str):\n    raise DataError("x", "is bad", code=code)', set()),
    ],
)
def test_codes_are_found_wherever_they_are_stated(source: str, found: set[str]) -> None:
    tree = ast.parse(source)
    module = Module("m", "m.py", tree, dict(taking(tree)), {})
    read = [one for one in Reader(module).all() if not one.passed_on]
    assert {code for one in read for code in one.codes or ("?",)} == found


def test_pages_are_whole() -> None:
    for code, found in pages().items():
        assert code in found.codes
        assert not found.title.endswith("."), code
        for text in (found.means, found.why, found.do):
            assert len(text) > 10, code
            assert "\n" not in text, code


def test_pages_name_documents_commands_and_options_that_exist() -> None:
    for code, one in pages().items():
        text = f"{one.text} {' '.join(one.docs)}"
        assert not broken_links(text), code
        assert not list(wrong_commands(text)), code
        assert not unknown_options(text), code
        assert all(link.startswith("docs/") for link in one.docs), code


def test_messages_name_documents_and_commands_that_exist() -> None:
    for file, line, text in strings():
        assert not broken_links(text), (file, line)
        assert not list(wrong_commands(text)), (file, line)


def test_examples_are_messages_that_are_raised() -> None:
    """The fixed words of one place that states the code stand in the example, in their order."""
    places = defaultdict(list)
    for one in stated():
        for code in one.codes:
            places[code].append(".*".join(map(re.escape, one.said)))
    for code, one in pages().items():
        if one.example and one.codes[0] == code:
            assert any(re.search(said, one.example) for said in places[code]), code
            shown = re.search(r" \[([a-z0-9-]+)\]$", one.example)
            assert shown is None or shown[1] == code, one.example


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("`edgekit nothing x`", "no command nothing"),
        ("`edgekit convert M --foo`", "no option --foo"),
        ("`edgekit convert A B C`", "too many words"),
        ("`edgekit history nothing`", "no command nothing"),
        ("`edgekit history list`, `edgekit convert M -o DIR`, `edgekit COMMAND --help`", ""),
        ("`edgekit --help`, `edgekit history --nothing`", "no option --nothing"),
    ],
)
def test_a_wrong_command_is_found(text: str, fault: str) -> None:
    assert [each.rpartition(": ")[2] for each in wrong_commands(text)] == [fault] * bool(fault)


def test_a_wrong_option_or_link_is_found() -> None:
    assert unknown_options("--scale 1/255, --scal, or `pip install --upgrade`") == {"--scal"}
    assert broken_links("docs/flash.md#permission, docs/flash.md#no, docs/no.md") == [
        *("docs/flash.md#no", "docs/no.md"),
    ]


def test_words_are_searched_in_codes_titles_and_texts() -> None:
    found = list(search("arena"))
    assert found[0] == "arena-memories"
    assert "ram-budget" in found
    assert next(iter(search("ARENA memories"))) == "arena-memories"
    assert not search("arena zebra")
    assert not search(" ")


def test_every_code_stands_under_one_topic() -> None:
    found = by_topic()
    known = [heading for heading in TOPICS.values() if heading in found]
    assert list(found)[: len(known)] == known
    assert sorted(code for each in found.values() for code in each) == list(pages())


def test_an_unknown_code_names_its_neighbours() -> None:
    with pytest.raises(UsageError) as caught:
        page("metre-silent")
    assert "meter-silent" in caught.value.allowed
    assert caught.value.code == "explain-unknown"
    assert nearest("port")[0] == "port"
    assert "arena-memories" in nearest("arena")
    assert "no-such-memory" in nearest("memry")
    assert "no-calibration" in nearest("callibration is missing")
    assert nearest("qxqxqx") == []
    assert nearest("") == []


HEADS = ("what is said", "error", "code", "warning")
"""First heads of the tables of codes in docs/."""


def _codes_in_tables(text: str) -> set[str]:
    """What stands in backticks in the first column of the tables of codes."""
    found: set[str] = set()
    for head in re.findall(
        rf"(?:^\| (?:{'|'.join(HEADS)}) \|.*\n)(?:^\|.*\n?)+", text, re.MULTILINE
    ):
        for row in head.splitlines()[2:]:
            found |= set(re.findall(r"`([a-z0-9-]+)`", row.split("|")[1]))
    return found


def test_tables_of_the_documentation_name_codes_that_exist() -> None:
    found = {
        (path.name, code)
        for path in (ROOT / "docs").rglob("*.md")
        for code in _codes_in_tables(path.read_text(encoding="utf-8"))
    }
    assert len(found) > 80
    assert not {(name, code) for name, code in found if code not in pages()}


def test_a_table_of_codes_is_read() -> None:
    text = "| error | what |\n|---|---|\n| `one-code`, `two` | `no-code` |\n\n| key | `x` |\n"
    assert _codes_in_tables(text) == {"one-code", "two"}
