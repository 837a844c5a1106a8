"""Every code in the source, of errors and notes, read from the syntax trees.

A code is the literal of a `code` argument, a note's first argument, an error's `default_code`, or
what is passed for a parameter or field named `code` of one of our functions or classes. Where an
expression stands instead, its literals count; codes put together at run time are in COMPOSED.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
FOLDERS = ("edgekit", "converter", "runtime", "targets", "firmware_stubs")
COMPOSED = {
    "runtime/devices/remote.py": ("ssh-missing", "adb-missing"),
    "runtime/link/process.py": ("runner-signal-4", "runner-signal-9", "runner-signal-11"),
    "converter/load/keras.py": ("load-failed", "convert-failed"),
    "converter/data/lint.py": (
        *("few-samples", "zero-samples", "constant-samples", "duplicates", "one-class"),
        *("all-zero", "constant", "all-same"),
    ),
    "runtime/devices/bench.py": ("wrong-model", "wrong-build"),
}
"""File -> codes in its tables that are put together at run time."""
CODE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def codes() -> dict[str, str]:
    """Code -> the file it is stated in."""
    found: dict[str, str] = {}
    for path in _files():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        name = str(path.relative_to(ROOT))
        places = _places(tree)
        words = [word for node in ast.walk(tree) for word in _stated(node, places)]
        for word in (*words, *COMPOSED.get(name, ())):
            found.setdefault(word, name)
    return found


def _files() -> Iterator[Path]:
    """The modules of the package, without those the links in edgekit/ lead to."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if not any(parent.is_symlink() for parent in path.parents):
                yield path


def _places(tree: ast.Module) -> dict[str, int]:
    """Function or class of this module -> the place of `code` among its arguments."""
    found = {"Note": 0}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            names = [argument.arg for argument in node.args.args if argument.arg != "self"]
        elif isinstance(node, ast.ClassDef):
            fields = (item.target for item in node.body if isinstance(item, ast.AnnAssign))
            names = [target.id for target in fields if isinstance(target, ast.Name)]
        else:
            continue
        if "code" in names:
            found[node.name] = names.index("code")
    return found


def _stated(node: ast.AST, places: dict[str, int]) -> Iterator[str]:
    if isinstance(node, ast.Assign | ast.AnnAssign):
        yield from _default(node)
    if not isinstance(node, ast.Call):
        return
    named = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    yield from (
        word for keyword in node.keywords if keyword.arg == "code" for word in _words(keyword.value)
    )
    place = places.get(named, 3 if named == "unsupported" else -1)
    if 0 <= place < len(node.args):
        yield from _words(node.args[place])


def _default(node: ast.Assign | ast.AnnAssign) -> Iterator[str]:
    """`default_code = "..."` of an error, and `found, code = ..., "..."` before one is raised."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    for target in targets:
        if isinstance(target, ast.Name) and target.id == "default_code" and node.value:
            yield from _words(node.value)
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            for name, value in zip(target.elts, node.value.elts, strict=False):
                if isinstance(name, ast.Name) and name.id == "code":
                    yield from _words(value)


def _words(value: ast.expr) -> Iterator[str]:
    """The literals of an expression that can be codes; of a condition both ends."""
    if isinstance(value, ast.IfExp):
        yield from _words(value.body)
        yield from _words(value.orelse)
    elif isinstance(value, ast.Constant) and CODE.fullmatch(str(value.value)):
        yield str(value.value)
