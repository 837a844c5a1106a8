"""What is said of stored weights."""

from __future__ import annotations

from dataclasses import replace

from edgekit.artifacts.coding import CodingSummary, StoredArray
from edgekit.deploy.stored import COLUMNS, coding_rows, stored_rows, why

FOUND = CodingSummary(
    mode="layer",
    raw_bytes=4000,
    weight_bytes=3000,
    flash=(5000, 4010),
    arena=(800, 864),
    decode_instructions=60_000,
    inference_instructions=600_000,
    baselines={"gzip": 3100, "bz2": 3200, "xz": 3050},
    planes=(1.0, 0.5, 0.9, 0.96, 0.99, 0.99, 1.0, 1.0),
    arrays=(
        StoredArray("a_w", "a", "rans", 3000, 2000, 30, 4.9),
        StoredArray("b_w", "b", "raw", 1000, 1000, 200, 7.4),
    ),
)
TIME = "60,000 instructions in each inference, 10.00 % more (estimated)"


def test_the_rows_say_what_is_saved_and_paid() -> None:
    assert coding_rows(FOUND) == [
        ("coded weights", "3,000 B instead of 4,000 B (25.00 % less)"),
        ("", "flash 990 B less without the decoder's code"),
        ("", "RAM 64 B more: 864 B"),
        (
            "",
            "decoding takes about 60,000 instructions in each inference, 10.00 % more (estimated)",
        ),
        ("", "for comparison: gzip 3,100 B, bz2 3,200 B, xz 3,050 B"),
        ("", why(FOUND)),
    ]


def test_once_at_start_up() -> None:
    rows = [text for _, text in coding_rows(replace(FOUND, mode="boot", arena=(800, 800)))]
    assert "RAM as before: 800 B" in rows
    assert "decoding takes about 60,000 instructions once, at start-up (estimated)" in rows


def test_why_no_more_is_saved() -> None:
    assert why(FOUND) == (
        "a weight carries 7.34 bits: no code by frequencies takes less; its 5 lowest bits are like"
        " coin tosses, which nothing compresses"
    )
    one = replace(FOUND, planes=(1.0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.99))
    assert "its lowest bit is like coin tosses" in why(one)
    clustered = replace(FOUND, planes=(1.0, 0.9, 0.9, 0.7, 0.2, 0.0, 0.0, 0.0))
    assert why(clustered) == "a weight carries 3.70 bits: no code by frequencies takes less"


def test_a_model_without_weights() -> None:
    none = replace(FOUND, raw_bytes=0, weight_bytes=0, baselines={}, planes=(), arrays=())
    assert none.saved == 0
    assert ("", "for comparison: nothing to compress") in coding_rows(none)


def test_the_table_has_a_row_for_each_array_and_the_sums() -> None:
    rows = stored_rows(FOUND)
    assert {len(row) for row in rows} == {len(COLUMNS)}
    assert rows[0][:4] == ("a_w", "rans", "30", "4.90")
    assert rows[-1][0] == "all"
    assert rows[-1][-1] == "25.00 %"
