"""One row per epoch: what training came to, as a CSV beside the model."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields


@dataclass(frozen=True, slots=True)
class Row:
    """An epoch: `loss` and `top1` on the augmented training batches while the network changed,
    `eval_loss` (cross-entropy) and `eval_top1` on the evaluation data after it. `size` is the
    shorter side of the images in pixels, `rate` the learning rate of the last step; top-1 is a
    share. None where there is nothing to evaluate on.
    """

    epoch: int
    size: int
    rate: float
    loss: float
    top1: float
    eval_loss: float | None
    eval_top1: float | None

    def text(self, epochs: int) -> str:
        """The epoch as a line."""
        line = f"epoch {self.epoch}/{epochs}  loss {self.loss:.4f}  top-1 {self.top1:.2%}"
        if self.eval_top1 is None:
            return line
        return f"{line}  evaluation: loss {self.eval_loss:.4f}, top-1 {self.eval_top1:.2%}"


def csv_text(rows: Sequence[Row]) -> str:
    """The rows under a heading; the same training gives the same text."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(field.name for field in fields(Row))
    for row in rows:
        values = asdict(row).values()
        writer.writerow(
            "" if v is None else f"{v:.6g}" if isinstance(v, float) else v for v in values
        )
    return stream.getvalue()
