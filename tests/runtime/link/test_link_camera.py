"""Why a camera gives no frame: every word of the firmware has advice."""

from __future__ import annotations

import re

from edgekit.firmware_stubs.sources import CAMERA
from edgekit.runtime.link.camera import ADVICE, CameraFault

STATUSES = re.compile(r"ek_sccb_status_name\(.*?^\}", re.MULTILINE | re.DOTALL)


def test_every_word_for_a_fault_has_advice() -> None:
    header = (CAMERA / "capture" / "ek_row_source.h").read_text(encoding="utf-8")
    faults = set(re.findall(r'#define EK_FAULT_\w+ "([^"]+)"', header))
    found = STATUSES.search((CAMERA / "sensors" / "ek_sccb.c").read_text(encoding="utf-8"))
    assert found is not None
    words = set(re.findall(r'"([^"]+)"', found[0])) - {"ok", "unknown"}
    assert {"no frames", "short row"} < faults
    assert {"no chip", "wrong chip"} < words
    assert set(ADVICE) == faults | words


def test_a_fault_without_a_word_of_its_own() -> None:
    error = CameraFault("/dev/ttyACM0", "")
    assert "it does not say why" in error.found
    assert "wiring" in error.hint
