"""Finding and reading target profiles.

A profile is one TOML file: shipped in `boards/`, the user's own by path, or installed by a
package. `cpu = "cortex-m4f"` names a row of cpus.toml; `extends = "name"` starts from another
profile, of which all but its `name` and `aliases` are taken over: tables are merged key by key,
lists are replaced as a whole.

A package adds profiles with an entry point of the group `edgekit.targets` that yields the path
of a TOML file or of a folder of them (or is a function that returns one).
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from difflib import SequenceMatcher
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from edgekit.errors import UsageError
from edgekit.targets.model import Target

HERE = Path(__file__).parent
BOARDS = HERE / "boards"
CPUS = HERE / "cpus.toml"
GROUP = "edgekit.targets"
LIST_HINT = "run `edgekit targets` to see all profiles"

Table = dict[str, Any]


def load_target(name_or_path: str) -> Target:
    """The profile named, or described by the TOML file, `name_or_path`.

    A name is looked up exactly, then among the aliases (`rpi` -> `rpi4`), then as a prefix that
    fits one profile only. Anything ending in .toml or holding a slash is a file. Raises
    UsageError, which lists the candidates or names file and key.
    """
    if name_or_path.endswith(".toml") or "/" in name_or_path:
        return read_target(Path(name_or_path))
    return read_target(_find(name_or_path))


def list_targets() -> tuple[Target, ...]:
    """All shipped and installed profiles, sorted by name."""
    return tuple(read_target(path) for _, path in sorted(_profiles().items()))


def profile_sha256(target: Target) -> str:
    """SHA-256 (hexadecimal) of everything the profile states, independent of its file."""
    text = json.dumps(target.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def read_target(path: Path) -> Target:
    """The profile in the file `path`. Raises UsageError naming file and key."""
    from edgekit.targets.checks import failures
    from edgekit.targets.explain import validate

    table = _expanded(path, seen=())
    if "cpu" in table:
        table["cpu"] = _cpu(path, table["cpu"])
    target = validate(path, table)
    for check, found in failures(target):
        raise UsageError(
            f"target file {path}",
            found,
            allowed=check.sentence,
            hint="correct the profile",
            code=f"target-{check.name}",
        )
    return target


def cpu_names() -> tuple[str, ...]:
    """The rows of cpus.toml."""
    return tuple(_cpu_rows())


@cache
def _profiles() -> dict[str, Path]:
    """Profile files by name (the file's stem), shipped ones first, then installed ones."""
    found = {path.stem: path for path in sorted(BOARDS.glob("*.toml"))}
    for label, path in _installed():
        if path.stem in found:
            raise UsageError(
                f"entry point {label}",
                f"brings a second profile named {path.stem!r}",
                allowed="a name of its own",
                hint=f"uninstall that package or rename {path}",
                code="target-duplicate",
            )
        found[path.stem] = path
    return found


def _installed() -> list[tuple[str, Path]]:
    """(entry point, file) for every profile that other packages bring."""
    files: list[tuple[str, Path]] = []
    for point in entry_points(group=GROUP):
        try:
            value = point.load()
            place = Path(value() if callable(value) else value)
        except Exception as error:
            raise UsageError(
                f"entry point {point.name} = {point.value}",
                f"cannot be loaded: {type(error).__name__}: {error}",
                allowed="the path of a TOML file or of a folder of them",
                hint="fix or uninstall the package that brings it",
                code="target-entry-point",
            ) from error
        files += [(point.name, path) for path in _toml_files(place)]
    return files


def _toml_files(place: Path) -> list[Path]:
    return sorted(place.glob("*.toml")) if place.is_dir() else [place]


@cache
def _aliases() -> dict[str, str]:
    """Every alias and the profile it stands for."""
    return {
        alias: name
        for name, path in _profiles().items()
        for alias in _parse(path).get("aliases", ())
        if isinstance(alias, str)
    }


def _find(name: str) -> Path:
    profiles, aliases = _profiles(), _aliases()
    if name in profiles:
        return profiles[name]
    if name in aliases:
        return profiles[aliases[name]]
    fits = {found for found in profiles if found.startswith(name)}
    fits |= {found for alias, found in aliases.items() if alias.startswith(name)}
    if name and len(fits) == 1:
        return profiles[fits.pop()]
    if name and fits:
        raise UsageError(
            f"target {name!r}",
            f"fits {len(fits)} profiles",
            allowed=", ".join(_closest(name, fits)),
            hint="write one of them in full",
            code="target-ambiguous",
        )
    raise UsageError(
        f"target {name!r}",
        "no profile of that name",
        allowed=", ".join(_closest(name, set(profiles) | set(aliases))[:8]) + ", ...",
        hint=f"{LIST_HINT}, or give the path of a .toml file of your own",
        code="target-unknown",
    )


def _closest(name: str, candidates: set[str]) -> list[str]:
    """`candidates`, the most similar to `name` first."""
    return sorted(candidates, key=lambda c: (-SequenceMatcher(None, name, c).ratio(), c))


def _parse(path: Path) -> Table:
    """The TOML table in `path`."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        found, hint, code = "no such file", LIST_HINT, "target-no-file"
    except IsADirectoryError:
        found, hint, code = "is a folder", "name one .toml file", "target-no-file"
    except OSError as error:
        found, hint, code = f"cannot be read: {error.strerror}", "check permissions", "target-read"
    except UnicodeDecodeError as error:
        found, hint, code = f"not UTF-8: {error}", "save it as UTF-8 text", "target-syntax"
    except tomllib.TOMLDecodeError as error:
        found, hint, code = f"not TOML: {error}", "correct that line", "target-syntax"
    raise UsageError(f"target file {path}", found, hint=hint, code=code)


def _expanded(path: Path, seen: tuple[Path, ...]) -> Table:
    """The table of `path` laid over the profile it extends."""
    table = _parse(path)
    base = table.pop("extends", None)
    if base is None:
        return table
    if not isinstance(base, str):
        raise UsageError(
            f"{path}: extends",
            f"found {base!r}",
            allowed="the name of a profile, or the path of a .toml file",
            hint=LIST_HINT,
            code="target-extends",
        )
    parent = _parent(path, base)
    if parent.resolve() in (*(p.resolve() for p in seen), path.resolve()):
        raise UsageError(
            f"{path}: extends",
            f"{base!r} leads back to this profile",
            hint="let one of the two state its facts itself",
            code="target-extends",
        )
    inherited = _expanded(parent, (*seen, path))
    return _merge({k: v for k, v in inherited.items() if k not in ("name", "aliases")}, table)


def _parent(path: Path, base: str) -> Path:
    """The file of the profile `base` that `path` extends; a path is relative to `path`."""
    if base.endswith(".toml") or "/" in base:
        return path.parent / base
    try:
        return _find(base)
    except UsageError as error:
        raise UsageError(
            f"{path}: extends",
            f"{base!r}: {error.found}",
            allowed=error.allowed,
            hint=error.hint,
            code="target-extends",
        ) from None


def _merge(base: Table, over: Table) -> Table:
    """`over` laid on `base`: tables key by key, everything else replaced."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        both = isinstance(below, dict) and isinstance(value, dict)
        merged[key] = _merge(below, value) if both else value  # type: ignore[arg-type]
    return merged


@cache
def _cpu_rows() -> Table:
    return {name: {"name": name, **row} for name, row in _parse(CPUS).items()}


def _cpu(path: Path, cpu: Any) -> Any:
    """The row of cpus.toml that the profile names; a table of the profile's own is kept."""
    if not isinstance(cpu, str):
        return cpu
    rows = _cpu_rows()
    if cpu not in rows:
        raise UsageError(
            f"{path}: cpu",
            f"found {cpu!r}",
            allowed=", ".join(_closest(cpu, set(rows))),
            hint="name a row of cpus.toml, or write a [cpu] table",
            code="target-cpu",
        )
    return rows[cpu]
