"""Draws labelled pictures of six shapes, for a model small enough to train in minutes.

    python samples/shapes/shapes.py OUT --count 600 --seed 1

writes OUT/<class>/<number>.png: 32x32 RGB, a filled shape of random colour, size, position and
rotation on a noisy two-colour gradient. The same seed gives the same pictures.
"""

from __future__ import annotations

import argparse
import math
import random
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

CLASSES = ("circle", "cross", "ring", "square", "star", "triangle")
SIZE = 32
OVER = 4  # drawn larger and scaled down, for smooth edges


def _polygon(kind: str, x: float, y: float, r: float, turn: float) -> list[tuple[float, float]]:
    """The corners of a shape of radius `r` around (x, y)."""
    corners = {
        "square": [(k * 90 + 45, 1.0) for k in range(4)],
        "triangle": [(k * 120, 1.0) for k in range(3)],
        "star": [(k * 36, 1.0 if k % 2 == 0 else 0.42) for k in range(10)],
        "cross": [
            (k * 90 + offset, length)
            for k in range(4)
            for offset, length in ((-18, 1.0), (18, 1.0), (45, 0.45))
        ],
    }[kind]
    return [
        (x + r * k * math.cos(math.radians(a) + turn), y + r * k * math.sin(math.radians(a) + turn))
        for a, k in corners
    ]


def _background(rng: random.Random) -> Image.Image:
    """A gradient between two colours with noise on it."""
    first, second = ([rng.randrange(256) for _ in range(3)] for _ in range(2))
    angle = rng.uniform(0, math.tau)
    axis = np.linspace(-0.5, 0.5, SIZE)
    mix = np.cos(angle) * axis[None, :] + np.sin(angle) * axis[:, None] + 0.5
    picture = mix[..., None] * np.array(first) + (1 - mix[..., None]) * np.array(second)
    noise = np.random.default_rng(rng.randrange(1 << 30)).normal(
        0, rng.uniform(2, 22), picture.shape
    )
    return Image.fromarray(np.clip(picture + noise, 0, 255).astype(np.uint8))


def draw(kind: str, rng: random.Random) -> Image.Image:
    """One 32x32 RGB picture of `kind`."""
    back = _background(rng)
    side = SIZE * OVER
    r = rng.uniform(0.22, 0.46) * side
    x, y = (rng.uniform(r * 0.8, side - r * 0.8) for _ in range(2))
    mask = Image.new("L", (side, side), 0)
    pen = ImageDraw.Draw(mask)
    box = (x - r, y - r, x + r, y + r)
    if kind == "circle":
        pen.ellipse(box, fill=255)
    elif kind == "ring":
        pen.ellipse(box, outline=255, width=max(OVER, int(r * 0.32)))
    else:
        pen.polygon(_polygon(kind, x, y, r, rng.uniform(0, math.tau)), fill=255)
    mask = mask.resize((SIZE, SIZE), Image.Resampling.BOX)
    middle = np.asarray(back, dtype=float).mean(axis=(0, 1))
    while True:  # a colour that differs enough from the background to be seen
        colour = tuple(rng.randrange(256) for _ in range(3))
        if np.abs(middle - np.array(colour)).sum() > 120:
            break
    return Image.composite(Image.new("RGB", (SIZE, SIZE), colour), back, mask)


def arrays(count: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """`count` pictures, uint8 (count, 32, 32, 3), and their class numbers, in random order."""
    rng = random.Random(seed)
    labels = [k % len(CLASSES) for k in range(count)]
    rng.shuffle(labels)
    pictures = [np.asarray(draw(CLASSES[label], rng)) for label in labels]
    return np.stack(pictures), np.array(labels)


def write(folder: Path, count: int, seed: int) -> None:
    """Write the pictures as folder/<class>/<number>.png."""
    pictures, labels = arrays(count, seed)
    for name in CLASSES:
        (folder / name).mkdir(parents=True, exist_ok=True)
    for number, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        Image.fromarray(picture).save(folder / CLASSES[label] / f"{number:05d}.png")


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw labelled pictures of six shapes.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    write(options.out, options.count, options.seed)
    print(f"{options.count} pictures of {len(CLASSES)} classes in {options.out}")


if __name__ == "__main__":
    main()
