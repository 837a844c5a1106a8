"""Turning a table of a TOML file into a value, and what is wrong with it into one sentence."""

from __future__ import annotations

import json
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from edgekit.errors import UsageError
from edgekit.targets.model import Target

Table = dict[str, Any]
Model = TypeVar("Model", bound=BaseModel)

# What a value of each kind looks like in TOML, for messages.
WANTED = {
    "int_type": "a whole number, such as 64_000_000",
    "int_from_float": "a whole number, such as 64_000_000",
    "float_type": "a number, such as 3.3",
    "string_type": 'text in quotes, such as "cortex-m4f"',
    "tuple_type": 'a list, such as ["tflite", "c"]',
    "model_type": "a table, such as [link]",
    "model_attributes_type": "a table, such as [link]",
}


def validate(path: Path, table: Table) -> Target:
    """The Target that `table`, read from `path`, describes.

    Strict: text is no number, and unknown keys are errors. Raises UsageError naming file, key,
    what was found and what is allowed.
    """
    return validated(Target, path, table, code="target-invalid")


def validated(
    model: type[Model], path: Path, table: Table, *, code: str, at: tuple[str, ...] = ()
) -> Model:
    """The value of `model` that `table` describes; it stands in `path` under the keys `at`.

    Strict, and UsageErrors as those of `validate`, with this code.
    """
    try:
        # Strict mode wants tuples from Python but takes lists from JSON, and TOML gives lists.
        return model.model_validate_json(json.dumps(table, default=str), strict=True)
    except ValidationError as error:
        errors = error.errors(include_url=False)
    first = errors[0]
    found, allowed, hint = _sentence(model, first)
    if len(errors) > 1:
        hint += f" ({len(errors) - 1} more in this file)"
    subject = f"{path}: {_key((*at, *first['loc']))}"
    raise UsageError(subject, found, allowed=allowed, hint=hint, code=code)


def _sentence(model: type[BaseModel], error: ErrorDetails) -> tuple[str, str, str]:
    """(found, allowed, hint) for one finding."""
    kind, loc = error["type"], error["loc"]
    if kind == "model_type" and not loc:
        return f"found {error['input']!r}", WANTED[kind], "correct the value"
    key = str(loc[-1])
    if kind == "missing":
        return "missing", _wanted_at(model, loc), f"add {key!r} to the file"
    if kind == "extra_forbidden":
        return _unknown_key(model, key, loc)
    found = f"found {error['input']!r}"
    if kind == "literal_error":
        return found, error["ctx"]["expected"], "choose one of these"
    allowed = WANTED.get(kind) or error["msg"].removeprefix("Value error, ")
    return found, allowed, "correct the value"


def _unknown_key(
    model: type[BaseModel], key: str, loc: Sequence[int | str]
) -> tuple[str, str, str]:
    known = sorted(_model_at(model, loc[:-1]).model_fields)
    close = get_close_matches(key, known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else "remove it"
    return "unknown key", ", ".join(known), hint


def _wanted_at(model: type[BaseModel], loc: Sequence[int | str]) -> str:
    """What the missing key should hold, from its annotation."""
    annotation = _model_at(model, loc[:-1]).model_fields[str(loc[-1])].annotation
    literals = [arg for arg in get_args(annotation) if isinstance(arg, str)]
    if literals:
        return " or ".join(repr(literal) for literal in literals)
    kinds: dict[Any, str] = {
        int: WANTED["int_type"], float: WANTED["float_type"], str: WANTED["string_type"]
    }  # fmt: skip
    return kinds.get(annotation, WANTED["model_type"])


def _model_at(model: type[BaseModel], loc: Sequence[int | str]) -> type[BaseModel]:
    """The model of the table at `loc`, walking the annotations of `model`."""
    for part in loc:
        if isinstance(part, str):
            model = _nested(model.model_fields[part].annotation) or model
    return model


def _nested(annotation: Any) -> type[BaseModel] | None:
    """The model inside `X`, `X | None` or `tuple[X, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_nested(argument) for argument in get_args(annotation))
    return next((model for model in inner if model), None)


def _key(loc: Sequence[int | str]) -> str:
    """("memories", 1, "size") -> "memories[1].size"."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
