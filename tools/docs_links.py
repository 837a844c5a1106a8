"""A hook of the documentation site: links that leave docs/ show the file's path instead.

The pages link to samples and schemas of the repository, which the site does not hold.
"""

from __future__ import annotations

import re

_OUTSIDE = re.compile(r"\[([^\]]*)\]\((?:\.\./)+([^)#]+)\)")


def on_page_markdown(markdown: str, **_: object) -> str:
    """The page's text with such links replaced; called by the generator for every page."""
    return _OUTSIDE.sub(_shown, markdown)


def _shown(link: re.Match[str]) -> str:
    text, path = link[1], link[2]
    return f"`{path}`" if text.strip("`") == path else f"{text} (`{path}`)"
