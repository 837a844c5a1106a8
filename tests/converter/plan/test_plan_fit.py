"""The fit question, and every way of saying no."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edgekit.artifacts.bundle import ArenaBlock
from edgekit.converter.plan.fit import (
    FIRMWARE_BYTES,
    Footprint,
    bench_note,
    check_fit,
    footprint,
    require_fit,
)
from edgekit.errors import DoesNotFitError
from edgekit.targets.model import Memory, Target
from tests.helpers.generated_c import INCLUDE, TARGET, generate, kernel_paths, write
from tests.helpers.random_graphs import random_graph
from tests.helpers.toolchains import compile_c, require, run

KB = 1024
SIZES = Footprint(constants=200 * KB, arena=50 * KB, code=20 * KB, static=2 * KB)


def board(name: str, flash: int, *rams: int, stack: int = 4096) -> Target:
    memories = [Memory(name="FLASH", kind="flash", start=0, size=flash * KB)]
    for index, ram in enumerate(rams):
        start = 0x20000000 + index * 0x1000000
        memories.append(Memory(name=f"RAM{index}", kind="ram", start=start, size=ram * KB))
    changes = {"name": name, "memories": tuple(memories), "stack_bytes": stack}
    return TARGET.model_copy(update=changes)


BIG = board("big", 1024, 256)


def refusal(target: Target, **more: object) -> DoesNotFitError:
    with pytest.raises(DoesNotFitError) as caught:
        require_fit(SIZES, target, model="vww", **more)  # type: ignore[arg-type]
    return caught.value


def test_needs_count_code_stack_and_variables() -> None:
    result = require_fit(SIZES, BIG, model="vww")
    assert result.flash_needed == 220 * KB
    assert result.ram_needed == 56 * KB
    assert (result.flash_available, result.ram_available) == (1024 * KB, 256 * KB)
    assert result.fits


@pytest.mark.parametrize(("flash", "fits"), [(220, True), (219, False)])
def test_flash_to_the_byte(flash: int, fits: bool) -> None:
    assert check_fit(SIZES, board("b", flash, 256)).fits is fits


@pytest.mark.parametrize(("ram", "fits"), [(56, True), (55, False)])
def test_ram_to_the_byte(ram: int, fits: bool) -> None:
    assert check_fit(SIZES, board("b", 1024, ram)).fits is fits


def test_a_larger_stack_counts() -> None:
    assert not check_fit(SIZES, board("b", 1024, 56, stack=8192)).fits


def test_the_arena_must_fit_into_one_ram() -> None:
    assert check_fit(SIZES, board("b", 1024, 50, 20)).fits
    error = refusal(board("b", 1024, 40, 40))
    assert "arena in one RAM needs 50.0 KiB of 40.0 KiB" in error.found


@pytest.mark.parametrize(("ram", "fits"), [(83, True), (82, False)])
def test_the_benchmark_firmware_keeps_a_copy_of_the_inputs(ram: int, fits: bool) -> None:
    sizes = replace(SIZES, inputs=27 * KB)
    result = check_fit(sizes, board("b", 1024, ram))
    assert result.fits
    assert result.bench_fits is fits


def test_the_benchmark_firmware_needs_one_ram_for_all() -> None:
    assert check_fit(SIZES, board("b", 1024, 50, 20)).bench_fits is False


def test_code_allowance_covers_model_and_kernels(tmp_path: Path) -> None:
    """Against what the compiler makes of them; the firmware's share is measured by its own."""
    require("arm-none-eabi-size")
    model = generate(random_graph(3, 12), "sized")
    sizes = footprint(model.program, model.memory)
    sources = [tmp_path / "sized.c", *kernel_paths(model.source.kernels)]
    write(model, tmp_path)
    flags = ("-mthumb", "-mcpu=cortex-m0", "-O3", "-DNDEBUG", "-c")
    includes = (f"-I{INCLUDE}", f"-I{tmp_path}")
    compile_c("arm-none-eabi-gcc", *flags, *includes, *sources, cwd=tmp_path)
    objects = sorted(map(str, tmp_path.glob("*.o")))
    table = run(["arm-none-eabi-size", *objects]).stdout.splitlines()[1:]
    code = sum(int(row.split()[0]) for row in table)
    assert code <= sizes.code - FIRMWARE_BYTES
    assert sizes.inputs == sum(port.bytes for port in model.program.inputs)


def test_a_target_without_memories_always_fits() -> None:
    result = check_fit(Footprint(1 << 40, 1 << 40), TARGET)
    assert result.fits
    assert result.bench_fits


def test_too_little_ram_names_an_input_size_a_width_and_homes() -> None:
    small = board("small", 1024, 32)
    error = refusal(small, input_shape=(1, 96, 96, 3), others=[small, BIG])
    assert (error.code, error.exit_code) == ("does-not-fit", 3)
    assert error.subject == "vww on small"
    assert error.found == "RAM needs 56.0 KiB of 32.0 KiB, 24.0 KiB too much"
    assert error.hint == (
        "by rough estimate it would fit with an input of about 64x64 instead of 96x96"
        " or about 0.5 times its width (alpha); it fits as it is on big"
    )


def test_the_nearest_homes_are_named_and_the_rest_counted() -> None:
    """The smallest memory first, another kind of target last, six names at most."""
    boards = [board(f"b{ram}", 1024, ram) for ram in (512, 64, 128, 1024, 256)]
    phone = BIG.model_copy(update={"name": "a-phone", "family": "android"})
    small = board("small", 1024, 32)
    hint = refusal(small, others=[phone, *boards]).hint
    assert hint.endswith("it fits as it is on b64, b128, b256, b512, b1024, a-phone")
    more = [board(f"c{ram}", 1024, ram) for ram in (65, 66)]
    hint = refusal(small, others=[phone, *boards, *more]).hint
    assert hint.endswith("it fits as it is on b64, c65, c66, b128, b256, b512 and 2 more")


def test_the_suggested_input_would_fit() -> None:
    error = refusal(board("small", 1024, 32), input_shape=(1, 96, 96, 3))
    assert "64x64" in error.hint
    scaled = replace(SIZES, arena=SIZES.arena * 64**2 // 96**2)
    assert check_fit(scaled, board("small", 1024, 32)).fits


def test_too_little_flash_names_a_width_but_no_input_size() -> None:
    error = refusal(board("small", 128, 256), input_shape=(1, 96, 96, 3))
    assert error.found == "flash needs 220.0 KiB of 128.0 KiB, 92.0 KiB too much"
    assert error.hint == "by rough estimate it would fit with about 0.7 times its width (alpha)"


def test_both_too_small_are_both_named() -> None:
    error = refusal(board("tiny", 128, 32))
    assert "flash needs" in error.found
    assert "RAM needs" in error.found


def test_a_target_too_small_for_its_own_code() -> None:
    error = refusal(board("speck", 16, 256))
    assert error.hint == "use a smaller model: this target has too little even for its code"


def test_images_that_would_become_tiny_are_not_suggested() -> None:
    error = refusal(board("small", 1024, 7), input_shape=(1, 12, 12, 3))
    assert "an input of about" not in error.hint


BLOCKS = (ArenaBlock("RAM1", 20 * KB, 20 * KB, 30 * KB), ArenaBlock("RAM0", 30 * KB, 0, 40 * KB))


@pytest.mark.parametrize(
    ("main", "other", "fits"), [(38, 21, True), (37, 21, False), (38, 20, False)]
)
def test_blocks_are_held_against_their_own_memories(main: int, other: int, fits: bool) -> None:
    """30 KiB, stack, variables and guard words in the one, 20 KiB and guard words in the other."""
    sizes = replace(SIZES, static=3 * KB, blocks=BLOCKS)
    assert check_fit(sizes, board("b", 1024, main, other)).ram_fits is fits


def test_blocks_of_memories_that_a_target_does_not_have() -> None:
    assert check_fit(replace(SIZES, blocks=BLOCKS), board("b", 1024, 512)).ram_fits is False


def test_the_benchmark_firmware_fits_beside_the_block_in_the_largest_ram() -> None:
    sizes = replace(SIZES, static=3 * KB, inputs=KB, blocks=BLOCKS)
    assert check_fit(sizes, board("b", 1024, 39, 21)).bench_fits
    assert not check_fit(replace(sizes, inputs=2 * KB), board("b", 1024, 38, 21)).bench_fits


def test_what_several_memories_lack_takes_the_place_of_what_one_does() -> None:
    error = refusal(board("small", 128, 32), unplaced="nothing fits")
    assert error.found == "flash needs 220.0 KiB of 128.0 KiB, 92.0 KiB too much; nothing fits"
    assert "nothing fits" not in refusal(board("small", 128, 256), unplaced="nothing fits").found


def test_a_note_where_only_the_benchmark_firmware_does_not_fit() -> None:
    sizes, target = replace(SIZES, inputs=27 * KB), board("b", 1024, 80)
    note = bench_note(check_fit(sizes, target), target, "vww", lambda most: [f"{most}", "more"])
    assert note is not None
    assert (note.code, note.level) == ("bench-fit", "warning")
    assert note.message.endswith("by estimate does not: 3072 B too much for one RAM")
    assert note.advice == f"to run `edgekit bench` on b convert with {47 * KB} or more"
    nothing = bench_note(check_fit(sizes, target), target, "vww", lambda _: [])
    assert nothing is not None
    assert nothing.advice == "a smaller input or a thinner network needs less"
    kept = replace(sizes, arena=47 * KB)
    assert bench_note(check_fit(kept, target), target, "vww", lambda _: []) is None


def test_no_note_for_a_machine_that_runs_no_firmware() -> None:
    phone = board("b", 1024, 80).model_copy(update={"family": "android"})
    result = check_fit(replace(SIZES, inputs=27 * KB), phone)
    assert bench_note(result, phone, "vww", lambda _: []) is None
