"""`edgekit run --frames`: a camera's pictures as they come, from a pipe, a file or a folder."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.helpers.command_line import ENTRY, ROOT, edgekit, fails, succeeds
from tests.helpers.jpegs import picture, scan_start, without_tables
from tests.helpers.small_bundles import prepared_by_cropping


@pytest.fixture
def bundle(own_bundle: Path) -> Path:
    """A bundle whose model was prepared with pictures cut to its proportions."""
    return prepared_by_cropping(own_bundle)


def lines(*words: object) -> list[dict[str, object]]:
    return [json.loads(line) for line in succeeds(*words, "--json").out.splitlines()]


@pytest.mark.parametrize("engine", ["reference", "c"])
def test_a_stream_answers_as_its_pictures_do(engine: str, bundle: Path, tmp_path: Path) -> None:
    """The same pictures as files take the road of calibration."""
    files = []
    for seed in range(3):
        files.append(tmp_path / f"{seed}.jpg")
        files[-1].write_bytes(picture(seed))
    short = picture(7)[: scan_start(picture(7)) + 20]
    stream = tmp_path / "clip.mjpeg"
    stream.write_bytes(b"half of one" + b"".join(picture(n) + short for n in range(3)))
    alone = succeeds("run", bundle, *files, "--engine", engine, "--json").record
    *seen, last = lines("run", bundle, "--frames", stream, "--engine", engine)
    assert [line["top"] for line in seen] == [answer["top"] for answer in alone]
    assert [line["frame"] for line in seen] == [0, 1, 2]
    assert all(line["decode"] > 0 and line["infer"] > 0 for line in seen)  # type: ignore[operator]
    summary = last["summary"]
    assert isinstance(summary, dict)
    assert (summary["frames"], summary["inferences"], summary["cut_short"]) == (3, 3, 3)
    assert summary["bytes_passed"] == 11 + 3 * len(short)


def test_a_region_is_what_a_cut_picture_is(bundle: Path, tmp_path: Path) -> None:
    place = tmp_path / "frames"
    place.mkdir()
    (place / "a.png").write_bytes(picture(1, format="PNG"))
    cut = tmp_path / "cut.png"
    Image.open(place / "a.png").crop((10, 2, 34, 26)).save(cut)
    alone = succeeds("run", bundle, cut, "--json").record
    words = ("run", bundle, "--frames", place)
    seen = lines(*words, "--region", "10,2,24,24")
    assert seen[0]["top"] == alone[0]["top"]
    fails(*words, "--region", "30,2,24,24", exit_code=2, code="frame-region")


def test_still_frames_are_skipped(bundle: Path, tmp_path: Path) -> None:
    stream = tmp_path / "clip.mjpeg"
    stream.write_bytes(b"".join(picture(seed) for seed in (1, 1, 1, 2)))
    seen = lines("run", bundle, "--frames", stream, "--gate", "32")[:-1]
    assert [line["ran"] for line in seen] == [True, False, False, True]
    assert seen[1]["top"] == seen[0]["top"]
    assert seen[1]["infer"] == 0
    said = succeeds("run", bundle, "--frames", stream, "--gate", "32", "--limit", "2").out
    assert "000001: (" in said
    assert "skipped" in said
    assert "2 frames, 1 inferences by" in said


def test_a_pipe_of_a_camera(bundle: Path) -> None:
    """An answer comes when its picture is whole, not when the pipe is full or closed; one has no
    Huffman tables, as USB cameras send them."""
    words = [sys.executable, "-c", ENTRY, "run", str(bundle), "--frames", "-", "--json"]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        found = []
        for data in (without_tables(picture(1)), picture(1)):
            process.stdin.write(data)
            process.stdin.flush()
            found.append(json.loads(process.stdout.readline()))
        process.stdin.close()
        summary = json.loads(process.stdout.readline())["summary"]
    assert found[0]["top"] == found[1]["top"]
    assert [line["frame"] for line in found] == [0, 1]
    assert (summary["frames"], process.returncode) == (2, 0)


def test_the_latest_of_a_pipe(bundle: Path, tmp_path: Path) -> None:
    """Every frame is looked at or counted as dropped, the last one is looked at, whatever is
    faster; what waits in a file is no camera."""
    words = [sys.executable, "-c", ENTRY, "run", str(bundle), "--frames", "-", "--latest", "--json"]
    clip = b"".join(picture(seed) for seed in range(5))
    done = subprocess.run(words, input=clip, capture_output=True, cwd=ROOT, check=True)
    *seen, last = map(json.loads, done.stdout.splitlines())
    assert len(seen) + last["summary"]["dropped"] == 5
    assert seen[-1]["name"] == "000004"
    stream = tmp_path / "clip.mjpeg"
    stream.write_bytes(clip)
    for place in (stream, tmp_path):
        error = fails("run", bundle, "--frames", place, "--latest", exit_code=2,
                      code="option-unused")  # fmt: skip
        assert "do not grow old" in error["found"]
    with stream.open("rb") as given:
        done = subprocess.run(words, stdin=given, capture_output=True, cwd=ROOT, check=False)
    assert done.returncode == 2


def test_what_cannot_be_decoded_is_counted(bundle: Path, tmp_path: Path) -> None:
    stream = tmp_path / "clip.mjpeg"
    stream.write_bytes(b"\xff\xd8\xff\xd9" + picture(1))
    assert "left out: 1 unreadable, 0 cut short" in succeeds("run", bundle, "--frames", stream).out
    stream.write_bytes(b"\0\0\0\1\x67" * 50)
    error = fails("run", bundle, "--frames", stream, exit_code=1, code="no-pictures")
    assert "250 other bytes" in error["found"]
    assert "rpicam-vid" in error["hint"]
    done = edgekit("run", bundle, "--frames", tmp_path / "missing.mjpeg", "--json")
    assert json.loads(done.out)["error"]["code"] == "no-pictures"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), "run-inputs"),
        (("a.png", "--frames", "-"), "run-inputs"),
        (("a.png", "--gate", "3"), "camera-options"),
        (("a.png", "--latest"), "camera-options"),
        (("--frames", "x", "--region", "1,2"), "bad-option"),
    ],
)
def test_options_that_contradict(words: tuple[str, ...], code: str, bundle: Path) -> None:
    fails("run", bundle, *words, exit_code=2, code=code)
