"""Where a board of a benchmark by MLPerf Tiny's rules is real."""

from __future__ import annotations

import pytest

from edgekit.deploy.mlperf_board import MlperfBoard
from edgekit.runtime.link.dut import Identity
from edgekit.runtime.link.transport import SerialTransport
from edgekit.runtime.mlperf.benchmarks import BENCHMARKS
from edgekit.runtime.mlperf.device import Device


@pytest.mark.parametrize(
    ("port", "provenance"),
    [
        ("/dev/ttyACM0", "measured"),
        ("COM3", "measured"),
        ("/dev/pts/7", "simulated"),
        ("socket://localhost:4000", "simulated"),
    ],
)
def test_only_what_is_at_a_serial_port_was_measured(port: str, provenance: str) -> None:
    device = Device(SerialTransport(port))
    board = MlperfBoard(device, Identity("x", "y", "kws01", 0), BENCHMARKS["kws01"], None)
    assert board.provenance == provenance
