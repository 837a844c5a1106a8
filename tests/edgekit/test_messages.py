"""Every error with a code says what to do next."""

from __future__ import annotations

import ast

from tests.helpers.codes import modules


def _without_a_next_step(tree: ast.AST) -> list[int]:
    """Lines on which an error with a code is made and no `hint` is given, or one that is empty."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).rpartition(".")[2].endswith(("Error", "Verdict"))
        and "code" in (given := {keyword.arg: keyword.value for keyword in node.keywords})
        and None not in given
        and ("hint" not in given or _may_be_empty(given["hint"]))
    ]


def _may_be_empty(hint: ast.expr) -> bool:
    """Whether the text, or one of the two that a condition chooses from, is ""."""
    if isinstance(hint, ast.IfExp):
        return _may_be_empty(hint.body) or _may_be_empty(hint.orelse)
    return isinstance(hint, ast.Constant) and not hint.value


def test_an_error_tells_what_to_do() -> None:
    found = {
        module.file: lines
        for module in modules().values()
        if (lines := _without_a_next_step(module.tree))
    }
    assert not found


def test_the_search_finds_them() -> None:
    lines = (
        'ToolError("x", "gone", code="tool")',
        'UsageError("x", "y", hint="z", code="c")',
        'UsageError("x", "y", allowed="z", code="c")',
        'UsageError("x", "y", hint="z" if w else "", code="c")',
        'UsageError("x", "y", hint="", code="c")',
        'UsageError("x", "y", **told, code="c")',
    )
    assert _without_a_next_step(ast.parse("\n".join(lines))) == [1, 3, 4, 5]
