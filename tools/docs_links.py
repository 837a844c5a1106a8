"""A hook of the documentation site: links that leave docs/ show the file's path instead.

The pages link to samples and schemas of the repository, which the site does not hold.
"""

from __future__ import annotations

import posixpath
import re
from functools import partial
from typing import Any

_UPWARDS = re.compile(r"\[([^\]]*)\]\(((?:\.\./)+[^)]+)\)")


def on_page_markdown(markdown: str, *, page: Any, **_: object) -> str:
    """The page's text with such links replaced; called by the generator for every page."""
    return shown(markdown, page.file.src_uri)


def shown(markdown: str, page: str) -> str:
    """The text of a page, given by its path in docs/, with links out of docs/ replaced."""
    return _UPWARDS.sub(partial(_link, posixpath.dirname(page)), markdown)


def _link(folder: str, link: re.Match[str]) -> str:
    text, target = link[1], link[2]
    place = posixpath.normpath(posixpath.join(folder, target.partition("#")[0]))
    if not place.startswith("../"):
        return link[0]
    path = place.removeprefix("../")
    return f"`{path}`" if text.strip("`") == path else f"{text} (`{path}`)"
