"""What is said before a model file runs code of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgekit.cli.output import Output


def say_if_pickled(out: Output, model: str) -> None:
    """Warn on stderr before a scikit-learn model is read. Raises what `detect` raises."""
    from pathlib import Path

    from edgekit.artifacts.figures import Note
    from edgekit.converter.load import UNTRUSTED, Format, detect

    path = Path(model)
    if path.is_file() and detect(path).format is Format.ESTIMATOR:
        out.notes((Note("pickled-model", path.name, UNTRUSTED),))
