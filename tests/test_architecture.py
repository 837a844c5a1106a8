"""The layer table, enforced: a module imports only from its own island or from layers below."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# (dotted prefix, layer); the longest prefix owns a module. Islands of one layer are strangers.
LAYERS = {
    "edgekit": 4,
    "edgekit.deploy": 4,
    "edgekit.cli": 4,
    "edgekit.converter": 3,
    "edgekit.firmware_stubs": 3,
    "edgekit.runtime": 3,
    "edgekit.targets": 2,
    "edgekit.artifacts": 1,
    "edgekit.litert": 1,
    "edgekit.errors": 0,
    "edgekit.units": 0,
}
FOLDERS = {
    "edgekit.converter": "converter",
    "edgekit.firmware_stubs": "firmware_stubs",
    "edgekit.runtime": "runtime",
    "edgekit.targets": "targets",
}
# Heavy packages and the only modules that may import them, inside functions.
CONFINED = {
    "tensorflow": ("edgekit.converter.load", "edgekit.litert"),
    "keras": ("edgekit.converter.load",),
    "serial": ("edgekit.runtime.link", "edgekit.runtime.power"),
    "joulescope": ("edgekit.runtime.power",),
    "sklearn": ("edgekit.converter.load", "edgekit.converter.classical"),
    "joblib": ("edgekit.converter.load", "edgekit.converter.classical"),
    "optuna": ("edgekit.deploy.sweep",),
    "sqlalchemy": ("edgekit.deploy.sweep",),
    "distributed": ("edgekit.deploy.sweep",),
}


def owner(module: str) -> str:
    """The longest row of the table that is a prefix of `module`."""
    rows = [row for row in LAYERS if module == row or module.startswith(row + ".")]
    return max(rows, key=len)


def modules() -> dict[str, Path]:
    found: dict[str, Path] = {}
    for package, folder in {"edgekit": "edgekit", **FOLDERS}.items():
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT / folder).with_suffix("").parts
            if package == "edgekit" and parts[0] in FOLDERS.values():
                continue
            found[".".join((package, *parts)).removesuffix(".__init__")] = path
    return found


def imports(path: Path) -> list[tuple[str, bool]]:
    """Every absolute import of a file, and whether it stands at module level."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nested = {
        id(inner)
        for outer in ast.walk(tree)
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(outer)
    }
    typing_only = {
        id(inner)
        for outer in ast.walk(tree)
        if isinstance(outer, ast.If) and "TYPE_CHECKING" in ast.dump(outer.test)
        for inner in ast.walk(outer)
    }
    result: list[tuple[str, bool]] = []
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        top = id(node) not in nested
        if isinstance(node, ast.Import):
            result += [(alias.name, top) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            base = node.module or ""
            result.append((base, top))
            result += [(f"{base}.{alias.name}", top) for alias in node.names]
    return result


MODULES = modules()


def forbidden(module: str, imported: str) -> bool:
    """Whether the table forbids `module` to import `imported`."""
    if not (imported == "edgekit" or imported.startswith("edgekit.")):
        return False
    here, there = owner(module), owner(imported)
    if here == there or imported == "edgekit":
        return imported == "edgekit" and LAYERS[here] < 4
    if LAYERS[here] == 4:
        return False
    return LAYERS[there] >= LAYERS[here] and {here, there} != {"edgekit.errors", "edgekit.units"}


@pytest.mark.parametrize("module", sorted(MODULES))
def test_module_imports_only_from_layers_below(module: str) -> None:
    names = [name for name, _ in imports(MODULES[module]) if name != "edgekit"]
    resolved = [n for n in names if n in MODULES or n.rpartition(".")[0] not in MODULES]
    bad = [name for name in resolved if forbidden(module, name)]
    assert not bad, f"{module} (layer {LAYERS[owner(module)]}) imports {bad}"


@pytest.mark.parametrize("module", sorted(MODULES))
def test_heavy_packages_stay_where_they_belong(module: str) -> None:
    for name, top in imports(MODULES[module]):
        package = name.partition(".")[0]
        if package not in CONFINED:
            continue
        assert any(module.startswith(place) for place in CONFINED[package]), f"{module}: {name}"
        assert not top, f"{module} imports {name} at module level"


def test_the_checker_sees_a_violation() -> None:
    assert forbidden("edgekit.converter.plan", "edgekit.runtime.link")
    assert forbidden("edgekit.targets.model", "edgekit.converter.ir")
    assert forbidden("edgekit.errors", "edgekit.artifacts.run")
    assert not forbidden("edgekit.converter.plan", "edgekit.targets.model")
    assert not forbidden("edgekit.deploy.bench", "edgekit.runtime.link")


def test_package_list_matches_the_folders() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    listed = set(config["tool"]["setuptools"]["packages"])
    present = {name for name, path in MODULES.items() if path.name == "__init__.py"}
    assert listed == present
