"""The options that choose records of the history, stated once for every command that takes them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any, get_type_hints

import typer

FILTERS: dict[str, Any] = {
    "name": Annotated[str | None, typer.Option(help="Only of this model.")],
    "target": Annotated[str | None, typer.Option("-t", "--target", help="Only on this target.")],
    "device": Annotated[str | None, typer.Option(help="Only on this device of the lab file.")],
    "tag": Annotated[str | None, typer.Option(help="Only with this tag.")],
    "commit": Annotated[str | None, typer.Option(help="Only of this commit, or its beginning.")],
    "last": Annotated[int | None, typer.Option(min=1, help="Only so many, the newest.")],
}
"""Fields of Wanted, and the options that give them."""

_KIND = inspect.Parameter.KEYWORD_ONLY


def filtered(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the options of FILTERS in the place of its parameter `wanted`, which is a
    Wanted of them. Typer reads options off a signature and has no groups of them."""
    hints = get_type_hints(command, localns={"Wanted": object}, include_extras=True)
    options = [
        inspect.Parameter(name, _KIND, default=None, annotation=option)
        for name, option in FILTERS.items()
    ]
    parameters: list[inspect.Parameter] = []
    for name, own in inspect.signature(command).parameters.items():
        kept = own.replace(kind=_KIND, annotation=hints[name])
        parameters += options if name == "wanted" else [kept]

    @functools.wraps(command)
    def run(**given: Any) -> None:
        from edgekit.runtime.lab.history import Wanted

        wanted = Wanted(**{name: given.pop(name) for name in FILTERS})
        command(wanted=wanted, **given)

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run
