"""Write a data set in the layout of MLPerf Tiny: y_labels.csv and a .bin file per sample.

    python samples/mlperf/make_set.py pictures sets/ic01 --size 32
    python samples/mlperf/make_set.py kws.npz sets/kws01

The source is a folder with a folder of pictures per class, or arrays x (n, ...) and y (n,).
Pictures become RGB, uint8, row by row, cut square around their centre; arrays are written as
their bytes stand.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps


def pictures(folder: Path, size: int) -> Iterator[tuple[str, bytes, int]]:
    """Name, bytes and class of each picture; classes in the order of their folders' names."""
    for label, place in enumerate(sorted(path for path in folder.iterdir() if path.is_dir())):
        for path in sorted(place.iterdir()):
            with Image.open(path) as image:
                square = ImageOps.fit(image.convert("RGB"), (size, size))
            yield f"{place.name}_{path.stem}.bin", square.tobytes(), label


def arrays(path: Path) -> Iterator[tuple[str, bytes, int]]:
    """Name, bytes and class of each sample of an .npz."""
    with np.load(path) as data:
        for index, (x, y) in enumerate(zip(data["x"], data["y"], strict=True)):
            yield f"sample_{index:06d}.bin", np.ascontiguousarray(x).tobytes(), int(y)


def write_set(samples: list[tuple[str, bytes, int]], out: Path) -> None:
    """Write the files and the table that names them."""
    classes = 1 + max(label for _, _, label in samples)
    out.mkdir(parents=True, exist_ok=True)
    for name, data, _ in samples:
        (out / name).write_bytes(data)
    rows = "".join(f"{name},{classes},{label}\n" for name, _, label in samples)
    (out / "y_labels.csv").write_text(rows, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, help="folder of folders of pictures, or .npz")
    parser.add_argument("out", type=Path, help="folder to write")
    parser.add_argument("--size", type=int, default=32, help="pixels a side, for pictures")
    words = parser.parse_args()
    found = arrays(words.source) if words.source.is_file() else pictures(words.source, words.size)
    samples = list(found)
    write_set(samples, words.out)
    print(f"{words.out}: {len(samples)} files")


if __name__ == "__main__":
    main()
