"""docs/codes.md: every code of an error or note in one line, by topic.

`pytest tests/docs/test_generated_pages.py --update-golden` writes it.
"""

from __future__ import annotations

from edgekit.explanations.pages import by_topic

HEAD = """# Codes

Errors and warnings carry a code in brackets. `edgekit explain CODE` shows its page: what it means,
why it is so, what to do, mostly with an example. `edgekit explain --search WORDS` looks through all
pages.

```sh
edgekit explain report-damaged
edgekit explain --search "calibration scale"
```
"""


def codes_markdown() -> str:
    """The page, generated from the pages of `edgekit explain`."""
    parts = [HEAD]
    for topic, found in by_topic().items():
        rows = [f"| `{code}` | {_cell(one.title)} |\n" for code, one in found.items()]
        parts.append(f"## {topic}\n\n| code | about |\n|---|---|\n{''.join(rows)}")
    return "\n".join(parts)


def _cell(text: str) -> str:
    """Markdown reads `|` as the end of a cell, and the others as markup."""
    for mark in "\\|*_<":
        text = text.replace(mark, f"\\{mark}")
    return text
