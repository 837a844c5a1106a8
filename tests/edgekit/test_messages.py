"""Every error with a code says what is allowed or what to do next."""

from __future__ import annotations

import ast

from tests.helpers.codes import modules


def _without_a_next_step(tree: ast.AST) -> list[int]:
    """Lines on which an error with a code is made and neither `allowed` nor `hint` is given."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).rpartition(".")[2].endswith(("Error", "Verdict"))
        and {"code"} <= (given := {keyword.arg for keyword in node.keywords})
        and not given & {"allowed", "hint", None}
    ]


def test_an_error_tells_what_is_allowed_or_what_to_do() -> None:
    found = {
        module.file: lines
        for module in modules().values()
        if (lines := _without_a_next_step(module.tree))
    }
    assert not found


def test_the_search_finds_them() -> None:
    lines = ('ToolError("x", "gone", code="tool")', 'UsageError("x", "y", hint="z", code="c")')
    assert _without_a_next_step(ast.parse("\n".join(lines))) == [1]
