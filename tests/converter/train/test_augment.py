"""Augmentation: what each change keeps, and that it depends on nothing but its generator."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgekit.converter.train.augment import Augment, apply, crop, cutmix, erase, flip, mixup
from edgekit.converter.train.data import Labelled
from edgekit.converter.train.feed import Feed
from edgekit.converter.train.options import AUGMENTS
from tests.helpers.colours import coloured

subsets = st.lists(st.sampled_from(AUGMENTS), unique=True).map(tuple)


def _numbered(count: int, height: int, width: int) -> NDArray[np.float32]:
    values = np.arange(count * height * width * 3, dtype=np.float32)
    return values.reshape(count, height, width, 3)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32), subsets, st.integers(1, 9), st.floats(0, 0.5), st.booleans())
def test_shapes_dtypes_and_targets(
    seed: int, names: tuple[str, ...], count: int, smoothing: float, bytes_: bool
) -> None:
    x = _numbered(count, 8, 12)
    x = (x % 256).astype(np.uint8) if bytes_ else x
    before, labels = x.copy(), np.arange(count) % 4
    rng = np.random.default_rng(seed)
    out, targets = apply(rng, x, labels, 4, Augment(names, smoothing))
    np.testing.assert_array_equal(x, before)
    assert (out.shape, out.dtype) == (x.shape, x.dtype)
    assert (targets.shape, targets.dtype) == ((count, 4), np.float32)
    np.testing.assert_allclose(targets.sum(axis=1), 1, atol=1e-5)
    assert targets.min() >= smoothing / 4 - 1e-6
    again, same = apply(np.random.default_rng(seed), x, labels, 4, Augment(names, smoothing))
    np.testing.assert_array_equal(out, again)
    np.testing.assert_array_equal(targets, same)


def test_without_names_only_targets_are_made() -> None:
    x, labels = coloured(6, 0)
    out, targets = apply(np.random.default_rng(0), x, labels, 3, Augment((), 0.3))
    np.testing.assert_array_equal(out, x)
    np.testing.assert_allclose(targets[np.arange(6), labels], 0.8, atol=1e-6)
    np.testing.assert_allclose(np.sort(targets, axis=1)[:, :2], 0.1, atol=1e-6)


def test_flip_mirrors_about_half() -> None:
    x = _numbered(400, 8, 8)
    out = flip(np.random.default_rng(0), x.copy())
    same = (out == x).all(axis=(1, 2, 3))
    np.testing.assert_array_equal(out[~same], x[~same, :, ::-1])
    assert 160 < same.sum() < 240


def test_crop_shifts_each_image_by_up_to_an_eighth() -> None:
    x = _numbered(300, 16, 16)
    out = crop(np.random.default_rng(0), x.copy())
    wide = np.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="reflect")
    seen = set()
    for index, image in enumerate(out):
        found = [
            (top, left)
            for top in range(5)
            for left in range(5)
            if (wide[index, top : top + 16, left : left + 16] == image).all()
        ]
        assert len(found) == 1
        seen.add(found[0])
    assert len(seen) == 25


def test_erase_fills_a_box_of_some_images() -> None:
    x = _numbered(300, 16, 16)
    out = erase(np.random.default_rng(0), x.copy())
    changed = (out != x).any(axis=3)
    some = changed.any(axis=(1, 2))
    assert 100 < some.sum() < 200
    for mask in changed[some]:
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        box = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        assert box.mean() > 0.9
        assert 1 <= box.size <= 0.45 * 256


def test_mixup_mixes_images_and_targets_alike() -> None:
    x, labels = coloured(30, 0)
    y = np.eye(3, dtype=np.float32)[labels]
    images, targets = mixup(np.random.default_rng(5), x.astype(np.float32), y)
    rng = np.random.default_rng(5)
    share, order = np.float32(rng.beta(0.2, 0.2)), rng.permutation(30)
    np.testing.assert_allclose(images, x * share + x[order] * (1 - share), rtol=1e-4)
    np.testing.assert_allclose(targets, y * share + y[order] * (1 - share), atol=1e-6)


def test_cutmix_mixes_targets_by_area() -> None:
    x = np.zeros((40, 16, 16, 1), np.uint8) + np.arange(40, dtype=np.uint8)[:, None, None, None]
    y = np.eye(40, dtype=np.float32)
    images, targets = cutmix(np.random.default_rng(2), x, y)
    for index in range(40):
        own = float((images[index] == index).mean())
        assert targets[index, index] == pytest.approx(own, abs=1e-6)


def _feed(seed: int = 3, names: tuple[str, ...] = AUGMENTS, batch: int = 16) -> Feed:
    x, labels = coloured(50, 0)
    data = Labelled("x", x, labels, ("a", "b", "c"), True)
    return Feed(data, Augment(names, 0.1), batch, seed)


def test_an_epoch_is_a_function_of_seed_and_number() -> None:
    first, second = list(_feed().epoch(4)), list(_feed().epoch(4))
    for (x, y), (a, b) in zip(first, second, strict=True):
        np.testing.assert_array_equal(x, a)
        np.testing.assert_array_equal(y, b)
    for other in (list(_feed().epoch(5)), list(_feed(seed=4).epoch(4))):
        assert any((x != a).any() for (x, _), (a, _) in zip(first, other, strict=True))


def test_an_epoch_shows_each_sample_at_most_once_and_leaves_out_an_incomplete_batch() -> None:
    feed = _feed(names=())
    assert (feed.steps, feed.size) == (3, 16)
    rows = np.concatenate([x.reshape(16, -1) for x, _ in feed.epoch(0)])
    assert len(np.unique(rows, axis=0)) == 48
    assert len(np.unique(np.concatenate([feed.order(0)[48:], feed.order(1)[48:]]))) > 2


def test_few_samples_are_one_batch() -> None:
    feed = _feed(batch=512)
    assert (feed.steps, feed.size) == (1, 50)
    assert [len(x) for x, _ in feed.epoch(0)] == [50]


def test_an_epoch_may_be_left_early_and_passes_errors_on() -> None:
    import threading

    feed = _feed(batch=2)
    batches = feed.epoch(0)
    next(batches)
    batches.close()  # type: ignore[attr-defined]
    assert not [t for t in threading.enumerate() if t.name == "edgekit-train-feed"]
    broken = Feed(feed.data, Augment(("flip",), 0), 2, 0)
    object.__setattr__(broken.data, "labels", np.full(50, 9))
    with pytest.raises(IndexError):
        list(broken.epoch(0))
