"""Files for the official MLPerf Tiny runner: device list, test script, and a launcher.

The runner looks for its devices among the USB serial ports. A pseudo-terminal is none, so the
launcher tells the runner of ports with made-up identifiers and then runs it unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from edgekit.artifacts.files import write_file
from edgekit.runtime.mlperf.benchmarks import Benchmark
from edgekit.runtime.mlperf.windows import WINDOWS, Load

MADE_UP = 0xCAFE
PRODUCTS = {"dut": 0x4011, "interface": 0x4012, "power": 0x4013}
"""Kind of device -> the made-up product identifier of its port."""
DRIVERS = {"dut": "edgekit", "interface": "stm32h573i-dk", "power": "lpm01a"}
"""Kind of device -> the name that makes the runner take its driver."""
METER_BAUD = 3_686_400
LAUNCHER = '''"""The official MLPerf Tiny runner at these ports: python launch.py main.py -m p"""

import os
import runpy
import sys

from serial.tools import list_ports, list_ports_common

PORTS = [
{ports}
]


def comports(*_words, **_options):
    found = []
    for device, vendor, product in PORTS:
        port = list_ports_common.ListPortInfo(device, skip_link_detection=True)
        port.vid, port.pid, port.description = vendor, product, "EdgeKit"
        found.append(port)
    return found


list_ports.comports = comports
sys.argv = sys.argv[1:]
sys.path.insert(0, os.path.dirname(os.path.abspath(sys.argv[0])))
runpy.run_path(sys.argv[0], run_name="__main__")
'''


def device_list(kinds: Mapping[str, str], baud: int, volts: float) -> str:
    """devices.yaml for the kinds of devices there are ("dut", "interface", "power" -> port).

    The runner wants a `dut` entry always: the rate of the board's line stands there.
    """
    entries = []
    for kind in ("interface", "power", "dut"):
        if kind not in kinds and kind != "dut":
            continue
        rate = METER_BAUD if kind == "power" else baud
        lines = [f"- name: {DRIVERS[kind]}", f"  type: {kind}", f"  baud: {rate}"]
        if kind == "power":
            lines.append(f"  voltage: {volts:g}")
        lines += ["  usb:", f"    {MADE_UP:#06x}: {PRODUCTS[kind]:#06x}"]
        entries.append("\n".join(lines))
    return "\n".join(entries) + "\n"


def test_script(benchmark: Benchmark, load: Load | None) -> str:
    """tests.yaml: five windows of `load`, or every file once where it is None."""
    steps = (
        ["    - loop:", "      - download", "      - infer 1 0"]
        if load is None
        else [
            f"    - loop {WINDOWS}:",
            "      - download",
            f"      - infer {load.inferences} {load.warmup}",
        ]
    )
    head = [f"{benchmark.id}:", f"  name: {benchmark.title.replace(' ', '_').replace(',', '')}"]
    head += [f"  model: {benchmark.folder}", "  truth_file: y_labels.csv", "  script:"]
    return "\n".join([*head, *steps]) + "\n"


def launcher(kinds: Mapping[str, str]) -> str:
    """launch.py for the ports of the kinds of devices."""
    rows = (
        f'    ("{port}", {MADE_UP:#06x}, {PRODUCTS[kind]:#06x}),' for kind, port in kinds.items()
    )
    return LAUNCHER.replace("{ports}", "\n".join(rows))


def write_runner_files(
    folder: Path,
    kinds: Mapping[str, str],
    benchmark: Benchmark,
    load: Load | None,
    *,
    baud: int,
    volts: float,
) -> tuple[Path, ...]:
    """Write the three files; their paths. Raises OutputError."""
    texts = {
        "devices.yaml": device_list(kinds, baud, volts),
        "tests.yaml": test_script(benchmark, load),
        "launch.py": launcher(kinds),
    }
    for name, text in texts.items():
        write_file(folder / name, text)
    return tuple(folder / name for name in texts)
