"""What a Pi 5 and a phone say of themselves: programs that are asked, here made-up ones."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.artifacts.power import PowerTrace
from edgekit.errors import MeterError, UsageError
from edgekit.runtime.power.android import Android, Gauge, parse_gauge
from edgekit.runtime.power.names import make_meter
from edgekit.runtime.power.odpm import USUAL_V, Odpm, parse_odpm, power
from edgekit.runtime.power.pmic import Pmic, parse_rails
from edgekit.runtime.power.polled_meter import PolledMeter
from edgekit.runtime.power.recording import Capture

RAILS = """\
   3V3_SYS_A current(1)=0.10000000A
 VDD_CORE_A current(7)=2.00000000A
  DDR_VDD2_A current(3)=nanA
   3V3_SYS_V volt(9)=3.30000000V
 VDD_CORE_V volt(15)=0.80000000V
  DDR_VDD2_V volt(11)=1.10000000V
     EXT5V_V volt(24)=5.10000000V
      BATT_V volt(25)=0.00100000V
"""
DRAIN = "-250000\n4000000\nDischarging\n"


def script(path: Path, text: str, name: str = "tool") -> Path:
    """A program that prints `text`; `$COUNT` in it counts how often it was run."""
    tool, count = path / name, path / "count"
    count.write_text("0")
    tool.write_text(
        f"#!/bin/sh\nCOUNT=$(($(cat {count}) + 1))\necho $COUNT > {count}\ncat <<END\n{text}END\n"
    )
    tool.chmod(0o755)
    return tool


def record(meter: PolledMeter, readings: int = 4) -> PowerTrace:
    with meter:
        meter.start()
        while (seen := meter.preview(1000.0)) is None or len(seen.t) < readings:
            assert meter.failure is None
            time.sleep(0.01)
        return meter.stop()


def refused(meter: PolledMeter) -> MeterError:
    with pytest.raises(MeterError) as caught:
        meter.open()
    return caught.value


def test_rails_are_paired_by_name_and_summed() -> None:
    assert parse_rails(RAILS) == pytest.approx((5.1, 0.1 * 3.3 + 2.0 * 0.8))
    assert parse_rails("EXT5V_V volt(24)=5.1V\n") is None


@given(st.text(max_size=100))
@settings(max_examples=50, deadline=None)
def test_any_text_is_survived(text: str) -> None:
    assert parse_rails(text) is None
    assert parse_gauge(text) is None or parse_gauge(text) is not None


def test_a_pi_is_recorded(tmp_path: Path) -> None:
    trace = record(Pmic(str(script(tmp_path, RAILS)), interval_s=0.01))
    assert trace.volts == pytest.approx(5.1)
    assert trace.volts * trace.amps == pytest.approx(0.33 + 1.6)
    codes = [note.code for note in trace.warnings]
    assert codes[:2] == ["meter-rails", "meter-slow"]


def test_a_pi_without_currents(tmp_path: Path) -> None:
    answer = 'error=1 error_msg="Command not registered"\n'
    error = refused(Pmic(str(script(tmp_path, answer))))
    assert error.code == "meter-no-pmic"
    assert "Command not registered" in error.found


def test_no_pi_at_all(tmp_path: Path) -> None:
    error = refused(Pmic(str(tmp_path / "vcgencmd")))
    assert (error.code, error.found) == ("meter-no-program", "is not installed here")
    assert "Raspberry Pi 5 only" in error.hint


def test_a_program_that_cannot_be_run(tmp_path: Path) -> None:
    tool = script(tmp_path, RAILS)
    tool.write_bytes(b"\x7fELF nonsense")
    assert refused(Pmic(str(tool))).code == "meter-program"


@pytest.mark.parametrize(
    ("text", "gauge"),
    [
        (DRAIN, Gauge(0.25, 4.0, "Discharging")),
        ("250000\n4000000\nDischarging", Gauge(0.25, 4.0, "Discharging")),
        ("-250\n4000000\nDischarging", Gauge(0.25, 4.0, "Discharging")),
        ("250000\r\n4000000\r\nCharging\r\n", Gauge(0.25, 4.0, "Charging")),
        ("250000\n0\nDischarging", None),
        ("cat: current_now: Permission denied\n4000000\nFull", None),
        ("250000\n4000000\n", None),
    ],
)
def test_gauges_of_all_kinds(text: str, gauge: Gauge | None) -> None:
    found = parse_gauge(text)
    if gauge is None or found is None:
        assert found is gauge
    else:
        assert (found.amps, found.volts) == pytest.approx((gauge.amps, gauge.volts))
        assert found.status == gauge.status


def test_a_phone_is_recorded(tmp_path: Path) -> None:
    tool = script(tmp_path, "-${COUNT}00000\n4000000\nDischarging\n")
    trace = record(Android("ABC", interval_s=0.01, program=str(tool)))
    assert trace.volts == pytest.approx(4.0)
    assert 10 * trace.amps == pytest.approx((10 * trace.amps).round())
    assert trace.amps[0] > 0.15  # the first was asked when it was opened
    assert [note.code for note in trace.warnings][:2] == ["meter-gauge", "meter-slow"]
    assert trace.meter == "Android battery gauge at ABC"


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        ("250000\n4000000\nCharging\n", "meter-charging", "the battery is charging"),
        ("cat: current_now: Permission denied\n", "meter-no-gauge", "Permission denied"),
        ("error: no devices/emulators found\n", "adb-no-device", "adb sees no device"),
        ("error: more than one device/emulator\n", "adb-several", "adb sees several devices"),
        ("error: device unauthorized.\n", "adb-unauthorized", "it does not trust this computer"),
    ],
)
def test_phones_that_cannot_be_measured(answer: str, code: str, words: str, tmp_path: Path) -> None:
    error = refused(Android(program=str(script(tmp_path, answer))))
    assert error.code == code
    assert words in error.found
    assert (tmp_path / "count").read_text().strip() == "1"  # not asked in words of other meters


def test_a_gauge_that_never_changes_is_refused() -> None:
    raw = (DRAIN.encode() + b"\0") * 12
    size = len(DRAIN) + 1
    arrivals = tuple((size * (k + 1), 0.5 * k) for k in range(12))
    with pytest.raises(MeterError, match=r"12 equal readings of 0\.25 A") as caught:
        Android()._trace(Capture(raw, arrivals=arrivals))
    assert caught.value.code == "meter-stuck"


def test_readings_while_charging_are_left_out() -> None:
    words = [DRAIN, "-240000\n4000000\nCharging\n", "-260000\n4000000\nDischarging\n", DRAIN]
    raw = b"".join(text.encode() + b"\0" for text in words)
    ends = [len("\0".join(words[: k + 1])) + 1 for k in range(4)]
    arrivals = tuple((end, 0.5 * k) for k, end in enumerate(ends))
    trace = Android()._trace(Capture(raw, arrivals=arrivals))
    assert trace.amps == pytest.approx([0.25, 0.26, 0.25])
    assert "meter-bytes" in [note.code for note in trace.warnings]


def test_their_names() -> None:
    assert isinstance(make_meter("pmic:?interval=1"), Pmic)
    meter = make_meter("android:0A1B?adb=/opt/adb")
    assert isinstance(meter, Android)
    assert meter.identity.place == "0A1B"


ODPM = """\
t=349894
CH0(T=$(COUNT)000)[S4M_VDD_CPUCL0], $(COUNT)500000
CH1(T=$(COUNT)000)[S2S_VDD_G3D], $(COUNT)250000
t=349900
CH0(T=$(COUNT)000)[L2M_ALIVE], 7
4000000
""".replace("$(COUNT)", "${COUNT}")


def test_rails_of_a_phone_are_counters() -> None:
    now = ODPM.replace("${COUNT}", "2")
    found = parse_odpm(now)
    assert found is not None
    assert found[0]["S2S_VDD_G3D"] == (2000, 2_250_000)
    assert found[1] == pytest.approx(4.0)
    assert parse_odpm("CH0(T=1)[A], 5\ncat: voltage_now: Permission denied")[1] == USUAL_V  # type: ignore[index]
    assert parse_odpm("cat: Permission denied\n4000000") is None
    before = parse_odpm(ODPM.replace("${COUNT}", "1"))
    assert before is not None
    assert power(before[0], found[0]) == pytest.approx(2.0)  # 1 J in 1 s on each of two rails
    assert power(found[0], before[0]) is None  # started anew
    assert power(found[0], found[0]) is None  # not refreshed
    assert power({}, found[0]) is None


@given(st.text("CHT=()[], 019\n", max_size=60))
@settings(max_examples=50, deadline=None)
def test_any_text_of_rails_is_survived(text: str) -> None:
    assert parse_odpm(text) is None or parse_odpm(text) is not None


def test_a_phone_is_recorded_by_its_rails(tmp_path: Path) -> None:
    meter = make_meter(f"android:ABC?source=odpm&interval=0.1&adb={script(tmp_path, ODPM)}")
    assert isinstance(meter, Odpm)
    trace = record(meter)
    assert trace.volts * trace.amps == pytest.approx(2.0)
    assert [note.code for note in trace.warnings][:2] == ["meter-rails", "meter-slow"]
    assert "the sum of 3 power rails" in trace.warnings[0].message


def test_rails_may_be_chosen(tmp_path: Path) -> None:
    tool = script(tmp_path, ODPM)
    trace = record(Odpm("ABC", interval_s=0.01, program=str(tool), rails=("CPU", "ALIVE")))
    assert trace.volts * trace.amps == pytest.approx(1.0)
    error = refused(Odpm(interval_s=0.01, program=str(tool), rails=("MODEM",)))
    assert error.code == "meter-no-rails"
    assert error.allowed == "L2M_ALIVE, S2S_VDD_G3D, S4M_VDD_CPUCL0"


def test_phones_without_rails(tmp_path: Path) -> None:
    error = refused(Odpm(interval_s=1.0, program=str(script(tmp_path, "cat: Permission denied\n"))))
    assert error.code == "meter-no-odpm"
    assert "Permission denied" in error.found
    with pytest.raises(UsageError, match="rails= with source=odpm"):
        make_meter("android:?rails=CPU")
