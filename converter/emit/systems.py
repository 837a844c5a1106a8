"""What the build systems of --format are called, take, and are told in three commands."""

from __future__ import annotations

from dataclasses import dataclass

from edgekit.artifacts.figures import Note
from edgekit.targets.model import Target

PORTABLE_ISAS = ("c32", "any", "ref")
"""Kernels in plain C."""


@dataclass(frozen=True, slots=True)
class System:
    """One build system. In commands and notes {name}, {upper} and {board} are filled in."""

    title: str
    commands: tuple[str, ...]
    notes: tuple[str, ...] = ()
    isas: tuple[str, ...] | None = None
    """Kernels its processors may have besides those in plain C; None: whatever the target has."""


SYSTEMS = {
    "cmake": System(
        "CMake",
        (
            "cmake -B build -D {upper}_TEST=ON -D CMAKE_INSTALL_PREFIX=installed",
            "cmake --build build --target install",
            "ctest --test-dir build --verbose",
        ),
        (
            "Elsewhere: `find_package({name} REQUIRED)` with `installed` in CMAKE_PREFIX_PATH, or"
            " `add_subdirectory`, then `target_link_libraries(app {name}::{name})`.",
            "Kernels for Arm need a cross compiler: give its toolchain file to the first command.",
        ),
    ),
    "arduino": System(
        "Arduino",
        (
            "arduino-cli compile --library . -b arduino:mbed_nano:nano33ble"
            " examples/{name}_self_test",
            "arduino-cli upload -b arduino:mbed_nano:nano33ble -p /dev/ttyACM0"
            " examples/{name}_self_test",
            "arduino-cli monitor -p /dev/ttyACM0 -c baudrate=115200",
        ),
        (
            "Or copy this folder into the sketchbook's `libraries`. `-b` names your board.",
            "An AVR board keeps weights in its RAM: there a model may have a few kilobytes.",
            "Before you publish it, set author, maintainer and url in `library.properties`.",
        ),
        isas=("dsp",),
    ),
    "platformio": System(
        "PlatformIO",
        (
            "pio run -d examples/self_test -e native",
            "examples/self_test/.pio/build/native/program",
            "pio run -d examples/self_test -e board -t upload -t monitor",
        ),
        (
            "In a project of yours: `lib_deps = symlink://THIS/FOLDER`, or a copy in `lib`.",
            "`native` needs kernels in plain C; `board` in `platformio.ini` is for you to change.",
        ),
    ),
    "zephyr": System(
        "Zephyr",
        (
            "west build -b {board} samples/self_test",
            "west build -t run",
            "west twister -T samples/self_test -p {board}",
        ),
        (
            "In an application of yours: `list(APPEND EXTRA_ZEPHYR_MODULES PATH/OF/THIS/FOLDER)`"
            " before `find_package(Zephyr)`, and `CONFIG_EDGEKIT_{upper}=y` in `prj.conf`.",
        ),
    ),
    "esp-idf": System(
        "ESP-IDF",
        (
            "idf.py -C examples/self_test set-target esp32s3",
            "idf.py -C examples/self_test build",
            "idf.py -C examples/self_test flash monitor",
        ),
        (
            "In a project of yours: copy this folder to `components`, or name it with `path:` in"
            " the `idf_component.yml` of the component that uses it.",
        ),
        isas=(),
    ),
    "tflm": System(
        "TensorFlow Lite Micro",
        (
            "make -C $TFLM -f tensorflow/lite/micro/tools/make/Makefile microlite",
            "c++ -std=c++17 -I. -Iexamples/self_test -I$TFLM"
            " -I$TFLM/tensorflow/lite/micro/tools/make/downloads/flatbuffers/include"
            " -I$TFLM/tensorflow/lite/micro/tools/make/downloads/gemmlowp"
            " examples/self_test/self_test.cc {name}_model_data.cc"
            " $(find $TFLM/gen -name libtensorflow-microlite.a) -o self_test",
            "./self_test",
        ),
        (
            "`$TFLM` is a checkout of tflite-micro. `{upper}_TFLM_ARENA` is a guess on the safe"
            " side; the example prints what the interpreter took.",
            "The outputs must be those of its reference kernels; optimized ones may round apart.",
        ),
    ),
}
"""By value of --format."""

ZEPHYR_BOARDS = {
    "mve": "mps3/corstone300/an547",
    "dsp": "mps2/an386",
    "c32": "qemu_cortex_m3",
    "any": "qemu_cortex_m3",
    "ref": "qemu_cortex_m3",
}
"""Kernels -> a board of Zephyr's that runs in QEMU and has them; the first that fits."""

DSP_ARCHITECTURES = (
    "mbed_giga",
    "mbed_nano",
    "mbed_nicla",
    "mbed_opta",
    "mbed_portenta",
    "nrf52",
    "renesas_portenta",
    "renesas_uno",
    "stm32",
)
"""Arduino cores with a Cortex-M4, M7 or M33."""
PORTABLE_ARCHITECTURES = tuple(
    sorted((*DSP_ARCHITECTURES, "avr", "esp32", "mbed_rp2040", "rp2040", "sam", "samd"))
)
"""Arduino cores that compile plain C; AVR, whose int has 16 bits, keeps constants in RAM."""


def restricted(target: Target, code_format: str) -> tuple[Target, tuple[Note, ...]]:
    """The target with only the kernels that processors of the build system have, and what to say.

    ESP-IDF has no Arm core, so there the kernels are those in plain C.
    """
    system = SYSTEMS[code_format]
    if system.isas is None:
        return target, ()
    own = target.cpu.isa
    fast = [isa for isa in own if isa in system.isas]
    isas = (*fast, *(isa for isa in PORTABLE_ISAS if isa != "c32" or isa in own))
    if isas == tuple(own):
        return target, ()
    left_out = [isa for isa in own if isa not in isas]
    note = Note(
        "portable-kernels",
        target.name,
        f"{system.title} runs on other processors than this: kernels from {', '.join(isas)}"
        + f", none from {', '.join(left_out)}" * bool(left_out),
        "c/ has the same; convert without --format for this target's own",
        level="info",
    )
    return target.model_copy(update={"cpu": target.cpu.model_copy(update={"isa": isas})}), (note,)
