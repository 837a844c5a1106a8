"""Decoding of the PPK2's metadata and sample stream."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.runtime.power import ppk2_wire as wire
from edgekit.runtime.power.spike_filter import FAST, SLOW, filter_spikes
from edgekit.runtime.power.virtual_ppk2 import CALIBRATION, metadata_text
from tests.helpers.fake_ppk2 import stream


def word(adc: int, range_: int, counter: int, digital: int) -> bytes:
    value = adc | range_ << 14 | counter % 64 << 18 | digital << 24
    return value.to_bytes(4, "little")


def test_fields_of_a_sample() -> None:
    words = wire.decode(word(0x1234, 3, 7, 0x81) + word(5, 0, 8, 0))
    assert words.adc.tolist() == [0x1234, 5]
    assert words.range.tolist() == [3, 0]
    assert words.digital.tolist() == [0x81, 0]
    assert words.index.tolist() == [0, 1]
    assert (words.lost, words.skipped) == (0, 0)


def test_current_by_hand() -> None:
    """The formula worked out by hand for one sample of range 2."""
    calibration = wire.Calibration(
        r=(1000, 100, 10, 1, 0.05), gs=(1, 1, 2, 1, 1), gi=(1, 1, 0.5, 1, 1),
        o=(0, 0, 40, 0, 0), s=(0, 0, 1e-6, 0, 0), i=(0, 0, 3e-6, 0, 0), ug=(1, 1, 1.1, 1, 1),
    )  # fmt: skip
    # a = (4 * 1000 - 40) * 1.8 / 163840 / 10 = 3960 * 1.0986328125e-6 = 4.3505859375e-3 A
    a = 4.3505859375e-3
    expected = 1.1 * (a * (2 * a + 0.5) + 1e-6 * 3.0 + 3e-6)
    found = wire.amps(wire.decode(word(1000, 2, 0, 0) * 1), calibration, 3000)
    assert found.tolist() == pytest.approx([expected], rel=1e-12)


def test_defaults_are_those_of_a_device_without_calibration() -> None:
    found = wire.amps(wire.decode(word(1000, 0, 0, 0)), wire.Calibration(), 3300)
    a = 4000 * 1.8 / 163840 / 1031.64
    assert found.tolist() == pytest.approx([a * (a + 1)])


def test_commands() -> None:
    assert wire.regulator(3300) == bytes((0x0D, 0x0C, 0xE4))
    assert wire.regulator(800) == b"\x0d\x03\x20"
    for millivolts in (799, 5001):
        with pytest.raises(ValueError, match="outside 800 to 5000"):
            wire.regulator(millivolts)


def test_metadata_is_read() -> None:
    assert wire.parse_metadata(metadata_text(CALIBRATION)) == wire.Calibration(
        **{name: getattr(CALIBRATION, name) for name in wire.FIELDS.values()},
        calibrated="0",
        hardware="0",
    )


@pytest.mark.parametrize("value", ["nan", "-nan", "inf", "?", ""])
def test_values_that_are_no_numbers_count_as_missing(value: str) -> None:
    text = metadata_text(CALIBRATION).replace("GS2: 1.5", f"GS2: {value}")
    found = wire.parse_metadata(text)
    assert found is not None
    assert found.missing == ("GS2",)
    assert found.gs[2] == 1.0


def test_missing_and_zero_resistors_get_defaults() -> None:
    found = wire.parse_metadata("Calibrated: 1\r\nR0: 1000.5\r\nR1: 0.0\r\nHW: 9173\r\nEND")
    assert found is not None
    assert found.r == (1000.5, 101.65, 10.15, 0.94, 0.043)
    assert (found.calibrated, found.hardware) == ("1", "9173")
    assert "R1" in found.missing
    assert "R0" not in found.missing


@pytest.mark.parametrize("text", ["", "m-ready\r\n", "OpenMV REPL >>> ", "END", "R: 5\nEND"])
def test_other_answers_are_no_metadata(text: str) -> None:
    assert wire.parse_metadata(text) is None


@given(st.text())
def test_any_text_as_metadata_never_crashes(text: str) -> None:
    wire.parse_metadata(text)


@given(st.binary(max_size=3000))
@settings(max_examples=200)
def test_garbage_never_crashes(raw: bytes) -> None:
    words = wire.decode(raw)
    assert 4 * len(words.index) + words.skipped == len(raw)
    assert np.all(np.diff(words.index) > 0)
    assert np.all(words.range < wire.RANGES)
    wire.amps(words, wire.Calibration(), 3300)


def test_much_garbage_is_mostly_dropped_and_quick() -> None:
    raw = np.random.default_rng(0).bytes(400_000)
    assert wire.decode(raw).skipped > 300_000


@given(st.integers(0, 63), st.lists(st.integers(1, 63), max_size=4), st.integers(20, 80))
def test_every_loss_below_64_is_counted_and_left_as_a_gap(
    first: int, losses: list[int], between: int
) -> None:
    amps = np.full(between * (len(losses) + 1) + sum(losses), 1e-3)
    words = np.frombuffer(stream(amps, first=first), "<u4")
    kept = np.ones(len(words), bool)
    at = 0
    for loss in losses:
        at += between
        kept[at : at + loss] = False
        at += loss
    found = wire.decode(words[kept].tobytes())
    assert found.lost == sum(losses)
    assert found.index.tolist() == np.flatnonzero(kept).tolist()


@pytest.mark.parametrize("dropped", [1, 2, 3, 5, 4 * 10 + 1])
@pytest.mark.parametrize("at", [0, 1, 401, 40_002])
def test_bytes_lost_shift_the_frame_and_it_is_found_again(dropped: int, at: int) -> None:
    amps = np.random.default_rng(1).normal(5e-3, 1e-3, 20_000).clip(1e-4)
    raw = stream(amps)
    found = wire.decode(raw[:at] + raw[at + dropped :])
    truth = wire.decode(raw)
    # Samples after the cut are as they were, all but a few are there, and time is right modulo
    # the counter.
    assert found.adc[-100:].tolist() == truth.adc[-100:].tolist()
    assert len(found.index) >= len(truth.index) - dropped // 4 - 24
    if at >= 4:
        assert (found.index[-1] - truth.index[-1]) % wire.COUNTER == 0
        assert 0 <= found.index[-1] - truth.index[-1] <= 24 * wire.COUNTER


def test_a_long_stream_is_decoded_whole() -> None:
    amps = np.full(2 * wire.BLOCK + 1234, 2e-3)
    found = wire.decode(stream(amps, first=60))
    assert found.index.tolist() == list(range(len(amps)))
    assert found.skipped == 0
    assert found.position[-1] == 4 * (len(amps) - 1)


@given(st.lists(st.floats(2e-6, 0.9), min_size=1, max_size=50))
def test_encoder_and_decoder_agree_within_the_adc_step(amps: list[float]) -> None:
    words = wire.decode(stream(np.array(amps)))
    found = wire.amps(words, CALIBRATION, 3300)
    step = 2.2 * wire.VOLTS_PER_COUNT * 2 / np.asarray(CALIBRATION.r)[words.range]
    assert np.all(np.abs(found - amps) <= step * 1.6)


def plain_filter(values: np.ndarray, ranges: np.ndarray) -> list[float]:
    """The spike filter, one sample at a time."""
    result: list[float] = []
    fast = slow = values[0]
    since = 100
    for index, (value, now) in enumerate(zip(values, ranges, strict=True)):
        changed = index > 0 and now != ranges[index - 1]
        since = 0 if changed else since + 1
        if index > 0 and not (now == 4 and since < 2):
            fast = FAST * value + (1 - FAST) * fast
            slow = SLOW * value + (1 - SLOW) * slow
        smooth = slow if now == 4 else fast
        result.append(smooth if since < 3 else value)
    return result


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 4)), min_size=1, max_size=200))
def test_spike_filter_equals_its_plain_form(samples: list[tuple[float, int]]) -> None:
    values = np.array([value for value, _ in samples])
    ranges = np.repeat([number for _, number in samples], 1).astype(np.uint8)
    found, replaced = filter_spikes(values, ranges)
    assert found == pytest.approx(plain_filter(values, ranges), abs=1e-9)
    assert (replaced == 0) == bool(np.all(ranges == ranges[0]))


def test_spike_filter_on_long_runs() -> None:
    rng = np.random.default_rng(3)
    values = rng.random(5000)
    ranges = np.repeat(rng.integers(0, 5, 100), 50).astype(np.uint8)
    found, replaced = filter_spikes(values, ranges)
    assert found == pytest.approx(plain_filter(values, ranges), abs=1e-9)
    assert replaced == 3 * np.count_nonzero(np.diff(ranges))
