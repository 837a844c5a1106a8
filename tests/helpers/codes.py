"""Every code in the source, of errors and notes, read from the syntax trees.

A code is what is passed for a parameter or field `code: str`, by name or by place, and an error's
`default_code`. Literals, both ends of a condition, constants, local variables and the columns of
tables that a loop walks are followed; parameters and attributes named `code` pass on what their
callers gave. What is left is `unfollowed`, and COMPOSED states it by hand: nothing is skipped.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
FOLDERS = ("edgekit", "converter", "runtime", "targets", "firmware_stubs")
COMPOSED: dict[tuple[str, str], tuple[str, ...]] = {
    ("converter/load/keras.py", "f'{step}-failed'"): ("load-failed", "convert-failed"),
    ("runtime/devices/remote.py", "f'{name}-missing'"): ("ssh-missing", "adb-missing"),
    ("runtime/link/process.py", "f'runner-signal-{signal}'"): (
        *("runner-signal-4", "runner-signal-9", "runner-signal-11"),
    ),
    # The names of rules and refusals, whose tables are their own pages.
    ("converter/ir/verify.py", "rule.name"): (),
    ("targets/reader.py", "f'target-{check.name}'"): (),
    ("edgekit/deploy/mlperf_report.py", "f'mlperf-{rule.name}'"): (),
    ("runtime/link/extension.py", "f\"device-{refusal.name.lower().replace('_', '-')}\""): (),
}
"""(file, expression) -> the codes put together there at run time."""
KEYED = {("runtime/flash/troubles.py", "name"): "SENTENCES"}
"""(file, expression) -> the table in that file whose keys are the codes."""


@dataclass(frozen=True)
class Module:
    """A source file, and where its functions and classes take codes."""

    name: str
    file: str
    tree: ast.Module
    takes: dict[str, int]
    """Function or class -> the place of `code: str` among its arguments; -1 for an other `code`."""
    imports: dict[str, tuple[str, str]]
    """Local name -> (module, name there)."""


@dataclass(frozen=True)
class Stated:
    """An expression that stands for a code: where, and what it can be."""

    file: str
    line: int
    expression: str
    codes: tuple[str, ...]
    said: tuple[str, ...] = ()
    """The words that stand fixed in the subject and finding beside it."""
    passed_on: bool = False
    """It only hands over what a caller stated."""


def codes() -> dict[str, str]:
    """Code -> the file it is stated in."""
    found: dict[str, str] = {}
    for one in stated():
        for word in (*one.codes, *_by_hand(one)):
            found.setdefault(word, one.file)
    return found


def unfollowed() -> set[tuple[str, str]]:
    """(file, expression) of codes that no rule above finds."""
    return {(s.file, s.expression) for s in stated() if not (s.codes or s.passed_on)}


@cache
def stated() -> tuple[Stated, ...]:
    """Every place of the sources that states or passes on a code."""
    return tuple(one for module in modules().values() for one in Reader(module).all())


def strings() -> Iterator[tuple[str, int, str]]:
    """File, line and text of every string in the sources; X where a value is put in."""
    for module in modules().values():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.JoinedStr):
                words = [str(getattr(part, "value", "")) for part in node.values]
                fixed = (isinstance(part, ast.Constant) for part in node.values)
                text = "".join(w if whole else "X" for w, whole in zip(words, fixed, strict=True))
                yield module.file, node.lineno, text
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield module.file, node.lineno, node.value


def _by_hand(one: Stated) -> tuple[str, ...]:
    key = (one.file, one.expression)
    if key in KEYED:
        table = _assigned(_parsed(one.file).body)[KEYED[key]]
        assert isinstance(table, ast.Dict)
        return tuple(word for each in table.keys if each for word in _literals(each))
    return COMPOSED.get(key, ())


class Reader:
    """Finds the codes of one module."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.constants = _assigned(module.tree.body)

    def all(self) -> Iterator[Stated]:
        for scope in ast.walk(self.module.tree):
            if isinstance(scope, ast.FunctionDef | ast.Module | ast.ClassDef):
                for node in _own(scope):
                    for value in self._places(node):
                        said = tuple(_said(node, value))
                        for end in _ends(value):
                            yield self._read(end, scope, said)

    def _places(self, node: ast.AST) -> Iterator[ast.expr]:
        """The expressions of a node that are codes."""
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name) and target.id == "default_code" and node.value:
                    yield node.value
        if isinstance(node, ast.Call):
            place = self._place(node.func)
            named = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
            if place != -1:
                yield from named
            if place is not None and 0 <= place < len(node.args):
                yield node.args[place]

    def _place(self, function: ast.expr) -> int | None:
        """Where the function called takes a code by place; None where that is not known."""
        if isinstance(function, ast.Name):
            there = self.module.imports.get(function.id)
            return _takes(*there) if there else self.module.takes.get(function.id)
        if isinstance(function, ast.Attribute):
            owner = function.value.id if isinstance(function.value, ast.Name) else ""
            if owner in self.module.imports:
                return _takes(".".join(self.module.imports[owner]), function.attr)
            return self.module.takes.get(function.attr)
        return None

    def _read(self, value: ast.expr, scope: ast.AST, said: tuple[str, ...]) -> Stated:
        words = tuple(self._words(value, scope))
        text = ast.unparse(value)
        handed = isinstance(value, ast.Attribute) and value.attr in ("code", "default_code")
        if isinstance(value, ast.Name) and isinstance(scope, ast.FunctionDef):
            handed = value.id == "code" and "code" in _parameters(scope)
        empty = isinstance(value, ast.Constant) and value.value == ""
        return Stated(self.module.file, value.lineno, text, words, said, handed or empty)

    def _words(self, value: ast.expr, scope: ast.AST) -> Iterator[str]:
        if isinstance(value, ast.Name):
            yield from self._variable(value.id, scope)
        else:
            yield from _literals(value)

    def _variable(self, name: str, scope: ast.AST) -> Iterator[str]:
        """What is assigned to it in this function, what a loop gives it, or a constant."""
        for node in _own(scope):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    yield from _column(target, node.value, name)
            if isinstance(node, ast.For | ast.comprehension):
                table = node.iter
                if isinstance(table, ast.Name):
                    table = {**self.constants, **_assigned(_own(scope))}.get(table.id, table)
                rows = table.elts if isinstance(table, ast.Tuple | ast.List) else ()
                for row in rows:
                    yield from _column(node.target, row, name)
        if name in self.constants:
            yield from _literals(self.constants[name])


def _column(target: ast.expr, value: ast.expr, name: str) -> Iterator[str]:
    """The literals that `target = value` gives to the variable `name`."""
    if isinstance(target, ast.Name) and target.id == name:
        yield from _literals(value)
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, other in zip(target.elts, value.elts, strict=False):
            yield from _column(one, other, name)


def _said(node: ast.AST, code: ast.expr) -> Iterator[str]:
    """The fixed words of the first two arguments beside the code, in their order."""
    arguments = node.args if isinstance(node, ast.Call) else []
    for argument in [each for each in arguments if each is not code][:2]:
        parts = argument.values if isinstance(argument, ast.JoinedStr) else [argument]
        for part in parts:
            yield from _literals(part) if isinstance(part, ast.Constant) else ()


def _ends(value: ast.expr) -> Iterator[ast.expr]:
    """Both ends of a condition, else the expression itself."""
    if isinstance(value, ast.IfExp):
        yield from (*_ends(value.body), *_ends(value.orelse))
    else:
        yield value


def _literals(value: ast.expr) -> Iterator[str]:
    for end in _ends(value):
        if isinstance(end, ast.Constant) and isinstance(end.value, str) and end.value:
            yield end.value


def _own(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a scope without those of functions and classes inside it."""
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.ClassDef):
            waiting += ast.iter_child_nodes(node)


def _assigned(nodes: Iterable[ast.AST]) -> dict[str, ast.expr]:
    """Variable -> what these statements assign to it."""
    found = {}
    for node in nodes:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            found[ast.unparse(target)] = node.value
    return found


def _parameters(function: ast.FunctionDef) -> list[str]:
    return [each.arg for each in (*function.args.args, *function.args.kwonlyargs)]


def _takes(module: str, name: str) -> int | None:
    """The place of a code among the arguments of a function or class, through re-exports."""
    found = modules().get(module)
    if found is None:
        return None
    if name in found.takes:
        return found.takes[name]
    again = found.imports.get(name)
    return _takes(*again) if again and again != (module, name) else None


@cache
def modules() -> dict[str, Module]:
    """Dotted name -> module of the package, without those the links in edgekit/ lead to."""
    found = {}
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if not any(parent.is_symlink() for parent in path.parents):
                file = str(path.relative_to(ROOT))
                tree = _parsed(file)
                name = _dotted(file)
                found[name] = Module(name, file, tree, dict(taking(tree)), dict(_imports(tree)))
    return found


@cache
def _parsed(file: str) -> ast.Module:
    return ast.parse((ROOT / file).read_text(encoding="utf-8"))


def _dotted(file: str) -> str:
    parts = file.removesuffix(".py").removesuffix("/__init__").split("/")
    return ".".join(parts if parts[0] == "edgekit" else ["edgekit", *parts])


def taking(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            rows = [(each.arg, each.annotation) for each in node.args.args if each.arg != "self"]
            rows += [(each.arg, each.annotation) for each in node.args.kwonlyargs]
        elif isinstance(node, ast.ClassDef):
            fields = (item for item in node.body if isinstance(item, ast.AnnAssign))
            rows = [(ast.unparse(item.target), item.annotation) for item in fields]
        else:
            continue
        for place, (name, annotation) in enumerate(rows):
            if name == "code":
                text = ast.unparse(annotation) if annotation else "str"
                yield node.name, place if text == "str" else -1


def _imports(tree: ast.Module) -> Iterator[tuple[str, tuple[str, str]]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for each in node.names:
                yield each.asname or each.name, (node.module, each.name)
