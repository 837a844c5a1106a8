"""Makes a clip of a fixed camera with a few events in it, and the list of them.

    python samples/camera/clip.py OUT --frames 240 --seed 1

writes OUT/clip.npy, uint8 (frames, 72, 96, 3), and OUT/events.csv with `start,end,label`: frames in
which such a blob crosses the scene. Noise is in every frame, and the light drifts slowly, as a
sensor and a day would have it. The same seed gives the same clip.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

HEIGHT, WIDTH = 72, 96
NOISE = 2.5
DRIFT = 12.0
BLOBS = {"large": (12, 70.0), "small": (6, 55.0), "faint": (8, 16.0)}
"""Label -> radius in pixels, and how much brighter than the background."""
CROSSING, PAUSE = 16, 24
"""Frames that an event lasts, and about how many lie between two."""


def scene(rng: np.random.Generator) -> NDArray[np.float64]:
    """A still background of soft patches, (height, width, 3)."""
    coarse = rng.uniform(50, 150, (6, 8, 3))
    rows = np.linspace(0, 5, HEIGHT)
    columns = np.linspace(0, 7, WIDTH)
    upper, left = np.minimum(rows.astype(int), 4), np.minimum(columns.astype(int), 6)
    down, across = (rows - upper)[:, None, None], (columns - left)[None, :, None]
    top = coarse[upper][:, left] * (1 - across) + coarse[upper][:, left + 1] * across
    below = coarse[upper + 1][:, left] * (1 - across) + coarse[upper + 1][:, left + 1] * across
    mixed: NDArray[np.float64] = top * (1 - down) + below * down
    return mixed


def events(frames: int, rng: np.random.Generator) -> list[tuple[int, int, str]]:
    """First frame, last frame and label of each event, in order."""
    found, at = [], PAUSE
    while at + CROSSING < frames:
        found.append((at, at + CROSSING - 1, str(rng.choice(list(BLOBS)))))
        at += CROSSING + PAUSE + int(rng.integers(0, PAUSE))
    return found


def draw(picture: NDArray[np.float64], label: str, share: float, row: float) -> None:
    """The blob of an event at `share` of its way from left to right."""
    radius, bright = BLOBS[label]
    x = share * (WIDTH + 2 * radius) - radius
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    inside = (rows - row) ** 2 + (columns - x) ** 2 <= radius**2
    picture[inside] += bright


def clip(frames: int, seed: int) -> tuple[NDArray[np.uint8], list[tuple[int, int, str]]]:
    """The pictures and the events."""
    rng = np.random.default_rng(seed)
    still, listed = scene(rng), events(frames, rng)
    heights = rng.uniform(15, HEIGHT - 15, len(listed))
    pictures = np.empty((frames, HEIGHT, WIDTH, 3), np.uint8)
    for index in range(frames):
        light = DRIFT * np.sin(2 * np.pi * index / max(frames, 1))
        picture = still + light + rng.normal(0, NOISE, still.shape)
        for (start, end, label), row in zip(listed, heights, strict=True):
            if start <= index <= end:
                draw(picture, label, (index - start + 1) / (end - start + 2), row)
        pictures[index] = np.clip(np.rint(picture), 0, 255)
    return pictures, listed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--frames", type=int, default=240)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    pictures, listed = clip(arguments.frames, arguments.seed)
    arguments.out.mkdir(parents=True, exist_ok=True)
    np.save(arguments.out / "clip.npy", pictures)
    with (arguments.out / "events.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream, lineterminator="\n").writerows([("start", "end", "label"), *listed])
    print(f"{len(pictures)} frames, {len(listed)} events in {arguments.out}")


if __name__ == "__main__":
    main()
