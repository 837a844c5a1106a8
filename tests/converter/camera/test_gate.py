"""The gate's rules, on scenes made for them."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.converter.camera.gate import GateSetting, block_samples, block_sums, decide
from edgekit.errors import UsageError

SHAPE = (16, 20, 1)


def runs(setting: GateSetting, levels: list[int]) -> str:
    """Which frames are looked at, where the middle block of a dark scene has those levels."""
    frames = []
    for level in levels:
        picture = np.zeros(SHAPE, np.uint8)
        picture[8:16, 8:16] = level
        frames.append(block_sums(picture))
    return "".join("x."[not found.run] for found in decide(setting, frames, block_samples(SHAPE)))


def test_blocks_cover_the_picture_with_smaller_ones_at_its_far_edges() -> None:
    samples = block_samples((16, 20, 3))
    np.testing.assert_array_equal(samples, [[192, 192, 96]] * 2)
    picture = np.random.default_rng(1).integers(0, 256, (16, 20, 3), np.uint8)
    assert block_sums(picture).sum() == picture.sum()
    assert block_sums(picture)[1, 2] == picture[8:, 16:].sum()


def test_the_first_frame_is_looked_at_and_a_still_scene_no_more() -> None:
    assert runs(GateSetting(hold=0), [9] * 6) == "x....."


def test_the_threshold_is_in_sixteenths_of_a_level_and_has_to_be_exceeded() -> None:
    assert runs(GateSetting(enter=64, leave=64, hold=0), [0, 4, 5]) == "x.x"
    assert runs(GateSetting(enter=79, leave=64, hold=0), [0, 4, 5]) == "x.x"
    assert runs(GateSetting(enter=80, leave=64, hold=0), [0, 4, 5]) == "x.."


def test_a_slow_drift_adds_up_to_a_change() -> None:
    assert runs(GateSetting(enter=64, leave=64, hold=0), list(range(11))) == "x....x....x"


def test_hysteresis_follows_smaller_changes_once_open() -> None:
    steps = [0, 10, 12, 14, 16, 16]
    assert runs(GateSetting(enter=80, leave=16, hold=0), steps) == "xxxxx."
    assert runs(GateSetting(enter=80, leave=80, hold=0), steps) == "xx..x."


def test_hold_looks_at_still_frames_before_it_closes() -> None:
    assert runs(GateSetting(enter=80, leave=80, hold=2), [0, 50, 50, 50, 50, 50]) == "xxxx.."


def test_refresh_looks_at_every_nth_frame() -> None:
    assert runs(GateSetting(hold=0, refresh=3), [7] * 8) == "x..x..x."


def test_several_blocks_have_to_change_where_asked() -> None:
    assert runs(GateSetting(blocks=2, hold=0), [0, 200, 0]) == "x.."


@pytest.mark.parametrize(
    "wrong", [{"enter": 10, "leave": 11}, {"blocks": 0}, {"hold": -1}, {"refresh": 70000}]
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="leave at most enter"):
        GateSetting(**wrong)
