"""Every code with its page: the TOML files of this folder, and pages made of rule tables.

A rule that a table states (of graphs, of target profiles, of MLPerf Tiny, of a board's refusals) is
its own page: its sentence says what was broken, its advice what to do.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import resources
from textwrap import shorten

from edgekit.errors import UsageError

TOPICS = {
    "general": "Any command",
    "models": "Models",
    "data": "Data",
    "convert": "Converting",
    "training": "Training",
    "sweeps": "Sweeps",
    "targets": "Target profiles",
    "building": "Building, virtual boards",
    "flash": "Flashing",
    "ports": "Serial ports",
    "devices": "Boards and their firmware",
    "remote": "Pis and phones over ssh and adb",
    "raspberry": "Raspberry Pis",
    "camera": "Cameras",
    "measuring": "Measuring",
    "energy": "Energy and battery life",
    "meters": "Power meters",
    "lab": "The lab",
    "mlperf": "MLPerf Tiny",
    "reports": "Reports",
    "history": "The history",
}
"""File of pages, or table of rules -> its heading in the list of all codes; a file without a row
comes last, under its own name."""

LIMIT = "The definition of the operator and its kernels are written and tested for no other form."
DO_LIMIT = "`edgekit inspect MODEL` lists the layers with their shapes and element types."
CONTRADICTION = (
    "A file that breaks it contradicts itself: interpreters would read or write where they must"
    " not, or compute nonsense."
)
DO_CONTRADICTION = (
    "Export or quantize the model again, with a current version of the tool that made it. If its"
    " own interpreter takes the file, or EdgeKit wrote it, please report it."
)


@dataclass(frozen=True, slots=True)
class Page:
    """`codes` are those it is about; the texts are whole sentences."""

    codes: tuple[str, ...]
    title: str
    means: str
    why: str
    do: str
    example: str = ""
    """A message with this code, as a terminal shows it."""
    docs: tuple[str, ...] = ()
    """Pages of the documentation, with the heading: docs/memory.md#several-memories."""
    topic: str = ""
    """The file, or the table of rules, that it stands in."""

    @property
    def text(self) -> str:
        """All that can be searched."""
        return " ".join((*self.codes, self.title, self.means, self.why, self.do, self.example))


def page(name: str) -> Page:
    """The page of a code. Raises UsageError with the nearest codes when there is none."""
    found = pages().get(name)
    if found is None:
        raise UsageError(
            name,
            "no such code",
            allowed=", ".join(nearest(name)) or "see `edgekit explain`",
            hint="`edgekit explain --search WORD` looks for a word in all pages; for a layer add"
            " --bundle DIR",
            code="explain-unknown",
        )
    return found


def nearest(name: str) -> list[str]:
    """Codes spelled much like `name` or holding it, then those with a word spelled much like one
    of its words, rare words first, then those whose page has its words."""
    wanted = name.lower().replace("-", " ").split()
    close = get_close_matches(name.lower(), list(pages()), n=6, cutoff=0.6)
    holding = [code for code in pages() if name and name.lower() in code]
    known = Counter(word for code in pages() for word in code.split("-"))
    alike = [word for each in wanted for word in get_close_matches(each, known, n=1, cutoff=0.75)]
    sharing = [
        code
        for word in sorted(alike, key=known.__getitem__)
        for code in pages()
        if word in code.split("-")
    ]
    return list(dict.fromkeys((*close, *holding, *sharing, *search(" ".join(wanted)))))[:8]


def search(words: str) -> dict[str, Page]:
    """Code -> page of those that hold all these words: in codes first, then in titles, then in
    texts."""
    wanted = words.lower().split()
    found = [
        (code, one)
        for code, one in pages().items()
        if wanted and all(word in f"{code} {one.text}".lower() for word in wanted)
    ]

    def rank(row: tuple[str, Page]) -> tuple[int, int]:
        code, title = row[0], row[1].title.lower()
        return -sum(word in code for word in wanted), -sum(word in title for word in wanted)

    return dict(sorted(found, key=rank))


def by_topic() -> dict[str, dict[str, Page]]:
    """Heading -> codes and pages, in the order of TOPICS."""
    found: dict[str, dict[str, Page]] = {heading: {} for heading in TOPICS.values()}
    for code, one in pages().items():
        found.setdefault(TOPICS.get(one.topic, one.topic.capitalize()), {})[code] = one
    return {heading: each for heading, each in found.items() if each}


@cache
def pages() -> dict[str, Page]:
    """Code -> its page, in alphabetical order."""
    found = {code: one for one in (*_written(), *_of_tables()) for code in one.codes}
    return dict(sorted(found.items()))


def _written() -> Iterator[Page]:
    for file in sorted(resources.files(__package__).iterdir(), key=lambda path: path.name):
        if file.name.endswith(".toml"):
            topic = file.name.removesuffix(".toml")
            for raw in tomllib.loads(file.read_text(encoding="utf-8"))["page"]:
                codes, docs = tuple(raw.pop("codes")), tuple(raw.pop("docs", ()))
                yield Page(codes, **raw, docs=docs, topic=topic)


def _of_tables() -> Iterator[Page]:
    yield from _graphs()
    yield from _boards()
    yield from _profiles()
    yield from _mlperf()


def _graphs() -> Iterator[Page]:
    from edgekit.converter.ir.rule import GraphRule, NodeRule
    from edgekit.converter.ir.verify import GRAPH_RULES, NODE_RULES
    from edgekit.errors import UnsupportedError

    rules: tuple[GraphRule | NodeRule, ...] = (*GRAPH_RULES, *NODE_RULES)
    for rule in rules:
        limit = getattr(rule, "error", None) is UnsupportedError
        sentence, hint = rule.sentence.rstrip("."), getattr(rule, "hint", "")
        yield Page(
            (rule.name,),
            _rule("A rule of graphs", sentence),
            f"The layer that the message names breaks this rule: {sentence}.",
            (LIMIT if limit else CONTRADICTION) + " Graphs are checked between every two passes.",
            (_sentence(hint) + " " if hint else "") + (DO_LIMIT if limit else DO_CONTRADICTION),
            docs=("docs/supported_ops.md#rules",),
            topic="models",
        )


def _boards() -> Iterator[Page]:
    from edgekit.runtime.link.messages import ADVICE, SENTENCES

    for refusal, advice in ADVICE.items():
        yield Page(
            (f"device-{refusal.name.lower().replace('_', '-')}",),
            _rule("The board refused", SENTENCES[refusal]),
            f"Its firmware answered: {SENTENCES[refusal]}.",
            "It refuses what it cannot do as asked, instead of computing something else.",
            _sentence(advice),
            docs=("docs/bench.md#the-protocol",),
            topic="devices",
        )


def _profiles() -> Iterator[Page]:
    from edgekit.targets.checks import CHECKS

    for check in CHECKS:
        yield Page(
            (f"target-{check.name}",),
            _rule("A rule of profiles", check.sentence),
            f"The profile breaks this rule: {check.sentence}.",
            "Figures of a profile go into memory plans, clocks and energy.",
            "Correct the value in the message; `edgekit targets NAME` shows a profile that works.",
            docs=("docs/targets.md#your-own-board",),
            topic="targets",
        )


def _mlperf() -> Iterator[Page]:
    from edgekit.deploy.mlperf_report import ADVICE
    from edgekit.runtime.mlperf.rules import RULES

    for rule in RULES:
        yield Page(
            (f"mlperf-{rule.name}",),
            _rule("A rule of MLPerf Tiny", rule.sentence),
            f"Not met: {rule.sentence}.",
            "A result that does not meet it cannot be submitted; the figures stand all the same.",
            _sentence(ADVICE.get(rule.name, "see docs/mlperf.md")),
            docs=("docs/mlperf.md#measure",),
            topic="mlperf",
        )


def _rule(kind: str, sentence: str) -> str:
    """A title that tells one rule of a table from the next."""
    return f"{kind}: {shorten(sentence, 60, placeholder=' …')}"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
