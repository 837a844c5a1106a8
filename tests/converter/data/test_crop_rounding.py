"""A centre crop never reaches outside the picture, whatever the rounding."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.artifacts.bundle import Preprocess
from edgekit.converter.data.images import preprocess_image

SIDE = st.integers(1, 300)


@given(SIDE, SIDE, st.sampled_from([7, 32, 96, 224, 160]))
@settings(max_examples=150, deadline=None)
def test_crop_of_any_picture(rows: int, columns: int, size: int) -> None:
    picture = np.full((rows, columns, 3), 100, np.uint8)
    found = preprocess_image(picture, Preprocess(resize="crop"), (size, size, 3))
    assert found.shape == (size, size, 3)
    assert (found == 100).all()


def test_the_picture_that_once_failed() -> None:
    picture = np.zeros((427, 640, 3), np.uint8)
    assert preprocess_image(picture, Preprocess(resize="crop"), (224, 224, 3)).shape[0] == 224
