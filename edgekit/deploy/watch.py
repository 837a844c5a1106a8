"""A bundle watching pictures as they come: a camera's JPEGs on a pipe, decoded, gated, inferred.

bytes -> whole pictures -> decoded -> the region -> as calibration prepares them -> gate -> engine
"""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from edgekit.artifacts.bundle import Preprocess
from edgekit.converter.camera.gate import GateSetting, GateState, block_samples, block_sums, step
from edgekit.converter.camera.plan import Region, check_region, image_input
from edgekit.converter.data.images import Pixels, decode_image, fitted_image, normalize
from edgekit.deploy.bundles import Bundle, open_bundle
from edgekit.deploy.classify import best, default_engine, open_engine, real_output
from edgekit.deploy.frames import picture_files
from edgekit.deploy.inputs import stored
from edgekit.deploy.newest import Newest
from edgekit.deploy.picture_stream import PictureStream
from edgekit.errors import DataError, UsageError

STDIN = "-"
CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Seen:
    """One picture. Times are seconds on this machine, measured: `decode` of the picture, `prepare`
    with the gate, `infer`; `top` is that of the last inference where this picture was skipped."""

    frame: int
    name: str
    ran: bool
    changed: int
    top: tuple[tuple[str, float], ...]
    decode: float
    prepare: float
    infer: float

    @property
    def latency(self) -> float:
        """From the whole picture to its answer, in seconds."""
        return self.decode + self.prepare + self.infer


@dataclass
class Watch:
    """A stream being watched: the engine's name, and what did not become a picture so far."""

    engine: str = ""
    unreadable: int = 0
    dropped: int = 0
    """Pictures that a newer one has replaced before they were looked at."""
    stream: PictureStream = field(default_factory=PictureStream)

    def record(self) -> dict[str, int | str]:
        """Counts as `--json` prints them."""
        return {
            "engine": self.engine,
            "unreadable": self.unreadable,
            "dropped": self.dropped,
            "cut_short": self.stream.broken,
            "bytes_passed": self.stream.passed,
        }


def watch(
    bundle: str | Path,
    source: str,
    found: Watch,
    *,
    engine: str | None = None,
    region: Region | None = None,
    gate: GateSetting | None = None,
    top: int = 3,
    limit: int | None = None,
    latest: bool = False,
) -> Iterator[Seen]:
    """The answers for the pictures of `source`, one by one as they come.

    `source` is a folder of pictures, a file or pipe of JPEGs or PNGs one after another, or "-" for
    standard input. With `latest` each one looked at is the newest there is, and those that came
    since the one before are dropped: for pipes, whose pictures come by themselves. A picture that
    cannot be decoded is counted in `found` and left out. Pictures are prepared as `convert
    --calibration` prepares them, of `region` alone where one is given.
    Raises UsageError, ModelError, DataError (no such source, no picture in it), MissingExtraError,
    ToolError.
    """
    from PIL import Image

    Image.preinit()  # or the first picture pays for loading the decoders
    opened = open_bundle(bundle)
    watcher = _Watcher(opened, engine or default_engine(opened), region, gate, top)
    found.engine = watcher.engine
    count = 0
    for name, data in _shown(source, found, latest=latest):
        if count == limit:
            break
        begun = time.perf_counter()
        try:
            pixels = decode_image(data, name)
        except DataError:
            found.unreadable += 1
            continue
        yield watcher.look(count, name, pixels, time.perf_counter() - begun)
        count += 1
    if not count:
        raise DataError(
            _named(source),
            f"no picture in it that can be decoded ({found.unreadable} cannot be, "
            f"{found.stream.broken} cut short, {found.stream.passed} other bytes)",
            allowed="JPEG or PNG pictures one after another, or a folder of pictures",
            hint="rpicam-vid -t 0 --codec mjpeg -o - | edgekit run BUNDLE --frames -",
            code="no-pictures",
        )


def _shown(source: str, found: Watch, *, latest: bool) -> Iterator[tuple[str, bytes]]:
    """The pictures that are looked at. Raises UsageError, DataError."""
    if not latest:
        yield from _pictures(source, found.stream)
        return
    _check_live(source)
    newest = Newest(_pictures(source, found.stream))
    for picture in newest:
        found.dropped = newest.dropped
        yield picture


def _named(source: str) -> str:
    """The source in a message."""
    return "standard input" if source == STDIN else source


def _check_live(source: str) -> None:
    """Raise UsageError for a source whose pictures are all there already: none of them is stale."""
    path = Path(source)
    waits = path.exists() and (path.is_dir() or path.is_file())
    if source == STDIN:
        waits = stat.S_ISREG(os.fstat(sys.stdin.fileno()).st_mode)
    if waits:
        raise UsageError(
            "--latest",
            f"{_named(source)} is a file or folder, whose pictures do not grow old",
            allowed="a pipe that a camera's program writes to",
            hint="leave --latest out, or pipe the camera's program into --frames -",
            code="option-unused",
        )


class _Watcher:
    """The network with what goes before it."""

    def __init__(
        self, bundle: Bundle, engine: str, region: Region | None, gate: GateSetting | None, top: int
    ) -> None:
        self._bundle, self._region, self._gate, self._top = bundle, region, gate, top
        self._preprocess = bundle.manifest.preprocess or Preprocess()
        self._tensor = image_input(bundle.graph)
        self._run, self.engine = open_engine(bundle, engine)
        self._state = GateState()
        self._answer: tuple[tuple[str, float], ...] = ()

    def look(self, frame: int, name: str, pixels: Pixels, decode: float) -> Seen:
        """One picture of which decoding took `decode` seconds."""
        begun = time.perf_counter()
        small = fitted_image(_part(pixels, self._region), self._preprocess, self._tensor.shape[1:])
        wanted, changed = self._decide(small)
        prepared = begun
        if wanted:
            sample = [stored(normalize(small, self._preprocess), self._tensor)]
            prepared = time.perf_counter()
            outputs = self._run(sample)
            values = real_output(self._bundle, outputs[0])
            self._answer = best(self._bundle, values, self._top)
        ended = time.perf_counter()
        infer = ended - prepared if wanted else 0.0
        prepare = ended - begun - infer
        return Seen(frame, name, wanted, changed, self._answer, decode, prepare, infer)

    def _decide(self, small: Pixels) -> tuple[bool, int]:
        if self._gate is None:
            return True, 0
        samples = block_samples((small.shape[0], small.shape[1], small.shape[2]))
        decision, self._state = step(self._gate, self._state, block_sums(small), samples)
        return decision.run, decision.changed


def _part(pixels: Pixels, region: Region | None) -> Pixels:
    """The region of a picture. Raises UsageError when it is not inside."""
    if region is None:
        return pixels
    check_region(pixels.shape[1], pixels.shape[0], region)
    rows = slice(region.top, region.top + region.height)
    return pixels[rows, region.left : region.left + region.width]


def _pictures(source: str, stream: PictureStream) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of each picture of a source. Raises DataError."""
    folder = Path(source)
    if source != STDIN and folder.is_dir():
        for file in picture_files(folder):
            yield file.relative_to(folder).as_posix(), file.read_bytes()
        return
    count = 0
    for data in chain(_chunks(source), (b"",)):
        for picture in stream.feed(data) if data else stream.close():
            yield f"{count:06d}", picture
            count += 1


def _chunks(source: str) -> Iterator[bytes]:
    """Bytes as they come, without waiting for more than there are."""
    try:
        with ExitStack() as stack:
            if source == STDIN:
                number = sys.stdin.fileno()
            else:
                number = stack.enter_context(Path(source).open("rb")).fileno()
            while data := os.read(number, CHUNK):
                yield data
    except OSError as error:
        raise DataError(
            source,
            f"cannot be read: {error.strerror or error}",
            allowed="a file or pipe of JPEGs, a folder of pictures, or - for standard input",
            hint="name the file, or pipe a camera's program into --frames -",
            code="no-pictures",
        ) from None
