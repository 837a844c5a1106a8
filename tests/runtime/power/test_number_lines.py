"""Lines of numbers and what they mean as samples."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.runtime.power.line_samples import COLUMNS, Samples, samples
from edgekit.runtime.power.number_lines import parse_rows, rows_of
from edgekit.runtime.power.recording import Capture

NUMBER = st.from_regex(r"[+-]?[0-9]{1,8}(\.[0-9]{0,7})?", fullmatch=True)
BLANKS = st.sampled_from(["", " ", "\t", "  "])
CELL = st.builds(lambda a, n, b: (a + n + b, float(n)), BLANKS, NUMBER, BLANKS)


@given(
    st.lists(st.lists(CELL, min_size=3, max_size=3), max_size=8),
    st.sampled_from(",;"),
    st.sampled_from(["\n", "\r\n"]),
)
@settings(max_examples=100, deadline=None)
def test_numbers_are_those_python_reads(
    rows: list[list[tuple[str, float]]], separator: str, end: str
) -> None:
    raw = "".join(separator.join(text for text, _ in row) + end for row in rows).encode()
    found = parse_rows(raw, 3, separator)
    assert found.values.tolist() == [[value for _, value in row] for row in rows]
    assert found.rejected == 0


@given(st.binary(max_size=200), st.integers(1, 4), st.booleans())
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_rows_or_none(raw: bytes, columns: int, summed: bool) -> None:
    found = parse_rows(raw, columns, summed=summed)
    assert found.values.shape == (len(found.position), columns)
    assert np.isfinite(found.values).all()
    lines = [line for line in raw.split(b"\n")[:-1] if line.strip(b" \t\r")]
    comments = [line for line in lines if line.startswith(b"#")]
    assert len(comments) == len(found.comments)
    assert len(found.values) + found.rejected == len(lines) - len(comments)


@given(st.text("0123,. #x\r\n", max_size=60), st.lists(st.integers(0, 60), max_size=5))
@settings(max_examples=200, deadline=None)
def test_how_lines_are_cut_changes_nothing(text: str, cuts: list[int]) -> None:
    raw = text.encode()
    bounds = [0, *sorted(min(at, len(raw)) for at in cuts), len(raw)]
    found = rows_of([raw[a:b] for a, b in itertools.pairwise(bounds)], 2)
    whole = parse_rows(raw, 2)
    for field in ("values", "position", "before"):
        assert getattr(found, field).tolist() == getattr(whole, field).tolist()
    assert found.comments == whole.comments


@given(st.text("0123456789+-., #x\r\n", max_size=60))
@settings(max_examples=300, deadline=None)
def test_what_counts_as_a_row_is_what_python_would_read(text: str) -> None:
    found = parse_rows(text.encode(), 2)
    wanted = []
    for line in text.split("\n")[:-1]:
        cells = [cell.strip(" \r") for cell in line.split(",")]
        try:
            numbers = [float(cell) for cell in cells]
        except ValueError:
            continue
        if len(numbers) == 2 and all(len(cell.replace(" ", "")) <= 18 for cell in cells):
            wanted.append(numbers)
    assert found.values == pytest.approx(np.array(wanted).reshape(-1, 2), rel=1e-15)


@pytest.mark.parametrize(
    "line",
    ["1 2,3", "--1,2", "1-,2", ",1", "1.2.3,4", "1,2,3", "1", "1e3,2", ".,1", "9" * 19 + ",1"],
)
def test_what_is_no_row(line: str) -> None:
    found = parse_rows(f"1,2\n{line}\n3,4\n5,6".encode(), 2)
    assert found.values.tolist() == [[1, 2], [3, 4]]
    assert found.before.tolist() == [1]


def test_words_between_rows_are_kept_or_counted() -> None:
    raw = b"# hello 1,2\r\n1,2\r\n\r\nBus Voltage: 3.3 V\r\n3,4\r\n# bye\r\n"
    found = parse_rows(raw, 2)
    assert found.comments == ("hello 1,2", "bye")
    assert found.rejected == 1
    assert [raw[:at].count(b"\n") for at in found.position] == [2, 5]


def test_a_changed_byte_breaks_the_sum() -> None:
    line = b"17,2500,3300000"
    whole = line + b",%d\n" % (sum(line) % 256)
    assert len(parse_rows(whole, 4, summed=True).values) == 1
    for at in range(len(line)):
        broken = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
        assert len(parse_rows(broken, 4, summed=True).values) == 0


def made(columns: str, rows: list[list[float]], **options: float) -> Samples:
    names = columns.split(",")
    position = 10 * np.arange(1, len(rows) + 1)
    capture = Capture(b"", arrivals=((20, 0.5), (40, 1.0), (1000, 25.0)))
    found = samples(np.array(rows, float), position, names, capture, **options)
    assert found is not None
    return found


def test_units_of_columns() -> None:
    found = made("t_us,v_mv,i_ua,mark", [[0, 3300, 1500, 1], [1000, 3310, -2, 0]])
    assert found.t.tolist() == [0, 1e-3]
    assert found.volts.tolist() == [3.3, 3.31]
    assert found.amps.tolist() == [1.5e-3, -2e-6]
    assert found.level.tolist() == [1, 0]
    assert {quantity for quantity, _ in COLUMNS.values()} == {*"tvipen", "mark", "sum", ""}


def test_power_or_energy_instead_of_current() -> None:
    assert made("t_ms,p_mw", [[0, 33], [1, 66]], volts=3.3).amps == pytest.approx([0.01, 0.02])
    found = made("t_s,v_v,e_j", [[0, 2, 0], [1, 2, 3], [2, 2, 4]])
    assert found.amps.tolist() == [1.5, 1.5, 0.5]
    assert made("t_s,v_v,p_w", [[0, 0, 1], [1, 0, 1]]).amps.tolist() == [0, 0]


def test_a_clock_of_32_bits_goes_on() -> None:
    first = 2**32 - 1500
    rows = [[(first + 1000 * k) % 2**32, 3, 1] for k in range(5)]
    found = made("t_us,v_v,i_a", rows)
    assert found.t == pytest.approx([0, 1e-3, 2e-3, 3e-3, 4e-3])
    assert (found.restarts, found.lost) == (0, 0)


def test_a_device_that_was_reset_starts_its_clock_anew() -> None:
    times = [100, 101, 102, 0, 1, 2]
    found = made("t_ms,i_a", [[t, 1] for t in times], volts=1)
    assert found.restarts == 1
    assert found.t == pytest.approx([0, 1e-3, 2e-3, 3e-3, 4e-3, 5e-3])


def test_one_time_out_of_line_is_no_sample() -> None:
    found = made("t_ms,i_a", [[t, 1] for t in (0, 1, 900, 3, 4, 5)], volts=1)
    assert found.row.tolist() == [0, 1, 3, 4, 5]
    assert found.lost == 1


def test_lost_samples_by_counter_or_by_time() -> None:
    rows = [[65534, 0], [65535, 1], [2, 4], [3, 5]]
    assert made("n,t_ms,i_a", [[*row, 1] for row in rows], volts=1).lost == 2
    assert made("t_ms,i_a", [[t, 1] for t in (0, 1, 2, 6, 7)], volts=1).lost == 3
    found = made("n,i_a", [[0, 1], [1, 1], [4, 1]], volts=1, rate_hz=10)
    assert found.t == pytest.approx([0, 0.1, 0.4])
    assert found.lost == 2


def test_without_a_clock_samples_are_dated_by_their_arrival() -> None:
    found = made("i_a", [[1]] * 4, volts=1)
    assert found.t == pytest.approx([0, 0.25, 0.5, 0.75])


def test_one_row_is_no_recording() -> None:
    values, position = np.zeros((1, 2)), np.array([9])
    assert samples(values, position, ("t_s", "i_a"), Capture(b""), volts=1) is None
