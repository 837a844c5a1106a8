"""What a weights file's name tells, for the command that would load it. No TensorFlow here."""

from __future__ import annotations

import re
from pathlib import Path

from edgekit.converter.load.detect import ZOO


def guess_command(weights: Path) -> str:
    """The `edgekit convert` line for a weights file, as far as its name tells."""
    text = weights.name.lower()
    flat = re.sub(r"[^a-z0-9]", "", text)
    name = next((zoo for zoo in ZOO if zoo.replace("_", "") in flat), "ARCHITECTURE")
    alpha = re.search(r"[_-]([01]\.\d+|1)(?=[_-])", text)
    size = re.search(r"(?<!\d)(96|128|160|192|224|227)(?!\d)", text)
    words = [f"edgekit convert {name}"]
    if name != "squeezenet":
        words.append(f"--alpha {alpha[1] if alpha else 'ALPHA'}")
    words.append(f"--input-size {size[1] if size else 'SIZE'}")
    command = " ".join([*words, f"--weights {weights.name}"])
    return f"{command} (known: {', '.join(ZOO)})" if name == "ARCHITECTURE" else command
