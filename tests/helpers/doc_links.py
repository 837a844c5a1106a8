"""Links to pages of the documentation in texts: docs/memory.md#too-big."""

from __future__ import annotations

import re

from tests.helpers.codes import ROOT

LINK = re.compile(r"\bdocs/[\w/-]+\.md(?:#[\w-]+)?")
HEADING = re.compile(r"^#+ (.+?)(?:\s*\{#([\w-]+)\})?\s*$", re.MULTILINE)


def broken_links(text: str) -> list[str]:
    """Those whose page or heading does not exist."""
    return [link for link in LINK.findall(text) if not _resolves(link)]


def _resolves(link: str) -> bool:
    path, _, anchor = link.partition("#")
    file = ROOT / path
    return file.is_file() and (not anchor or anchor in _anchors(file.read_text("utf-8")))


def _anchors(page: str) -> set[str]:
    """The names of the headings, as the site's generator makes them."""
    without_code = re.sub(r"^```.*?^```", "", page, flags=re.MULTILINE | re.DOTALL)
    return {own or _slug(words) for words, own in HEADING.findall(without_code)}


def _slug(words: str) -> str:
    """A heading in small letters, with hyphens for blanks, without punctuation."""
    return re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", words).strip().lower())
