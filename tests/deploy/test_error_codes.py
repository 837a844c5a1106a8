"""Every error the command line's own modules raise is provoked by a test."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from edgekit import errors

ROOT = Path(__file__).parent.parent.parent
RAISERS = (
    "edgekit/cli/*.py",
    "edgekit/deploy/*.py",
    "edgekit/deploy/sweep/*.py",
    "edgekit/artifacts/*.py",
    "converter/*.py",
)
TESTS = ("tests/cli/*.py", "tests/deploy/*.py", "tests/deploy/sweep/*.py")
FAMILY = {
    name: value
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, errors.EdgeKitError)
}


def _trees(patterns: tuple[str, ...]) -> Iterator[tuple[Path, ast.Module]]:
    for pattern in patterns:
        for path in sorted(ROOT.glob(pattern)):
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def _raised() -> dict[str, list[str]]:
    """Code -> places that construct an error with it."""
    found: dict[str, list[str]] = {}
    for path, tree in _trees(RAISERS):
        for node in ast.walk(tree):
            code = _code(node)
            if code:
                place = f"{path.relative_to(ROOT)}:{node.lineno}"  # type: ignore[attr-defined]
                found.setdefault(code, []).append(place)
    return found


def _code(node: ast.AST) -> str:
    """The code of an error constructed here, "" for anything else."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
        return ""
    kind = FAMILY.get(node.func.id)
    if kind is None:
        return ""
    for keyword in node.keywords:
        if keyword.arg == "code":
            assert isinstance(keyword.value, ast.Constant), "a code is a literal"
            return str(keyword.value.value)
    return str(kind.default_code)


def _words_of_tests() -> set[str]:
    """Every string in the tests of the command line, this file excepted."""
    return {
        node.value
        for path, tree in _trees(TESTS)
        if path != Path(__file__)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_every_code_is_named_by_a_test() -> None:
    tested = _words_of_tests()
    missing = {code: places for code, places in _raised().items() if code not in tested}
    assert not missing


def test_the_collection_sees_what_it_should() -> None:
    raised = _raised()
    assert {"bad-option", "no-calibration", "not-ours", "port-needed", "mismatch"} <= set(raised)
    assert len(raised["bad-option"]) >= 4
    assert sum(map(len, raised.values())) >= 30


def test_codes_are_stable_identifiers() -> None:
    for code in _raised():
        assert code == code.lower()
        assert all(part.isalnum() for part in code.split("-")), code


def test_the_family_has_the_exit_codes_of_the_manual() -> None:
    exits = {name: kind.exit_code for name, kind in FAMILY.items()}
    verdicts = {"Verdict", "DoesNotFitError", "AccuracyError", "MismatchError"}
    assert {name for name, code in exits.items() if code == 3} == verdicts
    assert {name for name, code in exits.items() if code == 2} == {"UsageError"}
    assert set(exits.values()) == {1, 2, 3}
    assert all(kind.default_code for kind in FAMILY.values())
