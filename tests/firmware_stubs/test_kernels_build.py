"""Kernels compile cleanly everywhere, survive the C fuzz driver, give one checksum on all cores.

The driver (firmware_stubs/test/fuzz*.c) compares every kernel with a naive version in C.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.converter.lower.headers import header
from edgekit.firmware_stubs import catalog
from tests.helpers.toolchains import MACHINES, Machine, compile_c, require, run, run_in_qemu

FOLDER = catalog.ROOT / "test"
KERNELS = [catalog.kernel_source(name) for name in catalog.kernel_functions("ref")]
CONFORMANCE = {
    *("svdf_s8", "lstm_s8", "log_softmax_s8", "l2_normalization_s8"),
    *("reduce_min_s8", "squared_difference_s8", "div_s8"),
    *("compare_s8", "compare_s32", "logical_s8", "select_s8"),
    *("cast_s8_f32", "cast_s8_s32", "cast_s32_f32", "cast_f32_s32"),
}
"""Those of int8 that the conformance suite alone compares, with tflite-micro, under sanitizers and
in QEMU."""
BY_ESTIMATORS = {"tree_ensemble_s8_f32"}
"""What tests of scikit-learn's models compare with their predictions, here and in QEMU."""
FUZZED = [
    path
    for path in KERNELS
    if header(f"ek_{path.stem}__ref") in ("ek_kernels.h", "ek_kernels_w8.h")
    and path.stem not in CONFORMANCE | BY_ESTIMATORS
]
"""Those of int8 and the decoders of stored weights; tests of whole models run the other number
formats' on all boards."""
DRIVER = sorted(FOLDER.glob("fuzz*.c"))
INCLUDE = f"-I{catalog.INCLUDE}"
SHAPES_IN_QEMU = 300

CORES = {
    "gcc": (),
    "clang": (),
    **{machine.cpu[0].removeprefix("-mcpu="): machine.cpu for machine in MACHINES.values()},
}

MUTATIONS = [
    ("conv2d_s8", "p->input_zero * sum", "0 * sum"),
    ("conv2d_s8", "columns.end * p->input_c,", "columns.begin * p->input_c,"),
    ("conv2d_s8", "j += run", "j += run + 1"),
    ("depthwise_conv2d_s8", "return input + block.first", "return input"),
    ("depthwise_conv2d_s8", "block.first % p->depth_multiplier", "0"),
    ("depthwise_conv2d_s8", "q[o * p->q_step]", "q[0]"),
    ("fully_connected_s8", "p->act_min, p->act_max);\n        }", "p->act_min, 127);\n        }"),
    ("average_pool2d_s8", "sum - half", "sum"),
    ("max_pool2d_s8", "largest = INT8_MIN", "largest = -127"),
    ("mean_s8", "count(&summed) * p->input_zero", "p->input_zero"),
    ("add_s8", "a - p->a_zero", "a"),
    ("mul_s8", "row_b[l * sb[3]]", "row_b[l]"),
    ("pad_s8", "p->before[axis] * stride[axis]", "p->before[axis]"),
    ("concat_s8", "+ p->offset,", "+ 1,"),
    ("softmax_s8", "+ 31 - 8", "+ 31 - 7"),
    ("lut_s8", "input[i] + 128", "input[i] + 127"),
    ("quantize_f32_s8", ">= 0.5f", "> 0.5f"),
    ("dequantize_s8_f32", "- zero_point", "+ zero_point"),
    ("copy_s8", "(size_t)count)", "(size_t)count / 2)"),
    ("move_s8", "input += 16", "input += 15"),
    ("shift_s8", "window + shift, window", "window, window"),
    ("shift_s8", "left < shift ?", "left > shift ?"),
    ("running_mean_s8", "rows * p->input_zero", "channels * p->input_zero"),
    ("running_average_s8", "sum - half", "sum"),
    ("running_average_s8", "sums + c", "sums"),
    ("sub_s8", "(uint32_t)scaled_a - (uint32_t)scaled_b", "(uint32_t)scaled_b"),
    ("prelu_s8", "centred >= 0", "centred > -2"),
    ("maximum_s8", "row_a[l * sa[3]]", "row_a[l]"),
    ("minimum_s8", "x < y", "x > y"),
    ("strided_copy_s8", "x[l * stride]", "x[l]"),
    ("take_s8", "row * p->input_n", "row * p->output_n"),
    ("arg_max_s8", "> x[best", ">= x[best"),
    ("batch_matmul_s8", "column * sb[3]", "column"),
    ("resize_bilinear_s8", "total > 0", "total > -1000000"),
    ("transpose_conv2d_s8", "down % p->stride_h", "0"),
    ("decode_rans_w8", "x < 0x10000", "x < 0x8000"),
    ("decode_rans_w8", "&& words < end", ""),
    ("decode_rans_w8", "if (p->lanes)", "if (!p->lanes)"),
    ("decode_palette_w8", "&& words < end", ""),
    ("decode_palette_w8", "count += 16", "count += 15"),
    ("decode_half_w8", "exponent = 1;", "exponent = 2;"),
    ("decode_half_w8", "p->bytes / 4 < p->words ?", "1 ?"),
]


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the driver and all kernels as object files for the host."""
    folder = tmp_path_factory.mktemp("objects")
    shapes = f"-DEK_FUZZ_SHAPES={SHAPES_IN_QEMU}"
    compile_c("gcc", "-O1", INCLUDE, shapes, "-c", *DRIVER, *KERNELS, cwd=folder)
    return folder


def checksum(output: str) -> str:
    return output.strip().splitlines()[-1].removeprefix("checksum ")


@pytest.mark.parametrize("flags", [pytest.param("-O2", marks=pytest.mark.slow), "-O3 -DNDEBUG"])
@pytest.mark.parametrize("core", CORES)
def test_kernels_compile_without_a_warning(core: str, flags: str, tmp_path: Path) -> None:
    compiler = core if core in ("gcc", "clang") else "arm-none-eabi-gcc"
    target = ["-mthumb", *CORES[core]] if CORES[core] else []
    compile_c(compiler, *target, *flags.split(), INCLUDE, "-c", *KERNELS, cwd=tmp_path)


@pytest.mark.parametrize("header", [path.name for path in catalog.include_files()])
def test_each_header_stands_alone(header: str, tmp_path: Path) -> None:
    source = tmp_path / "alone.c"
    source.write_text(f'#include "{header}"\n#include "{header}"\nint unused(void);\n')
    compile_c("gcc", INCLUDE, "-c", source, cwd=tmp_path)


@pytest.mark.parametrize("compiler", [pytest.param("gcc", marks=pytest.mark.slow), "clang"])
def test_three_thousand_shapes_of_each_kernel_under_sanitizers(
    compiler: str, tmp_path: Path
) -> None:
    program = tmp_path / "fuzz"
    checks = ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    flags = [*checks, INCLUDE, "-DEK_FUZZ_SHAPES=3000"]
    compile_c(compiler, *flags, *DRIVER, *KERNELS, "-lm", "-o", program)
    done = run([program])
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("3000 shapes, 0 failures") == len(FUZZED)


@pytest.mark.parametrize(("kernel", "old", "new"), MUTATIONS)
def test_the_driver_notices_a_wrong_kernel(
    kernel: str, old: str, new: str, objects: Path, tmp_path: Path
) -> None:
    text = catalog.kernel_source(f"ek_{kernel}__ref").read_text()
    assert text.count(old) == 1, "the mutation no longer applies"
    mutant = tmp_path / "mutant.c"
    mutant.write_text(text.replace(old, new))
    others = [path for path in objects.glob("*.o") if path.stem != kernel]
    program = tmp_path / "fuzz"
    compile_c("gcc", "-w", INCLUDE, mutant, *others, "-lm", "-o", program)
    assert run([program]).returncode != 0


@pytest.mark.qemu
@pytest.mark.parametrize("machine", MACHINES.values(), ids=lambda machine: machine.name)
def test_outputs_on_a_cortex_m_equal_those_of_the_host(
    machine: Machine, objects: Path, tmp_path: Path
) -> None:
    require("arm-none-eabi-gcc", "qemu-system-arm")
    elf, places = tmp_path / "fuzz.elf", ("EK_TEXT", "EK_DATA", "EK_STACK")
    addresses = zip(places, (machine.text, machine.data, machine.stack), strict=True)
    compile_c(
        "arm-none-eabi-gcc",
        *("-mthumb", *machine.cpu, "-O3", INCLUDE, f"-DEK_FUZZ_SHAPES={SHAPES_IN_QEMU}"),
        *("-ffunction-sections", "-Wl,--gc-sections", "-nostartfiles", "--specs=rdimon.specs"),
        *("-T", FOLDER / "qemu.ld", *(f"-Wl,--defsym={name}={at:#x}" for name, at in addresses)),
        *(*DRIVER, FOLDER / "qemu_start.c", *KERNELS, "-lm", "-o", elf),
    )
    host = tmp_path / "host"
    compile_c("gcc", *objects.glob("*.o"), "-lm", "-o", host)
    board = run_in_qemu(machine, elf)
    assert board.returncode == 0, board.stdout + board.stderr
    assert board.stdout.count("0 failures") == len(FUZZED)
    assert checksum(board.stdout) == checksum(run([host]).stdout)
