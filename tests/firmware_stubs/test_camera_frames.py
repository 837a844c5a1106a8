"""Conversion of frames in C against its definition in NumPy, bit for bit."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgekit.converter.camera.emit import emit_plan, has_lanes
from edgekit.converter.camera.formats import FORMATS
from edgekit.converter.camera.plan import FramePlan, Region, convert_frame
from edgekit.firmware_stubs.catalog import ROOT
from edgekit.firmware_stubs.sources import APP, CAMERA, INCLUDE, PORT, app_units, camera_units
from tests.helpers.frame_library import convert
from tests.helpers.frame_plans import plan, plans, random_frame

WARNINGS = ("-std=c11", "-Wall", "-Wextra", "-Werror", "-Wpedantic", "-Wshadow", "-Wconversion")
WORK = ("PIXELS", "KEPT", "MIXED", "LANES")
SANITIZE = ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


@given(plans(), st.integers(0, 2**32 - 1))
@settings(max_examples=150, deadline=None)
def test_c_equals_numpy_on_random_frames(found: FramePlan, seed: int) -> None:
    frame = random_frame(found, seed)
    np.testing.assert_array_equal(convert(found, frame), convert_frame(found, frame))


@given(plans().filter(has_lanes), st.integers(0, 2**32 - 1))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
def test_lanes_equal_numpy_on_random_frames(found: FramePlan, seed: int) -> None:
    frame = random_frame(found, seed)
    np.testing.assert_array_equal(convert(found, frame, lanes=True), convert_frame(found, frame))


@pytest.mark.parametrize("format", sorted(FORMATS))
@pytest.mark.parametrize("value", [0, 255])
def test_c_equals_numpy_at_the_ends_of_the_range(format: str, value: int) -> None:
    found = plan((9, 7, 3), format, 32, 24)
    frame = np.full((24, 32 * found.format.pixel_bytes), value, np.uint8)
    for lanes in (False, True):
        made = convert(found, frame, lanes=lanes)
        np.testing.assert_array_equal(made, convert_frame(found, frame))


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_the_sources_are_clean(compiler: str) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"no {compiler}")
    files = sorted(map(str, CAMERA.glob("ek_[fugl]*.c")))
    command = [compiler, *WARNINGS, f"-I{CAMERA}", "-fsyntax-only", *files]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def case_plans() -> dict[str, FramePlan]:
    """A plan of each format for one and for three channels, with a region that needs its edges,
    and once more for those that have lanes."""
    found = {
        f"plan_{format}_{channels}": plan(
            (11, 14, channels), format, 42, 31, region=Region(3, 1, 38, 30)
        )
        for format in sorted(FORMATS)
        for channels in (1, 3)
    }
    return found | {f"lanes_{name}": case for name, case in found.items() if has_lanes(case)}


def program(cases: dict[str, FramePlan]) -> str:
    """A main that reads a frame of each plan and writes what it becomes, each in memory of its
    exact size from the heap, where the sanitizer sees every byte too far."""
    calls = [
        f"    work(&{name}, {name.upper()}_FRAME_BYTES, {name.upper()}_INPUT_BYTES,"
        f" {', '.join(f'{name.upper()}_{part}_BYTES' for part in WORK)});"
        for name in cases
    ]
    return "\n".join(
        (
            "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>",
            '#include "frame_whole.h"',
            *(f'#include "{name}.h"' for name in cases),
            "static void work(const ek_frame_plan_t *plan, size_t frame, size_t input,",
            "                 size_t pixels, size_t kept, size_t mixed, size_t lanes)",
            "{",
            "    uint8_t *raw = malloc(frame), *out = malloc(input);",
            "    ek_frame_work_t w = {malloc(pixels), malloc(kept), malloc(mixed), malloc(lanes)};",
            "    if (fread(raw, 1, frame, stdin) != frame) exit(1);",
            "    frame_whole_t whole = {raw, (uint32_t)(frame / plan->height)};",
            "    ek_frame_convert(plan, &w, frame_whole_row, &whole, 0, 0, out);",
            "    fwrite(out, 1, input, stdout);",
            "    free(raw), free(out), free(w.pixels), free(w.kept), free(w.mixed), free(w.lanes);",
            "}",
            "int main(void)",
            "{",
            *calls,
            "    return 0;",
            "}",
            "",
        )
    )


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_emitted_plans_run_under_the_sanitizers(compiler: str, tmp_path: Path) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"no {compiler}")
    cases = case_plans()
    files = {"main.c": program(cases)}
    for name, found in cases.items():
        files |= emit_plan(found, name, lanes=name.startswith("lanes_"))
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    sources = [tmp_path / name for name in files if name.endswith(".c")]
    sources += [*CAMERA.glob("ek_[ful]*.c"), ROOT / "test" / "frame_whole.c"]
    includes = [f"-I{folder}" for folder in (tmp_path, CAMERA, ROOT / "test")]
    binary = tmp_path / "main"
    command = [compiler, *WARNINGS, *SANITIZE, *includes, *map(str, sources), "-o", str(binary)]
    subprocess.run(command, check=True)
    frames = {name: random_frame(found, 5) for name, found in cases.items()}
    sent = b"".join(frame.tobytes() for frame in frames.values())
    done = subprocess.run([str(binary)], input=sent, capture_output=True, check=True)
    expected = b"".join(convert_frame(cases[name], raw).tobytes() for name, raw in frames.items())
    assert done.stdout == expected


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_the_application_is_clean(compiler: str, tmp_path: Path) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"no {compiler}")
    found = plan((11, 14, 3), "yuyv", 42, 31)
    for name, text in emit_plan(found).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    size = int(np.prod(found.shape))
    defines = ("-DEK_MODEL=m", "-DEK_ARENA_BYTES=64", f"-DEK_INPUT_BYTES={size}", "-DEK_CAMERA")
    folders = (INCLUDE, APP, CAMERA, CAMERA / "app", PORT / "posix", tmp_path)
    units = [unit for unit in camera_units(tmp_path, "virtual") if unit.group == "app"]
    files = [str(unit.path) for unit in (*units, *app_units())]
    includes = [f"-I{folder}" for folder in folders]
    command = [compiler, *WARNINGS, *defines, *includes, "-fsyntax-only", *files]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
